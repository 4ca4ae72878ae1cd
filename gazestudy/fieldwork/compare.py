"""A figure compared between groups of sessions, such as dayparts, without finding what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.rates import GROUPS, session_sums
from gazestudy.model.fieldwork import FieldLog
from gazestudy.statistics.comparisons import benjamini_hochberg, compare_clustered, holm


def compare_groups(
    log: FieldLog,
    figure: str,
    *,
    by: str = "daypart",
    declared: Sequence[tuple[str, str]] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return a figure of each pair of groups, one over the other, with sessions as clusters.

    Parameters
    ----------
    log : FieldLog
        Observation tables; only sessions of role primary count.
    figure : str
        Name in `FIGURES`.
    by : str
        A session column of `GROUPS`.
    declared : sequence of (str, str), optional
        Pairs that were written down before the data were seen: adjusted by Holm. Without them all pairs are
        compared, adjusted by Benjamini and Hochberg, and called exploratory.
    level : float
        Confidence of each interval by itself.

    Returns
    -------
    DataFrame
        group_a, group_b, value_a, value_b, ratio, low, high, p_value, p_adjusted, sessions_a, sessions_b and
        kind (declared or exploratory). NaN where a group has fewer than two sessions.

    Raises
    ------
    ParameterError
        If the figure, the column or a declared group is not known.
    """
    if by not in GROUPS or by in ("session_id", "placement_id"):
        raise ParameterError("by", by, "a session column such as daypart")
    sums = session_sums(log, figure)
    groups = {str(name): part for name, part in sums.groupby(by, observed=True, sort=True)}
    pairs = list(combinations(groups, 2)) if declared is None else list(declared)
    strangers = sorted({name for pair in pairs for name in pair} - set(groups))
    if strangers:
        raise ParameterError("declared", strangers, "groups with data: " + ", ".join(groups))
    rows = []
    for a, b in pairs:
        first, second = groups[a], groups[b]
        found = compare_clustered(first["part"], first["whole"], second["part"], second["whole"], level=level)
        rows.append(
            {
                "group_a": a,
                "group_b": b,
                "value_a": found.rate_a,
                "value_b": found.rate_b,
                "ratio": found.ratio,
                "low": found.low,
                "high": found.high,
                "p_value": found.p_value,
                "sessions_a": found.clusters_a,
                "sessions_b": found.clusters_b,
            }
        )
    table = pd.DataFrame(rows, columns=_COLUMNS)
    adjusted = (benjamini_hochberg if declared is None else holm)(table["p_value"].astype(float))
    table.insert(8, "p_adjusted", adjusted)
    return table.assign(kind="exploratory" if declared is None else "declared")


_COLUMNS = [
    "group_a",
    "group_b",
    "value_a",
    "value_b",
    "ratio",
    "low",
    "high",
    "p_value",
    "sessions_a",
    "sessions_b",
]
