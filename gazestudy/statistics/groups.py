"""Shares of a table by group, each with numerator, denominator and an interval over people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError

if TYPE_CHECKING:
    from gazestudy.statistics.intervals import Estimate

SHARE_COLUMNS = (
    "numerator",
    "denominator",
    "not_asked",
    "n_participants",
    "value",
    "low",
    "high",
    "n_effective",
    "method",
)
"""Columns of a table of shares, after those of its groups."""


def share_by_group(
    table: pd.DataFrame,
    outcome: str,
    *,
    by: Sequence[str] = (),
    cluster: str = "participant_id",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of rows in which something is so, per group, with its interval over people.

    Parameters
    ----------
    table : DataFrame
        One row per observation, such as a participant and a placement: `outcome`, `cluster`, and those of
        `by`.
    outcome : str
        Column of true or false, or 1, 0 and NaN; NaN (not asked, not known) is in no denominator, and
        counted.
    by : sequence of str
        Columns to group by, in their order of appearance; none: everything is one group.
    cluster : str
        Whose observations belong together.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        The columns of `by` and `SHARE_COLUMNS`. `method` says which interval it is, or why there is none:
        plain Wilson where everybody has one observation, else Wilson for the effective number with t.

    Raises
    ------
    ParameterError
        If a column is missing, or the outcome is anything but 0, 1 and NaN.

    Examples
    --------
    >>> met = pd.DataFrame({"participant_id": list("aabbcc"), "noticed": [1, 0, 1, 1, 0, 0]})
    >>> found = share_by_group(met, "noticed")
    >>> found[["numerator", "denominator", "n_participants", "value"]].to_numpy().tolist()
    [[3.0, 6.0, 3.0, 0.5]]
    """
    from gazestudy.statistics.intervals import clustered_share

    require_columns(table, [outcome, cluster, *by])
    values = table[outcome].astype(float)
    if not values.dropna().isin([0.0, 1.0]).all():
        raise ParameterError(outcome, sorted(set(values.dropna()))[:5], "0, 1 or not known")
    rows = []
    for key, part in each_group(table.assign(_value=values), by):
        known = part.dropna(subset=["_value"])
        estimate = clustered_share(*cluster_sums(known["_value"], known[cluster]), level=level)
        rows.append((*key, *_share_cells(estimate, len(part) - len(known))))
    return pd.DataFrame(rows, columns=[*by, *SHARE_COLUMNS])


def cluster_sums(values: pd.Series, clusters: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of the values and the number of rows of each cluster.

    Parameters
    ----------
    values, clusters : Series
        One entry per row.

    Returns
    -------
    sums, sizes : (N,) float arrays
        In order of appearance.
    """
    codes = pd.factorize(clusters)[0]
    return np.bincount(codes, values.to_numpy(dtype=float)), np.bincount(codes).astype(float)


def each_group(table: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Yield the values of each group and its rows, in order of appearance; one group where `by` is empty."""
    if not by:
        yield (), table
        return
    yield from table.groupby(list(by), sort=False, dropna=False, observed=True)


def require_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise a ParameterError that names a column which the table lacks."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise ParameterError(
            "column", missing[0], "a column of the table: " + ", ".join(map(str, table.columns))
        )


def _share_cells(found: Estimate, not_asked: int) -> tuple[Any, ...]:
    return (
        int(found.numerator),
        int(found.denominator),
        not_asked,
        found.clusters,
        found.value,
        found.low,
        found.high,
        found.n_effective,
        found.method,
    )
