"""The jobs of a study: how far each is, what it says, and a way to stop it."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.document import StudyDocument
from gazestudy_gui.jobs import Job
from gazestudy_gui.phrases import told
from gazestudy_gui.words import tr

_BAR = 10_000


def state_text(job: Job) -> str:
    """Return how a job stands, in words."""
    return {
        "waiting": tr("waiting"),
        "running": tr("running"),
        "stopping": tr("stopping …"),
        "done": tr("done"),
        "failed": tr("failed"),
        "stopped": tr("stopped"),
    }[job.state]


class JobDock(QWidget):
    """A list of jobs, and of the chosen one its bar, log and stop button.

    Parameters
    ----------
    document : StudyDocument
        Whose jobs.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = document.jobs
        self.list = QListWidget(self)
        self.list.setAccessibleName(tr("Jobs"))
        self.title = QLabel(self)
        self.title.setWordWrap(True)
        self.empty = QLabel(tr("No job yet. Import recordings, then choose Analyse › Run everything."), self)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(self.fontMetrics().height())
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.setRange(0, _BAR)
        self.cancel = QPushButton(tr("Stop"), self)
        self.cancel.setEnabled(False)
        self.log = QPlainTextEdit(self)
        self.log.setReadOnly(True)
        self.log.setAccessibleName(tr("Log of the job"))
        self.log.setMaximumBlockCount(5000)
        line = QHBoxLayout()
        line.addWidget(self.bar, 1)
        line.addWidget(self.cancel)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addLayout(line)
        column.addWidget(self.log, 1)
        self._split = split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.list)
        split.addWidget(right)
        split.setStretchFactor(1, 3)
        edge = self.fontMetrics().height() // 2
        split.setContentsMargins(edge, edge, edge, edge)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(split)
        self.list.currentRowChanged.connect(lambda _row: self._show())
        self.cancel.clicked.connect(self._cancel)
        self._jobs.added.connect(self._on_added)
        for job in self._jobs.jobs:
            self._on_added(job)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Put the list above what is said of a job, or beside it where the dock is wide and low."""
        super().resizeEvent(event)
        is_wide = self.width() > 2 * self.height()
        self._split.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)

    def current(self) -> Job | None:
        """Return the chosen job."""
        row = self.list.currentRow()
        return self._jobs.jobs[row] if 0 <= row < len(self._jobs.jobs) else None

    def _on_added(self, job: Job) -> None:
        self._stack.setCurrentWidget(self._split)
        self.list.addItem(QListWidgetItem())
        job.changed.connect(lambda: self._on_changed(job))
        job.said.connect(lambda text: self._on_said(job, text))
        self._on_changed(job)
        self.list.setCurrentRow(self.list.count() - 1)

    def _on_changed(self, job: Job) -> None:
        item = self.list.item(self._jobs.jobs.index(job))
        if item is not None:
            item.setText(f"{job.order.title} — {state_text(job)}")
        if job is self.current():
            self._show_state(job)

    def _on_said(self, job: Job, text: str) -> None:
        if job is self.current():
            self.log.appendPlainText(told(text))

    def _show(self) -> None:
        job = self.current()
        if job is not None:
            self.log.setPlainText("\n".join(map(told, job.log)))
            self._show_state(job)

    def _show_state(self, job: Job) -> None:
        label = told(job.error or (job.label if not job.is_over else ""))
        self.title.setText(f"{job.order.title}: {state_text(job)}" + (f" — {label}" if label else ""))
        self.cancel.setEnabled(job.state in ("waiting", "running"))
        if job.is_over:
            self.bar.setRange(0, _BAR)
            self.bar.setValue(_BAR if job.state == "done" else 0)
        elif job.total:
            self.bar.setRange(0, _BAR)
            self.bar.setValue(min(_BAR, round(_BAR * job.count / job.total)))
        else:
            self.bar.setRange(0, 0)

    def _cancel(self) -> None:
        job = self.current()
        if job is not None:
            job.cancel()
