"""The picture in the picture: the placement that gaze is on, seen straight, with gaze on it."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QImageReader, QPainter, QPen

if TYPE_CHECKING:
    from gazestudy.pipeline.on_reference import OnPicture

_SHARE_WIDE, _SHARE_HIGH = 0.3, 0.45
_LARGEST_PX, _KEPT = 640, 6
_GAZE, _EDGE, _SHADE = QColor("#E69F00"), QColor("white"), QColor(0, 0, 0, 170)


class Inset:
    """Paints the picture of a placement into a corner of the scene video."""

    def __init__(self) -> None:
        self.on: OnPicture | None = None
        self._images: OrderedDict[str, QImage] = OrderedDict()

    def area(self, room: QRectF) -> QRectF:
        """Return where the picture is within the room of the scene picture; empty if there is none."""
        if self.on is None or self.image().isNull():
            return QRectF()
        width, height = self.on.size_px
        scale = min(_SHARE_WIDE * room.width() / width, _SHARE_HIGH * room.height() / height)
        margin = 0.015 * room.width()
        size = (width * scale, height * scale)
        return QRectF(room.right() - margin - size[0], room.top() + margin, *size)

    def image(self) -> QImage:
        """Return the picture, an empty one as long as it was not brought."""
        assert self.on is not None
        return self._images.get(self.on.creative_id, QImage())

    def lacks(self) -> OnPicture | None:
        """Return the picture that should be brought, if there is one."""
        return self.on if self.on is not None and self.on.creative_id not in self._images else None

    def bring(self, creative_id: str, image: QImage) -> None:
        """Take a picture that was read."""
        self._images[creative_id] = image
        while len(self._images) > _KEPT:
            self._images.popitem(last=False)

    def forget(self) -> None:
        """Read pictures again, which may have been replaced."""
        self.on = None
        self._images.clear()

    def paint(self, painter: QPainter, room: QRectF, em: float) -> None:
        """Paint it.

        Parameters
        ----------
        painter : QPainter
            Where to.
        room : QRectF
            Where the scene picture is.
        em : float
            Height of a line of text.
        """
        area = self.area(room)
        if self.on is None or area.isEmpty():
            return
        painter.save()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawImage(area, self.image())
        edge = QPen(_EDGE, em / 8)
        edge.setStyle(Qt.PenStyle.SolidLine if self.on.is_on else Qt.PenStyle.DotLine)
        painter.setPen(edge)
        painter.drawRect(area)
        name = painter.fontMetrics().elidedText(
            self.on.name, Qt.TextElideMode.ElideRight, int(area.width() - em / 2)
        )
        label = QRectF(area.left(), area.bottom(), area.width(), 1.3 * em)
        painter.fillRect(label, _SHADE)
        painter.setPen(_EDGE)
        painter.drawText(label, Qt.AlignmentFlag.AlignCenter, name)
        self._paint_gaze(painter, area, em)
        painter.restore()

    def _paint_gaze(self, painter: QPainter, area: QRectF, em: float) -> None:
        assert self.on is not None
        scale = area.width() / self.on.size_px[0]
        points = [
            QPointF(area.left() + (x + 0.5) * scale, area.top() + (y + 0.5) * scale)
            for x, y in self.on.trail_px.tolist()
        ]
        painter.setClipRect(area)
        painter.setPen(QPen(_GAZE, em / 8))
        for before, after in pairwise(points):
            painter.drawLine(before, after)
        if points:
            for colour, width in ((QColor(0, 0, 0, 180), em / 3), (_GAZE, em / 6)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(points[-1], 0.55 * em, 0.55 * em)


def read_picture(path: Path) -> QImage:
    """Return a picture, not larger than an inset ever is; may be called in any thread."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > _LARGEST_PX:
        largest = QSize(_LARGEST_PX, _LARGEST_PX)
        reader.setScaledSize(size.scaled(largest, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()
