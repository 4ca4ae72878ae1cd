"""The scene picture of the mapping review, on which the corners of a placement are clicked or pulled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from gazestudy_gui.views.video_widget import VideoWidget
from gazestudy_gui.words import tr

CLICKED, CHOSEN = QColor("#E69F00"), QColor("#F0E442")
"""What was clicked, and what the keys move."""
_KEPT = QColor("#009E73")
_ROOM = 0.75  # of the widget, for the picture while corners are clicked: they may lie outside of it
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class SceneWidget(VideoWidget):
    """A scene picture that takes four corners, also beside the picture: clicked anew, or those given, pulled.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    cornered = pyqtSignal(list)
    """Four corners, scene px, clockwise from the one that is top left on the placement."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kept: list[tuple[list[tuple[float, float]], str, bool]] = []
        """Key frames of the picture on show: points, name, and whether they are the corners."""
        self.overlay: Callable[[SceneWidget, QPainter], None] | None = None
        """Paints over the picture."""
        self._corners: list[QPointF] | None = None
        self._pointer = QPointF()
        self._held, self._chosen = -1, 0
        self.setMouseTracking(True)

    @property
    def is_clicking(self) -> bool:
        """True while corners are clicked or pulled."""
        return self._corners is not None

    @property
    def is_pulling(self) -> bool:
        """True while there are four corners that wait to be kept."""
        return self._corners is not None and len(self._corners) == 4

    def begin(self, corners: Sequence[tuple[float, float]] = ()) -> None:
        """Take corners from now on: four clicks, or those given, each of which can be pulled."""
        if not self.image.isNull():
            self._corners = [QPointF(x, y) for x, y in corners]
            self._held, self._chosen = -1, 0
            self.setCursor(Qt.CursorShape.CrossCursor)
            self.update()

    def keep(self) -> None:
        """Take the four corners as they are now."""
        if self._corners is not None and len(self._corners) == 4:
            corners = [(point.x(), point.y()) for point in self._corners]
            self.cancel()
            self.cornered.emit(corners)

    def cancel(self) -> None:
        """Take no corners any more."""
        self._corners = None
        self.unsetCursor()
        self.update()

    def target(self) -> QRectF:
        """Return where the picture is; with room around it while corners are clicked."""
        whole = super().target()
        if self._corners is None or self.image.isNull():
            return whole
        size = whole.size() * _ROOM
        return QRectF(
            whole.center().x() - size.width() / 2, whole.center().y() - size.height() / 2,
            size.width(), size.height(),
        )  # fmt: skip

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take a corner."""
        if self._corners is None or event is None or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._pointer = self.to_scene(event.position())
        if len(self._corners) == 4:
            away = [(self.at(point) - event.position()).manhattanLength() for point in self._corners]
            self._held = self._chosen = away.index(min(away))
            self._corners[self._held] = self._pointer
        else:
            self._corners.append(self._pointer)
            self.keep()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Draw the line that would come, or pull a corner."""
        if self._corners is not None and event is not None:
            self._pointer = self.to_scene(event.position())
            if self._held >= 0:
                self._corners[self._held] = self._pointer
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let a corner go."""
        self._held = -1
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Esc stops, Enter keeps, Backspace takes a corner (or all four) back; 1 to 4 and arrows pull one."""
        if event is None:
            return
        key = event.key()
        if self._corners is None:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        elif key == Qt.Key.Key_Backspace:
            self._corners = [] if len(self._corners) == 4 else self._corners[:-1]
        elif len(self._corners) < 4:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.keep()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_4:
            self._chosen = key - Qt.Key.Key_1
        elif key in _STEPS:
            step = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            dx, dy = _STEPS[Qt.Key(key)]
            self._corners[self._chosen] += QPointF(dx, dy) * step
        else:
            super().keyPressEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the picture, key frames and corners."""
        super().paintEvent(event)
        if self.image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        em = self.fontMetrics().height()
        for points, name, are_corners in self.kept:
            places = [self.at(QPointF(x, y)) for x, y in points]
            polygon = QPolygonF(places)
            for colour, width in ((QColor(0, 0, 0, 160), em / 3), (_KEPT, em / 6)):
                painter.setPen(QPen(colour, width))
                if are_corners:
                    painter.drawPolygon(polygon)
                for place in [] if are_corners else places:
                    painter.drawEllipse(place, em / 3, em / 3)
            self._paint_label(painter, f"◆ {name}", polygon.boundingRect().topLeft() + QPointF(0, em * 1.6))
        if self._corners is not None:
            self._paint_corners(painter, em)
        if self.overlay is not None:
            self.overlay(self, painter)

    def _paint_corners(self, painter: QPainter, em: int) -> None:
        corners = self._corners or []
        is_whole = len(corners) == 4
        ends = corners[:1] if is_whole else [self._pointer]
        line = QPolygonF([self.at(point) for point in [*corners, *ends]]) if corners else QPolygonF()
        for colour, width in ((QColor(0, 0, 0, 180), em / 4), (CLICKED, em / 8)):
            painter.setPen(QPen(colour, width))
            painter.drawPolyline(line)
        for number, point in enumerate(corners, start=1):
            where = self.at(point)
            is_chosen = is_whole and number == self._chosen + 1
            painter.setPen(QPen(QColor("black"), 3 if is_chosen else 1))
            painter.setBrush(CHOSEN if is_chosen else CLICKED)
            painter.drawEllipse(where, em / 1.8, em / 1.8)
            box = QRectF(where.x() - em, where.y() - em, 2 * em, 2 * em)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))
        if is_whole:
            text = tr("Pull the corners; Enter keeps them, Backspace: click all four, Esc stops")
            self._paint_label(painter, text, QPointF(8, 1.8 * em))
        else:
            wanted = (
                tr("Click the top left corner (Esc stops). Is it hidden? Click points of the picture beside"),
                tr("Click its top right corner"),
                tr("Click its bottom right corner"),
                tr("Click its bottom left corner"),
            )[len(corners)]
            self._paint_label(painter, wanted, QPointF(8, 1.8 * em))

    def at(self, scene: QPointF) -> QPointF:
        """Return where a place of the scene, px, is in the widget."""
        target = self.target()
        scale = target.width() / self.image.width()
        return QPointF(target.x() + (scene.x() + 0.5) * scale, target.y() + (scene.y() + 0.5) * scale)
