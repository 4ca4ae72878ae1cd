"""The frame of the import wizard."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QWidget, QWizard

from gazestudy_gui.document import StudyDocument
from gazestudy_gui.jobs import Order
from gazestudy_gui.wizard.clocks_page import ClocksPage
from gazestudy_gui.wizard.columns_page import ColumnsPage
from gazestudy_gui.wizard.pages import ChoosePage, FoundPage, PeoplePage, SummaryPage, as_plain
from gazestudy_gui.wizard.plan import Plan
from gazestudy_gui.wizard.report import ImportReport
from gazestudy_gui.words import tr

CHOOSE, FOUND, COLUMNS, PEOPLE, CLOCKS, SUMMARY = range(6)


class ImportWizard(QWizard):
    """From folders to recordings in the study; nothing is written before Import.

    Parameters
    ----------
    document : StudyDocument
        Where they go.
    paths : list of Path
        What was dropped; may be empty.
    parent : QWidget
        The study window.
    """

    def __init__(self, document: StudyDocument, paths: list[Path], parent: QWidget) -> None:
        super().__init__(parent)
        self.document = document
        self.plan = Plan(paths=list(paths))
        self.folder: Any = None
        self.setObjectName("import wizard")
        self.setWindowTitle(tr("Import recordings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWizardStyle(QWizard.WizardStyle.ClassicStyle)
        self.setOption(QWizard.WizardOption.NoBackButtonOnStartPage)
        self.choose, self.found = ChoosePage(self), FoundPage(self)
        self.columns, self.people = ColumnsPage(self), PeoplePage(self)
        self.clocks, self.summary = ClocksPage(self), SummaryPage(self)
        for number, page in (
            (CHOOSE, self.choose),
            (FOUND, self.found),
            (COLUMNS, self.columns),
            (PEOPLE, self.people),
            (CLOCKS, self.clocks),
            (SUMMARY, self.summary),
        ):
            self.setPage(number, page)
        if paths:
            self.setStartId(FOUND)
        em = self.fontMetrics().height()
        self.resize(64 * em, 36 * em)

    def nextId(self) -> int:
        """Return the next page; columns are asked for only where a table was not recognised."""
        here = self.currentId()
        if here == SUMMARY:
            return -1
        if here == FOUND and not any(
            line.found.is_table and not line.found.importers for line in self.plan.lines
        ):
            return PEOPLE
        return here + 1

    def accept(self) -> None:
        """Hand everything to a job and close; the report comes when it is over."""
        arguments = {**self.document.writing(), "items": [as_plain(wish) for wish in self.plan.wishes()]}
        order = Order(tr("Import"), "gazestudy_gui.tasks:import_recordings", arguments)
        job = self.document.submit(order, changes=("recordings", "participants", "alignments"))
        window, folder = self.parentWidget(), self.folder
        self.folder = None

        def report() -> None:
            if folder is not None:
                folder.cleanup()
            if job.result and window is not None and QApplication.instance() is not None:
                ImportReport(job.result, window).show()

        job.over.connect(report)
        self._stop()
        super().accept()

    def reject(self) -> None:
        """Close without writing anything."""
        self._stop()
        super().reject()

    def _stop(self) -> None:
        self.found.stop()
        self.columns.stop()
        self.clocks.stop()
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None


def temporary_folder(wizard: QWizard | None) -> Path:
    """Return a folder that goes when the import is over."""
    assert isinstance(wizard, ImportWizard)
    if wizard.folder is None:
        wizard.folder = tempfile.TemporaryDirectory(prefix="gazestudy-import-")
    return Path(wizard.folder.name)
