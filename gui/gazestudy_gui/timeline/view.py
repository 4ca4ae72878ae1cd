"""The timeline of the recording on show: gaze, why it is missing, events, mapping, visits, log, interview."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMenu, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from gazestudy_gui import preferences, theme
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text, value_name
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.timeline.items import IntervalItem, SignalItem
from gazestudy_gui.timeline.parts import Stretch, TimeAxis, TimeBox
from gazestudy_gui.views.player import clock_text
from gazestudy_gui.views.video_widget import paint_focus
from gazestudy_gui.words import tr

_ZOOM = 1.5
_SNAP_PX = 6
_LEAST_S = 0.05
_SIGNALS = ("x", "y")
_ROWS = ("reasons", "events", "mapping", "visits", "aois", "observation", "interview")
_KINDS = {"results", "alignments", "mapping", "interviews", "fieldwork", "placements"}


def row_title(row: str) -> str:
    """Return the name of a row in the language of the interface."""
    return {
        "x": tr("Gaze x"),
        "y": tr("Gaze y"),
        "reasons": tr("Not valid"),
        "events": tr("Gaze events"),
        "mapping": tr("Mapping"),
        "visits": tr("Visits"),
        "aois": tr("AOI visits"),
        "observation": tr("Observed"),
        "interview": tr("Interview"),
    }[row]


def _said(row: str, label: str) -> str:
    """Return a label in the language of the interface; names of people's own are as they are."""
    if row in ("reasons", "events"):
        return tr(label.replace("_", " "))
    if row == "mapping" and label.startswith("– "):  # why something was not located
        return f"– {value_name(label.removeprefix('– '))}"
    return label


