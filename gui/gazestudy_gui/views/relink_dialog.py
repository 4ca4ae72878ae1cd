"""Scene videos that are not where they were: shown, looked for, and put right together."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy.store import Study
from gazestudy_gui.commands import Edit
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.jobs import Job, Order
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.phrases import told
from gazestudy_gui.trouble import tell
from gazestudy_gui.wizard.pages import fit, table_of
from gazestudy_gui.words import tr

Places = dict[tuple[str, int], Path]


class RelinkMedia(Edit):
    """Scene videos are somewhere else."""

    kinds = ("recordings",)

    def __init__(self, places: Places) -> None:
        super().__init__(tr("places of {count} videos", count=len(places)))
        self._places = dict(places)

    def apply(self, study: Study) -> None:
        """Do it."""
        study.relink_media(self._places)


class RelinkDialog(QDialog):
    """Lists what is missing; a folder or one file is enough to find all of it.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget
        Above which window.
    """

    def __init__(self, document: StudyDocument, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("relink")
        self.setWindowTitle(tr("Find moved videos"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._document = document
        self._job: Job | None = None
        self.places: Places = {}
        self.missing = document.study.missing_media()
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.table = table_of(
            self, tr("Missing videos"), [tr("Recording"), tr("Where it was"), tr("Where it is now")]
        )
        self.folder = QPushButton(tr("Look in a &folder …"), self)
        self.file = QPushButton(tr("&Point at one of them …"), self)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName(tr("Looking"))
        self.bar.hide()
        self.buttons = OkCancel(self, self._use)
        line = QHBoxLayout()
        for button in (self.folder, self.file):
            line.addWidget(button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self.note)
        column.addWidget(self.table, 1)
        column.addWidget(self.bar)
        column.addLayout(line)
        column.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.resize(56 * em, 24 * em)
        self.folder.clicked.connect(lambda _checked=False: self._ask_folder())
        self.file.clicked.connect(lambda _checked=False: self._ask_file())
        self._fill()

    def look(self, place: Path) -> None:
        """Look for all that is missing in a folder, or beside a file."""
        self._stop()
        order = Order(
            tr("Looking"),
            "gazestudy_gui.tasks:find_moved_videos",
            {"study": str(self._document.path), "place": str(place)},
        )
        self._job = Job(order, self)
        self._job.changed.connect(self._on_progress)
        self._job.over.connect(self._on_over)
        self.bar.setRange(0, 0)
        self.bar.show()
        self._enable()
        self._job.start()

    def done(self, code: int) -> None:
        """Stop looking and close."""
        self._stop()
        super().done(code)

    def _stop(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.close()
            job.deleteLater()

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder in which the videos are now"))
        if folder:
            self.look(Path(folder))

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("One of the videos"))
        if name:
            self.look(Path(name))

    def _on_progress(self) -> None:
        if self._job is not None and self._job.total:
            self.bar.setRange(0, self._job.total)
            self.bar.setValue(self._job.count)

    def _on_over(self) -> None:
        job = self._job
        if job is None:
            return
        self.bar.hide()
        if job.state == "done":
            self.places |= {(row["recording"], row["video"]): Path(row["place"]) for row in job.result}
            self._fill()
        else:
            self.note.setText(told(job.error) or tr("Stopped."))
            self._enable()

    def _fill(self) -> None:
        self.table.setRowCount(len(self.missing))
        for row, medium in enumerate(self.missing):
            place = self.places.get((medium.recording_id, medium.position))
            texts = (
                medium.recording_id,
                str(medium.path),
                f"✓ {place}" if place is not None else "✗ " + tr("not found yet"),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        fit(self.table)
        self._enable()
        if not self.missing:
            self.note.setText(tr("All scene videos are where they should be."))
        elif self._document.read_only:
            self.note.setText(tr("The study is open read-only: places can be looked up, but not kept."))
        elif not self.places:
            self.note.setText(
                tr(
                    "{count} scene videos are not where they were. Say where one of them is, or in which"
                    " folder: the others are found with it, by their content, even under another name.",
                    count=len(self.missing),
                )
            )
        else:
            self.note.setText(tr("{found} of {all} found.", found=len(self.places), all=len(self.missing)))

    def _enable(self) -> None:
        is_idle = self._job is None or self._job.is_over
        for button in (self.folder, self.file):
            button.setEnabled(is_idle and bool(self.missing))
        ok = self.buttons.ok
        ok.setText(tr("&Use these places"))
        ok.setEnabled(is_idle and bool(self.places) and not self._document.read_only)

    def _use(self) -> None:
        try:
            self._document.edit(RelinkMedia(self.places))
        except GazestudyError as error:
            tell(self, error, doing=tr("The places cannot be used"))
            return
        self.accept()
