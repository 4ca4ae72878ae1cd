"""Parts of the plots of a timeline: the axis, the area that is dragged in, and the stretch to repeat."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor

from gazestudy_gui import theme


class TimeAxis(pg.AxisItem):  # type: ignore[misc]
    """Times as minutes and seconds."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the labels of the ticks."""
        digits = 0 if spacing >= 1 else 1 if spacing >= 0.1 else 3
        width = 3 + digits if digits else 2
        return [
            f"{'-' if at < 0 else ''}{int(abs(at) // 60):02d}:{abs(at) % 60:0{width}.{digits}f}"
            for at in values
        ]


class TimeBox(pg.ViewBox):  # type: ignore[misc]
    """Dragging moves; dragging with Shift chooses a stretch of time."""

    chosen = pyqtSignal(float, float, bool)
    """First and last second, and whether the button was let go."""

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """Choose or move."""
        if not (
            ev.button() == Qt.MouseButton.LeftButton and ev.modifiers() & Qt.KeyboardModifier.ShiftModifier
        ):
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        start, end = (self.mapToView(point).x() for point in (ev.buttonDownPos(), ev.pos()))
        self.chosen.emit(float(min(start, end)), float(max(start, end)), bool(ev.isFinish()))


class Stretch(pg.LinearRegionItem):  # type: ignore[misc]
    """The stretch to repeat, between two dashed lines."""

    def __init__(self) -> None:
        super().__init__(movable=False)
        self.setZValue(5)
        self.recolour()
        self.hide()

    def recolour(self) -> None:
        """Take the colours of the scheme."""
        shade = QColor(theme.foreground())
        shade.setAlpha(40)
        self.setBrush(shade)
        for line in self.lines:
            line.setPen(pg.mkPen(theme.foreground(), width=2, style=Qt.PenStyle.DashLine))

    def show_between(self, start_s: float, end_s: float) -> None:
        """Show it from here to there; hide it where it has no length."""
        self.setVisible(end_s > start_s)
        if end_s > start_s:
            self.setRegion((start_s, end_s))
