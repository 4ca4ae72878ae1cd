"""Another page in a scroll area, while a field of the page before may be telling what was typed into it."""

from __future__ import annotations

from PyQt6.QtWidgets import QScrollArea, QWidget


def exchange(area: QScrollArea, page: QWidget) -> None:
    """Show another page; the one before goes once its fields have said all they had to say."""
    before = area.takeWidget()
    if before is not None:
        before.hide()
        before.deleteLater()
    area.setWidget(page)
