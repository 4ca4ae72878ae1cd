"""Paper sheets typed in: the head of the sheet, and a grid as it is printed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QDateTime, Qt, QTime
from PyQt6.QtGui import QColor, QKeyEvent
from PyQt6.QtWidgets import (
    QDateTimeEdit,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui import theme
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.fieldwork_edits import KeepLog
from gazestudy_gui.views.fieldwork_form import USUAL, HeadForm, ProtocolBox, language_of, ticked_ids, ticks
from gazestudy_gui.words import tr

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
        self.itemChanged.connect(self._check)

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

    def cells(self) -> dict[tuple[int, str, str], str]:
        """Return what was typed; empty cells were not watched for."""
        found = {}
        for row, (item, place) in enumerate(self.rows):
            for column in range(self.columnCount()):
                one = self.item(row, column)
                if one is not None and one.text().strip():
                    found[column, item.id, place] = one.text().strip()
        return found

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Empty cells with Delete; paste tables of numbers."""
        if event is None:
            return
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            for one in self.selectedItems():
                one.setText("")
            return
        super().keyPressEvent(event)

    def _check(self, changed: QTableWidgetItem) -> None:
        """Mark a cell that cannot be right, and say why."""
        from gazestudy.pipeline.typed_logs import find_problem

        item, _ = self.rows[changed.row()]
        problem = find_problem(self.protocol, item, changed.text())
        self.blockSignals(True)
        colour = QColor(theme.SERIES[1])
        colour.setAlpha(_ALPHA if problem else 0)
        changed.setBackground(colour)
        changed.setToolTip(problem)
        font = changed.font()
        font.setUnderline(bool(problem))
        changed.setFont(font)
        self.blockSignals(False)


