"""Light and dark as the system has it: every colour comes from the palette.

Colours that carry meaning are a colour-blind-safe set (Okabe and Ito), and never the only sign.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication

Scheme = Literal["", "light", "dark"]

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
"""Colours of series, Okabe and Ito (2008), https://jfly.uni-koeln.de/color/ ."""

_SCHEMES = {
    "": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


def is_dark() -> bool:
    """Return True if text is brighter than what is behind it."""
    palette = QGuiApplication.palette()
    return (
        palette.color(QPalette.ColorRole.WindowText).lightness()
        > palette.color(QPalette.ColorRole.Window).lightness()
    )


def set_scheme(scheme: Scheme) -> None:
    """Ask for light or dark; empty: as the system has it.

    Light and dark are palettes of our own, whose words can be read everywhere (contrast 4.5 to 1).
    """
    hints = QGuiApplication.styleHints()
    if hints is None:
        return
    hints.setColorScheme(_SCHEMES[scheme])
    QApplication.setPalette(_palette(dark=scheme == "dark") if scheme else QPalette())


def foreground() -> QColor:
    """Return the colour of text and lines."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Text)


def background() -> QColor:
    """Return the colour behind lists and plots."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Base)


def muted() -> QColor:
    """Return a colour for what matters less, with a contrast of at least 4.5 to 1."""
    text, base = foreground(), background()
    return QColor(
        *(round(0.68 * a + 0.32 * b) for a, b in zip(text.getRgb()[:3], base.getRgb()[:3], strict=True))
    )


def series(number: int) -> QColor:
    """Return the colour of one of several things, brighter on dark."""
    colour = QColor(SERIES[number % len(SERIES)])
    return colour.lighter(130) if is_dark() else colour


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the contrast of two colours, 1 to 21.

    Parameters
    ----------
    one, other : sequence of float
        Red, green and blue (sRGB), 0 to 1.

    Notes
    -----
    WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
    """
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _luminance(rgb: Sequence[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def on(colour: QColor) -> QColor:
    """Return black or white, whichever has the higher contrast to a colour."""
    rgb = [part / 255 for part in colour.getRgb()[:3] if part is not None]
    return QColor("black" if contrast(rgb, (0, 0, 0)) > contrast(rgb, (1, 1, 1)) else "white")


def theme_plots() -> None:
    """Give pyqtgraph the colours of the palette."""
    import pyqtgraph

    pyqtgraph.setConfigOptions(
        background=background().name(), foreground=foreground().name(), antialias=False
    )


def _palette(*, dark: bool) -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    window, base, text = ("#2b2b2b", "#1e1e1e", "#f0f0f0") if dark else ("#efefef", "#ffffff", "#1a1a1a")
    for role, name in (
        (roles.Window, window),
        (roles.Base, base),
        (roles.AlternateBase, "#262626" if dark else "#f5f5f5"),
        (roles.ToolTipBase, window),
        (roles.Button, "#3a3a3a" if dark else "#e6e6e6"),
        (roles.Highlight, "#2f65a8" if dark else "#1f5fae"),
        (roles.Link, "#7db4f5" if dark else "#0b57b0"),
        (roles.Accent, "#2f65a8" if dark else "#1f5fae"),
        (roles.Light, "#4a4a4a" if dark else "#ffffff"),
        (roles.Midlight, "#404040" if dark else "#f0f0f0"),
        (roles.Mid, "#202020" if dark else "#b8b8b8"),
        (roles.Dark, "#161616" if dark else "#9f9f9f"),
        (roles.Shadow, "#000000" if dark else "#696969"),
    ):
        palette.setColor(role, QColor(name))
    for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.ToolTipText):
        palette.setColor(role, QColor(text))
    palette.setColor(roles.HighlightedText, QColor("#ffffff"))
    palette.setColor(roles.PlaceholderText, QColor("#a0a0a0" if dark else "#6a6a6a"))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#8a8a8a" if dark else "#8c8c8c"))
    return palette


def theme_plots_if_loaded() -> None:
    """Recolour plots that will be made, where plots are in use at all."""
    if "pyqtgraph" in sys.modules:
        theme_plots()
