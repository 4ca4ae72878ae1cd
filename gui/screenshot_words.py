"""Finds words on a picture that have less room than they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SLACK_PX = 2


def cut_words(window: Any) -> list[str]:
    """Return what is cut in a window: labels, buttons, heads and tabs narrower or lower than their words.

    Parameters
    ----------
    window : QWidget
        On show.

    Returns
    -------
    list of str
        Class, words, what there is and what they need, in logical pixels.
    """
    from PyQt6.QtWidgets import QWidget

    found: list[str] = []
    for widget in [window, *window.findChildren(QWidget)]:
        if widget.isVisible() and not widget.visibleRegion().isEmpty():
            for text, has, needs in _needs(widget):
                if needs > has + _SLACK_PX:
                    found.append(f"{type(widget).__name__}: {text[:70]!r} has {has} px, needs {needs} px")
    return found


def _needs(widget: Any) -> Iterator[tuple[str, int, int]]:
    from PyQt6.QtWidgets import QAbstractButton, QComboBox, QHeaderView, QLabel, QLineEdit, QTabBar

    metrics = widget.fontMetrics()
    if isinstance(widget, QLabel) and widget.text() and not widget.text().startswith("<"):
        if widget.wordWrap():
            yield widget.text(), widget.height(), widget.heightForWidth(widget.width())
        else:
            lines = widget.text().replace("&", "").splitlines()  # of access keys
            widest = max(map(metrics.horizontalAdvance, lines), default=0)
            yield widget.text(), widget.contentsRect().width(), widest
    elif isinstance(widget, QAbstractButton) and widget.text():
        yield widget.text(), widget.width(), widget.minimumSizeHint().width()
    elif isinstance(widget, QComboBox) and widget.currentText():
        arrow = metrics.height()
        yield widget.currentText(), widget.width() - arrow, metrics.horizontalAdvance(widget.currentText())
    elif isinstance(widget, QLineEdit) and not widget.text() and widget.placeholderText():
        yield widget.placeholderText(), widget.width(), metrics.horizontalAdvance(widget.placeholderText())
    elif isinstance(widget, QTabBar):
        for number in range(widget.count()):
            needed = metrics.horizontalAdvance(widget.tabText(number))
            yield widget.tabText(number), widget.tabRect(number).width(), needed
    elif isinstance(widget, QHeaderView) and widget.model() is not None:
        for section in range(widget.count()):
            if not widget.isSectionHidden(section) and widget.sectionSize(section):
                name = str(widget.model().headerData(section, widget.orientation()) or "")
                needed = widget.sectionSizeFromContents(section)
                across = widget.orientation().name == "Horizontal"
                yield name, widget.sectionSize(section), needed.width() if across else needed.height()
