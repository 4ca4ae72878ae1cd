"""Asks onto which placements AOIs are to be copied."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gazestudy.model import Placement
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.ticks import TickDelegate
from gazestudy_gui.words import tr

_ID = Qt.ItemDataRole.UserRole
_SAME_SHAPE = 1.05


class CopyDialog(QDialog):
    """A list of placements to tick.

    Parameters
    ----------
    source : Placement
        Whose AOIs.
    others : sequence of Placement
        Where they may go.
    parent : QWidget
        Above which window.
    """

    chosen = pyqtSignal(list)
    """Ids of the placements."""

    def __init__(self, source: Placement, others: Sequence[Placement], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Copy the AOIs of {name}", name=source.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        hint = QLabel(
            tr("They come to lie at the same shares of the picture. Other proportions are marked with ≠."),
            self,
        )
        hint.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.setAccessibleName(tr("Placements"))
        self.list.setItemDelegate(TickDelegate(self.list))
        hint.setBuddy(self.list)
        shape = source.size_px[0] / source.size_px[1]
        for one in others:
            ratio = one.size_px[0] / one.size_px[1] / shape
            mark = "" if max(ratio, 1 / ratio) <= _SAME_SHAPE else "  ≠"
            text = f"{one.name}  ({one.station})" if one.station else one.name
            item = QListWidgetItem(text + mark)
            item.setData(_ID, one.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.buttons = OkCancel(self, self._take)
        column = QVBoxLayout(self)
        column.addWidget(hint)
        column.addWidget(self.list, 1)
        column.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.resize(26 * em, 26 * em)
        self.list.itemChanged.connect(lambda _item: self._check())
        self._check()

    def ticked(self) -> list[str]:
        """Return the ids of what is ticked."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [
            str(one.data(_ID))
            for one in items
            if one is not None and one.checkState() == Qt.CheckState.Checked
        ]

    def _check(self) -> None:
        ok = self.buttons.ok
        ok.setEnabled(bool(self.ticked()))

    def _take(self) -> None:
        self.chosen.emit(self.ticked())
        self.accept()
