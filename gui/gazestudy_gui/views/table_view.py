"""A table with its tools: find, sort by the headings, copy, export."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QGuiApplication, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.phrases import column_title
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.table_model import FrameModel, cell
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    import pandas as pd

_WIDEST_EM, _ROWS_MEASURED = 22, 60


class TableWidget(QWidget):
    """A table of results.

    Parameters
    ----------
    name : str
        What it is, for people who listen, and the name of exported files.
    parent : QWidget, optional
        Owner.
    tools : bool
        With a line above it to find, copy and export.
    """

    activated = pyqtSignal(int)
    """Somebody wants to see a row: its number in the table as it was given."""
    chosen = pyqtSignal(int)
    """Another row is current: its number in the table as it was given, -1 for none."""

    def __init__(self, name: str, parent: QWidget | None = None, *, tools: bool = True) -> None:
        super().__init__(parent)
        self._name = name
        self.model = FrameModel(self)
        self.view = QTableView(self)
        self._set_up_view()
        self._bar = self._make_bar()
        self._bar.setVisible(tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._bar)
        column.addWidget(self.view, 1)

    def set_frame(
        self,
        frame: pd.DataFrame,
        titles: Mapping[str, str] | None = None,
        tips: Mapping[str, str] | None = None,
        mark: Callable[[int], Any] | None = None,
        words: Collection[str] = (),
    ) -> None:
        """Show a table; see `FrameModel.set_frame`. Columns get the widths their contents need."""
        before, was_empty = self._headings(), not self.model.rowCount()
        self.model.set_frame(frame, titles, tips, mark, words)
        if was_empty or before != self._headings():
            self._fit()
        self._say_count()

    @property
    def name(self) -> str:
        """What it is."""
        return self._name

    def set_name(self, name: str) -> None:
        """Give exported files another name."""
        self._name = name

    def current_row(self) -> int:
        """Return the current row, as a number in the table as it was given, -1 for none."""
        index = self.view.currentIndex()
        return self.model.source_row(index.row()) if index.isValid() else -1

    def choose(self, source: int) -> None:
        """Make a row of the table the current one."""
        row = self.model.view_row(source)
        if row >= 0:
            self.view.setCurrentIndex(self.model.index(row, 0))

    def copied(self) -> str:
        """Return what is selected, or all that is on show, as text with tabs; numbers with a point."""
        from gazestudy.pipeline.exporting.shown import text_with_tabs

        shown = self.model.shown()
        selection = self.view.selectionModel()
        picked = sorted({index.row() for index in selection.selectedRows()}) if selection is not None else []
        return text_with_tabs(shown.iloc[picked] if picked else shown)

    def copy(self) -> None:
        """Put it on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self.model.frame is not None:
            clipboard.setText(self.copied())

    def export(self, path: Path) -> None:
        """Write the rows on show to a file: CSV or XLSX, numbers as they are."""
        from gazestudy.pipeline.exporting.shown import write_shown

        try:
            write_shown(self.model.shown(), path)
        except (GazestudyError, OSError) as error:
            tell(self, error)

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setAccessibleName(self._name)
        view.setAlternatingRowColors(True)
        view.setWordWrap(False)
        view.setTabKeyNavigation(False)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        side, head, choice = view.verticalHeader(), view.horizontalHeader(), view.selectionModel()
        assert side is not None and head is not None and choice is not None
        side.hide()
        side.setDefaultSectionSize(round(1.6 * self.fontMetrics().height()))
        head.setSortIndicatorClearable(True)
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        view.setSortingEnabled(True)
        view.activated.connect(lambda index: self.activated.emit(self.model.source_row(index.row())))
        choice.currentRowChanged.connect(self._on_current)
        copy = QAction(tr("Copy rows"), view)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        view.addAction(copy)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _make_bar(self) -> QWidget:
        self.finder = QLineEdit(self)
        self.finder.setPlaceholderText(tr("Find in this table …"))
        self.finder.setAccessibleName(tr("Find in {name}", name=self._name))
        self.finder.setClearButtonEnabled(True)
        self.finder.textChanged.connect(self._on_find)
        self.count = QLabel("", self)
        copy = QPushButton(tr("Copy"), self)
        copy.setToolTip(tr("Copy the selected rows, or all rows on show, for a spreadsheet"))
        copy.clicked.connect(self.copy)
        export = QPushButton(tr("Export …"), self)
        export.setToolTip(tr("Write the rows on show to a file"))
        export.clicked.connect(self._ask_export)
        bar = QWidget(self)
        line = QHBoxLayout(bar)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.finder, 1)
        for widget in (self.count, copy, export):
            line.addWidget(widget)
        return bar

    def _headings(self) -> list[str]:
        across = Qt.Orientation.Horizontal
        return [str(self.model.headerData(number, across)) for number in range(self.model.columnCount())]

    def _ask_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Export this table"), f"{self._name}.csv", "CSV (*.csv);;Excel (*.xlsx)"
        )
        if name:
            self.export(Path(name))

    def _fit(self) -> None:
        em = self.fontMetrics().height()
        head = self.view.horizontalHeader()
        if head is None:
            return
        for column in range(self.model.columnCount()):
            texts = [
                str(self.model.data(self.model.index(row, column)))
                for row in range(min(_ROWS_MEASURED, self.model.rowCount()))
            ]
            widest = max((self.fontMetrics().horizontalAdvance(text) for text in texts), default=0)
            width = max(widest + em, head.sectionSizeHint(column))
            self.view.setColumnWidth(column, min(width + em // 2, _WIDEST_EM * em))

    def _on_find(self, words: str) -> None:
        self.model.filter(words)
        self._say_count()

    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        self.chosen.emit(self.model.source_row(current.row()) if current.isValid() else -1)

    def _say_count(self) -> None:
        frame = self.model.frame
        whole = 0 if frame is None else len(frame)
        on_show = self.model.rowCount()
        text = tr("1 row") if whole == 1 else tr("{n} rows", n=cell(whole))
        if on_show != whole:
            text = tr("{shown} of {n} rows", shown=cell(on_show), n=cell(whole))
        self.count.setText(text)


def heading(column: str) -> str:
    """Return a heading for people: the name of the column in words and its unit apart."""
    return column_title(column)
