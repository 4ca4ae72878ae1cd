"""Curves of who has not looked yet, with intervals and the numbers still at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import OffsetFrom
from matplotlib.ticker import MaxNLocator, PercentFormatter

from gazestudy.errors import ParameterError
from gazestudy.model.wording import counted
from gazestudy.plots.style import (
    DASHES,
    GROUP_COLOURS,
    INK,
    RULE,
    SOFT_INK,
    TEXT_PT,
    TITLE_PT,
    axes_or_new,
    dress,
    style_for,
)

if TYPE_CHECKING:
    from gazestudy.attention.first_looks import FirstLooks


_ONE_COLUMN, _HALF_WIDE = 2, 46
"""More groups than this have a legend of two columns, if none of its lines is longer than so many letters."""


def draw_survival(
    data: FirstLooks | Mapping[str, FirstLooks],
    ax: Axes | None = None,
    *,
    title: str = "Time to the first fixation",
) -> Axes:
    """Draw the share that has not looked yet against time in view.

    Parameters
    ----------
    data : FirstLooks or mapping of str to FirstLooks
        One group, or up to six by label, from `first_looks`.
    ax : Axes, optional
        Where to draw; None: a new figure.
    title : str
        Title; empty: none.

    Returns
    -------
    Axes
        `figure_bytes(ax.figure)` makes PNG, SVG or PDF of it.

    Raises
    ------
    ParameterError
        For no group, or more than six.

    Notes
    -----
    A tick on a curve is a censored row, a dotted line the end of the window of the restricted means. The rows
    below the axis are those still at risk, each after a piece of its line.
    """
    groups = list(data.values()) if isinstance(data, Mapping) else [data]
    if not 1 <= len(groups) <= len(GROUP_COLOURS):
        raise ParameterError("groups", len(groups), f"1 to {len(GROUP_COLOURS)} curves in one figure")
    with style_for(title + "".join(group.label for group in groups)):
        axes = axes_or_new(ax, (6.4, 3.9 + 0.2 * len(groups)))
        for group, colour, dash in zip(groups, GROUP_COLOURS, DASHES, strict=False):
            _curve(axes, group, colour, dash)
        end = max(float(group.survival.curve.time[-1]) for group in groups)
        window = groups[0].survival.until
        axes.axvline(window, color=SOFT_INK, lw=0.8, ls=":")
        axes.annotate(
            f"window {window:.3g} s", (window, 0.0), (3, 3), textcoords="offset points", color=SOFT_INK
        )
        axes.set(xlim=(0, end * 1.02), ylim=(0, 1.03), ylabel="has not looked yet")
        axes.set_xlabel("time in view, s")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 2.5, 5, 10]))
        axes.grid(axis="y", color=RULE, lw=0.5)
        axes.set_axisbelow(True)
        dress(axes)
        longest = max(len(line) for group in groups for line in _words(group).splitlines())
        columns = 2 if len(groups) > _ONE_COLUMN and longest <= _HALF_WIDE else 1
        lines = 2 * -(-len(groups) // columns)
        axes.legend(
            frameon=False,
            fontsize=TEXT_PT,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            borderpad=0,
            ncols=columns,
        )
        axes.set_title(title, loc="left", color=INK, fontsize=TITLE_PT, pad=8 + 1.5 * TEXT_PT * lines)
        _at_risk(axes, groups)
    return axes


def _curve(axes: Axes, group: FirstLooks, colour: str, dash: Any) -> None:
    found = group.survival
    curve = found.curve
    time = np.concatenate([[0.0], curve.time])
    axes.step(
        time,
        np.concatenate([[1.0], curve.survival]),
        where="post",
        color=colour,
        lw=1.6,
        ls=dash,
        label=_words(group),
    )
    low, high = (np.concatenate([[1.0], limit]) for limit in (curve.low, curve.high))
    known = np.isfinite(low) & np.isfinite(high)
    axes.fill_between(time[known], low[known], high[known], step="post", color=colour, alpha=0.15, lw=0)
    left = np.append(curve.at_risk[1:], 0)
    censored = (curve.at_risk - curve.events - left) > 0
    axes.plot(curve.time[censored], curve.survival[censored], "|", color=colour, ms=5, mew=0.7)


def _words(group: FirstLooks) -> str:
    found = group.survival
    mean = f"mean {found.restricted_mean:.2f} s" if np.isfinite(found.restricted_mean) else "no mean"
    if np.isfinite(found.restricted_mean_low):
        mean += f" ({found.restricted_mean_low:.2f} to {found.restricted_mean_high:.2f})"
    median = f"median {found.median:.2f} s" if np.isfinite(found.median) else "median not reached"
    who = f"{group.label}: {found.events} of {found.observations} looked"
    who += f", {counted(found.clusters, 'person', 'people')}"
    return f"{who}\n{mean}, {median}"


def _at_risk(axes: Axes, groups: Sequence[FirstLooks]) -> None:
    """Write how many are still at risk below the axis, each row after a piece of its curve."""
    ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= axes.get_xlim()[1]]
    axes.set_xticks(ticks)
    below = axes.get_xaxis_transform()
    lines = 3.2  # lines of text between the axis and the first row
    for number, (group, colour, dash) in enumerate(zip(groups, GROUP_COLOURS, DASHES, strict=False)):
        curve = group.survival.curve
        offset = (0.0, -TEXT_PT * (lines + 1.25 * (number + 1)))
        if len(groups) > 1:
            _piece(axes, offset[1] + 0.4 * TEXT_PT, colour, dash)
        for tick in ticks:
            later = np.searchsorted(curve.time, tick, side="left")
            count = int(curve.at_risk[later]) if later < len(curve.time) else 0
            axes.annotate(
                f"{count}",
                (tick, 0),
                offset,
                xycoords=below,
                textcoords="offset points",
                ha="center",
                color=colour,
                fontsize=TEXT_PT - 0.5,
                annotation_clip=False,
            )
    axes.annotate(
        "still at risk",
        (0, 0),
        (-4, -TEXT_PT * lines),
        xycoords=below,
        textcoords="offset points",
        ha="left",
        color=SOFT_INK,
        fontsize=TEXT_PT - 0.5,
        annotation_clip=False,
    )


def _piece(axes: Axes, down_pt: float, colour: str, dash: Any) -> None:
    """Draw a piece of a curve's line left of the axis, so many points below it."""
    end = axes.annotate(
        "",
        (-34, down_pt),
        (-9, down_pt),
        xycoords=OffsetFrom(axes.patch, (0, 0)),
        textcoords=OffsetFrom(axes.patch, (0, 0)),
        arrowprops={"arrowstyle": "-", "color": colour, "lw": 1.6, "ls": dash, "shrinkA": 0, "shrinkB": 0},
        annotation_clip=False,
    )
    end.set_in_layout(False)
