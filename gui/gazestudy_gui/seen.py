"""What a view computes waits until somebody can see it.

Qt calls a dock visible that lies behind another tab, and only moves it away; so it is asked where things are.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, QTimer
from PyQt6.QtWidgets import QDockWidget, QWidget

_EVENTS = (QEvent.Type.Show, QEvent.Type.Paint, QEvent.Type.Resize)


def can_be_seen(widget: QWidget) -> bool:
    """Return whether some of a widget is on show: not closed, not behind a tab, not scrolled away."""
    area, one, above = widget.rect(), widget, widget.parentWidget()
    while above is not None and not one.isWindow():
        area = area.translated(one.pos()) & above.rect()
        one, above = above, above.parentWidget()
    return widget.isVisible() and not area.isEmpty()


class WhenSeen(QObject):
    """Does something for a widget: now if it can be seen, else once it can.

    Parameters
    ----------
    widget : QWidget
        Who must be seen; the owner.
    does : callable
        What to do; however often it is asked for, it is done once.
    """

    def __init__(self, widget: QWidget, does: Callable[[], object]) -> None:
        super().__init__(widget)
        self._widget, self._does = widget, does
        self._is_owed = False
        self._dock: QDockWidget | None = None
        self._soon = QTimer(self)  # once Qt has moved everything
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._settle)
        widget.installEventFilter(self)

    @property
    def is_owed(self) -> bool:
        """True while it waits for somebody to look."""
        return self._is_owed

    def ask(self) -> None:
        """Do it, or owe it."""
        self._is_owed = True
        self._settle()

    def forget(self) -> None:
        """Owe nothing any more."""
        self._is_owed = False
        self._soon.stop()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Look again when something may have come into sight."""
        if event is not None and event.type() in _EVENTS:
            if event.type() == QEvent.Type.Show:
                self._follow_dock()
            if self._is_owed and not self._soon.isActive():
                self._soon.start(0)
        return False

    def _follow_dock(self) -> None:
        """Hear when the dock comes to the front: nothing that is in it is told."""
        above: QWidget | None = self._widget
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        if isinstance(above, QDockWidget) and above is not self._dock:
            self._dock = above
            above.visibilityChanged.connect(self._on_dock)

    def _on_dock(self, visible: bool) -> None:
        if visible and self._is_owed:
            self._soon.start(0)

    def _settle(self) -> None:
        if self._is_owed and can_be_seen(self._widget):
            self.forget()
            self._does()
