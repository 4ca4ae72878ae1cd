"""Looked at against remembered, recall of each placement, and the recall model, drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from gazestudy.model.wording import counted
from gazestudy.plots.style import INK, RULE, SOFT_INK, TEXT_PT, TITLE_PT, axes_or_new, dress, style_for

if TYPE_CHECKING:
    from gazestudy.memory.recall_model import RecallModel
    from gazestudy.memory.two_by_two import TwoByTwo
    from gazestudy.statistics.intervals import Estimate

LOOKED, NOT_LOOKED, FORGOTTEN = "#2a6f97", "#c05a2b", "#e9edf0"
"""Remembered after a look, remembered without one, and not remembered."""

MEMORY_WORDS = {
    "recalled_unaided": "recalled without a cue",
    "recalled_aided": "recalled after a cue",
    "recognised": "recognised",
    "attributed": "given to the right brand",
}
"""Kinds of memory in words, by their column."""

_TERM_WORDS = {
    "log1p_dwell": "dwell, per unit of ln(1 + s)",
    "fixated": "fixated at least once",
    "exposed_10s": "in view, per 10 s",
    "angle_10deg": "visual angle, per 10°",
    "blocked_10pct": "hidden, per 10 points",
    "familiarity": "brand familiarity, per point",
    "prior_exposure": "seen before that day",
}
_GAP = 0.02


def draw_two_by_two(found: TwoByTwo, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw the four cells as areas: width is the share fixated, height the share remembered.

    Parameters
    ----------
    found : TwoByTwo
        From `memory.two_by_two.two_by_two`.
    ax : Axes, optional
        Where to draw; None: a new figure.
    title : str, optional
        Title; None: which kind of memory, of how many.

    Returns
    -------
    Axes
        `figure_bytes(ax.figure)` makes PNG, SVG or PDF of it.

    Notes
    -----
    Remembered without a fixation has a colour of its own and is named also where it is empty.
    """
    words = MEMORY_WORDS.get(found.memory, found.memory)
    people = counted(found.participants, "person", "people")
    usual = f"Looked at and {words}: {counted(found.n, 'case')} of {people}"
    heading = usual if title is None else title
    with style_for(heading):
        axes = axes_or_new(ax, (6.2, 4.6))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        dress(axes)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xticks([])
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylabel(f"{words}, of the cases of the column")
        if found.n == 0:
            axes.text(0.5, 0.5, "nobody was asked", ha="center", va="center", color=SOFT_INK)
        else:
            left = (found.a + found.b) / found.n
            _column(axes, 0.0, left, found.a, found.b, LOOKED, "fixated", found.remembered_if_fixated)
            _column(axes, left, 1.0, found.c, found.d, NOT_LOOKED, "never fixated", found.remembered_if_not)
        if heading:
            axes.set_title(heading, loc="left", color=INK, fontsize=TITLE_PT)
        axes.annotate(
            _in_words(found),
            (0, 0),
            (0, -34),
            xycoords="axes fraction",
            textcoords="offset points",
            va="top",
            color=INK,
            annotation_clip=False,
        )
    return axes


