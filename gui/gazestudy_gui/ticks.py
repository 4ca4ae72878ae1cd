"""Boxes to tick that can be seen on a dark ground too, where the style draws their edges as dark as that."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
)

from gazestudy_gui import theme


class TickDelegate(QStyledItemDelegate):
    """Draws the items of a list; the box of each has an edge."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw one item."""
        super().paint(painter, option, index)
        style = option.widget.style() if option.widget is not None else QApplication.style()
        if painter is None or style is None:
            return
        filled = QStyleOptionViewItem(option)
        self.initStyleOption(filled, index)
        place = QStyle.SubElement.SE_ItemViewItemCheckIndicator
        _edge(painter, style.subElementRect(place, filled, option.widget))


class TickBox(QCheckBox):
    """A box to tick that has an edge."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint it."""
        super().paintEvent(event)
        style = self.style()
        if style is not None:
            option = QStyleOptionButton()
            self.initStyleOption(option)
            place = QStyle.SubElement.SE_CheckBoxIndicator
            _edge(QPainter(self), style.subElementRect(place, option, self))


def _edge(painter: QPainter, box: QRect) -> None:
    if theme.is_dark() and not box.isEmpty():
        painter.setPen(QPen(theme.muted(), 1))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