class TimelineView(QWidget):
    """Rows over one time axis; the wheel zooms where the pointer is, dragging moves, a click goes there.

    Dragging with Shift chooses the stretch to repeat; clicks and its ends snap to what begins nearby.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._recording_id = ""
        self.timeline: Any = None
        self._playhead = ("", 0)
        self._reading = Background("timeline", self, in_turn=True)
        self._hidden = set(preferences.settings().value("timeline/hidden", [], list) or [])
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._read_again)
        self._seen = WhenSeen(self, self._read)
        theme.theme_plots()
        self._build()
        self._reading.done.connect(self._on_read)
        self._reading.failed.connect(self._on_not_read)
        document.selected.connect(self._on_selected)
        document.playhead.connect(self._on_playhead)
        document.loop.connect(self._show_loop)
        document.changed.connect(self._on_changed)

    def open(self, recording_id: str) -> None:
        """Show a recording; its tables are read once somebody looks."""
        self._recording_id = recording_id
        self._seen.ask()

    def _read(self) -> None:
        study, recording_id = self._document.study, self._recording_id

        def read() -> Any:
            from gazestudy.pipeline.timeline import timeline_of

            return timeline_of(study, recording_id)

        self._reading.ask(read)

    def show_timeline(self, timeline: Any) -> None:
        """Show what was read."""
        keep = self.range_s() if self.timeline is not None and (
            self.timeline.recording_id == timeline.recording_id
        ) else None  # fmt: skip
        self.timeline = timeline
        self._zero_ns = timeline.start_ns
        if keep is None:
            self._show_loop(timeline.recording_id, 0, 0)
        self._fill()
        self.show_all() if keep is None else self.set_range(*keep)
        self._stack.setCurrentWidget(self._page)
        self._on_playhead(*self._playhead)  # the player may have been first

    def range_s(self) -> tuple[float, float]:
        """Return the first and the last second on show."""
        (left, right), _ = self.row_plot.getViewBox().viewRange()
        return float(left), float(right)

    def set_range(self, left_s: float, right_s: float) -> None:
        """Show a stretch."""
        self.row_plot.setXRange(left_s, right_s, padding=0)

    def show_all(self) -> None:
        """Show the whole recording."""
        if self.timeline is not None:
            end_s = (self.timeline.end_ns - self._zero_ns) / 1e9
            self.set_range(0.0, max(end_s, _LEAST_S))

    def zoom(self, factor: float) -> None:
        """Show a stretch so many times as long, around the playhead if that is on show."""
        left, right = self.range_s()
        here = self._heads[0].value()
        middle = here if left <= here <= right else (left + right) / 2
        self.set_range(middle - (middle - left) * factor, middle + (right - middle) * factor)

    def pan(self, share: float) -> None:
        """Move by a share of what is on show."""
        left, right = self.range_s()
        step = (right - left) * share
        self.set_range(left + step, right + step)

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands of the timeline into the menu."""
        for number, (name, text, keys, does) in enumerate(
            (
                ("in", "Zoom &in", "Ctrl++", lambda: self.zoom(1 / _ZOOM)),
                ("out", "Zoom &out", "Ctrl+-", lambda: self.zoom(_ZOOM)),
                ("all", "Show the &whole recording", "Ctrl+Shift+0", self.show_all),
                ("left", "Move the timeline left", "Alt+Left", lambda: self.pan(-0.5)),
                ("right", "Move the timeline right", "Alt+Right", lambda: self.pan(0.5)),
            )
        ):
            book.add(ActionSpec(f"timeline.{name}", "&Playback", text, keys, separated=number == 0), does)
        for name, spec in book.specs.items():  # single keys count here as over the video
            if spec.local and name.startswith("player."):
                self.addAction(book.actions[name])

    def recolour(self) -> None:
        """Follow another colour scheme."""
        theme.theme_plots()
        self.canvas.setBackground(theme.background())
        for plot in (self.x_plot, self.y_plot, self.row_plot):
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(theme.foreground())
                axis.setTextPen(theme.foreground())
        for stretch in self._stretches:
            stretch.recolour()
        if self.timeline is not None:
            self._fill()

    def shut_down(self) -> None:
        """End the thread."""
        self._reading.close()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.canvas = pg.GraphicsLayoutWidget(self)
        self.canvas.setAccessibleName(tr("Timeline"))
        self.canvas.setAccessibleDescription(tr("Drag with Shift to choose the stretch to repeat."))
        self.canvas.installEventFilter(self)
        self.setFocusProxy(self.canvas)
        self.canvas.ci.layout.setContentsMargins(0, 0, 4, 0)
        self.canvas.ci.layout.setSpacing(0)
        self.x_plot, self.y_plot = (self.canvas.addPlot(row=row, col=0, viewBox=TimeBox()) for row in (0, 1))
        self.row_plot = self.canvas.addPlot(
            row=2, col=0, viewBox=TimeBox(), axisItems={"bottom": TimeAxis("bottom")}
        )
        self._heads: list[pg.InfiniteLine] = []
        self._stretches: list[Stretch] = []
        em = self.fontMetrics().height()
        for plot in (self.x_plot, self.y_plot, self.row_plot):
            plot.setMouseEnabled(x=True, y=False)
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.disableAutoRange()
            plot.getAxis("left").setWidth(7 * em)
            box = plot.getViewBox()
            box.setXLink(self.row_plot) if plot is not self.row_plot else None
            head = pg.InfiniteLine(0, pen=pg.mkPen(theme.series(1), width=2))
            head.setZValue(10)
            plot.addItem(head, ignoreBounds=True)
            self._heads.append(head)
            stretch = Stretch()
            plot.addItem(stretch, ignoreBounds=True)
            self._stretches.append(stretch)
            box.chosen.connect(self._on_chosen)
        for plot in (self.x_plot, self.y_plot):
            plot.getAxis("bottom").setStyle(showValues=False)
            plot.getAxis("bottom").setHeight(2)
            plot.getAxis("left").setTicks([[]])
            plot.getViewBox().invertY(plot is self.y_plot)
        self.row_plot.getViewBox().invertY(True)
        self.row_plot.getViewBox().setLimits(minXRange=_LEAST_S)
        self._show_signals()
        self.canvas.ci.layout.setRowStretchFactor(2, 10)
        self.canvas.ci.layout.setRowMinimumHeight(2, round((1.15 * len(_ROWS) + 1.8) * em))  # names apart
        self._build_frame()

    def _build_frame(self) -> None:
        self.canvas.scene().sigMouseClicked.connect(self._on_click)
        self.canvas.scene().sigMouseMoved.connect(self._on_hover)
        self.note = QLabel("", self)
        self.visible = QToolButton(self)
        self.visible.setText(tr("Rows"))
        self.visible.setAccessibleName(tr("Rows on show"))
        self.visible.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.visible)
        for row in (*_SIGNALS, *_ROWS):
            action = menu.addAction(row_title(row))
            assert action is not None
            action.setCheckable(True)
            action.setChecked(row not in self._hidden)
            action.toggled.connect(lambda shown, row=row: self._show_row(row, shown))
        self.visible.setMenu(menu)
        line = QHBoxLayout()
        line.addWidget(self.note, 1)
        line.addWidget(self.visible)
        self._page = QWidget(self)
        column = QVBoxLayout(self._page)
        edge = max(2, self.fontMetrics().height() // 8)  # for the frame that shows the focus
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(2)
        column.addWidget(self.canvas, 1)
        column.addLayout(line)
        self.empty = QLabel(tr("Choose a recording in the study tree to see what happened when."), self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._page)
        self.items: list[Any] = []
        self._zero_ns = 0

    def _fill(self) -> None:
        for plot, item in self.items:
            plot.removeItem(item)
        self.items = []
        zero, data = self._zero_ns, self.timeline
        t_s = (data.gaze_t_ns - zero) / 1e9
        for plot, values, name, number in (
            (self.x_plot, data.x_px, "x", 0),
            (self.y_plot, data.y_px, "y", 2),
        ):
            item = SignalItem(t_s, values, theme.series(number))
            plot.addItem(item, ignoreBounds=True)
            plot.setYRange(item.low, item.high, padding=0.05)
            plot.getAxis("left").setTicks([[((item.low + item.high) / 2, row_title(name))]])
            self.items.append((plot, item))
        shown = [row for row in data.rows if row.id not in self._hidden]
        for top, row in enumerate(shown):
            labels = tuple(_said(row.id, label) for label in row.labels)
            bars = IntervalItem(
                (row.start_ns - zero) / 1e9, (row.end_ns - zero) / 1e9, row.label, labels, float(top)
            )
            self.row_plot.addItem(bars, ignoreBounds=True)
            self.items.append((self.row_plot, bars))
        self.row_plot.setYRange(0, max(1, len(shown)), padding=0)
        self.row_plot.getAxis("left").setTicks(
            [[(top + 0.5, row_title(row.id)) for top, row in enumerate(shown)]]
        )
        end_s = (data.end_ns - zero) / 1e9
        margin = max(1.0, 0.02 * end_s)
        self.row_plot.getViewBox().setLimits(xMin=-margin, xMax=max(end_s, _LEAST_S) + margin)

    def _show_row(self, row: str, shown: bool) -> None:
        self._hidden.discard(row) if shown else self._hidden.add(row)
        preferences.settings().setValue("timeline/hidden", sorted(self._hidden))
        self._show_signals()
        if self.timeline is not None:
            self._fill()

    def _show_signals(self) -> None:
        em, layout = self.fontMetrics().height(), self.canvas.ci.layout
        for number, (row, plot) in enumerate(zip(_SIGNALS, (self.x_plot, self.y_plot), strict=True)):
            shown = row not in self._hidden
            plot.setVisible(shown)
            layout.setRowPreferredHeight(number, 2 * em if shown else 0)
            layout.setRowMaximumHeight(number, 5 * em if shown else 0)

    def _on_selected(self, kind: str, item_id: str) -> None:
        if kind == "recording" and item_id != self._recording_id:
            self.open(item_id)

    def _on_changed(self, kind: str) -> None:
        if kind in _KINDS and self._recording_id:
            self._soon.start(0)

    def _read_again(self) -> None:
        if self._recording_id:
            self.open(self._recording_id)

    def _on_read(self, number: int, timeline: Any) -> None:
        if number == self._reading.newest:
            self.show_timeline(timeline)

    def _on_not_read(self, number: int, error: Exception) -> None:
        if number == self._reading.newest:
            self.empty.setText(error_text(error))
            self._stack.setCurrentWidget(self.empty)

    def _on_playhead(self, recording_id: str, t_ns: int) -> None:
        self._playhead = (recording_id, t_ns)
        if self.timeline is None or recording_id != self.timeline.recording_id:
            return
        at_s = (t_ns - self._zero_ns) / 1e9
        for head in self._heads:
            head.setValue(at_s)
        rows = (item for _, item in self.items if isinstance(item, IntervalItem))
        self.note.setText(self._words_at(at_s, rows))
        left, right = self.range_s()
        if not left <= at_s <= right and right - left < (self.timeline.end_ns - self._zero_ns) / 1e9:
            width = right - left
            self.set_range(at_s - 0.1 * width, at_s + 0.9 * width)

    def _time_at(self, scene_point: QPointF) -> float:
        return float(self.row_plot.getViewBox().mapSceneToView(scene_point).x())

    def _bars_at(self, scene_point: QPointF) -> IntervalItem | None:
        if not self.row_plot.getViewBox().sceneBoundingRect().contains(scene_point):
            return None
        y = float(self.row_plot.getViewBox().mapSceneToView(scene_point).y())
        return next(
            (
                item
                for _, item in self.items
                if isinstance(item, IntervalItem) and item.top <= y < item.top + 1
            ),
            None,
        )

    def _snapped(self, t_s: float, rows: Iterable[IntervalItem]) -> float:
        """Return the start of something if it is near, else the time itself."""
        left, right = self.range_s()
        reach = _SNAP_PX * (right - left) / max(1.0, self.row_plot.getViewBox().width())
        edges = [bars.nearest_edge(t_s) for bars in rows]
        near = [edge for edge in edges if abs(edge - t_s) < reach]
        return min(near, key=lambda edge: abs(edge - t_s), default=t_s)

    def _ns(self, t_s: float) -> int:
        return int(self._zero_ns + int(np.ceil(t_s * 1e9)))

    def _on_click(self, event: Any) -> None:
        """Go to a moment; near the start of something, exactly there."""
        if self.timeline is None or event.button() != Qt.MouseButton.LeftButton:
            return
        bars = self._bars_at(event.scenePos())
        t_s = self._snapped(self._time_at(event.scenePos()), [] if bars is None else [bars])
        self._document.moment.emit(self._recording_id, self._ns(t_s))

    def _on_chosen(self, start_s: float, end_s: float, is_final: bool) -> None:
        """Show the stretch that is being chosen; once the button is let go, it is repeated."""
        if self.timeline is None:
            return
        rows = [item for _, item in self.items if isinstance(item, IntervalItem)]
        start_s, end_s = (self._snapped(t_s, rows) for t_s in (start_s, end_s))
        if is_final:
            self._document.loop.emit(self._recording_id, self._ns(start_s), self._ns(end_s))
            return
        for stretch in self._stretches:
            stretch.show_between(start_s, end_s)

    def _show_loop(self, recording_id: str, start_ns: int, end_ns: int) -> None:
        if recording_id == self._recording_id:
            for stretch in self._stretches:
                stretch.show_between(*((t_ns - self._zero_ns) / 1e9 for t_ns in (start_ns, end_ns)))

    def _on_hover(self, point: Any) -> None:
        if self.timeline is None:
            return
        t_s, bars = self._time_at(point), self._bars_at(point)
        self.note.setText(self._words_at(t_s, [] if bars is None else [bars]))

    def _words_at(self, t_s: float, rows: Iterable[IntervalItem]) -> str:
        """Return a time, and what there is in some rows."""
        parts = [clock_text(round(t_s * 1e9))]
        for bars in rows:
            if (at := bars.at(t_s)) >= 0:
                parts.append(f"{bars.labels[int(bars.label[at])]}  {bars.end_s[at] - bars.start_s[at]:.3f} s")
        return "   ".join(parts)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Show where the keyboard is."""
        if event is not None and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw a frame around what has the focus."""
        if self.canvas.hasFocus():
            paint_focus(self)
