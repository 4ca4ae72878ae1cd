"""The fixations of one recording as the mapping review sees them: what was mapped, and what people said."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QColor

from gazestudy.errors import Cancelled, StudyError
from gazestudy.model import Placement
from gazestudy.model.manual import KeyFrame, ManualAnswer, Stored
from gazestudy.progress import SILENT, raise_if_cancelled
from gazestudy_gui import theme
from gazestudy_gui.helper import Helper, Question
from gazestudy_gui.phrases import told
from gazestudy_gui.views.player import clock_text
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.pipeline.scene import RecordingScene
    from gazestudy.progress import Progress

Order = Literal["doubt", "time"]

LIKELY = 0.1
"""Fixations on no placement with less doubt than this are no question of mapping."""

_NONE = QModelIndex()
_DEEPEST = 120  # of 255: how strong the ground behind the greatest doubt is
_TRIES, _PAUSE_S = 3, 0.3

Judged = tuple[pd.DataFrame, str, bool]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What the review needs of one recording.

    Attributes
    ----------
    scene : RecordingScene
        Its pictures, gaze and placements.
    numbers : ndarray of int64, shape (n_frames,)
        Number of the picture of each frame, -1 for a gap.
    fixations : DataFrame
        As `gazestudy.pipeline.mapping_review.review_list`, with `creative_id`.
    run_utc : str
        When its results were made.
    is_out_of_date : bool
        They would be others if they were made now.
    """

    scene: RecordingScene
    numbers: NDArray[np.int64]
    fixations: pd.DataFrame
    run_utc: str
    is_out_of_date: bool = False


def load(study: Path, recording_id: str, helper: Helper, progress: Progress) -> Loaded:
    """Read what the review needs; takes seconds, for an hour a minute. To be called in a thread.

    Parameters
    ----------
    study : Path
        The study folder.
    recording_id : str
        Which recording.
    helper : Helper
        Judges the fixations in its process; that is ended where nobody waits any more.
    progress : Progress
        Who may ask to stop.

    Raises
    ------
    GazestudyError
        If the recording has no video or was not run.
    """
    question = Question(
        "gazestudy_gui.views.review_list:judged", {"study": str(study), "recording_id": recording_id}
    )
    try:
        judged_now: Judged = helper.answer(question, given_up=lambda: progress.cancelled)
    except Cancelled:
        helper.drop()
        raise
    scene = _again(lambda: _scene(study, recording_id), progress)
    return Loaded(scene, scene.video.numbers(scene.frames), *judged_now)


def judged(study: str, recording_id: str) -> Judged:
    """Return the fixations of a recording with their doubts, when its results were made, if they are old.

    Parameters
    ----------
    study : str
        The study folder. It is opened for reading, so that nothing is written beside an edit.
    recording_id : str
        Which recording.
    """
    return _again(lambda: _judged(study, recording_id), SILENT)


def _again(read: Callable[[], Found], progress: Progress) -> Found:
    """Read; once more where a job that runs now may have put other results in place meanwhile."""
    for _ in range(_TRIES - 1):
        try:
            return read()
        except (StudyError, OSError):
            raise_if_cancelled(progress)
            time.sleep(_PAUSE_S)
    return read()


def _judged(study: str, recording_id: str) -> Judged:
    from gazestudy.pipeline.checking import is_out_of_date
    from gazestudy.pipeline.mapping_review import review_list
    from gazestudy.store import open_study

    with open_study(study, read_only=True) as opened:
        fixations = review_list(opened, recording=recording_id)
        results = opened.current(recording_id, "attention")
        creatives: dict[int, str] = {}
        if results is not None:
            known = results.table("mapped_fixations", columns=["event_id", "creative_id"])
            creatives = dict(zip(known["event_id"].tolist(), known["creative_id"].tolist(), strict=True))
        fixations["creative_id"] = [creatives.get(event, "") for event in fixations["event_id"].tolist()]
        is_old = is_out_of_date(opened, recording_id)
    return fixations, results.created_utc if results is not None else "", is_old


