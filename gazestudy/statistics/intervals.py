"""Shares and ratios with honest intervals, for independent observations and for clusters of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Floats = NDArray[np.float64]
ShareMethod = Literal["wilson", "jeffreys", "exact"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with what it was made of and how sure it is.

    Attributes
    ----------
    numerator, denominator : float
        What was divided by what.
    value : float
        Their ratio; NaN where the denominator is 0.
    low, high : float
        Interval at `level`; NaN where the data cannot give one.
    level : float
        Such as 0.95.
    clusters : int
        Independent people or sessions behind it (those with a denominator above 0).
    method : str
        Name of the interval, or why there is none.
    n_effective : float
        Independent observations that the data are worth; NaN where that makes no sense.
    """

    numerator: float
    denominator: float
    value: float
    low: float
    high: float
    level: float
    clusters: int
    method: str
    n_effective: float = float("nan")


def wilson(share: float, n: float, *, z: float) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    Parameters
    ----------
    share : float
        Observed share, 0 to 1.
    n : float
        Observations, may be a fraction (an effective number).
    z : float
        Critical value of the normal or t distribution.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    Notes
    -----
    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), set to exactly 0 and 1 at the ends.

    References
    ----------
    Wilson (1927), doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> [round(limit, 5) for limit in wilson(3 / 40, 40, z=1.959964)]
    [0.02584, 0.19864]
    """
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    low = 0.0 if share <= 0 else float((middle - half) / scale)
    high = 1.0 if share >= 1 else float((middle + half) / scale)
    return low, high


def share_interval(
    count: int, n: int, *, method: ShareMethod = "wilson", level: float = 0.95
) -> tuple[float, float]:
    """Return an interval of a share of independent observations, one per person.

    Parameters
    ----------
    count, n : int
        How many of how many.
    method : {"wilson", "jeffreys", "exact"}
        Score interval; quantiles of Beta(x + 1/2, n − x + 1/2) with limits 0 at x = 0 and 1 at x = n; the
        Clopper-Pearson interval.
    level : float
        Confidence.

    Returns
    -------
    tuple of float
        Lower and upper limit; NaN where n is 0.

    Raises
    ------
    ParameterError
        If count is not between 0 and n.

    References
    ----------
    Brown, Cai and DasGupta (2001), doi:10.1214/ss/1009213286.

    Examples
    --------
    >>> [round(limit, 5) for limit in share_interval(0, 40)]
    [0.0, 0.08762]
    """
    from scipy import stats

    _check_level(level)
    if not 0 <= count <= n:
        raise ParameterError("count", count, f"0 to {n}")
    if n == 0:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    if method == "wilson":
        return wilson(count / n, n, z=float(stats.norm.ppf(1 - tail)))
    shift = 0.5 if method == "jeffreys" else 0.0
    a_low, b_low = count + shift, n - count + (shift or 1.0)
    a_high, b_high = count + (shift or 1.0), n - count + shift
    low = 0.0 if count == 0 else float(stats.beta.ppf(tail, a_low, b_low))
    high = 1.0 if count == n else float(stats.beta.ppf(1 - tail, a_high, b_high))
    return low, high


def clustered_share(
    counts: ArrayLike, trials: ArrayLike, *, strata: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return a share whose observations come in clusters, such as people who meet several placements.

    Parameters
    ----------
    counts : (N,) array
        Numerator per cluster (person or session); fractions are allowed.
    trials : (N,) array
        Denominator per cluster; clusters with 0 are left out.
    strata : (N,) array, optional
        Groups from which clusters were taken on purpose, such as dayparts: what differs between them is no
        uncertainty. Used where every one has two clusters or more.
    level : float
        Confidence.

    Returns
    -------
    Estimate
        With a Wilson interval for the effective number of observations and t with N − 1 degrees of freedom
        (by Satterthwaite where there are strata). With one cluster of more than one observation there is no
        interval.

    Raises
    ------
    ParameterError
        If a count is negative or larger than its trials, or the arrays differ in length.

    Notes
    -----
    v = N / (N − 1) · Σ (xᵢ − p nᵢ)² / (Σ nᵢ)² is the variance of the ratio estimator (with strata the sum
    of this over them, about their means), n_eff = p(1 − p) / v, not more than Σ nᵢ.
    Where nobody or everybody counts, clustering cannot be estimated from the data: Σ nᵢ is taken, and
    `method` says so. Plain Wilson is used where every cluster has one observation.

    The naive interval covers 70 to 85 % instead of 95 % where people meet six or eight placements each; this
    one 94 to 96 % (simulated).

    Examples
    --------
    >>> found = clustered_share([3, 0, 5, 2], [8, 8, 8, 8])
    >>> found.value, round(found.low, 3), round(found.high, 3), found.clusters
    (0.3125, 0.076, 0.716, 4)
    """
    from scipy import stats

    _check_level(level)
    x, n, group = _pairs(counts, trials, strata)
    if np.any(x < 0) or np.any(x > n * (1 + 1e-12)):
        raise ParameterError("counts", counts, "between 0 and the trials of the same cluster")
    total, size = float(n.sum()), len(n)
    if size == 0:
        return _nothing(float(x.sum()), total, level, "no observations")
    share = float(min(x.sum() / total, 1.0))
    if np.all(n == 1):
        low, high = wilson(share, total, z=float(stats.norm.ppf((1 + level) / 2)))
        return Estimate(
            float(x.sum()), total, share, low, high, level, size, "Wilson, one each", n_effective=total
        )
    if size == 1:
        return _nothing(float(x.sum()), total, level, "one cluster: no interval", value=share, clusters=1)
    variance, freedom = _variance_of_sum(x - share * n, group)
    variance /= total**2
    extreme = share in (0.0, 1.0)
    n_effective = total if variance == 0 else min(share * (1 - share) / variance, total)
    low, high = wilson(share, n_effective, z=float(stats.t.ppf((1 + level) / 2, freedom)))
    method = _METHOD_SHARE + (_STRATA if _used(group) else "")
    method += " (clustering cannot be seen at 0 or 100 %)" if extreme else ""
    return Estimate(float(x.sum()), total, share, low, high, level, size, method, n_effective=n_effective)


