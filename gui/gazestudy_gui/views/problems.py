"""Everything the imports found doubtful or wrong, one line each; a double click goes there."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHeaderView, QLabel, QStackedLayout, QTreeWidget, QTreeWidgetItem, QWidget

from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import told
from gazestudy_gui.words import tr


class ProblemsView(QWidget):
    """A list of problems and warnings.

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
        self.list = QTreeWidget(self)
        self.list.setRootIsDecorated(False)
        self.list.setAlternatingRowColors(True)
        self.list.setAccessibleName(tr("Problems"))
        self.list.setHeaderLabels([tr("Severity"), tr("Recording"), tr("What was found")])
        header = self.list.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.empty = QLabel(tr("No problems. What an import finds doubtful is listed here."), self)
        self.empty.setWordWrap(True)
        self.empty.setMargin(self.fontMetrics().height())
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        self.list.itemActivated.connect(lambda item: document.selected.emit("recording", item.text(1)))
        document.changed.connect(self._on_changed)
        self.refresh()

    def refresh(self) -> None:
        """Read the findings again."""
        self.list.clear()
        for entry in self._document.study.listing().recordings:
            for severity, text in entry.findings:
                self.list.addTopLevelItem(QTreeWidgetItem([tr(severity), entry.id, told(text)]))
        has_some = self.list.topLevelItemCount() > 0
        self._stack.setCurrentWidget(self.list if has_some else self.empty)

    def _on_changed(self, kind: str) -> None:
        if kind == "recordings":
            self.refresh()
