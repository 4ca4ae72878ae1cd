"""A table of results for Qt: columns as arrays, sorting and filtering in pandas, never in a proxy."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QAbstractTableModel, QLocale, QModelIndex, QObject, Qt

from gazestudy_gui.phrases import value_name
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    import pandas as pd

_ROOT = QModelIndex()
_DIGITS = 3
_WHOLE_UP_TO = 1e15
NOTHING = "–"
NAMES = frozenset(
    {
        "placement", "quote", "answer", "value", "text", "name", "segment", "daypart", "group", "coder",
        "code", "recording_id", "participant_id", "placement_id", "aoi_id", "interview_id", "document_id",
        "point_id", "from_id", "to_id", "session_a", "session_b", "stimulus", "label",
    }
)  # fmt: skip
"""Columns that hold names and what people said, which are never put into other words."""


def cell(value: Any) -> str:
    """Return a value for the screen: few digits, as the language writes them; a dash for nothing."""
    if isinstance(value, (bool, np.bool_)):
        return tr("yes") if value else tr("no")
    if isinstance(value, (int, np.integer)):
        return QLocale().toString(int(value))
    if isinstance(value, (float, np.floating)):
        return _number(float(value))
    return NOTHING if value is None else str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value.is_integer() and abs(value) < _WHOLE_UP_TO:
        return QLocale().toString(int(value))
    places = max(0, _DIGITS - 1 - math.floor(math.log10(abs(value))))
    return QLocale().toString(value, "f", min(places, 6))


class FrameModel(QAbstractTableModel):
    """A data frame for a table view, with a permutation of its rows.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._frame: pd.DataFrame | None = None
        self._columns: list[NDArray[Any]] = []
        self._titles: list[str] = []
        self._tips: list[str] = []
        self._has_words: list[bool] = []
        self._texts: pd.Series | None = None
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sorted: tuple[int, bool] | None = None
        self._wanted = ""
        self._mark: Callable[[int], Any] | None = None

    @property
    def frame(self) -> pd.DataFrame | None:
        """The whole table, in its own order."""
        return self._frame

    def set_frame(
        self,
        frame: pd.DataFrame,
        titles: Mapping[str, str] | None = None,
        tips: Mapping[str, str] | None = None,
        mark: Callable[[int], Any] | None = None,
        words: Collection[str] = (),
    ) -> None:
        """Show another table.

        Parameters
        ----------
        frame : DataFrame
            The table; what is sorted and filtered stays so as far as its columns are there.
        titles, tips : mapping of str to str, optional
            Headings and their tool tips, by column.
        mark : callable, optional
            Row of the table to a colour (QColor) shown before its first cell, or None.
        words : collection of str, optional
            Columns of `NAMES` that here hold words of the program.
        """
        self.beginResetModel()
        names = [str(name) for name in frame.columns]
        self._frame = frame.reset_index(drop=True)
        self._columns = [self._frame.iloc[:, number].to_numpy(dtype=object) for number in range(len(names))]
        self._titles = [(titles or {}).get(name, name) for name in names]
        self._tips = [(tips or {}).get(name, name) for name in names]
        self._has_words = [name not in NAMES or name in words for name in names]
        self._texts, self._mark = None, mark
        if self._sorted is not None and self._sorted[0] >= len(names):
            self._sorted = None
        self._order = self._ordered()
        self.endResetModel()

    def filter(self, words: str) -> None:
        """Show only rows in which every one of these words stands somewhere."""
        self.beginResetModel()
        self._wanted = words.strip().casefold()
        self._order = self._ordered()
        self.endResetModel()

    def shown(self) -> pd.DataFrame:
        """Return the rows on show in the order on show, with the values as they are."""
        import pandas as pd

        return pd.DataFrame() if self._frame is None else self._frame.iloc[self._order]

    def source_row(self, row: int) -> int:
        """Return which row of the table is shown in a row of the view."""
        return int(self._order[row])

    def view_row(self, source: int) -> int:
        """Return in which row of the view a row of the table is, -1 for none."""
        found = np.flatnonzero(self._order == source)
        return int(found[0]) if len(found) else -1

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        """Return the number of rows on show."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        value = self._columns[index.column()][self._order[index.row()]]
        if isinstance(value, str) and self._has_words[index.column()]:
            value = value_name(value)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(value).split("\n", 1)[0]
        if role == Qt.ItemDataRole.ToolTipRole:
            text = cell(value)
            return text if len(text) > 24 or "\n" in text else None  # what may not fit
        if role == Qt.ItemDataRole.TextAlignmentRole and _is_number(value):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0 and self._mark is not None:
            return self._mark(int(self._order[index.row()]))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return headings."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self._titles):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return self._tips[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; what is empty comes last either way; column -1 is the order of the table."""
        self.layoutAboutToBeChanged.emit()
        known = 0 <= column < len(self._columns)
        self._sorted = (column, order == Qt.SortOrder.AscendingOrder) if known else None
        self._order = self._ordered()
        self.layoutChanged.emit()

    def _ordered(self) -> NDArray[np.int64]:
        if self._frame is None:
            return np.zeros(0, np.int64)
        rows = np.arange(len(self._frame), dtype=np.int64)
        if self._sorted is not None:
            column, ascending = self._sorted
            series = self._frame.iloc[:, column].reset_index(drop=True)
            if series.dtype == object or str(series.dtype) in ("str", "string", "category"):
                series = series.astype(str).str.casefold()
            rows = series.sort_values(ascending=ascending, kind="stable", na_position="last").index.to_numpy(
                np.int64
            )
        if self._wanted:
            rows = rows[self._hits()[rows]]
        return rows

    def _hits(self) -> NDArray[np.bool_]:
        assert self._frame is not None
        if self._texts is None:
            texts = self._frame.astype(str)
            joined = texts.iloc[:, 0] if texts.shape[1] else texts.sum(axis=1)
            for number in range(1, texts.shape[1]):
                joined = joined + "\n" + texts.iloc[:, number]
            self._texts = joined.str.casefold()
        found = np.ones(len(self._frame), bool)
        for word in self._wanted.split():
            found &= self._texts.str.contains(word, regex=False).to_numpy(bool)
        return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))
