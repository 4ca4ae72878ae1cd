"""The funnel from exposure to intention as bars with intervals."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from gazestudy.model.wording import counted
from gazestudy.plots.style import INK, RULE, SOFT_INK, TEXT_PT, TITLE_PT, axes_or_new, dress, style_for

if TYPE_CHECKING:
    from gazestudy.attention.funnel import Funnel

RUNG_COLOURS = {"opportunity": "#b9c4cc", "attention": "#2a6f97", "memory": "#c05a2b", "stated": "#8a6f3c"}
"""Colour of each rung of the ladder."""

RUNG_HATCHES = {"opportunity": "", "attention": "///", "memory": "\\\\\\", "stated": "xxx"}
"""Hatch of each rung, for those who cannot tell the colours apart and for paper in grey."""

_WIDE = 58


def draw_funnel(data: Funnel, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw the share of exposed cases that reached each step, with numerator, denominator and interval.

    Parameters
    ----------
    data : Funnel
        From `attention_funnel`.
    ax : Axes, optional
        Where to draw; None: a new figure.
    title : str, optional
        Title; None: the label of the funnel.

    Returns
    -------
    Axes
        `figure_bytes(ax.figure)` makes PNG, SVG or PDF of it.

    Notes
    -----
    Steps are not nested, so a bar may be longer than the one above it.
    """
    rows = data.table.to_dict("records")
    heading = f"From exposure to intention: {data.label}" if title is None else title
    with style_for(heading + "".join(str(row["rule"]) for row in rows)):
        axes = axes_or_new(ax, (7.4, 0.5 + 0.46 * len(rows)))
        for place, row in enumerate(rows):
            _bar(axes, place, row)
        axes.set(xlim=(0, 1.0), ylim=(len(rows) - 0.4, -0.6))
        axes.set_yticks(range(len(rows)), [_label(row) for row in rows])
        dress(axes)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="x", color=RULE, lw=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel(
            f"of exposed cases that were asked"
            f" ({counted(data.n_cases, 'case')}, {counted(data.n_participants, 'person', 'people')})"
        )
        if heading:
            axes.set_title(heading, loc="left", color=INK, fontsize=TITLE_PT)
        _legend(axes, [str(row["rung"]) for row in rows])
    return axes


def _bar(axes: Axes, place: int, row: dict[Any, Any]) -> None:
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    if row["denominator"] == 0:
        axes.text(0.01, place, "nobody was asked", va="center", color=SOFT_INK)
        return
    axes.barh(place, max(value, 0.0), height=0.62, **_look(str(row["rung"])))
    if np.isfinite(low):
        axes.plot(np.clip([low, high], 0, 1), [place, place], color=INK, lw=1.1, solid_capstyle="butt")
        for limit in (low, high):
            axes.plot([np.clip(limit, 0, 1)] * 2, [place - 0.13, place + 0.13], color=INK, lw=1.1)
    interval = f" ({low:.0%} to {high:.0%})" if np.isfinite(low) else ""
    axes.annotate(
        f"{value:.0%}{interval}  {row['numerator']:g}/{row['denominator']:g}",
        (1.0, place),
        (6, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        color=INK,
        annotation_clip=False,
    )


def _look(rung: str) -> dict[str, Any]:
    """Return colour and hatch of a rung."""
    colour = RUNG_COLOURS.get(rung, SOFT_INK)
    hatch = RUNG_HATCHES.get(rung, "..")
    return {"facecolor": colour, "edgecolor": "white", "hatch": hatch, "lw": 0, "alpha": 0.8}


def _label(row: dict[Any, Any]) -> str:
    rule = textwrap.shorten(str(row["rule"]), _WIDE, placeholder=" …")
    return f"{row['step']}\n{rule}"


def _legend(axes: Axes, rungs: list[str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(label=rung, **_look(rung)) for rung in dict.fromkeys(rungs)]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, -0.1),
        ncols=len(handles),
        frameon=False,
        fontsize=TEXT_PT,
        handlelength=2.2,
    )
