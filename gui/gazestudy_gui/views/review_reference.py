"""The picture of a placement with the point where gaze is: a click moves it, one beside it says no."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gazestudy_gui import theme
from gazestudy_gui.words import tr

Share = tuple[float, float]

_POINT = QColor("#E69F00")
_BEFORE = QColor("#56B4E9")
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class ReferenceWidget(QWidget):
    """A picture as large as fits beside a margin that can be clicked too.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    pointed = pyqtSignal(float, float)
    """Somebody says that gaze is here, shares of the sides."""
    refused = pyqtSignal()
    """Somebody says that gaze is not on it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.point: Share | None = None
        self.before: Share | None = None
        self.message = ""
        self.can_edit = True
        self.is_nudging = False
        self.overlay: Callable[[ReferenceWidget, QPainter], None] | None = None
        """Paints over the picture."""
        self.setAccessibleName(tr("Picture of the placement"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        em = self.fontMetrics().height()
        self.setMinimumSize(9 * em, 9 * em)

    def show_picture(self, image: QImage) -> None:
        """Show another picture, without a point."""
        self.image, self.point, self.before, self.message = image, None, None, ""
        self.update()

    def show_message(self, text: str) -> None:
        """Show words in place of a picture."""
        self.image, self.point, self.before, self.message = QImage(), None, None, text
        self.update()

    def show_point(self, point: Share | None, before: Share | None) -> None:
        """Show where gaze is, and where it was mapped before somebody moved it."""
        self.point, self.before = point, before
        self.update()

    def target(self) -> QRectF:
        """Return where the picture is."""
        margin = 1.5 * self.fontMetrics().height()
        if self.image.isNull():
            return QRectF(self.rect())
        scale = min(
            (self.width() - 2 * margin) / self.image.width(),
            (self.height() - 2 * margin) / self.image.height(),
        )
        width, height = self.image.width() * scale, self.image.height() * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def at(self, share: Share) -> QPointF:
        """Return where a point of the picture is in the widget."""
        target = self.target()
        return QPointF(target.x() + share[0] * target.width(), target.y() + share[1] * target.height())

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Say where gaze is, or that it is not here."""
        if event is None or self.image.isNull() or not self.can_edit:
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        target, where = self.target(), event.position()
        x, y = (where.x() - target.x()) / target.width(), (where.y() - target.y()) / target.height()
        if 0 <= x <= 1 and 0 <= y <= 1:
            self.pointed.emit(x, y)
        else:
            self.refused.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move the point by a pixel of the picture (ten with Shift)."""
        if event is None:
            return
        if event.key() in _STEPS and self.point is not None and self.can_edit and not self.image.isNull():
            dx, dy = _STEPS[Qt.Key(event.key())]
            step = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            x = min(max(self.point[0] + dx * step / self.image.width(), 0.0), 1.0)
            y = min(max(self.point[1] + dy * step / self.image.height(), 0.0), 1.0)
            self.is_nudging = True
            self.pointed.emit(x, y)
            self.is_nudging = False
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint picture and points."""
        painter = QPainter(self)
        em = self.fontMetrics().height()
        painter.fillRect(self.rect(), theme.background())
        if self.image.isNull():
            painter.setPen(theme.foreground())
            area = self.rect().adjusted(em, em, -em, -em)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.target(), self.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.before is not None and self.before != self.point:
            style = Qt.PenStyle.DashLine
            self._ring(painter, self.at(self.before), _BEFORE, style)
            if self.point is not None:
                painter.setPen(QPen(_BEFORE, em / 10, style))
                painter.drawLine(self.at(self.before), self.at(self.point))
        if self.point is not None:
            centre = self.at(self.point)
            self._ring(painter, centre, _POINT, Qt.PenStyle.SolidLine)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_POINT)
            painter.drawEllipse(centre, em / 5, em / 5)
        if self.overlay is not None:
            self.overlay(self, painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().highlight().color(), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _ring(self, painter: QPainter, centre: QPointF, colour: QColor, style: Qt.PenStyle) -> None:
        em = self.fontMetrics().height()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 180), em / 3))
        painter.drawEllipse(centre, float(em), float(em))
        painter.setPen(QPen(colour, em / 6, style))
        painter.drawEllipse(centre, float(em), float(em))
