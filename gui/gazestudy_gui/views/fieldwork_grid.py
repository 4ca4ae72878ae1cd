"""One block of a paper sheet as a grid: typed cell by cell, or pasted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import QApplication, QTableWidget, QTableWidgetItem, QWidget

from gazestudy_gui import theme
from gazestudy_gui.phrases import told
from gazestudy_gui.views.fieldwork_draft import Place
from gazestudy_gui.views.fieldwork_form import language_of

if TYPE_CHECKING:
    from gazestudy.protocol import IntervalBlock, Protocol, ScanBlock

_MOST_COLUMNS = 240
_ALPHA = 90


class Grid(QTableWidget):
    """One block of a sheet: items in rows, intervals or scans in columns.

    Parameters
    ----------
    protocol : Protocol
        The document.
    block : IntervalBlock or ScanBlock
        Which block.
    placements : dict of str to str
        Names of the placements in view.
    parent : QWidget, optional
        Owner.
    """

    typed = pyqtSignal(dict)
    """Other entries: place to text, empty where one is gone; what is pasted comes at once."""

    def __init__(
        self,
        protocol: Protocol,
        block: IntervalBlock | ScanBlock,
        placements: dict[str, str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        from gazestudy.protocol import is_per_placement

        self.protocol, self.block = protocol, block
        self.rows: list[tuple[Any, str]] = [
            (item, place)
            for item in block.items
            for place in ((list(placements) or [""]) if is_per_placement(item) else [""])
        ]
        language = language_of(protocol)
        self.setAccessibleName(protocol.text(block.title, language))
        self.setRowCount(len(self.rows))
        names = [protocol.text(item.label, language) for item, _ in self.rows]
        self.setVerticalHeaderLabels(
            [
                f"{name} · {placements[place]}" if place else name
                for name, (_, place) in zip(names, self.rows, strict=True)
            ]
        )
        for row, (item, _) in enumerate(self.rows):
            header = self.verticalHeaderItem(row)
            if header is not None and item.definition:
                header.setToolTip(protocol.text(item.definition, language))
        self.setTabKeyNavigation(True)
        self._rows = {(item.id, place): row for row, (item, place) in enumerate(self.rows)}
        self._held: dict[Place, str] | None = None
        self.itemChanged.connect(self._on_changed)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from cell to cell, and on after the last one (with Shift: before the first)."""
        at = self.currentRow() * self.columnCount() + self.currentColumn()
        ends = at >= self.rowCount() * self.columnCount() - 1 if forward else at <= 0
        self.setTabKeyNavigation(not ends)
        moved = super().focusNextPrevChild(forward)
        self.setTabKeyNavigation(True)
        return moved

    def set_times(self, started: datetime, length_s: float) -> None:
        """Have as many columns as fit between start and stop."""
        from gazestudy.protocol import IntervalBlock

        every_s = self.block.every_s
        count = -(-int(length_s) // every_s) + (0 if isinstance(self.block, IntervalBlock) else 1)
        count = max(1, min(_MOST_COLUMNS, count))
        self.setColumnCount(count)
        first = started.hour * 60 + started.minute
        labels = []
        for number in range(count):
            minute = first + number * every_s // 60
            labels.append(f"{number + 1}\n{minute // 60 % 24:02d}:{minute % 60:02d}")
        self.setHorizontalHeaderLabels(labels)
        for column in range(count):
            self.setColumnWidth(column, 4 * self.fontMetrics().height())

    def cells(self) -> dict[Place, str]:
        """Return what was typed; empty cells were not watched for."""
        found = {}
        for row, (item, place) in enumerate(self.rows):
            for column in range(self.columnCount()):
                one = self.item(row, column)
                if one is not None and one.text().strip():
                    found[column, item.id, place] = one.text().strip()
        return found

    def has_place(self, place: Place) -> bool:
        """Return True if there is a cell for an entry."""
        return place[0] < self.columnCount() and place[1:] in self._rows

    def show_cells(self, cells: Mapping[Place, str]) -> None:
        """Show entries, and nothing else, where there are cells for them."""
        self.blockSignals(True)
        for (item, about), row in self._rows.items():
            for column in range(self.columnCount()):
                text, one = cells.get((column, item, about), ""), self.item(row, column)
                if one is None and text:
                    one = QTableWidgetItem(text)
                    self.setItem(row, column, one)
                elif one is not None and one.text() != text:
                    one.setText(text)
                if one is not None:
                    self._mark(one)
        self.blockSignals(False)

    def paste(self, text: str) -> None:
        """Type a table of numbers, as a spreadsheet copies it, from the current cell on."""
        first = max(self.currentRow(), 0), max(self.currentColumn(), 0)
        lines = [line.split("\t") for line in text.replace("\r\n", "\n").rstrip("\n").split("\n")]
        self._at_once(
            [
                (first[0] + down, first[1] + across, value.strip())
                for down, line in enumerate(lines)
                for across, value in enumerate(line)
                if first[0] + down < self.rowCount() and first[1] + across < self.columnCount()
            ]
        )

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Empty cells with Delete; copy and paste tables of numbers."""
        if event is None:
            return
        board = QApplication.clipboard()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._at_once([(one.row(), one.column(), "") for one in self.selectedIndexes()])
        elif event.matches(QKeySequence.StandardKey.Paste) and board is not None:
            self.paste(board.text())
        elif event.matches(QKeySequence.StandardKey.Copy) and board is not None:
            board.setText(self._selected_text())
        else:
            super().keyPressEvent(event)

    def _selected_text(self) -> str:
        chosen = self.selectedIndexes()
        rows, columns = sorted({one.row() for one in chosen}), sorted({one.column() for one in chosen})
        items = [[self.item(row, column) for column in columns] for row in rows]
        return "\n".join("\t".join("" if one is None else one.text() for one in line) for line in items)

    def _at_once(self, entries: list[tuple[int, int, str]]) -> None:
        """Type several entries as one."""
        self._held = {}
        for row, column, text in entries:
            one = self.item(row, column)
            if one is not None:
                one.setText(text)
            elif text:
                self.setItem(row, column, QTableWidgetItem(text))
        held, self._held = self._held, None
        if held:
            self.typed.emit(held)

    def _on_changed(self, changed: QTableWidgetItem) -> None:
        item, place = self.rows[changed.row()]
        entry = {(changed.column(), item.id, place): changed.text().strip()}
        self.blockSignals(True)
        self._mark(changed)
        self.blockSignals(False)
        if self._held is not None:
            self._held |= entry
        else:
            self.typed.emit(entry)

    def _mark(self, cell: QTableWidgetItem) -> None:
        """Mark a cell that cannot be right, and say why."""
        from gazestudy.pipeline.typed_logs import find_problem

        item, _ = self.rows[cell.row()]
        problem = told(find_problem(self.protocol, item, cell.text()))
        colour = QColor(theme.SERIES[1])
        colour.setAlpha(_ALPHA if problem else 0)
        cell.setBackground(colour)
        cell.setToolTip(problem)
        font = cell.font()
        font.setUnderline(bool(problem))
        cell.setFont(font)
