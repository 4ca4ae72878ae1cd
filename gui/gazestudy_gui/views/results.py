"""Results: tables, funnel, time to the first look, strategy; and the report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.actions import ActionBook
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Question
from gazestudy_gui.jobs import Order
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.views.later import EXPORTS, RESULTS
from gazestudy_gui.views.plot_pane import nothing_yet
from gazestudy_gui.views.results_data import TABLES
from gazestudy_gui.views.results_plots import FunnelPage, SurvivalPage
from gazestudy_gui.views.results_strategy import StrategyPage
from gazestudy_gui.views.table_view import TableWidget, heading
from gazestudy_gui.words import tr

_JOBS = "gazestudy_gui.views.results_jobs"


class TablesPage(QWidget):
    """One table at a time.

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
        self._state = 0
        self._worker = Background("tables", self, helper=document.helper)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Table"))
        for one in TABLES:
            self.which.addItem(tr(one.title), one.id)
        self.which.currentIndexChanged.connect(lambda _index: self.compute())
        label = QLabel(tr("&Table:"), self)
        label.setBuddy(self.which)
        self.about = QLabel("", self)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.which)
        line.addWidget(self.about, 1)
        self.table = TableWidget(tr("Results"), self)
        self.table.activated.connect(self._go_to)
        self.message = QLabel("", self)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.message)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.stack, 1)
        self._seen = WhenSeen(self, self.compute)
        self._seen.ask()

    def show_table(self, name: str) -> None:
        """Show a table by its id."""
        self.which.setCurrentIndex(self.which.findData(name))

    def forget(self) -> None:
        """Compute again when it is looked at: the study changed."""
        self._state += 1
        self._seen.ask()

    def compute(self) -> None:
        """Compute the table that is chosen; the newest wish wins."""
        self._seen.forget()
        one = TABLES[self.which.currentIndex()]
        self.about.setText(tr(one.about))
        self.table.count.setText(tr("Computing …"))
        arguments = {"study": str(self._document.path), "state": self._state, "name": one.id}
        self._worker.ask(Question("gazestudy_gui.views.results_answers:table", arguments))

    def shut_down(self) -> None:
        """End the thread."""
        self._worker.close()

    def _on_done(self, number: int, result: Any) -> None:
        if number != self._worker.newest:
            return
        name, frame, tips = result
        self.table.set_name(name)
        self.table.set_frame(frame, {column: heading(column) for column in map(str, frame.columns)},
                             {column: f"{column}: {tips[column]}" for column in tips},
                             words=("name",) if name == "themes" else ())  # fmt: skip
        self.stack.setCurrentWidget(self.table)

    def _on_failed(self, number: int, error: Exception) -> None:
        if number == self._worker.newest:
            self.message.setText(nothing_yet(str(error)))
            self.stack.setCurrentWidget(self.message)

    def _go_to(self, row: int) -> None:
        """Show the placement, and where it has one the moment, of a row."""
        frame = self.table.model.frame
        if frame is None:
            return
        values = frame.iloc[row]
        if "t_ns" in frame and "recording_id" in frame and int(values["t_ns"]) >= 0:
            self._document.moment.emit(str(values["recording_id"]), int(values["t_ns"]))
        elif "recording_id" in frame and str(values["recording_id"]):
            self._document.selected.emit("recording", str(values["recording_id"]))
        elif "placement_id" in frame:
            self._document.selected.emit("placement", str(values["placement_id"]))


class ResultsView(QWidget):
    """Everything that came out.

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
        self.tables = TablesPage(document, self)
        self.funnel = FunnelPage(document, self)
        self.survival = SurvivalPage(document, self)
        self.strategy = StrategyPage(document, self)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        for page, title in (
            (self.tables, tr("Tables")), (self.funnel, tr("Funnel")),
            (self.survival, tr("Time to first look")), (self.strategy, tr("Strategy")),
        ):  # fmt: skip
            self.pages.addTab(page, title)
        report = QPushButton(tr("&Report …"), self)
        report.setToolTip(tr("Write the report of the study as one page and one PDF"))
        report.clicked.connect(self._ask_report)
        export = QPushButton(tr("E&xport …"), self)
        menu = QMenu(export)
        for name, (text, _filter, _keys) in EXPORTS.items():
            action = menu.addAction(tr(text))
            assert action is not None
            action.triggered.connect(partial(self._ask_export, name))
        export.setMenu(menu)
        corner = QWidget(self)
        line = QHBoxLayout(corner)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(report)
        line.addWidget(export)
        self.pages.setCornerWidget(corner)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 2, 2, 2)
        column.addWidget(self.pages)
        document.changed.connect(self._on_changed)

    def write_report(self, page: Path) -> None:
        """Write the report as a page and as a PDF beside it; a job does it."""
        outs = [str(page.with_suffix(".html")), str(page.with_suffix(".pdf"))]
        arguments = {"study": str(self._document.path), "outs": outs}
        self._document.submit(Order(tr("Write the report"), f"{_JOBS}:write_reports", arguments))

    def export_study(self, to: str, out: Path) -> None:
        """Write the study in the format of another program; a job does it."""
        arguments = {"study": str(self._document.path), "to": to, "out": str(out)}
        self._document.submit(Order(tr("Export the study"), f"{_JOBS}:export", arguments))

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menus."""
        does = {f"export.{name}": partial(self._ask_export, name) for name in EXPORTS}
        for spec in RESULTS:
            book.add(spec, does.get(spec.id, self._ask_report))

    def recolour(self) -> None:
        """Follow another colour scheme."""
        for page in (self.funnel, self.survival, self.strategy):
            page.recolour()

    def shut_down(self) -> None:
        """End the threads."""
        for page in (self.tables, self.funnel, self.survival, self.strategy):
            page.shut_down()

    def _on_changed(self, kind: str) -> None:
        """Forget what depends on a change; corrections of the mapping count once results are made again."""
        if kind in ("results", "placements", "aois", "participants", "recordings"):
            self.survival.forget()
        if kind in ("results", "interviews", "placements", "aois", "participants", "recordings"):
            self.tables.forget()
            self.funnel.forget()
        if kind in ("results", "interviews", "placements", "participants", "fieldwork", "recordings"):
            self.strategy.forget()

    def _ask_report(self) -> None:
        start = str(self._document.path / "exports" / "report.html")
        name, _ = QFileDialog.getSaveFileName(self, tr("Write the report"), start, "HTML (*.html)")
        if name:
            self.write_report(Path(name))

    def _ask_export(self, to: str, _checked: bool = False) -> None:
        start = self._document.path / "exports"
        kind = EXPORTS[to][1]
        if kind:
            path = str(start / f"study.{to}")
            name, _ = QFileDialog.getSaveFileName(self, tr("Export study"), path, kind)
        else:
            name = QFileDialog.getExistingDirectory(self, tr("Folder for the export"), str(start))
            name = str(Path(name) / f"{self._document.path.name}-{to}") if name else ""
        if name:
            self.export_study(to, Path(name))
