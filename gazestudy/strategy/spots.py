"""What one spot of a screen gets, for lengths of spot and loop that are there or might be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazestudy.strategy.digital import mean_present, spot_opportunities
from gazestudy.strategy.sources import case_term, spot_terms
from gazestudy.strategy.terms import Term, draw_terms

SPOT_COLUMNS = (
    "spot_s",
    "loop_s",
    "voice",
    "in_view",
    "in_view_low",
    "in_view_high",
    "opportunities",
    "look",
    "look_low",
    "look_high",
    "exposures",
    "looks",
    "n_participants",
)
"""Columns of a table of spots.

`voice` is the part of all seconds; `in_view` the chance that somebody who has the screen in view meets the
spot for 1 s or more, `opportunities` how often on average; `look` the chance that a look meets it.
Denominators are `exposures` and `looks`.
"""


def spot_table(
    cases: pd.DataFrame, lengths: Sequence[tuple[float, float]], *, level: float = 0.95
) -> pd.DataFrame:
    """Return what a spot gets at given lengths of spot and loop.

    Parameters
    ----------
    cases : DataFrame
        Cases at the screen, with `exposed_s`.
    lengths : sequence of (spot_s, loop_s)
        Lengths, s.
    level : float
        Confidence of the intervals over people.

    Returns
    -------
    DataFrame
        `SPOT_COLUMNS`.
    """
    seen = cases[cases["exposed"].astype(bool)]
    rows = []
    for spot_s, loop_s in lengths:
        terms = {term.name: term for term in spot_terms(cases, spot_s=spot_s, loop_s=loop_s, level=level)}
        in_view, look = terms["spot_in_view"], terms["spot_met"]
        met = spot_opportunities(seen["exposed_s"].to_numpy(dtype=float), spot_s=spot_s, loop_s=loop_s)
        rows.append(
            {
                "spot_s": spot_s,
                "loop_s": loop_s,
                "voice": terms["voice"].value,
                "in_view": in_view.value,
                "in_view_low": in_view.low,
                "in_view_high": in_view.high,
                "opportunities": float(met.mean()) if len(met) else float("nan"),
                "look": look.value,
                "look_low": look.low,
                "look_high": look.high,
                "exposures": int(in_view.denominator),
                "looks": int(look.denominator),
                "n_participants": in_view.n,
            }
        )
    return pd.DataFrame(rows, columns=list(SPOT_COLUMNS))


def average_audience(
    terms: Sequence[Term],
    cases: pd.DataFrame,
    *,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Return how many people have a screen in view at a moment, with its interval.

    Parameters
    ----------
    terms : sequence of Term
        passages_per_min, exposed and clear of the placement in a daypart.
    cases : DataFrame
        Cases at the placement, with `exposed_s`.
    draws : int
        Simulated values.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    value, low, high : float
        NaN where a term is missing.

    Notes
    -----
    Little's law: those who come into view per second, times the mean time in view.
    """
    wanted = [term for term in terms if term.name in ("passages_per_min", "exposed", "clear")]
    nan = float("nan")
    view = case_term("view_s", cases, level=level)
    if len(wanted) < 3 or view is None:
        return nan, nan, nan
    used = [*wanted, view]
    value = mean_present(np.prod([term.value for term in wanted]) / 60, dwell_s=view.value)
    drawn = draw_terms(used, draws=draws, rng=rng)
    people = (
        mean_present(drawn[:, :3].prod(axis=1) / 60, dwell_s=drawn[:, 3])
        if np.isfinite(drawn).all()
        else None
    )
    if people is None:
        return float(value), nan, nan
    low, high = np.quantile(people, [(1 - level) / 2, (1 + level) / 2])
    return float(value), float(low), float(high)
