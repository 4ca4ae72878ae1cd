"""The player: scene video with gaze, fixations and placements, exact to the frame."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy.store import Study
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.video import FrameSource
from gazestudy_gui.views.video_widget import Marks, VideoWidget
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.store.relinking import Medium

SPEEDS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0)
_JUMP_NS = 5_000_000_000
_TICK_MS = 12


class PlayerView(QWidget):
    """Shows the recording that is selected in the study tree.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.scene: Any = None
        self._on_reference: Any = None
        self._source: FrameSource | None = None
        self._numbers = np.zeros(0, np.int64)
        self._row_of = np.zeros(0, np.int64)
        self._opening = Background("player", self, in_turn=True)
        self._bringing, self._brings = Background("inset", self), ""
        self._recording_id, self._go_to_ns = "", -1
        self.row = 0
        self._asked_row, self._is_waiting = -1, False
        self._fixation_ns = np.zeros(0, np.int64)
        self._loop: tuple[int, int] | None = None
        self._loop_of = ""
        self._loop_start_ns: int | None = None
        self._began = (0.0, 0)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._build()
        self._bringing.done.connect(self._on_brought)
        self._opening.done.connect(self._on_opened)
        self._opening.failed.connect(self._on_not_opened)
        document.selected.connect(self._on_selected)
        document.moment.connect(self._on_moment)
        document.loop.connect(self._on_loop)
        document.changed.connect(self._on_changed)
        self.video.show_message(tr("Choose a recording in the study tree to watch it here."))
        self._enable()

    # ------------------------------------------------------------------ what it shows

    def open(self, recording_id: str, *, at_ns: int = -1) -> None:
        """Show a recording; it comes when its tables are read."""
        self._recording_id, self._go_to_ns = recording_id, at_ns
        self.find_button.hide()
        self.video.show_message(tr("Reading {name} …", name=recording_id))
        study = self._document.study

        def read() -> Any:
            from gazestudy.pipeline.on_reference import OnReference

            scene = _scene_of(study, recording_id)
            if len(scene.t_ns):
                scene.outlines(0)  # reads the libraries it needs: here, not when the window paints them
            return scene, scene.video.numbers(scene.frames), OnReference(study, recording_id)

        self._opening.ask(read)

    def go_to_row(self, row: int) -> None:
        """Show the picture of a row of the frames table."""
        if self.scene is None or not len(self._numbers):
            return
        row = max(0, min(len(self._numbers) - 1, row))
        if self._numbers[row] < 0:  # a gap: the last picture before it
            earlier = np.flatnonzero(self._numbers[: row + 1] >= 0)
            if not len(earlier):
                return
            row = int(earlier[-1])
        self._asked_row, self._is_waiting = row, True
        assert self._source is not None
        self._source.ask(int(self._numbers[row]))

    def go_to(self, t_ns: int) -> None:
        """Show the picture on show at a time."""
        if self.scene is not None:
            self._began = (time.perf_counter(), t_ns)
            self.go_to_row(self.scene.row_at(t_ns))

    @property
    def t_ns(self) -> int:
        """Time of the picture on show."""
        return int(self.scene.t_ns[self.row]) if self.scene is not None and len(self.scene.t_ns) else 0

    # ------------------------------------------------------------------ moving

    def play_or_pause(self) -> None:
        """Play, or stop playing."""
        self.pause() if self.is_playing else self.play()

    @property
    def is_playing(self) -> bool:
        """True while it plays."""
        return self._timer.isActive()

    def play(self) -> None:
        """Play from here."""
        if self.scene is None:
            return
        if self.row >= len(self._numbers) - 1:
            self.go_to_row(0)
            self.row = 0
        if self._loop is not None and not self._loop[0] <= self.t_ns < self._loop[1]:
            self.row = self.scene.row_at(self._loop[0])
            self.go_to_row(self.row)
        self._began = (time.perf_counter(), self.t_ns)
        self.video.smooth = False
        self._timer.start()
        self._show_state()

    def pause(self) -> None:
        """Stop playing."""
        self._timer.stop()
        self.video.smooth = True
        self.video.update()
        self._show_state()

    def step(self, frames: int) -> None:
        """Go some pictures on or back."""
        self.pause()
        base = self._asked_row if self._is_waiting else self.row
        wanted = base + frames
        sign = 1 if frames > 0 else -1
        while 0 <= wanted < len(self._numbers) and self._numbers[wanted] < 0:
            wanted += sign
        self.go_to_row(wanted)

    def jump(self, ns: int) -> None:
        """Go some time on or back."""
        if self.scene is not None:
            base = self._asked_row if self._is_waiting else self.row
            self.go_to(int(self.scene.t_ns[base]) + ns)

    def to_fixation(self, step: int) -> None:
        """Go to the start of the next (1) or previous (-1) fixation."""
        if self.scene is None or not len(self._fixation_ns):
            return
        self.pause()
        rows = np.maximum(np.searchsorted(self.scene.t_ns, self._fixation_ns, side="right") - 1, 0)
        here = self._asked_row if self._is_waiting else self.row
        if step > 0:
            later = rows[rows > here]
            if len(later):
                self.go_to_row(int(later[0]))
        else:
            earlier = rows[rows < here]
            if len(earlier):
                self.go_to_row(int(earlier[-1]))

    def set_loop_start(self) -> None:
        """Begin a stretch to repeat here."""
        if self.scene is None:
            return
        self._loop_start_ns = self.t_ns
        self._set_loop(None)

    def set_loop_end(self) -> None:
        """End the stretch to repeat here; it is repeated from now on."""
        if self.scene is None:
            return
        start = self._loop_start_ns if self._loop_start_ns is not None else int(self.scene.t_ns[0])
        if self.t_ns > start:
            self._set_loop((start, self.t_ns))

    def clear_loop(self) -> None:
        """Repeat nothing any more."""
        self._loop_start_ns = None
        self._set_loop(None)

    def _set_loop(self, loop: tuple[int, int] | None) -> None:
        self._loop = loop
        self._show_state()
        self._document.loop.emit(self._recording_id, *(loop or (0, 0)))

    def _on_loop(self, recording_id: str, start_ns: int, end_ns: int) -> None:
        """Take a stretch that was chosen elsewhere."""
        loop = (start_ns, end_ns) if end_ns > start_ns else None
        if self.scene is None or recording_id != self._recording_id or loop == self._loop:
            return
        self._loop = loop
        self._loop_start_ns = start_ns if loop else None
        self._show_state()
        if loop is not None and not start_ns <= self.t_ns < end_ns:
            self.go_to(start_ns)

    def faster(self, step: int) -> None:
        """Play faster (1) or slower (-1)."""
        self.speed.setCurrentIndex(max(0, min(len(SPEEDS) - 1, self.speed.currentIndex() + step)))

    def ask_clock(self) -> None:
        """Ask how the clock of the recording on show relates to other clocks."""
        if not self._recording_id:
            tell(self, GazestudyError(tr("Choose a recording in the study tree first.")))
            return
        from gazestudy_gui.views.align_dialog import AlignDialog

        self.pause()
        AlignDialog(self._document, self._recording_id, self).open()

    def find_videos(self) -> None:
        """Ask where scene videos are that are not where they were."""
        from gazestudy_gui.views.relink_dialog import RelinkDialog

        RelinkDialog(self._document, self).open()

    # ------------------------------------------------------------------ for the window

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands of the player into the menu; single keys count while the player has the focus."""
        for name, text, keys, does in (
            ("play", "&Play or pause", "Space", self.play_or_pause),
            ("next_frame", "&Next picture", "Shift+Right", lambda: self.step(1)),
            ("previous_frame", "&Previous picture", "Shift+Left", lambda: self.step(-1)),
            ("forward", "5 seconds &on", "Right", lambda: self.jump(_JUMP_NS)),
            ("back", "5 seconds &back", "Left", lambda: self.jump(-_JUMP_NS)),
            ("next_fixation", "Next &fixation", "S", lambda: self.to_fixation(1)),
            ("previous_fixation", "Previous fi&xation", "A", lambda: self.to_fixation(-1)),
            ("start", "To the &start", "Home", lambda: self.go_to_row(0)),
            ("end", "To the &end", "End", lambda: self.go_to_row(len(self._numbers) - 1)),
            ("faster", "F&aster", "+", lambda: self.faster(1)),
            ("slower", "S&lower", "-", lambda: self.faster(-1)),
            ("loop_start", "&Repeat from here", "[", self.set_loop_start),
            ("loop_end", "Repeat &until here", "]", self.set_loop_end),
            ("loop_clear", "Repeat n&othing", "\\", self.clear_loop),
            ("gaze", "Show or hide &gaze", "G", self._toggle_gaze),
            ("outlines", "Show or hide pla&cements", "P", self._toggle_placements),
            ("inset", "Show or hide the p&icture gaze is on", "I", self._toggle_inset),
        ):
            book.add(ActionSpec(f"player.{name}", "&Playback", text, keys, local=True), does, owner=self)
        book.add(
            ActionSpec("player.clock", "&Playback", "&Clock of the recording …", "Ctrl+Alt+C", writes=True,
                       separated=True),
            self.ask_clock,
        )  # fmt: skip

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.video.update()

    def shut_down(self) -> None:
        """End threads and timers."""
        self._timer.stop()
        self._opening.close()
        self._bringing.close()
        self._close_source()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.video = VideoWidget(self)
        self.setFocusProxy(self.video)
        self.find_button = QPushButton(tr("Find &moved videos …"), self)
        self.find_button.clicked.connect(lambda _checked=False: self.find_videos())
        self.find_button.hide()
        icons = self.style()
        assert icons is not None
        pixmap = QStyle.StandardPixmap

        def button(icon: QStyle.StandardPixmap, name: str, does: Any) -> QToolButton:
            made = QToolButton(self)
            made.setIcon(icons.standardIcon(icon))
            made.setToolTip(name)
            made.setAccessibleName(name)
            made.clicked.connect(lambda _checked=False: does())
            return made

        self.back = button(pixmap.SP_MediaSkipBackward, tr("Previous picture"), lambda: self.step(-1))
        self.play_button = button(pixmap.SP_MediaPlay, tr("Play or pause"), self.play_or_pause)
        self.forward = button(pixmap.SP_MediaSkipForward, tr("Next picture"), lambda: self.step(1))
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setAccessibleName(tr("Position"))
        self.slider.sliderMoved.connect(self.go_to_row)
        self.slider.actionTriggered.connect(lambda _action: self.go_to_row(self.slider.sliderPosition()))
        self.clock = QLabel("--:--.---", self)
        self.speed = QComboBox(self)
        self.speed.setAccessibleName(tr("Speed"))
        for value in SPEEDS:
            self.speed.addItem(f"{value:g} ×", value)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(self._on_speed)
        self.loop_note = QLabel("", self)
        line = QHBoxLayout()
        for widget in (self.back, self.play_button, self.forward):
            line.addWidget(widget)
        line.addWidget(self.slider, 1)
        line.addWidget(self.clock)
        line.addWidget(self.loop_note)
        line.addWidget(self.speed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.video, 1)
        column.addWidget(self.find_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(line)

    def _enable(self) -> None:
        for widget in (self.back, self.play_button, self.forward, self.slider, self.speed):
            widget.setEnabled(self.scene is not None)

    def _on_selected(self, kind: str, item_id: str) -> None:
        if kind == "recording" and item_id != self._recording_id:
            self.open(item_id)

    def _on_moment(self, recording_id: str, t_ns: int) -> None:
        if recording_id != self._recording_id:
            self.open(recording_id, at_ns=t_ns)
        else:
            self.pause()
            self.go_to(t_ns)

    def _on_changed(self, kind: str) -> None:
        if kind in ("results", "placements") and self.scene is not None:
            self.open(self._recording_id, at_ns=self.t_ns)
        elif kind == "recordings" and self._recording_id:
            known = {one.id for one in self._document.study.recordings()}
            if self._recording_id not in known:
                self._forget()
            elif self.scene is None:  # its video may have been found
                self.open(self._recording_id, at_ns=self._go_to_ns)

    def _forget(self) -> None:
        self._recording_id = ""
        self._timer.stop()
        self._close_source()
        self.scene = None
        self.video.show_message(tr("Choose a recording in the study tree to watch it here."))
        self._enable()

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source.deleteLater()
            self._source = None

    def _on_opened(self, number: int, opened: Any) -> None:
        if number != self._opening.newest:
            return
        self._close_source()
        self.scene, self._numbers, self._on_reference = opened
        self.video.inset.forget()
        shown = np.flatnonzero(self._numbers >= 0)
        self._row_of = np.full(int(self._numbers.max(initial=-1)) + 1, -1, np.int64)
        self._row_of[self._numbers[shown[::-1]]] = shown[::-1]
        events = self.scene.events
        self._fixation_ns = (
            np.zeros(0, np.int64)
            if events is None
            else events.loc[events["kind"] == "fixation", "onset_ns"].to_numpy(np.int64)
        )
        if self.scene.recording_id != self._loop_of:
            self._loop = self._loop_start_ns = None
            self._loop_of = self.scene.recording_id
            self._show_state()
        self.slider.setRange(0, max(0, len(self._numbers) - 1))
        self._source = FrameSource(self.scene.video, self)
        self._source.ready.connect(self._on_picture)
        self._source.failed.connect(self._on_bad_picture)
        self.row, self._asked_row, self._is_waiting = 0, -1, False
        self._enable()
        if self._go_to_ns >= 0:
            self.go_to(self._go_to_ns)
        else:
            self.go_to_row(int(shown[0]) if len(shown) else 0)

    def _on_not_opened(self, number: int, error: Exception) -> None:
        if number == self._opening.newest:
            self._timer.stop()
            self._close_source()
            self.scene = None
            self.video.show_message(error_text(error))
            self._enable()
            self.find_button.setVisible(
                any(one.recording_id == self._recording_id for one in self._missing())
            )

    def _missing(self) -> Sequence[Medium]:
        try:
            return self._document.study.missing_media()
        except GazestudyError:  # the message on show says what is wrong
            return ()

    def _on_picture(self, number: int, image: QImage) -> None:
        row = self._asked_row if self._asked_row >= 0 and self._numbers[self._asked_row] == number else -1
        row = row if row >= 0 else int(self._row_of[number])
        if row < 0 or self.scene is None:
            return
        self._is_waiting = row != self._asked_row
        self.row = row
        self.video.inset.on = self._on_reference.at(
            self.scene.end_ns(row), since_ns=int(self.scene.t_ns[row])
        )
        self._bring_picture()
        self.video.show_picture(image, self._marks(row))
        if not self.slider.isSliderDown():
            self.slider.setValue(row)
        self.clock.setText(clock_text(self.t_ns - int(self.scene.t_ns[0])))
        self._document.playhead.emit(self._recording_id, self.t_ns)

    def _bring_picture(self) -> None:
        """Have the picture that gaze is on read beside the window."""
        wanted = self.video.inset.lacks()
        if wanted is None or wanted.creative_id == self._brings:
            return
        self._brings = name = wanted.creative_id
        path = wanted.path

        def read() -> tuple[str, QImage]:
            from gazestudy_gui.views.inset import read_picture

            return name, read_picture(path)

        self._bringing.ask(read)

    def _on_brought(self, _number: int, brought: tuple[str, QImage]) -> None:
        self.video.inset.bring(*brought)
        self._brings = ""
        self._bring_picture()
        self.video.update()

    def _on_bad_picture(self, number: int, error: Exception) -> None:
        self._is_waiting = False
        self.row = max(0, int(self._row_of[number]))
        self.video.show_message(error_text(error))

    def _marks(self, row: int) -> Marks:
        scene = self.scene
        words = [clock_text(int(scene.t_ns[row]) - int(scene.t_ns[0]))]
        gaze = scene.gaze(row)
        if gaze is None:
            words.append(tr("no gaze: {reason}", reason=tr(scene.reason(row).replace("_", " "))))
        at = scene.event_at(row)
        kind = "" if at < 0 else str(scene.events["kind"].iloc[at])
        if kind:
            words.append(f"{tr(kind)} {scene.events['duration_ms'].iloc[at]:.0f} ms")
        if place := scene.looked_at(row):
            words.append(tr("on {name}", name=scene.name_of(place)))
        if not scene.video.paths:
            words.append(tr("no scene video"))
        elif scene.frames["kind"].iloc[row] != "real":
            words.append(tr("no scene picture"))
        outlines = [(one.polygon_px, one.label, one.looked_at) for one in scene.outlines(row)]
        return Marks(gaze, scene.trail(row), kind == "fixation", outlines, "   ".join(words))

    def _tick(self) -> None:
        """Show what is due now; a slow disk or computer leaves pictures out rather than run late."""
        if self.scene is None:
            return
        began_s, from_ns = self._began
        speed = float(self.speed.currentData())
        now_ns = from_ns + round((time.perf_counter() - began_s) * speed * 1e9)
        if self._loop is not None and now_ns >= self._loop[1]:
            now_ns = self._loop[0]
            self._began = (time.perf_counter(), now_ns)
        if now_ns > int(self.scene.t_ns[-1]):
            self.go_to_row(len(self._numbers) - 1)
            self.pause()
            return
        row = self.scene.row_at(now_ns)
        if not self._is_waiting and row != self.row:
            self.go_to_row(row)

    def _on_speed(self) -> None:
        if self.is_playing:
            self._began = (time.perf_counter(), self.t_ns)

    def _show_state(self) -> None:
        icons = self.style()
        assert icons is not None
        pixmap = QStyle.StandardPixmap
        self.play_button.setIcon(
            icons.standardIcon(pixmap.SP_MediaPause if self.is_playing else pixmap.SP_MediaPlay)
        )
        if self._loop is not None:
            first = int(self.scene.t_ns[0])
            self.loop_note.setText(
                f"⟲ {clock_text(self._loop[0] - first)} – {clock_text(self._loop[1] - first)}"
            )
        elif self._loop_start_ns is not None:
            self.loop_note.setText(f"⟲ {clock_text(self._loop_start_ns - int(self.scene.t_ns[0]))} – …")
        else:
            self.loop_note.clear()

    def _toggle_gaze(self) -> None:
        self.video.show_gaze = not self.video.show_gaze
        self.video.update()

    def _toggle_inset(self) -> None:
        self.video.show_inset = not self.video.show_inset
        self.video.update()

    def _toggle_placements(self) -> None:
        self.video.show_placements = not self.video.show_placements
        self.video.update()


def _scene_of(study: Study, recording_id: str) -> Any:
    """Return what is to be seen of a recording; of one without a video, its gaze."""
    from gazestudy.pipeline.blind_scene import BlindScene
    from gazestudy.pipeline.scene import RecordingScene

    return (RecordingScene.of if study.media(recording_id) else BlindScene)(study, recording_id)


def clock_text(ns: int) -> str:
    """Return a time since the start as minutes, seconds and milliseconds.

    Examples
    --------
    >>> clock_text(61_500_000_000)
    '01:01.500'
    """
    sign = "-" if ns < 0 else ""
    ms = round(abs(ns) / 1e6)
    return f"{sign}{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
