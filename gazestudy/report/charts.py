"""Drawings that only a report needs: placements side by side, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gazestudy.report.figures import ACCENT, LINE, PALE, SOFT, drawing
from gazestudy.report.structure import Number, Picture
from gazestudy.report.words import value_text


def shares_chart(
    name: str,
    rows: Sequence[tuple[str, Number]],
    *,
    alt: str,
    caption: str,
    label: str,
    average: float | None = None,
) -> Picture:
    """Return shares with intervals, one below the other.

    Parameters
    ----------
    name : str
        Name of the picture.
    rows : sequence of (str, Number)
        Label and share, from top to bottom.
    alt, caption : str
        For readers.
    label : str
        Below the axis.
    average : float, optional
        Marked by a line, from 0 to 1.

    Returns
    -------
    Picture
    """

    def draw(axes: Any) -> None:
        if average is not None:
            axes.axvline(100 * average, color=LINE, lw=1.2, zorder=0)
        for place, (_, number) in enumerate(reversed(rows)):
            if not number.known:
                axes.text(1, place, "not in view", va="center", color=SOFT, fontsize=8)
                continue
            if number.has_interval:
                axes.plot([100 * number.low, 100 * number.high], [place, place], color=PALE, lw=7, zorder=1)
            axes.plot(100 * number.value, place, "o", color=ACCENT, ms=6, zorder=2, clip_on=False)
            note = f"{value_text(number)}  ({number.numerator:.0f}/{number.denominator:.0f})"
            axes.text(103, place, note, va="center", color=SOFT, fontsize=8)
        axes.set(xlim=(0, 100), ylim=(-0.6, len(rows) - 0.4), xlabel=label)
        axes.set_yticks(range(len(rows)), [shortened(text) for text, _ in reversed(rows)])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])

    text = "".join(text for text, _ in rows)
    size = (5.4, 0.8 + 0.3 * len(rows))
    return drawing(name, draw, alt=alt, caption=caption, text=text, size_in=size)


def shortened(text: str, most: int = 28) -> str:
    """Return a text that fits beside an axis.

    Examples
    --------
    >>> shortened("a very long name of a placement", 12)
    'a very long…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
