"""What the rows of a timeline are made of: a signal, and stretches with labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from gazestudy_gui import theme

Floats = NDArray[np.float64]

_FACTOR = 8
"""Each coarser level of a signal holds least and greatest of so many values of the finer one."""
_LABEL_EM = 3.0
_SHAPES = (
    (0.12, 0.76), (0.50, 0.38), (0.12, 0.38), (0.38, 0.24), (0.68, 0.20), (0.12, 0.20), (0.24, 0.52),
    (0.45, 0.10), (0.80, 0.08), (0.12, 0.08),
)  # fmt: skip
"""Upper edge and height of bars without room for words, the commonest label first: colour is never the only
sign."""


class _Item(pg.GraphicsObject):  # type: ignore[misc]
    """Paints what is between the left and the right edge of its plot."""

    def __init__(self) -> None:
        super().__init__()
        self._bounds = QRectF()

    def boundingRect(self) -> QRectF:
        """Return where it paints."""
        return self._bounds

    def _visible(self) -> tuple[float, float, float]:
        """Return the first and the last second on show, and the seconds of one pixel."""
        view = self.getViewBox()
        if view is None:
            return self._bounds.left(), self._bounds.right(), 1.0
        (left, right), _ = view.viewRange()
        return left, right, (right - left) / max(1.0, view.width())


class SignalItem(_Item):
    """A signal as a line; where many samples fall on a pixel, from the least to the greatest of them.

    Parameters
    ----------
    t_s : ndarray of float, shape (n,)
        Ascending.
    values : ndarray of float, shape (n,)
        NaN is a gap.
    colour : QColor
        Of the line.
    """

    def __init__(self, t_s: Floats, values: NDArray[np.float32], colour: QColor) -> None:
        super().__init__()
        self._t_s, self._values = t_s, values
        self._levels = _levels(values)
        self.pen = QPen(colour, 1)
        self.pen.setCosmetic(True)
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        self.low, self.high = low, max(high, low + 1.0)
        if len(t_s):
            self._bounds = QRectF(t_s[0], self.low, max(t_s[-1] - t_s[0], 1e-9), self.high - self.low)

    def paint(self, painter: QPainter, *_: object) -> None:
        """Paint the visible part."""
        if not len(self._t_s):
            return
        left, right, per_px = self._visible()
        first, stop = np.searchsorted(self._t_s, [left, right])
        first, stop = max(0, int(first) - 1), min(len(self._t_s), int(stop) + 1)
        columns = max(1.0, (right - left) / per_px)
        painter.setPen(self.pen)
        level = 0
        while level < len(self._levels) and (stop - first) / _FACTOR ** (level + 1) > columns:
            level += 1
        if level == 0:
            x, y = self._t_s[first:stop], self._values[first:stop]
        else:
            x, y = self._coarse(level, first, stop)
        painter.drawPath(pg.functions.arrayToQPath(x, y.astype(np.float64), connect="finite"))

    def _coarse(self, level: int, first: int, stop: int) -> tuple[Floats, NDArray[np.float32]]:
        step = _FACTOR**level
        low, high = self._levels[level - 1]
        begin, end = first // step, min(len(low), -(-stop // step))
        x = self._t_s[begin * step : end * step : step][: end - begin]
        return np.repeat(x, 2), np.column_stack([low[begin:end], high[begin:end]]).ravel()


class IntervalItem(_Item):
    """Stretches of time as bars with their labels where there is room.

    Parameters
    ----------
    start_s, end_s : ndarray of float, shape (n,)
        Sorted by start.
    label : ndarray of int, shape (n,)
        Index into `labels`.
    labels : tuple of str
        Words.
    top : float
        Upper edge, in rows of the plot; a row is 1 high.
    """

    def __init__(
        self, start_s: Floats, end_s: Floats, label: NDArray[np.int16], labels: tuple[str, ...], top: float
    ) -> None:
        super().__init__()
        self.start_s, self.end_s, self.label, self.labels, self.top = start_s, end_s, label, labels, top
        self._reach_s = np.maximum.accumulate(end_s) if len(end_s) else end_s
        if len(start_s):
            self._bounds = QRectF(start_s[0], top, max(float(self._reach_s[-1]) - start_s[0], 1e-9), 1.0)
        lengths = np.bincount(label, end_s - start_s, len(labels)) if len(label) else np.zeros(len(labels))
        self._shape = {int(code): rank % len(_SHAPES) for rank, code in enumerate(np.argsort(-lengths))}
        self.recolour()

    def recolour(self) -> None:
        """Take the colours of the scheme."""
        self._colours = [theme.series(number) for number in range(max(1, min(7, len(self.labels))))]
        self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        """Paint the visible part; what is narrower than a pixel is painted once for each pixel."""
        left, right, per_px = self._visible()
        first = int(np.searchsorted(self._reach_s, left))
        stop = int(np.searchsorted(self.start_s, right))
        if stop <= first:
            return
        start, end, label = self.start_s[first:stop], self.end_s[first:stop], self.label[first:stop]
        start, end = np.maximum(start, left - 1), np.minimum(end, right + 1)
        narrow = end - start < per_px
        if narrow.any():
            column = np.floor((start - left) / per_px).astype(np.int64)
            key = column * 64 + label % 64
            _, kept = np.unique(key[narrow], return_index=True)
            keep = np.append(np.flatnonzero(~narrow), np.flatnonzero(narrow)[kept])
            start, end, label = start[keep], np.maximum(end[keep], start[keep] + per_px), label[keep]
        painter.setPen(Qt.PenStyle.NoPen)
        words_s = _LABEL_EM * painter.fontMetrics().height() * per_px
        for code in np.unique(label):
            painter.setBrush(self._colours[int(code) % len(self._colours)])
            chosen = label == code
            begin, stop_at = _joined(start[chosen], end[chosen], per_px)
            shapes = np.where(
                (stop_at - begin > words_s)[:, None], _SHAPES[0], _SHAPES[self._shape[int(code)]]
            )
            painter.drawRects(_rects(begin, self.top + shapes[:, 0], stop_at - begin, shapes[:, 1]))
        self._paint_labels(painter, start, end, label, per_px)

    def at(self, t_s: float) -> int:
        """Return the number of the stretch at a time, -1 for none."""
        found = np.flatnonzero((self.start_s <= t_s) & (self.end_s >= t_s))
        return int(found[-1]) if len(found) else -1

    def nearest_edge(self, t_s: float) -> float:
        """Return the nearest start of a stretch; NaN if there is none."""
        if not len(self.start_s):
            return float("nan")
        at = int(np.searchsorted(self.start_s, t_s))
        near = self.start_s[max(0, at - 1) : at + 1]
        return float(near[np.argmin(np.abs(near - t_s))])

    def _paint_labels(
        self, painter: QPainter, start: Floats, end: Floats, label: NDArray[np.int16], per_px: float
    ) -> None:
        metrics = painter.fontMetrics()
        em = metrics.height()
        wide = np.flatnonzero(end - start > _LABEL_EM * em * per_px)
        if not len(wide):
            return
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        for at in wide.tolist():
            colour = self._colours[int(label[at]) % len(self._colours)]
            painter.setPen(theme.on(colour))
            box = (
                QRectF(
                    transform.map(QPointF(float(start[at]), self.top + 0.1)),
                    transform.map(QPointF(float(end[at]), self.top + 0.9)),
                )
                .normalized()
                .adjusted(3, 0, -2, 0)
            )
            if box.height() < 0.8 * em:
                continue
            text = metrics.elidedText(
                self.labels[int(label[at])], Qt.TextElideMode.ElideRight, int(box.width())
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()


def _joined(start: Floats, end: Floats, gap: float) -> tuple[Floats, Floats]:
    """Return bars of which those that are less than a gap apart became one."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reach = np.maximum.accumulate(end)
    first = np.flatnonzero(np.append(True, start[1:] - reach[:-1] >= gap))
    return start[first], np.maximum.reduceat(end, first)


def _rects(left: Floats, top: Floats, width: Floats, height: Floats) -> Any:
    """Return rectangles for a painter, without an object for each."""
    made: Any = sip.array(QRectF, len(left))  # type: ignore[call-arg]
    np.frombuffer(made, np.float64).reshape(-1, 4)[:] = np.column_stack([left, top, width, height])
    return made


def _levels(values: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return least and greatest of ever longer runs of values."""
    levels = []
    low = high = values
    while len(low) > 2 * _FACTOR:
        pad = -len(low) % _FACTOR
        low = np.append(low, np.full(pad, np.nan, np.float32)).reshape(-1, _FACTOR)
        high = np.append(high, np.full(pad, np.nan, np.float32)).reshape(-1, _FACTOR)
        low, high = np.fmin.reduce(low, axis=1), np.fmax.reduce(high, axis=1)
        levels.append((low, high))
    return levels
