"""Paints a scene picture with gaze, fixation and the outlines of placements."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gazestudy_gui import theme
from gazestudy_gui.views.inset import Inset
from gazestudy_gui.words import tr

Floats = NDArray[np.float64]

_GAZE = QColor("#E69F00")
_PLACE = QColor("#56B4E9")
_LOOKED = QColor("#F0E442")
_SHADE = QColor(0, 0, 0, 160)


@dataclass(slots=True)
class Marks:
    """What is drawn over a picture, in scene px.

    Attributes
    ----------
    gaze_px : ndarray of float, shape (2,), or None
        Where gaze is.
    trail_px : ndarray of float, shape (n, 2)
        Where it was just before; NaN is a gap.
    is_fixation : bool
        Gaze holds still: a full ring instead of a thin one.
    outlines : list of (ndarray of float of shape (n, 2), str, bool)
        Placements: outline, name, and whether gaze is on it.
    caption : str
        One line below the picture.
    """

    gaze_px: Floats | None = None
    trail_px: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    is_fixation: bool = False
    outlines: list[tuple[Floats, str, bool]] = field(default_factory=list)
    caption: str = ""


def paint_focus(widget: QWidget) -> None:
    """Draw a frame around what has the focus.

    Parameters
    ----------
    widget : QWidget
        While it is being painted.
    """
    painter = QPainter(widget)
    width = max(2, widget.fontMetrics().height() // 8)
    area = QRectF(widget.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
    painter.setPen(QPen(widget.palette().color(QPalette.ColorRole.Highlight), width))
    painter.drawRect(area)


def paint_label(painter: QPainter, text: str, bottom_left: QPointF, right: float) -> None:
    """Write white words on a dark ground, in a line or, where they are wider than the picture, in several.

    Parameters
    ----------
    painter : QPainter
        Of a widget.
    text : str
        The words.
    bottom_left : QPointF
        Where they begin; moved to the left where they would leave the picture.
    right : float
        Where the picture ends.
    """
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(0, 0, max(right - 8, 1), painter.fontMetrics().height() * 5)
    needed = painter.boundingRect(room, flags, text)
    width, height = needed.width() + 8, needed.height() + 2
    left = max(0.0, min(bottom_left.x(), right - width))
    box = QRectF(left, max(bottom_left.y() - height, 0.0), width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_SHADE)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor("white"))
    painter.drawText(box, flags, text)


class VideoWidget(QWidget):
    """The picture, as large as fits.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    clicked = pyqtSignal(float, float)
    """Where in the picture somebody clicked, scene px."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.marks = Marks()
        self.message = ""
        self.smooth = True
        self.show_gaze, self.show_placements, self.show_inset = True, True, True
        self.inset = Inset()
        self.setAccessibleName(tr("Scene video"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        em = self.fontMetrics().height()
        self.setMinimumSize(10 * em, 6 * em)

    def show_picture(self, image: QImage, marks: Marks) -> None:
        """Show another picture."""
        self.image, self.marks, self.message = image, marks, ""
        self.update()

    def show_message(self, text: str) -> None:
        """Show words in place of a picture."""
        self.image, self.marks, self.message = QImage(), Marks(), text
        self.inset.on = None
        self.update()

    def target(self) -> QRectF:
        """Return where the picture is in the widget."""
        if self.image.isNull():
            return QRectF(self.rect())
        scale = min(self.width() / self.image.width(), self.height() / self.image.height())
        width, height = self.image.width() * scale, self.image.height() * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def to_scene(self, point: QPointF) -> QPointF:
        """Return the scene px at a point of the widget; the middle of a pixel is a whole number."""
        target = self.target()
        scale = self.image.width() / target.width()
        return QPointF((point.x() - target.x()) * scale - 0.5, (point.y() - target.y()) * scale - 0.5)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Tell where in the picture the click was."""
        if event is not None and not self.image.isNull() and event.button() == Qt.MouseButton.LeftButton:
            point = self.to_scene(event.position())
            if 0 <= point.x() < self.image.width() and 0 <= point.y() < self.image.height():
                self.clicked.emit(point.x(), point.y())

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys count here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys count elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint picture and marks, and a frame where keys count."""
        self._paint()
        if self.hasFocus():
            paint_focus(self)

    def _paint(self) -> None:
        painter = QPainter(self)
        if self.image.isNull():
            painter.setPen(theme.foreground())
            margin = self.fontMetrics().height()
            area = self.rect().adjusted(margin, margin, -margin, -margin)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
            return
        painter.fillRect(self.rect(), QColor("black"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth)
        target = self.target()
        painter.drawImage(target, self.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.translate(target.topLeft())
        scale = target.width() / self.image.width()
        if self.show_placements:
            self._paint_outlines(painter, scale)
        if self.show_gaze:
            self._paint_gaze(painter, scale)
        painter.restore()
        if self.show_inset:
            self.inset.paint(painter, target, self.fontMetrics().height())
        if self.marks.caption:
            self._paint_label(painter, self.marks.caption, QPointF(target.left() + 6, target.bottom() - 6))

    def _paint_outlines(self, painter: QPainter, scale: float) -> None:
        em = self.fontMetrics().height()
        for outline, name, looked_at in self.marks.outlines:
            if len(outline) < 3:
                continue
            polygon = QPolygonF([QPointF((x + 0.5) * scale, (y + 0.5) * scale) for x, y in outline])
            painter.setPen(QPen(QColor(0, 0, 0, 150), em / 4))
            painter.drawPolygon(polygon)
            pen = QPen(_LOOKED if looked_at else _PLACE, em / (5 if looked_at else 9))
            pen.setStyle(Qt.PenStyle.SolidLine if looked_at else Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawPolygon(polygon)
            if not name:
                continue
            x, y = min(outline.tolist(), key=lambda point: (point[1], point[0]))
            top = QPointF((x + 0.5) * scale, (y + 0.5) * scale)
            label = f"● {name}" if looked_at else name
            self._paint_label(painter, label, QPointF(top.x(), max(top.y() - 3, em * 1.3)))

    def _paint_gaze(self, painter: QPainter, scale: float) -> None:
        em = self.fontMetrics().height()
        trail = self.marks.trail_px
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_GAZE, em / 8))
        for (x0, y0), (x1, y1) in pairwise(trail.tolist()):
            if np.isfinite([x0, y0, x1, y1]).all():
                painter.drawLine(
                    QPointF((x0 + 0.5) * scale, (y0 + 0.5) * scale),
                    QPointF((x1 + 0.5) * scale, (y1 + 0.5) * scale),
                )
        if self.marks.gaze_px is None:
            return
        centre = QPointF((self.marks.gaze_px[0] + 0.5) * scale, (self.marks.gaze_px[1] + 0.5) * scale)
        radius = em * (1.0 if self.marks.is_fixation else 0.7)
        for colour, width in ((QColor(0, 0, 0, 180), em / 3), (_GAZE, em / 6)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(centre, radius, radius)
        if self.marks.is_fixation:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_GAZE)
            painter.drawEllipse(centre, em / 5, em / 5)

    def _paint_label(self, painter: QPainter, text: str, bottom_left: QPointF) -> None:
        paint_label(painter, text, bottom_left, self.target().right())
