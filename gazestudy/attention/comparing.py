"""Segments and dayparts against each other: few comparisons declared beforehand, all others exploratory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.attention.first_looks import compare_first_looks, looks_of_cases
from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.groups import require_columns

MEASURES = {
    "notice_rate": "share of cases in view with at least one fixation",
    "mean_dwell_s": "mean dwell of cases in view, 0 where not noticed",
    "median_dwell_noticed_s": "median dwell of noticed cases",
    "first_look_s": "restricted mean of the time in view before the first fixation, censored where none came",
}
"""What can be compared, besides any column of 0 and 1 of the cases, such as recalled_unaided."""

COMPARISON_COLUMNS = (
    "measure",
    "by",
    "a",
    "b",
    "placement_id",
    "value_a",
    "value_b",
    "difference",
    "low",
    "high",
    "p_value",
    "p_adjusted",
    "n_a",
    "n_b",
    "participants_a",
    "participants_b",
    "participants_both",
    "family",
    "method",
)
"""Columns of a table of comparisons. `difference` is a minus b; the interval is not adjusted."""

DECLARED = "declared: Holm"
EXPLORATORY = "exploratory: Benjamini-Hochberg"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared with what.

    Attributes
    ----------
    measure : str
        One of `MEASURES`, or a column of 0 and 1.
    by : str
        Column that tells the groups apart, such as segment or daypart.
    a, b : str
        Its two values.
    placement_id : str
        Only this placement; empty: all together.
    """

    measure: str
    by: str
    a: str
    b: str
    placement_id: str = ""


