"""The result of a test-and-control trial: effect, interval and p-value with stations as units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.sample_size import smallest_p

Floats = NDArray[np.float64]

MOST_ARRANGEMENTS = 20_000


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial shows.

    Attributes
    ----------
    effect : float
        Mean change of test stations minus that of control stations (difference in differences), or the
        difference after where there is no period before.
    low, high : float
        t interval with stations as units (Welch); NaN with fewer than two stations in an arm.
    p : float
        Randomisation p-value, two-sided; NaN where no valid test exists.
    p_floor : float
        Smallest one-sided p-value that these numbers of stations can give.
    stations : DataFrame
        station_id, arm, before, after, change.
    test_range, control_range : tuple of float
        Smallest and largest change in each arm.
    arrangements : int
        Ways of assigning stations that were compared.
    statement : str
        What may be said.
    """

    effect: float
    low: float
    high: float
    p: float
    p_floor: float
    stations: pd.DataFrame
    test_range: tuple[float, float]
    control_range: tuple[float, float]
    arrangements: int
    statement: str


def trial_result(
    table: pd.DataFrame, *, level: float = 0.95, rng: np.random.Generator | None = None
) -> TrialResult:
    """Return the effect of a trial.

    Parameters
    ----------
    table : DataFrame
        station_id, arm (test, control), period (before, after), numerator, denominator. `before` may be
        missing for all stations.
    level : float
        Confidence.
    rng : Generator, optional
        Needed where there are more than `MOST_ARRANGEMENTS` ways to assign stations.

    Raises
    ------
    ParameterError
        If columns, arms or periods are not as expected.

    Notes
    -----
    Each station counts once, whatever its number of people. p = share of assignments of the stations to arms
    whose effect is at least as large, the true one among them.

    References
    ----------
    Small, Ten Have and Rosenbaum (2008), doi:10.1198/016214507000000897.

    Examples
    --------
    >>> rows = [("a", "test", "after", 30, 100), ("b", "test", "after", 26, 100),
    ...         ("c", "control", "after", 20, 100), ("d", "control", "after", 22, 100)]
    >>> names = ["station_id", "arm", "period", "numerator", "denominator"]
    >>> found = trial_result(pd.DataFrame(rows, columns=names))
    >>> round(found.effect, 3), found.p, round(found.p_floor, 4)
    (0.07, nan, 0.1667)
    """
    stations = _stations(table)
    change = stations["change"].to_numpy(dtype=float)
    test = (stations["arm"] == "test").to_numpy()
    n_test, n_control = int(test.sum()), int((~test).sum())
    if not n_test or not n_control:
        raise ParameterError("arm", sorted(set(stations["arm"])), "test and control, each with a station")
    effect = float(change[test].mean() - change[~test].mean())
    floor = smallest_p(n_test, n_control)
    low, high = _welch(change[test], change[~test], level)
    valid = floor <= 1 - level
    p, ways = (
        _randomised(change, n_test, effect, rng) if valid else (float("nan"), math.comb(len(change), n_test))
    )
    inside = [(float(change[arm].min()), float(change[arm].max())) for arm in (test, ~test)]
    statement = (
        f"effect {100 * effect:+.1f} percentage points, p = {p:.3g} over {ways} assignments of stations"
        + (f" (two-sided it cannot go below {2 * floor:.3g})" if 2 * floor > 1 - level else "")
        if valid
        else f"no valid test exists with {n_test} and {n_control} stations (p cannot go below 1/{ways}):"
        f" test stations changed by {100 * inside[0][0]:+.1f} to {100 * inside[0][1]:+.1f} percentage points,"
        f" control stations by {100 * inside[1][0]:+.1f} to {100 * inside[1][1]:+.1f}"
    )
    return TrialResult(effect, low, high, p, floor, stations, inside[0], inside[1], ways, statement)


def _stations(table: pd.DataFrame) -> pd.DataFrame:
    wanted = ["station_id", "arm", "period", "numerator", "denominator"]
    missing = [name for name in wanted if name not in table]
    if missing:
        raise ParameterError("table", missing, "columns " + ", ".join(wanted))
    for name, known in (("arm", {"test", "control"}), ("period", {"before", "after"})):
        strange = sorted(set(table[name].astype(str)) - known)
        if strange:
            raise ParameterError(name, strange, " or ".join(sorted(known)))
    if (table["denominator"] <= 0).any() or table.groupby("station_id")["arm"].nunique().gt(1).any():
        raise ParameterError("table", "rows", "denominators above 0, and each station in one arm")
    sums = table.groupby(["station_id", "arm", "period"], observed=True)[["numerator", "denominator"]].sum()
    rates = (sums["numerator"] / sums["denominator"]).unstack("period").reset_index()
    before = rates["before"] if "before" in rates else pd.Series(np.nan, index=rates.index)
    if "after" not in rates or rates["after"].isna().any() or (before.isna().any() and before.notna().any()):
        raise ParameterError("period", "missing", "after for every station, and before for all or none")
    change = rates["after"] - before if before.notna().all() else rates["after"]
    return rates[["station_id", "arm"]].assign(before=before, after=rates["after"], change=change)


def _welch(a: Floats, b: Floats, level: float) -> tuple[float, float]:
    from scipy.stats import ttest_ind

    if min(len(a), len(b)) < 2:
        return float("nan"), float("nan")
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return float(a.mean() - b.mean()), float(a.mean() - b.mean())
    found = ttest_ind(a, b, equal_var=False).confidence_interval(level)
    return float(found.low), float(found.high)


def _randomised(
    change: Floats, n_test: int, effect: float, rng: np.random.Generator | None
) -> tuple[float, int]:
    ways, n = math.comb(len(change), n_test), len(change)
    if ways <= MOST_ARRANGEMENTS:
        sums = np.array([change[list(chosen)].sum() for chosen in combinations(range(n), n_test)])
    elif rng is None:
        raise ParameterError("rng", None, f"a source of randomness: there are {ways} assignments")
    else:
        order = rng.permuted(np.tile(change, (MOST_ARRANGEMENTS - 1, 1)), axis=1)
        sums = order[:, :n_test].sum(axis=1)
    effects = sums / n_test - (change.sum() - sums) / (n - n_test)
    as_large = int(np.count_nonzero(np.abs(effects) >= abs(effect) - 1e-12))
    if ways > MOST_ARRANGEMENTS:  # the true assignment counts as well
        return (as_large + 1) / MOST_ARRANGEMENTS, MOST_ARRANGEMENTS
    return as_large / ways, ways