def _column(
    axes: Axes, left: float, right: float, kept: int, lost: int, colour: str, name: str, share: Estimate
) -> None:
    """Draw one column of the table: those that were remembered at the bottom."""
    if kept + lost == 0:
        return
    x, wide = left + _GAP / 2, max(right - left - _GAP, 0.004)
    height = kept / (kept + lost)
    for bottom, size, face in ((0.0, height, colour), (height, 1 - height, FORGOTTEN)):
        axes.add_patch(Rectangle((x, bottom), wide, size, facecolor=face, edgecolor="white", lw=1.2))
    middle = x + wide / 2
    inside = height > 0.09
    axes.annotate(
        f"{kept} remembered",
        (middle, height / 2 if inside else height),
        (0, 0 if inside else 3),
        textcoords="offset points",
        ha="center",
        va="center" if inside else "bottom",
        color="white" if inside else colour,
        weight="bold",
    )
    if height < 0.91:
        axes.text(middle, height + (1 - height) / 2, f"{lost} not", ha="center", va="center", color=SOFT_INK)
    interval = f"{share.value:.0%}"
    if np.isfinite(share.low):
        interval += f" ({share.low:.0%} to {share.high:.0%})"
        axes.plot([right - _GAP] * 2, [share.low, share.high], color=INK, lw=1.2)
        for limit in (share.low, share.high):
            axes.plot([right - _GAP - 0.008, right - _GAP + 0.008], [limit, limit], color=INK, lw=1.2)
    axes.annotate(
        f"{name}\n{interval}",
        (middle, 0),
        (0, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="top",
        color=INK,
        annotation_clip=False,
    )


def _in_words(found: TwoByTwo) -> str:
    risk, odds = found.risk_difference, found.odds_ratio
    kept = found.a + found.c
    lines = [f"{found.c} of {kept} remembered cases were never fixated" if kept else "Nothing was remembered"]
    lines[0] += ": peripheral sight, earlier exposure, a known brand, or a guess." if found.c else "."
    if np.isfinite(risk.difference):
        points = [f"{100 * value:+.0f}" for value in (risk.difference, risk.low, risk.high)]
        limits = f" ({points[1]} to {points[2]})" if np.isfinite(risk.low) else " (no interval)"
        lines.append(f"Remembered if fixated minus if not: {points[0]}{limits} percentage points.")
    if np.isfinite(odds.value):
        ratios = [_short(value) for value in (odds.value, odds.low, odds.high)]
        limits = f" ({ratios[1]} to {ratios[2]})" if np.isfinite(odds.low) else ""
        lines.append(f"Odds ratio {ratios[0]}{limits}, Yule's Q {odds.yule_q:.2f}.")
    if found.not_asked:
        are = "is" if found.not_asked == 1 else "are"
        lines.append(f"{counted(found.not_asked, 'case')} of people who were not asked {are} in no cell.")
    return "\n".join(part for line in lines for part in textwrap.wrap(line, 96))


def _short(ratio: float) -> str:
    """Return a ratio with two digits, without powers of ten."""
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def draw_recall_table(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw for each placement how many remembered it, of those who fixated it and of those who did not.

    Parameters
    ----------
    table : DataFrame
        From `memory.two_by_two.two_by_two_table` by placement_id, of one kind of memory.
    ax : Axes, optional
        Where to draw; None: a new figure.
    labels : mapping of str to str, optional
        Names of placements.
    title : str, optional
        Title; None: which kind of memory.

    Returns
    -------
    Axes
    """
    rows = table.to_dict("records")
    names = [str((labels or {}).get(str(row["placement_id"]), row["placement_id"])) for row in rows]
    kind = str(rows[0]["memory"]) if rows else ""
    words = MEMORY_WORDS.get(kind, kind)
    heading = f"{words[:1].upper()}{words[1:]}, by placement" if title is None else title
    with style_for(heading + "".join(names)):
        axes = axes_or_new(ax, (7.4, 1.3 + 0.42 * max(len(rows), 1)))
        for place, row in enumerate(rows):
            _dot(
                axes, place - 0.14, row, "remembered_if_fixated", (row["a"], row["a"] + row["b"]), LOOKED, "o"
            )
            _dot(
                axes, place + 0.14, row, "remembered_if_not", (row["c"], row["c"] + row["d"]), NOT_LOOKED, "D"
            )
        axes.set(xlim=(-0.01, 1.01), ylim=(max(len(rows), 1) - 0.5, -0.5))
        axes.set_yticks(range(len(rows)), [textwrap.shorten(name, 42, placeholder=" …") for name in names])
        dress(axes)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="x", color=RULE, lw=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{words}, of people who had it in view and were asked; 95 % intervals")
        if heading:
            axes.set_title(heading, loc="left", color=INK, fontsize=TITLE_PT)
        _key(axes)
    return axes


def _dot(
    axes: Axes, y: float, row: Mapping[Any, Any], name: str, of: tuple[int, int], colour: str, marker: str
) -> None:
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    if np.isfinite(low):
        axes.plot([low, high], [y, y], color=colour, lw=1.3, solid_capstyle="butt")
    if np.isfinite(value):
        axes.plot(value, y, marker, color=colour, markersize=4.5)
    axes.annotate(
        f"{of[0]} of {of[1]}",
        (1.0, y),
        (8, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=TEXT_PT - 1,
        annotation_clip=False,
    )


def _key(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=LOOKED, marker="o", lw=1.3, markersize=4.5, label="fixated it"),
        Line2D([], [], color=NOT_LOOKED, marker="D", lw=1.3, markersize=4.5, label="never fixated it"),
    ]
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=TEXT_PT
    )


def draw_recall_model(model: RecallModel, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw the odds ratios of a recall model on a logarithmic scale.

    Parameters
    ----------
    model : RecallModel
        From `memory.recall_model.recall_model`.
    ax : Axes, optional
        Where to draw; None: a new figure.
    title : str, optional
        Title; None: which kind of memory, of how many.

    Returns
    -------
    Axes
    """
    rows = [row for row in model.table.to_dict("records") if row["term"] != "intercept"]
    words = MEMORY_WORDS.get(model.memory, model.memory)
    people = counted(model.fitted.n_participants, "person", "people")
    usual = f"What goes with being {words}: {counted(model.cases, 'case')}, {people}"
    heading = usual if title is None else title
    labels = [_TERM_WORDS.get(str(row["term"]), str(row["term"])) for row in rows]
    foot = "".join(f"\n{line}" for doubt in model.doubts for line in textwrap.wrap(doubt, 100))
    with style_for(heading + "".join(labels) + foot):
        axes = axes_or_new(ax, (7.4, 1.5 + 0.34 * len(rows) + 0.16 * foot.count("\n")))
        axes.set_xscale("log")
        axes.axvline(1.0, color=SOFT_INK, lw=0.8, ls=(0, (4, 2)))
        for place, row in enumerate(rows):
            low, high = max(float(row["low"]), 1e-3), min(float(row["high"]), 1e3)
            axes.plot([low, high], [place, place], color=LOOKED, lw=1.4, solid_capstyle="butt")
            axes.plot(float(row["effect"]), place, "o", color=LOOKED, markersize=4.5)
            axes.annotate(
                f"{row['effect']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
                (1.0, place),
                (8, 0),
                xycoords=axes.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                color=INK,
                annotation_clip=False,
            )
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), labels)
        dress(axes)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(axis="x", color=RULE, lw=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel("odds ratio with 95 % interval; above 1 goes with remembering" + foot)
        if heading:
            axes.set_title(heading, loc="left", color=INK, fontsize=TITLE_PT)
    return axes
