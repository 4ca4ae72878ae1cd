"""Points clicked on the picture of a placement and in the scene: a key frame where corners are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PyQt6.QtWidgets import QWidget

from gazestudy_gui.views.review_reference import ReferenceWidget
from gazestudy_gui.views.review_scene import CHOSEN, CLICKED, SceneWidget
from gazestudy_gui.views.video_widget import paint_label
from gazestudy_gui.words import tr

LEAST = 4
"""So many points say how a flat picture lies."""

_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class PointPairs(QObject):
    """Takes points in turns: one on the picture of the placement, then the same one in the scene.

    Points that are there can be pulled on both pictures. With the keyboard a cross is moved in place of the
    mouse: arrow keys, and Enter to set a point.

    Parameters
    ----------
    scene : SceneWidget
        The scene picture.
    reference : ReferenceWidget
        The picture of the placement.
    """

    paired = pyqtSignal(list, list)
    """Points in scene px, and on the picture as shares of its sides; as many, four or more."""

    def __init__(self, scene: SceneWidget, reference: ReferenceWidget) -> None:
        super().__init__(scene)
        self._scene, self._reference = scene, reference
        self._on_picture: list[QPointF] = []  # shares
        self._in_scene: list[QPointF] = []  # px
        self._is_on = False
        self._held: tuple[QWidget, int] | None = None
        self._chosen = -1
        self._cross: dict[QWidget, QPointF] = {}
        for widget in (scene, reference):
            widget.installEventFilter(self)
            widget.overlay = self._paint

    @property
    def is_on(self) -> bool:
        """True while points are taken."""
        return self._is_on

    @property
    def is_whole(self) -> bool:
        """True while there are pairs enough that wait to be kept."""
        return self._is_on and len(self._in_scene) == len(self._on_picture) >= LEAST

    @property
    def next_is_in_scene(self) -> bool:
        """True while a point of the picture waits for the same one in the scene."""
        return len(self._on_picture) > len(self._in_scene)

    def begin(
        self, in_scene: Sequence[tuple[float, float]] = (), on_picture: Sequence[tuple[float, float]] = ()
    ) -> None:
        """Take points from now on, beside those given, which can be pulled."""
        if self._scene.image.isNull() or self._reference.image.isNull():
            return
        self._scene.cancel()
        self._in_scene = [QPointF(x, y) for x, y in in_scene]
        self._on_picture = [QPointF(x, y) for x, y in on_picture]
        self._is_on, self._held, self._chosen = True, None, -1
        image = self._scene.image
        self._cross = {
            self._scene: QPointF(image.width() / 2, image.height() / 2),
            self._reference: QPointF(0.5, 0.5),
        }
        for widget in (self._scene, self._reference):
            widget.setCursor(Qt.CursorShape.CrossCursor)
        self._turn()

    def keep(self) -> None:
        """Give the pairs away; they stay to be pulled until somebody stops."""
        if self.is_whole:
            in_scene, on_picture = (
                [(point.x(), point.y()) for point in points] for points in (self._in_scene, self._on_picture)
            )
            self.paired.emit(in_scene, on_picture)

    def cancel(self) -> None:
        """Take no points any more."""
        if self._is_on:
            self._is_on, self._held = False, None
            self._on_picture, self._in_scene = [], []
            for widget in (self._scene, self._reference):
                widget.unsetCursor()
                widget.update()

    def back(self) -> None:
        """Take the last point back."""
        points = self._on_picture if self.next_is_in_scene else self._in_scene
        if points:
            points.pop()
        self._chosen = -1
        self._turn()

    # ------------------------------------------------------------------ what the hands do

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take clicks and keys of both pictures while points are taken."""
        if event is None or not isinstance(watched, QWidget):
            return False
        if not self._is_on:
            return self._from_corners(watched, event)
        kind = event.type()
        if isinstance(event, QMouseEvent):
            if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
                self._press(watched, event.position())
                return True
            if kind == QEvent.Type.MouseMove and self._held is not None:
                self._pull(self._held[0], self._held[1], self._spot(self._held[0], event.position()))
                return True
            if kind == QEvent.Type.MouseButtonRelease:
                self._held = None
        if isinstance(event, QKeyEvent) and kind == QEvent.Type.KeyPress:
            return self._key(watched, event)
        return False

    def _from_corners(self, watched: QWidget, event: QEvent) -> bool:
        """Begin with points where the picture of the placement is clicked while corners are taken."""
        press = event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent)
        if not (press and watched is self._reference and self._scene.is_clicking):
            return False
        assert isinstance(event, QMouseEvent)
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        self.begin()
        self._press(watched, event.position())
        return True

    def _press(self, widget: QWidget, where: QPointF) -> None:
        widget.setFocus()
        reach = float(widget.fontMetrics().height())
        away = [(self._at(widget, point) - where).manhattanLength() for point in self._points(widget)]
        if away and min(away) <= reach:
            self._chosen = away.index(min(away))
            self._held = widget, self._chosen
            widget.update()
        else:
            self._set(widget, self._spot(widget, where))

    def _set(self, widget: QWidget, spot: QPointF) -> None:
        """Set the next point, where it is this picture's turn; a point on the picture can be set anew."""
        self._chosen = -1
        self._cross[widget] = spot
        if widget is self._scene:
            if self.next_is_in_scene:
                self._in_scene.append(spot)
        elif self.next_is_in_scene:
            self._on_picture[-1] = spot
        else:
            self._on_picture.append(spot)
        self._turn()

    def _key(self, widget: QWidget, event: QKeyEvent) -> bool:
        key, count = event.key(), len(self._points(widget))
        if key == Qt.Key.Key_Escape:
            self.cancel()
        elif key == Qt.Key.Key_Backspace:
            self.back()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.is_whole and key != Qt.Key.Key_Space:
                self.keep()
            else:
                self._set(widget, self._cross[widget])
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and key - Qt.Key.Key_1 < count:
            self._chosen = key - Qt.Key.Key_1
            self._show()
        elif key in _STEPS:
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            step = QPointF(*_STEPS[Qt.Key(key)]) * far
            if widget is self._reference:
                image = self._reference.image
                step = QPointF(step.x() / image.width(), step.y() / image.height())
            if 0 <= self._chosen < count:
                self._pull(widget, self._chosen, self._points(widget)[self._chosen] + step)
            else:
                self._cross[widget] = self._within(widget, self._cross[widget] + step)
            self._show()
        else:
            return False
        return True

    def _pull(self, widget: QWidget, number: int, spot: QPointF) -> None:
        self._points(widget)[number] = self._within(widget, spot)
        self._show()

    def _turn(self) -> None:
        """Give the focus to the picture whose turn it is."""
        if self.next_is_in_scene or self.is_whole:
            self._scene.setFocus()
        else:
            self._reference.setFocus()
        self._show()

    # ------------------------------------------------------------------ where things are

    def _points(self, widget: QWidget) -> list[QPointF]:
        return self._in_scene if widget is self._scene else self._on_picture

    def _spot(self, widget: QWidget, where: QPointF) -> QPointF:
        """Return what a place in a widget is: scene px, or shares of the picture."""
        if widget is self._scene:
            return self._scene.to_scene(where)
        target = self._reference.target()
        share = QPointF((where.x() - target.x()) / target.width(), (where.y() - target.y()) / target.height())
        return self._within(widget, share)

    def _within(self, widget: QWidget, spot: QPointF) -> QPointF:
        if widget is self._scene:
            return spot
        return QPointF(min(max(spot.x(), 0.0), 1.0), min(max(spot.y(), 0.0), 1.0))

    def _at(self, widget: QWidget, spot: QPointF) -> QPointF:
        if widget is self._scene:
            return self._scene.at(spot)
        return self._reference.at((spot.x(), spot.y()))

    # ------------------------------------------------------------------ what is shown

    def _show(self) -> None:
        self._scene.update()
        self._reference.update()

    def _words(self, widget: QWidget) -> str:
        number = len(self._in_scene) + 1
        if self.is_whole:
            if widget is self._scene:
                return tr("Pull the points; Enter keeps them, Backspace takes the last one back, Esc stops")
            return tr("Pull the points, or click one more")
        if widget is self._scene:
            if self.next_is_in_scene:
                return tr("Click the same point {number} here (Esc stops)", number=number)
            return tr("First click point {number} on the picture beside (Esc stops)", number=number)
        if self.next_is_in_scene:
            return tr("Now the same point in the scene")
        return tr("Click point {number} of {least} here", number=number, least=max(LEAST, number))

    def _paint(self, widget: Any, painter: QPainter) -> None:
        """Paint the points of one of the pictures, the cross of the keyboard and what to do."""
        if not self._is_on:
            return
        em = widget.fontMetrics().height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, point in enumerate(self._points(widget), start=1):
            where = self._at(widget, point)
            is_chosen = number == self._chosen + 1
            for colour, width in ((QColor(0, 0, 0, 180), em / 4), (CLICKED, em / 8)):
                painter.setPen(QPen(colour, width))
                for dx, dy in ((em, 0), (0, em)):
                    painter.drawLine(where - QPointF(dx, dy) / 2, where + QPointF(dx, dy) / 2)
            # the number stands beside the point: its place itself must be seen
            beside = where + QPointF(0.9 * em, -0.9 * em)
            painter.setPen(QPen(QColor("black"), 3 if is_chosen else 1))
            painter.setBrush(CHOSEN if is_chosen else CLICKED)
            painter.drawEllipse(beside, em / 1.8, em / 1.8)
            box = QRectF(beside.x() - em, beside.y() - em, 2 * em, 2 * em)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if widget.hasFocus() and self._chosen < 0 and not self.is_whole:
            where = self._at(widget, self._cross[widget])
            for colour, width in ((QColor(0, 0, 0, 180), em / 4), (CHOSEN, em / 10)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(where, em / 2, em / 2)
        paint_label(painter, self._words(widget), QPointF(8, 1.5 * em), widget.width())
