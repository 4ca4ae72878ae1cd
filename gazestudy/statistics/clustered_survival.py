"""Kaplan-Meier, restricted mean and log-rank where people bring several times each, by drawing people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.bootstrap import FEWEST_CLUSTERS, cluster_draws, expanded_limits
from gazestudy.statistics.survival import SurvivalCurve, kaplan_meier

Floats = NDArray[np.float64]
_BLOCK = 2_000_000  # numbers per block of draws: memory stays small


@dataclass(frozen=True, slots=True)
class ClusteredSurvival:
    """Time until something happens, with limits that know whose times are whose.

    Attributes
    ----------
    curve : SurvivalCurve
        Kaplan-Meier; its limits by bootstrap over clusters, or on the log-log scale by Greenwood where every
        cluster has one time.
    until : float
        End of the window of the restricted mean, in the unit of the times.
    restricted_mean, restricted_mean_low, restricted_mean_high : float
        Mean time up to `until` with its limits by bootstrap over clusters; NaN where all times end before it
        while the curve is above 0.
    median, median_low, median_high : float
        Smallest time at which half have shown it; NaN where that is not reached.
    observations, events, clusters : int
        Times, those that were not censored, and clusters.
    method : str
        How the limits of the curve were made.
    """

    curve: SurvivalCurve
    until: float
    restricted_mean: float
    restricted_mean_low: float
    restricted_mean_high: float
    median: float
    median_low: float
    median_high: float
    observations: int
    events: int
    clusters: int
    method: str


def clustered_survival(
    time: ArrayLike,
    happened: ArrayLike,
    clusters: ArrayLike,
    *,
    until: float | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> ClusteredSurvival:
    """Return the Kaplan-Meier curve, restricted mean and median with limits over clusters.

    Parameters
    ----------
    time : (n,) array
        Time until it happened or the observation ended, 0 or more.
    happened : (n,) bool array
        Whether it happened; False is censored.
    clusters : (n,) array
        Whose time it is.
    until : float, optional
        Window of the restricted mean; None: `usual_window`.
    draws : int
        Bootstrap draws.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ClusteredSurvival
        Limits by bootstrap are NaN with fewer than five clusters.

    Raises
    ------
    ParameterError
        As `kaplan_meier`.

    Examples
    --------
    >>> time, seen = [1.2, 3.4, 5, 5, 8, 8, 2.2, 0.7], [1, 1, 0, 1, 0, 0, 1, 1]
    >>> found = clustered_survival(time, seen, list("aabbccdd"), until=8, rng=np.random.default_rng(0))
    >>> round(found.restricted_mean, 4), found.median, found.clusters
    (4.5625, 3.4, 4)
    """
    curve = kaplan_meier(time, happened, level=level)
    window = usual_window(time) if until is None else float(until)
    counts = _Counts.of(time, happened, clusters)
    curve_draws, means, medians = _drawn(counts, window, draws, rng)
    single = bool(np.all(counts.at_risk[:, 0] == 1))
    method = "log-log, Greenwood, one time each"
    if not single:
        low, high = expanded_limits(curve_draws, counts.clusters, level=level)
        curve, method = replace(curve, low=low, high=high), "bootstrap over people"
    mean = _mean_within(curve, window)
    mean_low, mean_high = expanded_limits(means, counts.clusters, level=level)
    if np.isnan(mean):
        mean_low = mean_high = np.full((), np.nan)
    median_low, median_high = _median_limits(medians, counts.clusters, level)
    return ClusteredSurvival(
        curve,
        window,
        mean,
        float(mean_low),
        float(mean_high),
        curve.median,
        median_low,
        median_high,
        int(counts.at_risk[:, 0].sum()),
        int(counts.events.sum()),
        counts.clusters,
        method,
    )


def usual_window(*times: ArrayLike) -> float:
    """Return a window in which the groups still have a tenth of their times at risk.

    Parameters
    ----------
    *times : (n,) arrays
        Times of each group that is compared.

    Returns
    -------
    float
        The smaller 90 % point of two groups, the median one of more: beyond it a curve rests on few. 1
        where no time is above 0.
    """
    points = [float(np.quantile(np.asarray(group, dtype=float), 0.9, method="lower")) for group in times]
    above = sorted(point for point in points if point > 0)
    if not above:
        return 1.0
    return above[0] if len(above) <= 2 else above[(len(above) - 1) // 2]


def _mean_within(curve: SurvivalCurve, until: float) -> float:
    reached = until <= curve.time[-1] or curve.survival[-1] <= 0
    return curve.restricted_mean(until) if reached else float("nan")


def restricted_mean_difference(
    a: tuple[ArrayLike, ArrayLike, ArrayLike],
    b: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    until: float | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[float, float, float, float]:
    """Return the difference of restricted means, a minus b, drawing people with all they brought.

    Parameters
    ----------
    a, b : tuple of three arrays
        Times, whether it happened, and whose they are; the same label in both is the same person.
    until : float, optional
        Common window; None: `usual_window` of both.
    draws : int
        Bootstrap draws.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    tuple of float
        Difference, lower limit, upper limit, window. Limits are NaN with fewer than five people in a group,
        all but the window where a group ends before it.
    """
    window = usual_window(a[0], b[0]) if until is None else float(until)
    means = [_mean_within(kaplan_meier(time, seen), window) for time, seen, _ in (a, b)]
    value = means[0] - means[1]
    groups = [_Counts.of(*group) for group in (a, b)]
    if min(group.clusters for group in groups) < FEWEST_CLUSTERS or np.isnan(value):
        return value, float("nan"), float("nan"), window
    shared = len(np.intersect1d(groups[0].people, groups[1].people))
    if shared:
        everybody = np.union1d(groups[0].people, groups[1].people)
        weights = cluster_draws(len(everybody), draws=draws, rng=rng)
        picks = [weights[:, np.searchsorted(everybody, group.people)] for group in groups]
    else:
        picks = [cluster_draws(group.clusters, draws=draws, rng=rng) for group in groups]
    drawn = [_statistics(group, window, pick)[1] for group, pick in zip(groups, picks, strict=True)]
    fewest = min(group.clusters for group in groups)
    low, high = expanded_limits(drawn[0] - drawn[1], fewest, level=level)
    return value, float(low), float(high), window


def clustered_log_rank(
    time: ArrayLike, happened: ArrayLike, in_a: ArrayLike, clusters: ArrayLike
) -> tuple[float, float]:
    """Return z and the two-sided p-value that two groups have the same curve, for clustered times.

    Parameters
    ----------
    time, happened : (n,) arrays
        Times of both groups as for `kaplan_meier`.
    in_a : (n,) bool array
        Whether a time belongs to group a; the rest is group b.
    clusters : (n,) array
        Whose time it is; a person may be in both groups.

    Returns
    -------
    tuple of float
        z above 0 where it happens earlier in group a, and p by t with clusters − 1 degrees of freedom. NaN
        with fewer than two clusters or where nothing happened.

    Notes
    -----
    Score test of the Cox model at no effect: U = Σ (observed − expected in a) as in the log-rank test, with
    the variance N / (N − 1) · Σ (Uᵢ − Ū)² of its contributions over clusters. The contribution of a time is
    d (a − ā(t)) − Σ_{s ≤ t} (a − ā(s)) dN(s) / Y(s), with ā the share of group a among those at risk.

    References
    ----------
    Lin and Wei (1989), doi:10.1080/01621459.1989.10478874; Lee, Wei and Amato (1992),
    doi:10.1007/978-94-015-7983-4_14.

    Examples
    --------
    >>> z, p = clustered_log_rank([1, 2, 3, 7, 8, 9], [1] * 6, [1, 1, 1, 0, 0, 0], range(6))
    >>> z > 0, p < 0.1
    (True, True)
    """
    from scipy import stats

    t, event = np.asarray(time, dtype=float).ravel(), np.asarray(happened, dtype=bool).ravel()
    a = np.asarray(in_a, dtype=float).ravel()
    people = pd.factorize(np.asarray(clusters, dtype=object).ravel())[0]
    if not len(t) == len(event) == len(a) == len(people):
        raise ParameterError("time", len(t), "as many as happened, in_a and clusters")
    moments = np.unique(t[event])
    n = int(people.max(initial=-1)) + 1
    if n < 2 or not len(moments):
        return float("nan"), float("nan")
    order = np.sort(t)
    at_risk = len(t) - np.searchsorted(order, moments)
    at_risk_a = np.count_nonzero(a) - np.searchsorted(np.sort(t[a > 0]), moments)
    share = at_risk_a / at_risk
    hazard = np.bincount(np.searchsorted(moments, t[event]), minlength=len(moments)) / at_risk
    summed, summed_a = (np.concatenate([[0.0], np.cumsum(x)]) for x in (hazard, share * hazard))
    last = np.searchsorted(moments, t, side="right")
    own = np.where(event, a - share[np.minimum(np.searchsorted(moments, t), len(moments) - 1)], 0.0)
    parts = np.bincount(people, own - (a * summed[last] - summed_a[last]), minlength=n)
    score = float(parts.sum())
    variance = n / (n - 1) * float(((parts - parts.mean()) ** 2).sum())
    if variance <= 0:
        return float("nan"), float("nan")
    z = score / np.sqrt(variance)
    return float(z), float(2 * stats.t.sf(abs(z), n - 1))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Per cluster and distinct time: times at risk just before, and events."""

    people: NDArray[np.object_]
    time: Floats
    at_risk: Floats
    events: Floats

    @classmethod
    def of(cls, time: ArrayLike, happened: ArrayLike, clusters: ArrayLike) -> _Counts:
        t, event = np.asarray(time, dtype=float).ravel(), np.asarray(happened, dtype=bool).ravel()
        people, codes = np.unique(np.asarray(clusters).astype(str).ravel(), return_inverse=True)
        if not len(t) == len(event) == len(codes):
            raise ParameterError("clusters", len(codes), f"one per time ({len(t)})")
        grid, where = np.unique(t, return_inverse=True)
        ends = np.zeros((len(people), len(grid)))
        events = np.zeros_like(ends)
        np.add.at(ends, (codes, where), 1)
        np.add.at(events, (codes, where), event)
        return cls(people, grid, ends[:, ::-1].cumsum(axis=1)[:, ::-1], events)

    @property
    def clusters(self) -> int:
        return len(self.people)


