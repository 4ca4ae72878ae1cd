"""Mapping review: fixation by fixation, the scene and the picture of the placement side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PyQt6.QtCore import QModelIndex
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import (
    QWidget,
)

from gazestudy.errors import Cancelled, GazestudyError, StudyError
from gazestudy.progress import NoProgress
from gazestudy_gui.actions import ActionBook
from gazestudy_gui.background import Background
from gazestudy_gui.commands import GiveAnswer, TakeBackAnswers
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Helper
from gazestudy_gui.jobs import Order
from gazestudy_gui.phrases import error_text, told
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.video import FrameSource
from gazestudy_gui.views.later import REVIEW
from gazestudy_gui.views.player import clock_text
from gazestudy_gui.views.review_key_frames import KeyFrameReview
from gazestudy_gui.views.review_list import Loaded, Verdict, answer_for, load, newer_than
from gazestudy_gui.views.review_panel import fill
from gazestudy_gui.views.video_widget import Marks
from gazestudy_gui.words import tr


class _Stop(NoProgress):
    """Asks to stop once the view is gone or wants something else."""

    def __init__(self) -> None:
        self.is_over = False

    @property
    def cancelled(self) -> bool:
        """True once nobody waits any more."""
        return self.is_over


class MappingReviewView(KeyFrameReview):
    """Shows where each fixation was mapped, and takes what a person says about it.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._source: FrameSource | None = None
        self._pictures: dict[str, QImage] = {}
        self._number = -1
        self._stop = _Stop()
        self._helper = Helper()  # of its own: an hour takes long, and others should not wait for it
        self._worker = Background("review", self)
        self._seen = WhenSeen(self, self._read)
        self._connect()
        self._refresh_choices()
        self._say_nothing()
        self._seen.ask()

    # ------------------------------------------------------------------ what it shows

    @property
    def row(self) -> int:
        """Row of the fixation on show, -1 for none."""
        return self.table.currentIndex().row()

    @property
    def is_ready(self) -> bool:
        """True if the fixations of the chosen recording are there."""
        return self._loaded is not None and self._loaded.scene.recording_id == self.recording_id

    def open(self, recording_id: str) -> None:
        """Review a recording; its fixations come when they are read."""
        index = self.which.findData(recording_id)
        if index >= 0:
            self.which.setCurrentIndex(index)
            self.reload()

    def reload(self) -> None:
        """Read the fixations again, once somebody looks."""
        self._seen.ask()

    def _read(self) -> None:
        if self.recording_id:
            self._stop.is_over = True
            stop = self._stop = _Stop()
            path, name = self._document.path, self.recording_id
            if not self.is_ready:
                self._forget()
                self.scene.show_message(tr("Reading the fixations of {name} …", name=name))
            self._worker.ask(partial(load, path, name, self._helper, stop))

    def show_row(self, row: int) -> None:
        """Show a fixation."""
        if 0 <= row < self.model.rowCount():
            self.table.setCurrentIndex(self.model.index(row, 0))

    def step(self, by: int, *, unreviewed: bool = False) -> None:
        """Go to the next (1) or previous (-1) fixation, or to the next one nobody said anything about."""
        row = self.row + by
        while unreviewed and 0 <= row < self.model.rowCount() and self.model.is_done(row):
            row += by
        if 0 <= row < self.model.rowCount():
            self.show_row(row)
        elif unreviewed:
            self.note.setText(tr("No fixation left in this direction that was not reviewed."))

    def step_frame(self, by: int) -> None:
        """Show the next (1) or previous (-1) picture of the video."""
        if self._loaded is None:
            return
        frame = self._frame + by
        while 0 <= frame < len(self._loaded.numbers) and self._loaded.numbers[frame] < 0:
            frame += by
        if 0 <= frame < len(self._loaded.numbers):
            self._show_frame(frame)

    # ------------------------------------------------------------------ what a person says

    def accept(self) -> None:
        """Say that the mapping is right."""
        if self.row < 0 or self.model.is_done(self.row):
            self.step(1)
            return
        verdict = self.model.verdict(self.row)
        if verdict.share is None:
            self._answer("nowhere", None, tr("accept: on no placement"))
        else:
            name = self._name(verdict.placement_id)
            self._answer("on", verdict, tr("accept: on {name}", name=name))

    def place(self, x: float, y: float) -> None:
        """Say that gaze is at a point of the placement on show, shares of its sides."""
        if self.row < 0 or not self.placement.currentData():
            return
        known = self.model.verdict(self.row)
        placement_id = str(self.placement.currentData())
        copy = known.copy if known.placement_id == placement_id else 0
        at = Verdict(placement_id, str(self.creative.currentData() or ""), copy, (x, y), None)
        stays = self.reference.is_nudging
        text = tr("move fixation on {name}", name=self._name(placement_id))
        # steps of the arrow keys on one fixation are one edit
        gesture = 1 + int(self.model.fixation(self.row)["event_id"]) if stays else 0
        self._answer("on", at, text, gesture=gesture, stays=stays)

    def refuse(self) -> None:
        """Say that gaze is not on the placement on show."""
        if self.row < 0:
            return
        placement_id = self.model.verdict(self.row).placement_id or str(
            self.model.fixation(self.row)["placement_id"]
        )
        if not placement_id:
            self.nowhere()
            return
        at = Verdict(placement_id, "", 0, None, None)
        self._answer("off", at, tr("not on {name}", name=self._name(placement_id)))

    def nowhere(self) -> None:
        """Say that gaze is on no placement."""
        if self.row >= 0:
            self._answer("nowhere", None, tr("on no placement"))

    def revert(self) -> None:
        """Take back what was said about the fixation."""
        if self.row >= 0 and (said := self.model.answers_to(self.row)):
            self._edit(TakeBackAnswers([stored.id for stored in said]))

    def run(self) -> None:
        """Follow the placement between key frames and bring all results up to date."""
        order = Order(
            tr("Results with corrections"), "gazestudy_gui.tasks:run_recordings", self._document.writing()
        )
        self._document.submit(order, changes=("results",))

    def show_in_player(self) -> None:
        """Show the moment in the player."""
        if self._loaded is not None and self._frame >= 0:
            self._document.moment.emit(self.recording_id, int(self._loaded.scene.t_ns[self._frame]))

    # ------------------------------------------------------------------ for the window

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menu; single keys count while the review has the focus."""
        does: dict[str, Callable[[], object]] = {
            "next": partial(self.step, 1), "previous": partial(self.step, -1),
            "next_open": partial(self.step, 1, unreviewed=True),
            "previous_open": partial(self.step, -1, unreviewed=True),
            "accept": self.accept, "off": self.refuse, "nowhere": self.nowhere, "revert": self.revert,
            "key_frame": self.begin_key_frame, "key_points": self.begin_points,
            "key_frame_remove": self.remove_key_frame,
            "key_frame_next": partial(self.to_key_frame, 1),
            "key_frame_previous": partial(self.to_key_frame, -1),
            "frame_next": partial(self.step_frame, 1), "frame_previous": partial(self.step_frame, -1),
            "show": self.show_in_player, "run": self.run,
        }  # fmt: skip
        for spec in REVIEW:
            book.add(spec, does[spec.id.partition(".")[2]], owner=self)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.scene.update()
        self.reference.update()

    def shut_down(self) -> None:
        """End threads."""
        self._stop.is_over = True
        self._helper.close()
        self._worker.close()
        self._close_source()

    # ------------------------------------------------------------------ reading

    def _connect(self) -> None:
        self.which.activated.connect(lambda _row: self.reload())
        for box in (self.order, self.show_box):
            box.activated.connect(lambda _row: self._arrange())
        selection = self.table.selectionModel()
        assert selection is not None
        selection.currentRowChanged.connect(self._on_row)
        for name, does in (
            ("previous", partial(self.step, -1)),
            ("next", partial(self.step, 1)),
            ("accept", self.accept),
            ("off", self.refuse),
            ("nowhere", self.nowhere),
            ("revert", self.revert),
            ("key_frame", self.begin_key_frame),
        ):
            self.buttons[name].clicked.connect(lambda _checked=False, does=does: does())
        self.placement.activated.connect(lambda _row: self._on_placement())
        self.creative.activated.connect(lambda _row: self._on_creative())
        self.reference.pointed.connect(self.place)
        self.reference.refused.connect(self.refuse)
        self.run_button.clicked.connect(lambda _checked=False: self.run())
        self._worker.done.connect(self._on_loaded)
        self._worker.failed.connect(self._on_failed)
        self._document.changed.connect(self._on_changed)
        self._document.selected.connect(self._on_selected)

    def _refresh_choices(self) -> None:
        study = self._document.study
        self._placements = {one.id: one for one in study.placements()}
        self._pictures.clear()
        shown = self.show_box.currentData()
        fill(self.which, [(one.id, one.id) for one in study.recordings()], self.recording_id)
        names = [(one.name, one.id) for one in self._placements.values()]
        fill(self.placement, names, self.placement.currentData())
        which = [
            (tr("On a placement, or doubtful"), "likely"),
            (tr("All fixations"), ""),
            *((tr("On {name}", name=name), placement_id) for name, placement_id in names),
        ]
        fill(self.show_box, which, "likely" if shown is None else shown)

    def _on_loaded(self, number: int, result: Any) -> None:
        loaded: Loaded = result
        if number != self._worker.newest or loaded.scene.recording_id != self.recording_id:
            loaded.scene.video.close()
            return
        event = self._event_on_show()
        self._close_source()
        self._loaded = loaded
        self._source = FrameSource(loaded.scene.video, self)
        self._source.ready.connect(self._on_picture)
        self._source.failed.connect(lambda _number, error: self.scene.show_message(error_text(error)))
        self._frame = self._number = -1
        self.model.fill(loaded, list(self._placements.values()))
        self.model.hear(self._document.study.answers(self.recording_id))
        self._arrange(event)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number != self._worker.newest or isinstance(error, Cancelled):
            return
        self._forget()
        text = error_text(error)
        if isinstance(error, StudyError):
            said = "no results yet" in str(error)
            text = tr("Nothing to review yet: Analyse › Run everything.") + ("" if said else f"\n\n{text}")
        self.scene.show_message(text)

    def _forget(self) -> None:
        self._close_source()
        self._loaded = None
        self.model.fill(None, [])
        self.reference.show_message("")
        self._say_nothing()

    def _say_nothing(self) -> None:
        if not self.recording_id:
            self.scene.show_message(
                tr("No recording yet.\n\nFile › Import recordings, then Analyse › Run everything.")
            )
        self._show_state()

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source.deleteLater()
            self._source = None

    def _on_changed(self, kind: str) -> None:
        if kind in ("recordings", "placements", "results"):
            if kind != "results":
                self._refresh_choices()
            self.reload()
        elif kind == "mapping" and self.is_ready:
            if not self.model.hear(self._document.study.answers(self.recording_id)):
                self.reload()
            self._show_fixation()
            self._show_state()

    def _on_selected(self, kind: str, item_id: str) -> None:
        if kind == "recording" and item_id != self.recording_id:
            self.open(item_id)

    # ------------------------------------------------------------------ showing

    def _event_on_show(self) -> int:
        return int(self.model.fixation(self.row)["event_id"]) if self.row >= 0 else -1

    def _arrange(self, event: int | None = None) -> None:
        event = self._event_on_show() if event is None else event
        self.model.arrange(self.order.currentData(), str(self.show_box.currentData()))
        row = self.model.row_of(event)
        self.table.setCurrentIndex(QModelIndex())
        self.show_row(max(row, 0))
        if not self.model.rowCount():
            self.scene.show_message(tr("There is no such fixation in this recording."))
            self.reference.show_message("")
        self._show_state()

    def _on_row(self, current: QModelIndex, _before: QModelIndex) -> None:
        if not current.isValid() or self._loaded is None:
            return
        self.stop_clicking()
        one = self.model.fixation(current.row())
        verdict = self.model.verdict(current.row())
        wanted = verdict.placement_id or self.model.likely_placement(current.row())
        if wanted and wanted != self.placement.currentData():
            self.placement.setCurrentIndex(self.placement.findData(wanted))
        self._fill_creatives(verdict.creative_id)
        self._show_fixation()
        self._show_frame(self._frame_of(int(one["onset_ns"]), int(one["offset_ns"])))
        self._show_state()

    def _frame_of(self, onset_ns: int, offset_ns: int) -> int:
        """Return the frame nearest to the middle of a stretch that has a picture."""
        assert self._loaded is not None
        middle = self._loaded.scene.row_at((onset_ns + offset_ns) // 2)
        shown = np.flatnonzero(self._loaded.numbers >= 0)
        return int(shown[np.argmin(np.abs(shown - middle))]) if len(shown) else -1

    def _show_frame(self, frame: int) -> None:
        if self._loaded is None or self._source is None or frame < 0:
            return
        if frame != self._frame:
            self.points.cancel()  # they lie elsewhere in another picture
        self._frame, self._number = frame, int(self._loaded.numbers[frame])
        self._source.ask(self._number)

    def _on_picture(self, number: int, image: QImage) -> None:
        if self._loaded is None or number != self._number:
            return
        scene, frame = self._loaded.scene, self._frame
        outlines = [(one.polygon_px, one.label, one.looked_at) for one in scene.outlines(frame)]
        words = clock_text(int(scene.t_ns[frame]) - int(scene.t_ns[0]))
        event = scene.event(frame)
        marks = Marks(
            scene.gaze(frame),
            scene.trail(frame),
            event.startswith("fixation"),
            outlines,
            f"{words}   {told(event)}",
        )
        self.scene.show_picture(image, marks)
        self._show_key_frames()

    def _show_fixation(self) -> None:
        if self.row < 0:
            return
        one, verdict = self.model.fixation(self.row), self.model.verdict(self.row)
        self._show_reference()
        said = "" if verdict.answer is None else tr(
            "Said by {who}: {what}.", who=verdict.answer.made_by, what=self.model.mark(self.row)[2:]
        )  # fmt: skip
        doubt = tr(
            "Doubt {doubt:.0%}: {reasons}",
            doubt=one["doubt"],
            reasons=self.model.reasons(self.row) or tr("no doubt"),
        )
        self.reason.setText(f"{said}  {doubt}".strip() if said else doubt)
        self._show_key_frames()

    def _fill_creatives(self, wanted: str) -> None:
        place = self._placements.get(str(self.placement.currentData() or ""))
        names = [] if place is None else [(one.name, one.id) for one in place.creatives]
        fill(self.creative, names, wanted)
        self.creative.setVisible(len(names) > 1)

    def _on_placement(self) -> None:
        self.stop_clicking()
        self._fill_creatives("")
        self._show_reference()
        self._show_state()

    def _on_creative(self) -> None:
        self.stop_clicking()
        self._show_reference()

    def _show_reference(self) -> None:
        place = self._placements.get(str(self.placement.currentData() or ""))
        if place is None or self.row < 0:
            self.reference.show_message(tr("No placement to map to yet.") if place is None else "")
            return
        creative = place.creatives[max(0, self.creative.currentIndex())]
        image = self._pictures.get(creative.id)
        if image is None:
            try:
                picture = self._document.study.placement_image(creative)
            except GazestudyError as error:
                self.reference.show_message(error_text(error))
                return
            height, width = picture.shape[:2]
            image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_BGR888).copy()
            self._pictures[creative.id] = image
        self.reference.show_picture(image)
        self.reference.can_edit = not self._document.read_only
        one, verdict = self.model.fixation(self.row), self.model.verdict(self.row)
        point = verdict.share if verdict.placement_id == place.id else None
        before = self.model.mapped(self.row) if str(one["placement_id"]) == place.id else None
        self.reference.show_point(point, before if verdict.answer is not None else None)

    def _show_state(self) -> None:
        done, total = self.model.done, self.model.rowCount()
        self.counter.setText(tr("{done} of {all} reviewed", done=done, all=total))
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        can = self.row >= 0 and not self._document.read_only
        for name, button in self.buttons.items():
            button.setEnabled(self.row >= 0 if name in ("previous", "next") else can)
        text = keys = ""
        if self._loaded is not None:
            study, name = self._document.study, self.recording_id
            frames = study.key_frames(name)
            waiting = newer_than(self._loaded.run_utc, study.answers(name), frames)
            if waiting:
                text = tr("{count} corrections and key frames are not in the results yet.", count=waiting)
            elif self._loaded.is_out_of_date:
                text = tr("Something was taken back or changed since the results were made.")
            placement_id = str(self.placement.currentData() or "")
            count = sum(one.fact.placement_id == placement_id for one in frames)
            if count:
                keys = tr("◆ {count} key frames of {name}", count=count, name=self._name(placement_id))
        self.note.setText(text)
        self.frames_text.setText(keys)
        self.run_button.setVisible(bool(text) and not self._document.read_only)

    # ------------------------------------------------------------------ editing

    def _answer(
        self, verdict: Any, at: Verdict | None, text: str, *, gesture: int = 0, stays: bool = False
    ) -> None:
        row = self.row
        fact = answer_for(self.recording_id, self.model.fixation(row), verdict, at)
        if self._edit(GiveAnswer(fact, text, gesture=gesture)) and self.steps_on.isChecked() and not stays:
            self.step(1)
