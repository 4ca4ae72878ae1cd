"""A reference image on which AOIs are drawn, moved and reshaped with mouse and keyboard.

The canvas changes nothing itself: it says what the person did, and shows what it is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from gazestudy_gui import theme
from gazestudy_gui.words import tr

Tool = Literal["select", "rectangle", "polygon", "ellipse"]
Points = list[tuple[float, float]]

_HANDLE_EM = 0.45
_ELLIPSE_CORNERS = 36
_MOST_HANDLES = 16
"""Shapes with more corners, such as ellipses, are pulled at the corners of the box around them."""
_BOX = 1000  # numbers of handles from here on are corners of the box
_LEAST_PX = 3.0
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


@dataclass(slots=True)
class Shape:
    """An AOI as it is shown."""

    id: str
    name: str
    points: Points
    label: str = ""


def rectangle_points(a: QPointF, b: QPointF) -> Points:
    """Return the corners of a rectangle from two opposite ones, clockwise from the top left."""
    left, right = sorted((a.x(), b.x()))
    top, bottom = sorted((a.y(), b.y()))
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def ellipse_points(a: QPointF, b: QPointF) -> Points:
    """Return a polygon that has the area of the ellipse between two opposite corners."""
    (left, top), _, (right, bottom), _ = rectangle_points(a, b)
    x, y, rx, ry = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    turn = 2 * math.pi / _ELLIPSE_CORNERS
    fill = math.sqrt(turn / math.sin(turn))  # an inscribed polygon would be smaller than the ellipse
    return [
        (x + fill * rx * math.cos(k * turn), y + fill * ry * math.sin(k * turn))
        for k in range(_ELLIPSE_CORNERS)
    ]


def overlapping_labels(shapes: Sequence[Shape]) -> list[str]:
    """Return the labels of which two AOIs share a part of the picture: gaze there counts twice."""
    groups: dict[str, list[QPainterPath]] = {}
    found = []
    for shape in shapes:
        if not shape.label or shape.label in found:
            continue
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in shape.points]))
        path.closeSubpath()
        for other in groups.setdefault(shape.label, []):
            shared = path.intersected(other).boundingRect()
            if shared.width() >= 1 and shared.height() >= 1:  # px; neighbours share an edge
                found.append(shape.label)
                break
        groups[shape.label].append(path)
    return found


def is_upright(points: Points) -> bool:
    """Return True for a rectangle whose sides are level and upright."""
    if len(points) != 4:
        return False
    left, top, right, bottom = _box(points)
    return set(points) == {(left, top), (right, top), (right, bottom), (left, bottom)}


def pulled(points: Points, corner: int, at: QPointF) -> Points:
    """Return an upright rectangle with one corner elsewhere; the opposite one stays."""
    (x, y), (stays_x, stays_y) = points[corner], points[(corner + 2) % 4]
    # no further than to a small one, else its corners would change places
    new_x = max(at.x(), stays_x + _LEAST_PX) if x > stays_x else min(at.x(), stays_x - _LEAST_PX)
    new_y = max(at.y(), stays_y + _LEAST_PX) if y > stays_y else min(at.y(), stays_y - _LEAST_PX)
    return [(new_x if px == x else px, new_y if py == y else py) for px, py in points]


class AoiCanvas(QWidget):
    """Shows one reference image with its AOIs.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    drawn = pyqtSignal(list)
    """Corners of a new AOI, reference px."""
    reshaped = pyqtSignal(str, list, int)
    """An AOI has other corners; steps with the same number (not 0) belong together."""
    chosen = pyqtSignal(str)
    """Another AOI is selected, or none."""
    removed = pyqtSignal(str)
    hovered = pyqtSignal(float, float)
    """Where the pointer is, reference px."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.shapes: list[Shape] = []
        self.facets: list[Points] = []
        """Flat parts of the picture, if it goes round a pillar or a corner."""
        self.selected = ""
        self.tool: Tool = "select"
        self.can_edit = True
        self._zoom, self._centre = 1.0, QPointF()
        self._draft: Points = []
        self._from: QPointF | None = None
        self._to = QPointF()
        self._grabbed: tuple[Shape, int, Points] | None = None
        self._panned: QPointF | None = None
        self._gesture, self._is_nudging = 0, False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Reference image"))
        em = self.fontMetrics().height()
        self.setMinimumSize(12 * em, 8 * em)

    # ------------------------------------------------------------------ what it shows

    def show_image(self, image: QImage) -> None:
        """Show another image, whole."""
        self.image = image
        self._zoom, self._centre = 1.0, QPointF(image.width() / 2, image.height() / 2)
        self.cancel()

    def show_shapes(self, shapes: list[Shape]) -> None:
        """Show other AOIs; the selection stays where it can."""
        self.shapes = shapes
        if self._grabbed is None and self.selected not in {shape.id for shape in shapes}:
            self.selected = ""
        self.update()

    def select(self, aoi_id: str) -> None:
        """Select an AOI."""
        if aoi_id != self.selected:
            self.selected = aoi_id
            self.chosen.emit(aoi_id)
            self.update()

    def set_tool(self, tool: Tool) -> None:
        """Draw something else."""
        self.cancel()
        self.tool = tool
        self.setCursor(Qt.CursorShape.ArrowCursor if tool == "select" else Qt.CursorShape.CrossCursor)

    def cancel(self) -> None:
        """Forget what is half drawn."""
        self._draft, self._from, self._grabbed = [], None, None
        self.update()

    # ------------------------------------------------------------------ places

    def scale(self) -> float:
        """Return screen px for each reference px."""
        if self.image.isNull():
            return 1.0
        margin = self.fontMetrics().height()
        fit = min(
            (self.width() - margin) / self.image.width(), (self.height() - margin) / self.image.height()
        )
        return max(1e-6, fit * self._zoom)

    def to_widget(self, x: float, y: float) -> QPointF:
        """Return where a point of the image is in the widget; (0, 0) is the middle of the first pixel."""
        scale = self.scale()
        return QPointF(
            (x + 0.5 - self._centre.x()) * scale + self.width() / 2,
            (y + 0.5 - self._centre.y()) * scale + self.height() / 2,
        )

    def to_image(self, point: QPointF) -> QPointF:
        """Return the point of the image at a place of the widget, kept inside the image."""
        scale = self.scale()
        x = (point.x() - self.width() / 2) / scale + self._centre.x() - 0.5
        y = (point.y() - self.height() / 2) / scale + self._centre.y() - 0.5
        return QPointF(
            min(max(x, -0.5), self.image.width() - 0.5), min(max(y, -0.5), self.image.height() - 0.5)
        )

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin to draw, to move, or to pan."""
        if event is None or self.image.isNull():
            return
        self._is_nudging = False
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned = event.position()
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.to_image(event.position())
        if self.tool == "select" and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._remove_corner(event.position())
        elif self.tool == "select":
            self._grab(event.position())
        elif self.can_edit and self.tool == "polygon":
            self._draft.append((at.x(), at.y()))
            self._to = at
        elif self.can_edit:
            self._from = self._to = at
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Go on with it."""
        if event is None or self.image.isNull():
            return
        at = self.to_image(event.position())
        self._to = at
        self.hovered.emit(at.x(), at.y())
        if self._panned is not None:
            step = event.position() - self._panned
            self._centre -= QPointF(step.x(), step.y()) / self.scale()
            self._panned = event.position()
        elif self._grabbed is not None and self.can_edit:
            self._drag(at, free=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """End it."""
        if event is None:
            return
        self._panned = None
        if self._grabbed is not None:
            shape, _, before = self._grabbed
            self._grabbed = None
            if shape.points != before:
                self.reshaped.emit(shape.id, list(shape.points), 0)
        elif self._from is not None:
            made = rectangle_points if self.tool == "rectangle" else ellipse_points
            a, b = self._from, self._to
            self._from = None
            if abs(a.x() - b.x()) >= _LEAST_PX and abs(a.y() - b.y()) >= _LEAST_PX:
                self.drawn.emit(made(a, b))
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Close a polygon; put a new corner on an edge of the selected AOI."""
        if event is None:
            return
        if self.tool == "polygon" and self._draft:
            self._close_polygon()
        elif self.tool == "select" and self.can_edit:
            self._insert_corner(event.position())

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom where the pointer is."""
        if event is None or self.image.isNull():
            return
        before = self.to_image(event.position())
        self._zoom = min(40.0, max(1.0, self._zoom * 1.2 ** (event.angleDelta().y() / 120)))
        after = self.to_image(event.position())
        self._centre += before - after
        if self._zoom == 1.0:
            self._centre = QPointF(self.image.width() / 2, self.image.height() / 2)
        self.update()

    # ------------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move the selected AOI by a pixel (ten with Shift), resize it with Ctrl, end a polygon, remove."""
        if event is None:
            return
        key = event.key()
        shape = self._shape(self.selected)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._draft:
            self._close_polygon()
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        elif key == Qt.Key.Key_Backspace and self._draft:
            self._draft.pop()
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and shape is not None and self.can_edit:
            self.removed.emit(shape.id)
        elif key in _ARROWS and shape is not None and self.can_edit:
            step = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            resizes = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._nudge(shape, _ARROWS[Qt.Key(key)], step, resizes=resizes)
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ inside

    def _shape(self, aoi_id: str) -> Shape | None:
        return next((shape for shape in self.shapes if shape.id == aoi_id), None)

    def draw_in_middle(self) -> None:
        """Draw an AOI where one looks, without a mouse: arrow keys then move it, with Ctrl resize it."""
        if self.image.isNull() or not self.can_edit:
            return
        first = self.to_image(QPointF(0, 0))  # what is to be seen of the picture
        last = self.to_image(QPointF(self.width(), self.height()))
        a, b = first + (last - first) * 0.375, first + (last - first) * 0.625
        self.drawn.emit((ellipse_points if self.tool == "ellipse" else rectangle_points)(a, b))

    def _handles(self, shape: Shape) -> list[tuple[int, tuple[float, float]]]:
        """Return where a shape can be taken: number and point, reference px."""
        if len(shape.points) <= _MOST_HANDLES:
            return list(enumerate(shape.points))
        left, top, right, bottom = _box(shape.points)
        return [(_BOX + k, point) for k, point in enumerate(
            ((left, top), (right, top), (right, bottom), (left, bottom))
        )]  # fmt: skip

    def _handle_at(self, shape: Shape, where: QPointF) -> int:
        reach = 3 * _HANDLE_EM * self.fontMetrics().height()
        near = [
            ((self.to_widget(x, y) - where).manhattanLength(), number)
            for number, (x, y) in self._handles(shape)
        ]
        distance, number = min(near)
        return number if distance <= reach else -1

    def _grab(self, where: QPointF) -> None:
        """Take hold of a corner of the selected AOI, or of the AOI under the pointer."""
        chosen = self._shape(self.selected)
        if chosen is not None and (handle := self._handle_at(chosen, where)) >= 0:
            self._grabbed = (chosen, handle, list(chosen.points))
            return
        at = self.to_image(where)
        for shape in reversed(self.shapes):
            polygon = QPolygonF([QPointF(x, y) for x, y in shape.points])
            if polygon.containsPoint(at, Qt.FillRule.OddEvenFill):
                self.select(shape.id)
                self._grabbed = (shape, -1, list(shape.points))
                self._from_grab = at
                return
        near = 2 * _HANDLE_EM * self.fontMetrics().height()
        if chosen is None or self._edge_at(chosen, where)[1] > near:
            self.select("")

    def _edge_at(self, shape: Shape, where: QPointF) -> tuple[int, float]:
        """Return the edge of a shape that is nearest, and how far it is, screen px."""
        at, points = self.to_image(where), shape.points
        gaps = [_distance(at, points[k], points[(k + 1) % len(points)]) for k in range(len(points))]
        nearest = min(range(len(gaps)), key=lambda k: gaps[k])
        return nearest, gaps[nearest] * self.scale()

    def _remove_corner(self, where: QPointF) -> None:
        """Take a corner of the selected AOI away; three stay."""
        shape = self._shape(self.selected)
        if shape is None or not self.can_edit or not 3 < len(shape.points) <= _MOST_HANDLES:
            return
        corner = self._handle_at(shape, where)
        if corner >= 0:
            self.reshaped.emit(shape.id, [p for k, p in enumerate(shape.points) if k != corner], 0)

    def _insert_corner(self, where: QPointF) -> None:
        """Put a corner onto the edge of the selected AOI that is near."""
        shape = self._shape(self.selected)
        if shape is None or len(shape.points) >= _MOST_HANDLES or self._handle_at(shape, where) >= 0:
            return
        at, points = self.to_image(where), shape.points
        nearest, gap = self._edge_at(shape, where)
        if gap <= 2 * _HANDLE_EM * self.fontMetrics().height():
            new = [*points[: nearest + 1], (at.x(), at.y()), *points[nearest + 1 :]]
            self._grabbed = None
            self.reshaped.emit(shape.id, new, 0)

    def _drag(self, at: QPointF, *, free: bool) -> None:
        """Pull a corner or move all of it; a rectangle stays one unless its corner is freed."""
        assert self._grabbed is not None
        shape, corner, before = self._grabbed
        if 0 <= corner < _BOX and not free and is_upright(before):
            shape.points = pulled(before, corner, at)
            return
        if corner >= _BOX:
            left, top, right, bottom = _box(before)
            opposite = ((right, bottom), (left, bottom), (left, top), (right, top))[corner - _BOX]
            new = rectangle_points(QPointF(*opposite), at)
            shape.points = _fitted(before, (*new[0], *new[2]))
        elif corner >= 0:
            shape.points = [(at.x(), at.y()) if k == corner else point for k, point in enumerate(before)]
        else:
            shape.points = self._moved(before, at.x() - self._from_grab.x(), at.y() - self._from_grab.y())

    def _moved(self, points: Points, dx: float, dy: float) -> Points:
        """Return points moved, as far as they stay in the image."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        dx = min(max(dx, -0.5 - min(xs)), self.image.width() - 0.5 - max(xs))
        dy = min(max(dy, -0.5 - min(ys)), self.image.height() - 0.5 - max(ys))
        return [(x + dx, y + dy) for x, y in points]

    def _nudge(self, shape: Shape, direction: tuple[int, int], step: int, *, resizes: bool) -> None:
        if not self._is_nudging:
            self._gesture += 1
            self._is_nudging = True
        dx, dy = direction[0] * step, direction[1] * step
        if resizes:
            left, top, right, bottom = _box(shape.points)
            right = min(max(right + dx, left + _LEAST_PX), self.image.width() - 0.5)
            bottom = min(max(bottom + dy, top + _LEAST_PX), self.image.height() - 0.5)
            points = _fitted(shape.points, (left, top, right, bottom))
        else:
            points = self._moved(shape.points, dx, dy)
        self.reshaped.emit(shape.id, points, self._gesture)

    def draw_on(self, points: Points) -> None:
        """Have a polygon half drawn again that could not be kept: its last corner is to be another one."""
        self.tool, self._draft = "polygon", points[:-1]
        self._to = QPointF(*points[-1])
        self.update()

    def _close_polygon(self) -> None:
        points, self._draft = self._draft, []
        clean = [point for k, point in enumerate(points) if k == 0 or point != points[k - 1]]
        if len(clean) >= 3:
            self.drawn.emit(clean)
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint the image, the AOIs, and what is being drawn."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.background())
        if self.image.isNull():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.scale() < 2)
        painter.drawImage(
            QRectF(
                self.to_widget(-0.5, -0.5),
                self.to_widget(self.image.width() - 0.5, self.image.height() - 0.5),
            ),
            self.image,
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("white"), self.fontMetrics().height() / 8, Qt.PenStyle.DotLine))
        for part in self.facets:
            painter.drawPolygon(QPolygonF([self.to_widget(x, y) for x, y in part]))
        groups: dict[str, int] = {}
        colours = [  # those of one label have one colour
            groups.setdefault(shape.label or f"\0{number}", len(groups))
            for number, shape in enumerate(self.shapes)
        ]
        both = sorted(zip(self.shapes, colours, strict=True), key=lambda one: one[0].id == self.selected)
        for shape, colour in both:  # the selected one on top
            self._paint_shape(painter, shape, theme.series(colour))
        if self._from is not None:
            made = rectangle_points if self.tool == "rectangle" else ellipse_points
            self._paint_outline(painter, made(self._from, self._to), QColor("#E69F00"))
        if self._draft:
            self._paint_outline(painter, [*self._draft, (self._to.x(), self._to.y())], QColor("#E69F00"))

    def _paint_shape(self, painter: QPainter, shape: Shape, colour: QColor) -> None:
        em = self.fontMetrics().height()
        polygon = QPolygonF([self.to_widget(x, y) for x, y in shape.points])
        is_selected = shape.id == self.selected
        fill = QColor(colour)
        fill.setAlpha(90 if is_selected else 50)
        painter.setBrush(fill)
        painter.setPen(QPen(QColor("white"), em / 5))
        painter.drawPolygon(polygon)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.SolidLine if is_selected else Qt.PenStyle.DashLine
        painter.setPen(QPen(colour, em / 8, style))
        painter.drawPolygon(polygon)
        box = polygon.boundingRect()
        caption = f"{shape.name} · {shape.label}" if shape.label else shape.name
        if not is_selected:  # no wider than the AOI, so that names of neighbours stay apart
            room = int(max(box.width() - 8, 3 * em))
            caption = self.fontMetrics().elidedText(caption, Qt.TextElideMode.ElideRight, room)
        width = self.fontMetrics().horizontalAdvance(caption) + 8
        label = QRectF(box.left(), max(0.0, box.top() - em - 2), width, em + 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(label, 3, 3)
        painter.setPen(QColor("white"))
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, caption)
        if is_selected and self.can_edit:
            painter.setPen(QPen(QColor("black"), 1))
            painter.setBrush(QColor("white"))
            size = _HANDLE_EM * em
            for point in (self.to_widget(x, y) for _, (x, y) in self._handles(shape)):
                painter.drawRect(QRectF(point.x() - size / 2, point.y() - size / 2, size, size))

    def _paint_outline(self, painter: QPainter, points: Points, colour: QColor) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, self.fontMetrics().height() / 6))
        polygon = QPolygonF([self.to_widget(x, y) for x, y in points])
        painter.drawPolygon(polygon) if self._from is not None else painter.drawPolyline(polygon)


def _box(points: Points) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _fitted(points: Points, box: tuple[float, float, float, float]) -> Points:
    """Return points stretched into another box."""
    left, top, right, bottom = _box(points)
    across = (box[2] - box[0]) / max(right - left, 1e-9)
    down = (box[3] - box[1]) / max(bottom - top, 1e-9)
    return [(box[0] + (x - left) * across, box[1] + (y - top) * down) for x, y in points]


def _distance(at: QPointF, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return how far a point is from the line between two others."""
    ax, ay, bx, by = a[0], a[1], b[0] - a[0], b[1] - a[1]
    length = bx * bx + by * by
    along = ((at.x() - ax) * bx + (at.y() - ay) * by) / length if length else 0.0
    along = min(max(along, 0.0), 1.0)
    return math.hypot(at.x() - ax - along * bx, at.y() - ay - along * by)
