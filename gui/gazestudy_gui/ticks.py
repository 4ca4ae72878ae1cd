"""Boxes to tick and circles to choose that can be seen on a dark ground too: the style draws them as dark."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QRadioButton,
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


class ChoiceButton(QRadioButton):
    """A button of several of which one is chosen; its circle has an edge."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint it."""
        super().paintEvent(event)
        style = self.style()
        if style is not None:
            option = QStyleOptionButton()
            self.initStyleOption(option)
            place = QStyle.SubElement.SE_RadioButtonIndicator
            _edge(QPainter(self), style.subElementRect(place, option, self), is_round=True)


def _edge(painter: QPainter, box: QRect, *, is_round: bool = False) -> None:
    if theme.is_dark() and not box.isEmpty():
        painter.setPen(QPen(theme.muted(), 1))
        if is_round:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawEllipse(box.adjusted(1, 1, -1, -1))
        else:
            painter.drawRect(box.adjusted(0, 0, -1, -1))
