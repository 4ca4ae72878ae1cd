"""The dated backups of a study, to return to one of them."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QDateTime, QLocale, Qt, pyqtSignal
from PyQt6.QtWidgets import QDialog, QLabel, QTableWidgetItem, QVBoxLayout, QWidget

from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.wizard.pages import fit, table_of
from gazestudy_gui.words import tr


class BackupsDialog(QDialog):
    """Lists the backups, the newest first.

    Parameters
    ----------
    study : Path
        The study folder.
    parent : QWidget
        Above which window.
    """

    chosen = pyqtSignal(object)
    """The file to return to."""

    def __init__(self, study: Path, parent: QWidget) -> None:
        from gazestudy.store.returning import backups_of

        super().__init__(parent)
        self.setObjectName("backups")
        self.setWindowTitle(tr("Return to a backup"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._backups = backups_of(study)
        note = QLabel(
            tr(
                "What people edited becomes as it was then. What is there now is backed up first, so you can"
                " come back. Recordings that were imported later are not listed any more; their files stay."
            )
            if self._backups
            else tr("There is no backup yet. One is made on the first opening of each day."),
            self,
        )
        note.setWordWrap(True)
        self.table = table_of(self, tr("Backups"), [tr("Made"), tr("Why"), tr("Size")])
        self.table.setRowCount(len(self._backups))
        for row, one in enumerate(self._backups):
            made = QDateTime.fromSecsSinceEpoch(int(one.made.timestamp()))
            shown = QLocale().toString(made, QLocale.FormatType.ShortFormat)
            size = QLocale().formattedDataSize(one.size_bytes)
            for column, text in enumerate((shown, reason_text(one.reason), size)):
                item = QTableWidgetItem(text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                item.setToolTip(one.path.name)
                self.table.setItem(row, column, item)
        fit(self.table)
        self.buttons = OkCancel(self, self.accept)
        ok = self.buttons.ok
        ok.setText(tr("&Return to this state"))
        ok.setEnabled(bool(self._backups))
        column_layout = QVBoxLayout(self)
        column_layout.addWidget(note)
        column_layout.addWidget(self.table, 1)
        column_layout.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.resize(40 * em, 22 * em)
        if self._backups:
            self.table.selectRow(0)

    def accept(self) -> None:
        """Return to the backup that is selected."""
        row = self.table.currentRow()
        super().accept()
        if 0 <= row < len(self._backups):
            self.chosen.emit(self._backups[row].path)


def reason_text(reason: str) -> str:
    """Return why a backup was made, for people."""
    words = {"daily": tr("first opening of a day"), "manual": tr("asked for"),
             "before-return": tr("before returning to a backup")}  # fmt: skip
    if reason.startswith("format-"):
        return tr("before the program changed the format of the study")
    return words.get(reason, reason)
