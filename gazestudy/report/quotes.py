"""What people said about a placement, word for word, with where in their recording it belongs."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pandas as pd

from gazestudy.model.interview import QUESTION_BANK
from gazestudy.report.structure import Quote

_MOST = 8
_QUOTED = ("ur_any", "ur_msg", "rta", "comp")
"""Questions whose answers say something about an advertisement in the person's own words, best first."""

_ANSWERED = {
    "longest visit": "looked at it longest",
    "longest exposure": "had it in view longest, without a look",
}
"""An answer has no time of its own; it is given that of the longest visit or exposure."""

_NEAR = {"fixation": "a look at it", "visit": "a look at it", "exposure": "it being in view, without a look"}


def quotes_of(table: pd.DataFrame, placement_id: str) -> tuple[Quote, ...]:
    """Return quotes about a placement: coded passages first, then free answers.

    Parameters
    ----------
    table : DataFrame
        Columns of `gazestudy.memory.quotes.QUOTE_COLUMNS`, and `clock_s`: the moment in seconds after the
        first scene frame, NaN where it has none.
    placement_id : str
        Which placement.

    Returns
    -------
    tuple of Quote
        The first eight.
    """
    here = _widest(table[table["placement_id"] == placement_id])
    rows = cast("list[dict[str, Any]]", here.to_dict("records"))
    ranked = []
    for row in rows:
        theme, said = str(row["theme"]), " ".join(str(row["quote"]).split())
        coded = theme not in QUESTION_BANK
        if not said or not (coded or theme in _QUOTED):
            continue
        about = theme if coded else f"asked: {QUESTION_BANK[theme].meaning}"
        rank = -1 if coded else _QUOTED.index(theme)
        ranked.append((rank, Quote(said, str(row["participant_id"]) or "somebody", about, _moment(row))))
    once: dict[tuple[str, str], Quote] = {}
    for _, quote in sorted(ranked, key=lambda one: one[0]):
        once.setdefault((quote.speaker, quote.text), quote)
    return tuple(once.values())[:_MOST]


def _widest(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out passages that lie inside of another with the same theme: two coders seldom cut alike."""
    start, end = table["start_char"].to_numpy(), table["end_char"].to_numpy()
    texts = list(zip(table["document_id"], table["theme"], strict=True))
    kept: dict[object, list[int]] = {}
    for row in np.argsort(start - end, kind="stable").tolist():  # the longest first
        wider = kept.setdefault(texts[row] if texts[row][0] else row, [])
        if not any(start[one] <= start[row] and end[row] <= end[one] for one in wider):
            wider.append(row)
    return table.iloc[sorted(row for rows in kept.values() for row in rows)]


def _moment(row: dict[str, Any]) -> str:
    seconds = float(row.get("clock_s", math.nan))
    if not math.isfinite(seconds):
        return ""
    where = f"{row['recording_id']} at {int(seconds) // 60}:{int(seconds) % 60:02d}"
    if row["t_from"] in _ANSWERED:
        return f"{_ANSWERED[row['t_from']]}: {where}"
    words, near, gap = f"said over {where}", _NEAR.get(str(row["near"])), float(row["gap_s"])
    if near is None or not math.isfinite(gap):
        return words
    if gap == 0:
        return f"{words}, during {near}"
    return f"{words}, {abs(gap):.1f} s {'before' if gap > 0 else 'after'} {near}"