def _scene(study: Path, recording_id: str) -> RecordingScene:
    from gazestudy.pipeline.scene import RecordingScene
    from gazestudy.store import open_study

    with open_study(study, read_only=True) as opened:
        return RecordingScene.of(opened, recording_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a fixation is, as far as is known now.

    Attributes
    ----------
    placement_id : str
        On which placement, empty for none.
    creative_id : str
        Which picture of it, empty where not known.
    copy : int
        Which copy of it.
    share : (float, float) or None
        Where on it, as shares of its sides.
    answer : Stored or None
        What a person said of it; None where nobody did.
    """

    placement_id: str
    creative_id: str
    copy: int
    share: tuple[float, float] | None
    answer: Stored[ManualAnswer] | None


class ReviewModel(QAbstractTableModel):
    """The fixations of one recording, in an order, with what people said about each.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fixations = pd.DataFrame()
        self._placements: dict[str, Placement] = {}
        self._answers: tuple[Stored[ManualAnswer], ...] = ()
        self._answer_of = np.zeros(0, np.int64)
        self._rows = np.zeros(0, np.int64)
        self._start_ns = 0

    # ------------------------------------------------------------------ what it holds

    def fill(self, loaded: Loaded | None, placements: Sequence[Placement]) -> None:
        """Take other fixations; None: none."""
        self.beginResetModel()
        self.fixations = pd.DataFrame() if loaded is None else loaded.fixations
        self._start_ns = int(loaded.scene.t_ns[0]) if loaded is not None and len(loaded.scene.t_ns) else 0
        self._placements = {one.id: one for one in placements}
        self._answer_of = np.full(len(self.fixations), -1, np.int64)
        self._answers = ()
        self._rows = np.arange(len(self.fixations))
        self.endResetModel()

    def arrange(self, order: Order, show: str) -> None:
        """Show fixations in an order.

        Parameters
        ----------
        order : {"doubt", "time"}
            The most doubtful first, or as they came.
        show : str
            "": all; "likely": those on a placement or with some doubt; else: those on this placement.
        """
        if self.fixations.empty:
            return
        self.layoutAboutToBeChanged.emit()
        keep = np.ones(len(self.fixations), bool)
        if show == "likely":
            keep = ((self.fixations["placement_id"] != "") | (self.fixations["doubt"] >= LIKELY)).to_numpy(
                bool
            )
            keep = keep | (self._answer_of >= 0)
        elif show:
            keep = (self.fixations["placement_id"] == show).to_numpy(bool)
        rows = np.flatnonzero(keep)
        if order == "time":
            rows = rows[np.argsort(self.fixations["onset_ns"].to_numpy()[rows], kind="stable")]
        self._rows = rows
        self.layoutChanged.emit()

    def hear(self, answers: Sequence[Stored[ManualAnswer]]) -> bool:
        """Take what people said about the recording, in the order they said it.

        Returns
        -------
        bool
            False if fixations were judged by an answer that is gone: they have to be read again.
        """
        self._answers = tuple(answers)
        if self.fixations.empty:
            return True
        onset, offset = (self.fixations[name].to_numpy(np.int64) for name in ("onset_ns", "offset_ns"))
        middle = onset + (offset - onset) // 2
        found = np.full(len(middle), -1, np.int64)
        for number, stored in enumerate(self._answers):
            found[(stored.fact.start_ns <= middle) & (middle < stored.fact.end_ns)] = number
        self._answer_of = found
        if len(self._rows):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, self.columnCount() - 1))
        return not (self.fixations["answered"].to_numpy(bool) & (found < 0)).any()

    @property
    def done(self) -> int:
        """Fixations on show about which somebody said something."""
        return int((self._answer_of[self._rows] >= 0).sum())

    def is_done(self, row: int) -> bool:
        """Return True if somebody said something about the fixation in a row."""
        return bool(self._answer_of[self._rows[row]] >= 0)

    def fixation(self, row: int) -> pd.Series:
        """Return the fixation in a row, as it was mapped."""
        return self.fixations.iloc[int(self._rows[row])]

    def row_of(self, event_id: int) -> int:
        """Return the row of a fixation, -1 if it is not on show."""
        if self.fixations.empty:
            return -1
        found = np.flatnonzero(self.fixations["event_id"].to_numpy()[self._rows] == event_id)
        return int(found[0]) if len(found) else -1

    def answers_to(self, row: int) -> tuple[Stored[ManualAnswer], ...]:
        """Return everything that was said about a fixation."""
        one = self.fixation(row)
        middle = int(one["onset_ns"]) + (int(one["offset_ns"]) - int(one["onset_ns"])) // 2
        return tuple(a for a in self._answers if a.fact.start_ns <= middle < a.fact.end_ns)

    def verdict(self, row: int) -> Verdict:
        """Return where the fixation in a row is."""
        one = self.fixation(row)
        number = int(self._answer_of[self._rows[row]])
        stored = self._answers[number] if number >= 0 else None
        if stored is not None and stored.fact.verdict == "on":
            fact = stored.fact
            return Verdict(
                fact.placement_id, fact.creative_id, fact.copy, (fact.x_share, fact.y_share), stored
            )
        placement = self._placements.get(str(one["placement_id"]))
        gone = stored is not None and (
            stored.fact.verdict == "nowhere" or stored.fact.placement_id == one["placement_id"]
        )
        if placement is None or gone:
            return Verdict("", "", 0, None, stored)
        return Verdict(
            placement.id, str(one["creative_id"]), max(0, int(one["copy"])), self.mapped(row), stored
        )

    def likely_placement(self, row: int) -> str:
        """Return the placement of a fixation, or the one thought of, or the one nearest in time."""
        own = str(self.fixation(row)["placement_id"])
        refused = {
            name: place.start()
            for name in self._placements
            if not own and (place := _mention(name).search(str(self.fixation(row)["reasons"])))
        }
        if refused:  # the one that was thought of first
            return min(refused, key=lambda name: refused[name])
        on = np.flatnonzero((self.fixations["placement_id"] != "").to_numpy(bool))
        if own or not len(on):
            return own
        times = self.fixations["onset_ns"].to_numpy(np.int64)
        away = np.abs(times[on] - times[int(self._rows[row])])
        return str(self.fixations["placement_id"].iloc[int(on[np.argmin(away)])])

    def reasons(self, row: int) -> str:
        """Return in words why the fixation in a row is doubtful, with the names of placements."""
        text = str(self.fixation(row)["reasons"])
        for name, place in self._placements.items():
            text = _mention(name).sub(place.name.replace("\\", r"\\"), text)
        return told(text)

    def mapped(self, row: int) -> tuple[float, float] | None:
        """Return where the fixation in a row was mapped, as shares; None where on no placement."""
        one = self.fixation(row)
        placement = self._placements.get(str(one["placement_id"]))
        if placement is None or not np.isfinite([one["x_ref_px"], one["y_ref_px"]]).all():
            return None
        width, height = placement.size_px
        shares = (one["x_ref_px"] + 0.5) / width, (one["y_ref_px"] + 0.5) / height
        return min(max(float(shares[0]), 0.0), 1.0), min(max(float(shares[1]), 0.0), 1.0)

    # ------------------------------------------------------------------ for the table

    def rowCount(self, parent: QModelIndex = _NONE) -> int:
        """Fixations on show."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:
        """State, time, doubt, placement."""
        return 0 if parent.isValid() else 4

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        names = (tr("Reviewed"), tr("Time"), tr("Doubt"), tr("On"))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return names[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return ("✓", *names[1:])[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        row, column = index.row(), index.column()
        found: Any = None
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column in (1, 2) else Qt.AlignmentFlag.AlignLeft
            found = side | Qt.AlignmentFlag.AlignVCenter
        elif role == Qt.ItemDataRole.ToolTipRole and column == 3:
            found = self._text(row, column)
        elif role == Qt.ItemDataRole.ToolTipRole and column > 0:
            found = self.reasons(row)
        elif role == Qt.ItemDataRole.BackgroundRole and column == 2:
            found = QColor(theme.SERIES[1])  # the number says it too
            found.setAlpha(round(_DEEPEST * min(1.0, float(self.fixation(row)["doubt"]))))
        elif role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole) and column == 0:
            found = self.mark(row)
        elif role == Qt.ItemDataRole.DisplayRole:
            found = self._text(row, column)
        return found

    def _text(self, row: int, column: int) -> str:
        if column == 0:
            return self.mark(row)[:1]
        one = self.fixation(row)
        if column == 1:
            return clock_text(int(one["onset_ns"]) - self._start_ns)
        if column == 2:
            return f"{one['doubt']:.0%}"
        placement = self._placements.get(self.verdict(row).placement_id)
        return placement.name if placement is not None else "–"

    def mark(self, row: int) -> str:
        """Return sign and word of what a person said."""
        number = int(self._answer_of[self._rows[row]])
        if number < 0:
            return ""
        verdict = self._answers[number].fact.verdict
        return {"on": "✓ " + tr("on it"), "off": "✗ " + tr("not on it"), "nowhere": "∅ " + tr("on none")}[
            verdict
        ]


def _mention(placement_id: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(placement_id)}(?![\w-])")


def answer_for(
    recording_id: str, fixation: pd.Series, verdict: Literal["on", "off", "nowhere"], at: Verdict | None
) -> ManualAnswer:
    """Return what a person says about a fixation.

    Parameters
    ----------
    recording_id : str
        Which recording.
    fixation : Series
        A row of the review list.
    verdict : {"on", "off", "nowhere"}
        What is said.
    at : Verdict or None
        Where, for "on"; which placement, for "off".
    """
    onset, offset = int(fixation["onset_ns"]), int(fixation["offset_ns"])
    end = max(offset, onset + 1)
    if verdict == "nowhere" or at is None:
        return ManualAnswer(recording_id, onset, end, "nowhere")
    if verdict == "off" or at.share is None:
        return ManualAnswer(recording_id, onset, end, "off", at.placement_id)
    return ManualAnswer(recording_id, onset, end, "on", at.placement_id, *at.share, at.creative_id, at.copy)


def newer_than(
    run_utc: str, answers: Sequence[Stored[ManualAnswer]], key_frames: Sequence[Stored[KeyFrame]]
) -> int:
    """Return how much was said after the results were made."""
    return sum(one.made_utc > run_utc for one in answers) + sum(one.made_utc > run_utc for one in key_frames)
