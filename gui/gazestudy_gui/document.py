"""The open study as the windows see it: one object through which everything is read and edited.

An edit is one transaction of the store and on the disk before the next one starts; the undo stack keeps what
takes it back. Whoever shows something listens to the signal of its kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QUndoStack

from gazestudy.errors import StudyError
from gazestudy.store import Study, open_study
from gazestudy_gui.commands import Edit
from gazestudy_gui.helper import Helper
from gazestudy_gui.jobs import Job, JobList, Order
from gazestudy_gui.words import tr

Kind = Literal[
    "study", "placements", "aois", "participants", "recordings", "alignments", "results", "mapping",
    "fieldwork", "interviews",
]  # fmt: skip
"""What an edit or a job may change."""

_BACKUPS_KEPT = 30
_BACKUP_REASON = "daily"


class StudyDocument(QObject):
    """An open study with its undo stack and jobs.

    Parameters
    ----------
    study : Study
        Open; the document closes it.
    parent : QObject, optional
        Owner.
    """

    changed = pyqtSignal(str)
    """One of `Kind`; comes with every edit, undo, redo and finished job."""
    selected = pyqtSignal(str, str)
    """What is selected in the study tree: kind and id."""
    moment = pyqtSignal(str, "qint64")
    """Somebody wants to see a moment: recording and time, ns."""
    playhead = pyqtSignal(str, "qint64")
    """The player shows this moment: recording and time, ns."""
    loop = pyqtSignal(str, "qint64", "qint64")
    """The stretch to repeat: recording, start and end, ns; none if it does not end after its start."""
    trouble = pyqtSignal(object)
    """An error that belongs to no widget."""

    def __init__(self, study: Study, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.study = study
        self.selection = ("", "")
        """Kind and id of what was selected last, for views that come later."""
        self.selected.connect(self._on_selected)
        self.undo_stack = QUndoStack(self)
        self.jobs = JobList(self)
        self.jobs.over.connect(self._on_job_over)
        self.helper = Helper()
        """Computes for the views in a process of its own."""
        self._changes_of_job: dict[Job, tuple[Kind, ...]] = {}
        if not study.read_only:
            study.forget_changes()
            self._back_up_daily()

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, parent: QObject | None = None) -> StudyDocument:
        """Open a study.

        Raises
        ------
        StudyLockedError
            If somebody else has it open and `read_only` is False; says who.
        StudyError
            If it cannot be opened.
        """
        return cls(open_study(path, read_only=read_only), parent)

    @property
    def path(self) -> Path:
        """The study folder."""
        return self.study.path

    @property
    def read_only(self) -> bool:
        """True if nothing can be edited."""
        return self.study.read_only

    def edit(self, command: Edit) -> None:
        """Do an edit; it is on the disk when this returns, and can be taken back.

        Raises
        ------
        GazestudyError
            If it cannot be done; then nothing was changed.
        """
        if self.read_only:
            raise StudyError(tr("This study is open read-only. Close it and open it for editing first."))
        command.do_first(self)
        if command.changed_something:
            self.undo_stack.push(command)

    def announce(self, kinds: Iterable[Kind]) -> None:
        """Tell everybody that something of these kinds is different now."""
        for kind in dict.fromkeys(kinds):
            self.changed.emit(kind)

    def submit(self, order: Order, *, changes: tuple[Kind, ...] = ()) -> Job:
        """Run a job; when it is over, what it may have changed is announced."""
        job = self.jobs.submit(order)
        self._changes_of_job[job] = changes
        return job

    def writing(self) -> dict[str, str]:
        """Return the arguments with which a job may write to this study.

        Raises
        ------
        StudyError
            If the study is open read-only.
        """
        if self.read_only:
            raise StudyError(tr("This study is open read-only. Close it and open it for editing first."))
        return {"study": str(self.path), "token": self.study.lock_token}

    def back_up(self) -> Path:
        """Make a dated backup of what people edited and return it."""
        return self.study.backup()

    def close(self) -> None:
        """End all jobs and give the study back."""
        self.jobs.close()
        self.helper.close()
        self.undo_stack.clear()
        self.study.forget_changes()
        self.study.close()

    def _on_selected(self, kind: str, item_id: str) -> None:
        self.selection = (kind, item_id)

    def _on_job_over(self, job: Job) -> None:
        self.announce(self._changes_of_job.pop(job, ()))

    def _back_up_daily(self) -> None:
        folder = self.path / "backups"
        daily = sorted(folder.glob(f"study-*-{_BACKUP_REASON}.sqlite"))
        today = datetime.now(UTC).strftime("study-%Y%m%d")
        if daily and daily[-1].name.startswith(today):
            return
        try:
            self.study.backup(_BACKUP_REASON)
        except StudyError as error:
            self.trouble.emit(error)
            return
        for old in daily[: 1 - _BACKUPS_KEPT]:
            old.unlink(missing_ok=True)
