"""How figures of results look: one ink, colours that also differ in lightness, fonts for any script."""

from __future__ import annotations

from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazestudy.plots.fonts import families_for

INK, SOFT_INK, RULE = "#1a1a1a", "#5a5a5a", "#d9d9d9"
GROUP_COLOURS = ("#2a6f97", "#c05a2b", "#5b8c3a", "#7a4b94", "#b08900", "#3d3d3d")
"""One per group, apart in hue and lightness, also for the colour-blind; lines differ in dashes too."""

DASHES = ("-", (0, (5, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1, 1)), (0, (9, 3)))
DPI = 200
TEXT_PT, TITLE_PT = 8.0, 10.5


def style_for(text: str) -> Any:
    """Return a context in which a figure with this text is drawn.

    Parameters
    ----------
    text : str
        Everything that comes from the study: names of placements, groups and people's answers.

    Returns
    -------
    context manager
        Of matplotlib settings.
    """
    return rc_context(
        {
            "font.family": families_for(text),
            "font.size": TEXT_PT,
            "axes.unicode_minus": False,
            "axes.edgecolor": SOFT_INK,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.labelcolor": INK,
            "axes.titlesize": TITLE_PT,
            "xtick.color": SOFT_INK,
            "ytick.color": SOFT_INK,
            "text.parse_math": False,
        }
    )


def axes_or_new(ax: Axes | None, size_in: tuple[float, float]) -> Axes:
    """Return the given axes, or those of a new figure that is not connected to any window.

    Parameters
    ----------
    ax : Axes or None
        Axes to draw on.
    size_in : (float, float)
        Width and height of a new figure, inch.
    """
    if ax is not None:
        return ax
    return Figure(figsize=size_in, dpi=DPI, facecolor="white", layout="constrained").add_subplot()


def dress(axes: Axes) -> None:
    """Give axes that somebody else made the look of the figures here, as far as it is set at their making."""
    for name, spine in axes.spines.items():
        spine.set(visible=name in ("left", "bottom"), linewidth=0.6, edgecolor=SOFT_INK)
    axes.tick_params(labelsize=TEXT_PT, colors=SOFT_INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(fontsize=TEXT_PT, color=INK)