def clustered_ratio(
    numerators: ArrayLike, denominators: ArrayLike, *, strata: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Return a ratio of sums over clusters, such as people per minute over sessions.

    Parameters
    ----------
    numerators : (N,) array
        Not negative, one per cluster.
    denominators : (N,) array
        Same unit of observation, such as minutes; clusters with 0 are left out.
    strata : (N,) array, optional
        As for `clustered_share`.
    level : float
        Confidence.

    Returns
    -------
    Estimate
        With a t interval on the logarithm, N − 1 degrees of freedom. All numerators 0: the upper limit is the
        exact one for a Poisson count. One cluster: no interval.

    Raises
    ------
    ParameterError
        If a numerator is negative or the arrays differ in length.

    Notes
    -----
    R = Σ yᵢ / Σ xᵢ, v = N / (N − 1) · Σ (yᵢ − R xᵢ)² / (Σ xᵢ)²; limits R exp(± t √v / R). It is the estimate
    of a quasi-Poisson model with the logarithm of xᵢ as offset, with the variance between clusters.

    Examples
    --------
    >>> found = clustered_ratio([60, 80, 100], [10, 10, 10])
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (8.0, 4.3, 14.89)
    """
    from scipy import stats

    _check_level(level)
    y, x, group = _pairs(numerators, denominators, strata)
    if np.any(y < 0):
        raise ParameterError("numerators", numerators, "0 or more")
    top, bottom, size = float(y.sum()), float(x.sum()), len(x)
    if size == 0:
        return _nothing(top, bottom, level, "no observations")
    ratio = top / bottom
    if size == 1:
        return _nothing(top, bottom, level, "one cluster: no interval", value=ratio, clusters=1)
    if top == 0:
        high = float(stats.chi2.ppf((1 + level) / 2, 2)) / 2 / bottom
        return Estimate(top, bottom, 0.0, 0.0, high, level, size, "exact Poisson, nothing counted")
    variance, freedom = _variance_of_sum(y - ratio * x, group)
    spread = float(stats.t.ppf((1 + level) / 2, freedom)) * np.sqrt(variance) / bottom / ratio
    low, high = float(ratio * np.exp(-spread)), float(ratio * np.exp(spread))
    method = _METHOD_RATIO + (_STRATA if _used(group) else "")
    return Estimate(top, bottom, ratio, low, high, level, size, method)


_METHOD_SHARE, _METHOD_RATIO = "Wilson, effective n, t", "ratio of sums, t on log scale"
_STRATA = ", by stratum"


def _used(group: NDArray[np.intp]) -> bool:
    """Whether there are strata, each of two clusters or more."""
    sizes = np.bincount(group)
    return bool(len(sizes) > 1 and sizes.min() >= 2)


def _variance_of_sum(residuals: Floats, group: NDArray[np.intp]) -> tuple[float, float]:
    """Return the variance of the sum of residuals inside strata, and its degrees of freedom."""
    sizes = np.bincount(group)
    if not _used(group):
        group, sizes = np.zeros_like(group), np.array([len(group)])
    means = np.bincount(group, residuals) / sizes
    squares = np.bincount(group, (residuals - means[group]) ** 2)
    parts = sizes / (sizes - 1) * squares
    total = float(parts.sum())
    freedom = (
        total**2 / float((parts**2 / (sizes - 1)).sum()) if total > 0 else float(sizes.sum() - len(sizes))
    )
    return total, freedom


def _pairs(
    numerators: ArrayLike, denominators: ArrayLike, strata: ArrayLike | None
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    y, x = np.asarray(numerators, dtype=float).ravel(), np.asarray(denominators, dtype=float).ravel()
    if y.shape != x.shape:
        raise ParameterError("numerators", y.shape, f"as many as denominators ({len(x)})")
    if not (np.isfinite(y).all() and np.isfinite(x).all()) or np.any(x < 0):
        raise ParameterError("denominators", denominators, "finite numbers, 0 or more")
    keep = x > 0
    labels = np.zeros(len(x)) if strata is None else np.asarray(strata).ravel()
    if len(labels) != len(x):
        raise ParameterError("strata", len(labels), f"one per cluster ({len(x)})")
    return y[keep], x[keep], np.unique(labels[keep], return_inverse=True)[1]


def _nothing(
    top: float, bottom: float, level: float, why: str, *, value: float = float("nan"), clusters: int = 0
) -> Estimate:
    nan = float("nan")
    return Estimate(top, bottom, value, nan, nan, level, clusters, why)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ParameterError("level", level, "between 0 and 1")