class SheetPage(QWidget):
    """One paper sheet.

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
        self.protocol: Protocol | None = None
        self.head: HeadForm | None = None
        self.grids: dict[str, Grid] = {}
        self._build()

    def prepare(self) -> None:
        """Show an empty sheet of the chosen protocol."""
        from gazestudy.protocol import IntervalBlock, ScanBlock

        try:
            self.protocol = self.which.protocol()
        except GazestudyError as error:
            self.message.setText(error_text(error))
            return
        points = self._document.study.points()
        known = {
            "station_id": list(points),
            "point_id": list(dict.fromkeys(point for some in points.values() for point in some)),
            "observer": list(self._document.study.observers()),
        }
        before = self.head.answers() if self.head is not None else {}
        self.head = HeadForm(self.protocol, "start", known, self)
        self.head.show_answers(before)
        self.area.setWidget(self.head)
        names = {one.id: one.name for one in self._document.study.placements()}
        in_view = {place: names[place] for place in ticked_ids(self.faces)}
        typed = {name: grid.cells() for name, grid in self.grids.items()}
        while self.tabs.count() > 1:
            gone = self.tabs.widget(0)
            self.tabs.removeTab(0)
            if gone is not None:
                gone.deleteLater()
        self.grids = {}
        for number, block in enumerate(
            one for one in self.protocol.item_blocks() if isinstance(one, (IntervalBlock, ScanBlock))
        ):
            grid = Grid(self.protocol, block, in_view, self)
            self.grids[block.id] = grid
            self.tabs.insertTab(number, grid, self.protocol.text(block.title, language_of(self.protocol)))
        self.tabs.setCurrentIndex(0)
        self._set_times()
        self._type(typed)

    def log(self) -> Any:
        """Return the sheet as canonical tables.

        Raises
        ------
        InputError
            With everything that cannot be right.
        """
        from gazestudy.errors import InputError
        from gazestudy.pipeline.typed_logs import grid_log
        from gazestudy.protocol import is_mistyped

        assert self.protocol is not None and self.head is not None
        name = self.name.text().strip()
        missing = self.head.missing()
        if not name or is_mistyped(name) or missing:
            found = (
                tr("the session id is missing, or mistyped")
                if not name or is_mistyped(name)
                else ", ".join(missing)
            )
            raise InputError(name or "-", tr("the head of the sheet is not complete"), found=found)
        notes = [
            (float("nan"), line.strip()) for line in self.notes.toPlainText().split("\n") if line.strip()
        ]
        return grid_log(
            self.protocol, name, self.head.answers(),
            started=_time(self.started), stopped=_time(self.stopped),
            cells={block: grid.cells() for block, grid in self.grids.items()}, source="paper", notes=notes,
        )  # fmt: skip

    def keep(self) -> None:
        """Keep the sheet in the study and begin an empty one."""
        assert self.protocol is not None
        try:
            log = self.log()
            self._document.edit(KeepLog(self.protocol, log, source="paper"))
        except GazestudyError as error:
            self.message.setText(error_text(error))
            tell(self, error)
            return
        name = self.name.text().strip()
        for grid in self.grids.values():
            grid.clearContents()
        self.name.clear()
        self.notes.clear()
        self.message.setText(
            tr("Sheet {name} is kept: {n} counts, {scans} entries of scans.", name=name,
               n=len(log.interval_counts), scans=len(log.scans))
        )  # fmt: skip

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.which = ProtocolBox(self._document.path, self)
        self.which.choose_with(lambda protocol: protocol.id == USUAL)
        self.which.currentIndexChanged.connect(lambda _index: self.prepare())
        self.name = QLineEdit(self)
        self.name.setPlaceholderText("K7QF-3M9T-X")
        self.name.setAccessibleName(tr("Session id as on the sheet"))
        hour = QTime(8, 0)
        self.started, self.stopped = QDateTimeEdit(self), QDateTimeEdit(self)
        today = QDateTime.currentDateTime()
        for field, shift, name in ((self.started, 0, tr("Start")), (self.stopped, 3600, tr("Stop"))):
            field.setCalendarPopup(True)
            field.setDisplayFormat("yyyy-MM-dd HH:mm")
            field.setDateTime(QDateTime(today.date(), hour).addSecs(shift))
            field.setAccessibleName(name)
            field.dateTimeChanged.connect(lambda _at: self._set_times())
        names = [(one.name, one.id) for one in self._document.study.placements()]
        self.faces = ticks(tr("Placements in view"), names, self, self.prepare)
        top = QFormLayout()
        top.addRow(tr("&Protocol:"), self.which)
        top.addRow(tr("Session &id:"), self.name)
        top.addRow(tr("&Start:"), self.started)
        top.addRow(tr("S&top:"), self.stopped)
        top.addRow(tr("Placements &in view:"), self.faces)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self._lay_out(top)
        self.prepare()

    def _lay_out(self, top: QFormLayout) -> None:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.area, 1)
        self.notes = QPlainTextEdit(self)
        self.notes.setTabChangesFocus(True)
        self.notes.setPlaceholderText(tr("one note on each line"))
        self.notes.setAccessibleName(tr("Notes"))
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self.notes, tr("Notes"))
        hint = QLabel(tr("0 is watched and did not happen; an empty cell was not watched for."), self)
        hint.setWordWrap(True)
        self.message = QLabel("", self)
        self.message.setWordWrap(True)
        keep = QPushButton(tr("&Keep this sheet"), self)
        keep.setEnabled(not self._document.read_only)
        keep.clicked.connect(self.keep)
        foot = QHBoxLayout()
        foot.addWidget(self.message, 1)
        foot.addWidget(keep)
        right = QWidget(self)
        beside = QVBoxLayout(right)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(hint)
        beside.addWidget(self.tabs, 1)
        beside.addLayout(foot)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 3)
        whole = QVBoxLayout(self)
        whole.addWidget(split)

    def _set_times(self) -> None:
        started = _time(self.started)
        length_s = (_time(self.stopped) - started).total_seconds()
        for grid in self.grids.values():
            grid.set_times(started, max(0.0, length_s))

    def _type(self, typed: dict[str, dict[tuple[int, str, str], str]]) -> None:
        for name, cells in typed.items():
            grid = self.grids.get(name)
            if grid is None:
                continue
            places = {(item.id, place): row for row, (item, place) in enumerate(grid.rows)}
            for (column, item, place), text in cells.items():
                row = places.get((item, place))
                if row is not None and column < grid.columnCount():
                    grid.setItem(row, column, QTableWidgetItem(text))


def _time(field: QDateTimeEdit) -> datetime:
    moment: datetime = field.dateTime().toPyDateTime()
    return moment.astimezone()
