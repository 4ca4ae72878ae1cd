"""Differences of shares and means between two groups whose people may be the same or others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.intervals import clustered_share, wilson

Floats = NDArray[np.float64]
_RARE = 5.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Group a minus group b.

    Attributes
    ----------
    value_a, value_b : float
        Share or mean of each group.
    difference, low, high : float
        value_a − value_b and its interval; NaN where it cannot be had.
    p_value : float
        Two-sided, that there is no difference.
    n_a, n_b : int
        Observations.
    clusters_a, clusters_b, clusters_both : int
        People in each group, and those in both.
    method : str
        Which interval and test, or why there is none.
    """

    value_a: float
    value_b: float
    difference: float
    low: float
    high: float
    p_value: float
    n_a: int
    n_b: int
    clusters_a: int
    clusters_b: int
    clusters_both: int
    method: str


def clustered_share_difference(
    a: ArrayLike, people_a: ArrayLike, b: ArrayLike, people_b: ArrayLike, *, level: float = 0.95
) -> Difference:
    """Return the difference of two shares whose observations come in clusters.

    Parameters
    ----------
    a, b : (n,) arrays of 0 and 1
        Observations of each group.
    people_a, people_b : (n,) arrays
        Whose they are; the same label in both groups is the same person.
    level : float
        Confidence.

    Returns
    -------
    Difference

    Raises
    ------
    ParameterError
        If arrays differ in length or hold anything but 0 and 1.

    Notes
    -----
    d ∓ √((a − l_a)² + (u_b − b)² − 2 r (a − l_a)(u_b − b)) with the limits l, u of `clustered_share` of
    each group and r the correlation of both groups over people, 0 where nobody is in both: Newcombe's
    interval where everybody has one observation. The p-value is the level at which the interval touches 0;
    for one observation each and expected counts below 5 it is Boschloo's exact one.

    References
    ----------
    Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; Zou and Donner
    (2008), doi:10.1002/sim.3095; Boschloo (1970), doi:10.1111/j.1467-9574.1970.tb00104.x.

    Examples
    --------
    >>> looks = [1] * 15 + [0] * 35, [1] * 10 + [0] * 40
    >>> found = clustered_share_difference(looks[0], range(50), looks[1], range(50, 100))
    >>> round(found.low, 4), round(found.high, 4)
    (-0.0699, 0.263)
    """
    first, second = _Group.of(a, people_a), _Group.of(b, people_b)
    if any(
        not np.isin(group.sums, range(int(group.sizes.max(initial=0)) + 1)).all() for group in (first, second)
    ):
        raise ParameterError("observations", "other numbers", "0 and 1 only")
    both = len(np.intersect1d(first.people, second.people))
    if not (first.n and second.n):
        return _none(first, second, both, "no observations in a group")
    if min(len(first.people), len(second.people)) < 2 and not (first.single and second.single):
        return _none(first, second, both, "one person in a group: no interval")
    r = _correlation(first, second) if both else 0.0

    def limits(confidence: float) -> tuple[float, float]:
        low_a, high_a = _share_limits(first, confidence)
        low_b, high_b = _share_limits(second, confidence)
        d = first.value - second.value
        return (
            d - _hypotenuse(first.value - low_a, high_b - second.value, r),
            d + _hypotenuse(high_a - first.value, second.value - low_b, r),
        )

    low, high = limits(level)
    p_value, test = _level_at_zero(limits, first.value - second.value), "p by the same limits"
    if not both and first.single and second.single and _rare(first, second):
        p_value, test = _boschloo(first, second), "p by Boschloo's exact test"
    single = first.single and second.single
    name = "Newcombe" if single and not both else "score limits of both groups, effective n, t"
    return _difference(first, second, both, (low, high), p_value, f"{name}; {test}")