def _drawn(
    counts: _Counts, window: float, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    if counts.clusters < FEWEST_CLUSTERS:
        nothing = np.full((1, len(counts.time)), np.nan)
        return nothing, np.full(1, np.nan), np.full(1, np.nan)
    return _statistics(counts, window, cluster_draws(counts.clusters, draws=draws, rng=rng))


def _statistics(counts: _Counts, window: float, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return curve, restricted mean and median of each draw."""
    block = max(1, _BLOCK // max(len(counts.time), 1))
    curves, means, medians = [], [], []
    widths = _widths(counts.time, window)
    for start in range(0, len(weights), block):
        part = weights[start : start + block]
        at_risk = part @ counts.at_risk
        curve = np.cumprod(1 - (part @ counts.events) / np.where(at_risk > 0, at_risk, np.inf), axis=1)
        before = np.concatenate([np.ones((len(part), 1)), curve], axis=1)
        curves.append(curve)
        means.append(before @ widths)
        below = curve <= 0.5 + 1e-9
        medians.append(np.where(below.any(axis=1), counts.time[below.argmax(axis=1)], np.inf))
    return np.concatenate(curves), np.concatenate(means), np.concatenate(medians)


def _widths(time: Floats, until: float) -> Floats:
    """Return how long the curve stands at each of its levels before `until`."""
    edges = np.minimum(np.concatenate([[0.0], time, [until]]), until)
    return np.asarray(np.maximum(np.diff(edges), 0.0))


def _median_limits(medians: Floats, clusters: int, level: float) -> tuple[float, float]:
    """Draws that never reach the half count as later than all others."""
    if clusters < FEWEST_CLUSTERS:
        return float("nan"), float("nan")
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    nan = float("nan")
    return float(low) if np.isfinite(low) else nan, float(high) if np.isfinite(high) else nan
