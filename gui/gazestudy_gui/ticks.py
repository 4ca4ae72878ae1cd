"""Boxes to tick and circles to choose that can be seen on a dark ground too: the style draws them as dark."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QAbstractButton,
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
        option = QStyleOptionButton()
        self.initStyleOption(option)
        _edge_of(self, option, QStyle.SubElement.SE_CheckBoxIndicator)


class ChoiceButton(QRadioButton):
    """A button of several of which one is chosen; its circle has an edge."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint it."""
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        _edge_of(self, option, QStyle.SubElement.SE_RadioButtonIndicator, is_round=True)


def _edge_of(
    button: QAbstractButton, option: QStyleOptionButton, place: QStyle.SubElement, *, is_round: bool = False
) -> None:
    style = button.style()
    if style is not None:
        _edge(QPainter(button), style.subElementRect(place, option, button), is_round=is_round)


def _edge(painter: QPainter, box: QRect, *, is_round: bool = False) -> None:
    if theme.is_dark() and not box.isEmpty():
        painter.setPen(QPen(theme.muted(), 1))
        if is_round:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawEllipse(box.adjusted(1, 1, -1, -1))
        else:
            painter.drawRect(box.adjusted(0, 0, -1, -1))