def clustered_mean_difference(
    a: ArrayLike, people_a: ArrayLike, b: ArrayLike, people_b: ArrayLike, *, level: float = 0.95
) -> Difference:
    """Return the difference of two means whose observations come in clusters.

    Parameters
    ----------
    a, b : (n,) arrays
        Observations of each group, finite.
    people_a, people_b : (n,) arrays
        Whose they are; the same label in both groups is the same person.
    level : float
        Confidence.

    Returns
    -------
    Difference

    Notes
    -----
    Each mean is a ratio of sums over people with residuals eᵢ = (Σyᵢ − m nᵢ) / Σn. Where nobody is in both
    groups the variances N / (N − 1) · Σ eᵢ² add, with t by Satterthwaite; else the variance is that of the
    differences of residuals over all people, with t of N − 1. One observation each: Welch's and the paired
    t interval.

    Examples
    --------
    >>> found = clustered_mean_difference([1, 2, 3, 4.0], list("ijkl"), [2, 3, 4, 5.5], list("ijkl"))
    >>> found.difference, round(found.p_value, 4)
    (-1.125, 0.0029)
    """
    from scipy import stats

    first, second = _Group.of(a, people_a), _Group.of(b, people_b)
    both = len(np.intersect1d(first.people, second.people))
    if min(len(first.people), len(second.people)) < 2:
        return _none(first, second, both, "fewer than two people in a group: no interval")
    if both:
        together = _joined(first, second)
        n = len(together)
        variance = n / (n - 1) * float(((together[:, 0] - together[:, 1]) ** 2).sum())
        freedom, method = float(n - 1), "t over people, the same in both groups"
    else:
        parts = [len(g.people) / (len(g.people) - 1) * float((g.residuals**2).sum()) for g in (first, second)]
        variance = sum(parts)
        bottom = parts[0] ** 2 / (len(first.people) - 1) + parts[1] ** 2 / (len(second.people) - 1)
        freedom, method = variance**2 / bottom if bottom > 0 else 1.0, "t over people, Satterthwaite"
    difference, error = first.value - second.value, float(np.sqrt(variance))
    if error == 0:
        return _none(first, second, both, "no variation between people: no interval")
    wide = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    p_value = float(2 * stats.t.sf(abs(difference) / error, freedom))
    return _difference(first, second, both, (difference - wide, difference + wide), p_value, method)


@dataclass(frozen=True, slots=True)
class _Group:
    """Sums and sizes per person."""

    people: NDArray[np.object_]
    sums: Floats
    sizes: Floats

    @classmethod
    def of(cls, values: ArrayLike, people: ArrayLike) -> _Group:
        y, who = np.asarray(values, dtype=float).ravel(), np.asarray(people, dtype=object).ravel()
        if len(y) != len(who):
            raise ParameterError("people", len(who), f"one per observation ({len(y)})")
        if not np.isfinite(y).all():
            raise ParameterError("observations", "NaN or infinite", "finite numbers")
        codes, names = pd.factorize(who)
        return cls(
            np.asarray(names, dtype=object),
            np.bincount(codes, y).astype(float),
            np.bincount(codes).astype(float),
        )

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    @property
    def value(self) -> float:
        return float(self.sums.sum() / self.sizes.sum()) if self.n else float("nan")

    @property
    def single(self) -> bool:
        return bool(np.all(self.sizes == 1))

    @property
    def residuals(self) -> Floats:
        return np.asarray((self.sums - self.value * self.sizes) / self.sizes.sum())


def _share_limits(group: _Group, level: float) -> tuple[float, float]:
    from scipy import stats

    if group.single:
        return wilson(group.value, group.n, z=float(stats.norm.ppf((1 + level) / 2)))
    found = clustered_share(group.sums, group.sizes, level=level)
    return found.low, found.high


def _hypotenuse(x: float, y: float, r: float) -> float:
    return float(np.sqrt(max(x**2 + y**2 - 2 * r * x * y, 0.0)))


def _joined(first: _Group, second: _Group) -> Floats:
    """Return residuals of everybody, (N, 2); 0 where a person is not in a group."""
    table = pd.concat(
        [pd.Series(group.residuals, index=group.people) for group in (first, second)], axis=1
    ).fillna(0.0)
    return table.to_numpy(dtype=float)


def _correlation(first: _Group, second: _Group) -> float:
    a, b = _joined(first, second).T
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / scale) if scale > 0 else 0.0


def _level_at_zero(limits: Callable[[float], tuple[float, float]], difference: float) -> float:
    """Return 1 minus the confidence at which the interval touches 0."""
    from scipy.optimize import brentq

    if difference == 0:
        return 1.0
    side = 0 if difference > 0 else 1
    sign = 1.0 if difference > 0 else -1.0

    def reach(log_p: float) -> float:
        return sign * limits(1 - float(np.exp(log_p)))[side]

    smallest = np.log(1e-9)
    if reach(smallest) > 0:
        return 1e-9
    return float(np.exp(brentq(reach, smallest, np.log(1 - 1e-9), xtol=1e-6)))


def _rare(first: _Group, second: _Group) -> bool:
    total = first.n + second.n
    share = float(first.sums.sum() + second.sums.sum()) / total
    return min(share, 1 - share) * min(first.n, second.n) < _RARE


def _boschloo(first: _Group, second: _Group) -> float:
    from scipy import stats

    hits = [int(first.sums.sum()), int(second.sums.sum())]
    table = [hits, [first.n - hits[0], second.n - hits[1]]]
    return float(stats.boschloo_exact(table).pvalue)


def _difference(
    first: _Group, second: _Group, both: int, limits: tuple[float, float], p_value: float, method: str
) -> Difference:
    return Difference(
        first.value,
        second.value,
        first.value - second.value,
        *limits,
        p_value,
        first.n,
        second.n,
        len(first.people),
        len(second.people),
        both,
        method,
    )


def _none(first: _Group, second: _Group, both: int, why: str) -> Difference:
    nan = float("nan")
    return _difference(first, second, both, (nan, nan), nan, why)
