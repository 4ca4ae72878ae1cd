"""What came in: one line for each recording, with what was found doubtful or wrong."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.phrases import told
from gazestudy_gui.wizard.pages import fit, table_of
from gazestudy_gui.words import tr


class ImportReport(QDialog):
    """The report of an import; other windows can be used while it is open.

    Parameters
    ----------
    rows : list of dict
        From `gazestudy.pipeline.surveying.import_wish`.
    parent : QWidget
        The study window.
    """

    def __init__(self, rows: list[dict[str, Any]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("import report")
        self.setWindowTitle(tr("Import report"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rows = rows
        came = sum(bool(row["recording"]) for row in rows)
        self.heading = QLabel(
            tr("{came} of {all} recordings were imported.", came=came, all=len(rows))
            + ("" if came == len(rows) else " " + tr("The others say below why not.")),
            self,
        )
        self.table = table_of(
            self,
            tr("Import report"),
            [tr("Recording"), tr("Came in as"), tr("Participant"), tr("Doubtful or wrong")],
        )
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Report of the import"))
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            found = [one for one in row["report"].get("findings", ()) if one["severity"] != "info"]
            state = tr("findings: {count}", count=len(found)) if found else "✓"
            texts = (
                row["name"],
                row["recording"] or "✗ " + tr("not imported"),
                row["participant"],
                state if row["recording"] else told(row["text"].splitlines()[-1]),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                item.setToolTip(text)
                self.table.setItem(number, column, item)
        fit(self.table)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.table)
        split.addWidget(self.text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column_layout = QVBoxLayout(self)
        column_layout.addWidget(self.heading)
        column_layout.addWidget(split, 1)
        column_layout.addWidget(buttons)
        em = self.fontMetrics().height()
        self.resize(52 * em, 32 * em)
        self.table.currentCellChanged.connect(lambda row, *_: self._show(row))
        self.table.setCurrentCell(0, 0)

    def _show(self, row: int) -> None:
        if 0 <= row < len(self._rows):
            self.text.setPlainText(told(self._rows[row]["text"]))