def compare_declared(
    cases: pd.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    looks: pd.DataFrame | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Make the comparisons that were written down before the data were seen, with Holm's correction.

    Parameters
    ----------
    cases : DataFrame
        One row per participant, placement and value of what is compared by: participant_id, placement_id,
        fixated, dwell_s, and the columns of the comparisons. From `exposed_cases`, or contract
        `MEMORY_CASES`.
    comparisons : sequence of Comparison
        All that were declared, also those that cannot be made.
    looks : DataFrame, optional
        For `first_look_s`: from `looks_of_recordings` or `looks_of_exposures`; None: from the ttff_s of the
        cases.
    draws : int
        Bootstrap draws of participants.
    level : float
        Confidence of each interval.
    rng : Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        One row per comparison, columns `COMPARISON_COLUMNS`. Where a comparison cannot be made, `method`
        says why; it does not count in the correction.

    Raises
    ------
    ParameterError
        If a column or measure does not exist, or a comparison is there twice.
    """
    from gazestudy.statistics.comparisons import holm

    if len(set(comparisons)) < len(comparisons):
        raise ParameterError("comparisons", len(comparisons), "each of them once")
    return _compared(cases, comparisons, looks, DECLARED, holm, draws=draws, level=level, rng=rng)


def explore(
    cases: pd.DataFrame,
    by: str,
    *,
    measures: Sequence[str] = ("notice_rate", "mean_dwell_s"),
    per_placement: bool = True,
    looks: pd.DataFrame | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare everything with everything, with Benjamini and Hochberg's correction.

    Parameters
    ----------
    cases, looks, draws, level, rng
        As for `compare_declared`.
    by : str
        Column that tells the groups apart.
    measures : sequence of str
        What is compared.
    per_placement : bool
        Each placement by itself besides all together.

    Returns
    -------
    DataFrame
        As `compare_declared`, all rows marked as exploratory: they say what to look at in the next study.
    """
    from gazestudy.statistics.comparisons import benjamini_hochberg

    require_columns(cases, [by, "placement_id"])
    groups = [str(value) for value in pd.unique(cases[by].dropna())]
    places = ["", *pd.unique(cases["placement_id"])] if per_placement else [""]
    wanted = [
        Comparison(measure, by, a, b, place)
        for measure in measures
        for place in places
        for a, b in itertools.combinations(groups, 2)
    ]
    return _compared(cases, wanted, looks, EXPLORATORY, benjamini_hochberg, draws=draws, level=level, rng=rng)


def _compared(
    cases: pd.DataFrame,
    comparisons: Sequence[Comparison],
    looks: pd.DataFrame | None,
    family: str,
    adjust: Any,
    *,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    options = {"draws": draws, "level": level}
    rows = [_row(cases, looks, wanted, draws, level, rng) for wanted in comparisons]
    table = pd.DataFrame(
        rows, columns=[name for name in COMPARISON_COLUMNS if name not in ("p_adjusted", "family")]
    )
    table["p_adjusted"] = adjust(table["p_value"].to_numpy(dtype=float))
    table["family"] = family
    facts = {"measures": MEASURES, "comparisons_made": int(table["p_value"].notna().sum())}
    return Provenance("attention.comparing", 1, options, facts).attach(table[list(COMPARISON_COLUMNS)])


def _row(
    cases: pd.DataFrame,
    looks: pd.DataFrame | None,
    wanted: Comparison,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    if wanted.measure == "first_look_s":
        source = looks_of_cases(cases) if looks is None else looks
        a, b = _sides(source, wanted)
        found = _first_look(a, b, draws, level, rng)
    else:
        a, b = _sides(cases, wanted)
        found = _measured(a, b, wanted.measure, draws, level, rng)
    return {
        "measure": wanted.measure,
        "by": wanted.by,
        "a": wanted.a,
        "b": wanted.b,
        "placement_id": wanted.placement_id,
        **_sizes((a, b)),
        **found,
    }


def _sides(table: pd.DataFrame, wanted: Comparison) -> tuple[pd.DataFrame, pd.DataFrame]:
    require_columns(table, [wanted.by, "participant_id", "placement_id"])
    rows = table if not wanted.placement_id else table[table["placement_id"] == wanted.placement_id]
    names = rows[wanted.by].astype(str)
    return rows[names == wanted.a], rows[names == wanted.b]


def _measured(
    a: pd.DataFrame, b: pd.DataFrame, measure: str, draws: int, level: float, rng: np.random.Generator
) -> dict[str, Any]:
    from gazestudy.statistics.differences import clustered_mean_difference, clustered_share_difference
    from gazestudy.statistics.durations import median_difference

    column = {"notice_rate": "fixated", "mean_dwell_s": "dwell_s", "median_dwell_noticed_s": "dwell_s"}.get(
        measure, measure
    )
    for side in (a, b):
        require_columns(side, [column])
    if measure == "median_dwell_noticed_s":
        a, b = a[a["fixated"].astype(bool)], b[b["fixated"].astype(bool)]
    sides = [side.dropna(subset=[column]) for side in (a, b)]
    values = [side[column].astype(float) for side in sides]
    people = [side["participant_id"] for side in sides]
    if any(value.empty for value in values):
        return _nothing("no cases in a group")
    if measure == "median_dwell_noticed_s":
        difference, low, high, p_value = median_difference(
            (values[0], people[0]), (values[1], people[1]), draws=draws, level=level, rng=rng
        )
        limits = (difference, low, high, p_value, "bootstrap over people")
        return _cells(float(values[0].median()), float(values[1].median()), *limits, sides)
    how = clustered_mean_difference if measure == "mean_dwell_s" else clustered_share_difference
    found = how(values[0], people[0], values[1], people[1], level=level)
    limits = (found.difference, found.low, found.high, found.p_value, found.method)
    return _cells(found.value_a, found.value_b, *limits, sides)


def _first_look(
    a: pd.DataFrame, b: pd.DataFrame, draws: int, level: float, rng: np.random.Generator
) -> dict[str, Any]:
    from gazestudy.statistics.survival import kaplan_meier

    if a.empty or b.empty:
        return _nothing("no cases in a group")
    found = compare_first_looks(a, b, draws=draws, level=level, rng=rng)
    if not np.isfinite(found.difference_s):
        return _nothing("a group ends before the window")
    means = [kaplan_meier(side["time_s"], side["looked"]).restricted_mean(found.until_s) for side in (a, b)]
    method = f"restricted means up to {found.until_s:.3g} s, bootstrap over people; p by clustered log-rank"
    limits = (found.difference_s, found.low_s, found.high_s, found.p_value, method)
    return _cells(means[0], means[1], *limits, [a, b])


def _cells(
    value_a: float,
    value_b: float,
    difference: float,
    low: float,
    high: float,
    p_value: float,
    method: str,
    sides: Sequence[pd.DataFrame],
) -> dict[str, Any]:
    if not np.isfinite(low) and "bootstrap" in method:
        method = "fewer than five people in a group: no interval by bootstrap"
    return {
        "value_a": value_a,
        "value_b": value_b,
        "difference": difference,
        "low": low,
        "high": high,
        "p_value": p_value,
        "method": method,
        **_sizes(sides),
    }


def _sizes(sides: Sequence[pd.DataFrame]) -> dict[str, int]:
    people = [set(side["participant_id"]) for side in sides]
    return {
        "n_a": len(sides[0]),
        "n_b": len(sides[1]),
        "participants_a": len(people[0]),
        "participants_b": len(people[1]),
        "participants_both": len(people[0] & people[1]),
    }


def _nothing(why: str) -> dict[str, Any]:
    nan = float("nan")
    names = ("value_a", "value_b", "difference", "low", "high", "p_value")
    return {**dict.fromkeys(names, nan), "method": why}
