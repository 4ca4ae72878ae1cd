"""Comparing two shares, and keeping many comparisons honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError


def share_difference(
    count_a: int, n_a: int, count_b: int, n_b: int, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the difference of two independent shares, a minus b, with Newcombe's hybrid score interval.

    Parameters
    ----------
    count_a, n_a, count_b, n_b : int
        How many of how many in each group; one observation per person.
    level : float
        Confidence.

    Returns
    -------
    tuple of float
        Difference, lower limit, upper limit.

    References
    ----------
    Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Examples
    --------
    >>> [round(number, 4) for number in share_difference(15, 50, 10, 50)]
    [0.1, -0.0699, 0.263]
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    for count, n in ((count_a, n_a), (count_b, n_b)):
        if not 0 <= count <= n or n == 0:
            raise ParameterError("count", count, f"0 to {n}, of at least one")
    low, high = confint_proportions_2indep(count_a, n_a, count_b, n_b, method="newcomb", alpha=1 - level)
    return count_a / n_a - count_b / n_b, float(low), float(high)


@dataclass(frozen=True, slots=True)
class RatioOfRates:
    """Two rates of different clusters, one over the other.

    Attributes
    ----------
    rate_a, rate_b : float
        Ratios of sums.
    ratio, low, high : float
        rate_a / rate_b with its interval; NaN where it cannot be had.
    p_value : float
        Two-sided, that the rates are the same.
    clusters_a, clusters_b : int
        Clusters with a denominator above 0.
    """

    rate_a: float
    rate_b: float
    ratio: float
    low: float
    high: float
    p_value: float
    clusters_a: int
    clusters_b: int


def compare_clustered(
    counts_a: ArrayLike,
    sizes_a: ArrayLike,
    counts_b: ArrayLike,
    sizes_b: ArrayLike,
    *,
    level: float = 0.95,
) -> RatioOfRates:
    """Compare the rates of two groups whose observations come in clusters, such as sessions of two dayparts.

    Parameters
    ----------
    counts_a, counts_b : (N,) arrays
        Numerator per cluster, 0 or more.
    sizes_a, sizes_b : (N,) arrays
        Denominator per cluster; clusters with 0 are left out.
    level : float
        Confidence.

    Returns
    -------
    RatioOfRates
        Without interval where a group has fewer than two clusters or nothing counted.

    Notes
    -----
    t interval on the logarithm of the ratio, the variance between clusters from each group by itself, degrees
    of freedom by Satterthwaite.

    Examples
    --------
    >>> found = compare_clustered([30, 34, 26], [100, 100, 100], [14, 10, 18], [100, 100, 100])
    >>> round(found.ratio, 2), found.low > 1, found.p_value < 0.05
    (2.14, True, True)
    """
    from scipy import stats

    groups = [_log_rate(counts_a, sizes_a), _log_rate(counts_b, sizes_b)]
    (rate_a, var_a, n_a), (rate_b, var_b, n_b) = groups
    nan = float("nan")
    variance = var_a + var_b
    if not variance > 0:
        ratio = rate_a / rate_b if rate_b > 0 else nan
        return RatioOfRates(rate_a, rate_b, ratio, nan, nan, nan, n_a, n_b)
    freedom = variance**2 / (var_a**2 / (n_a - 1) + var_b**2 / (n_b - 1))
    shift, error = float(np.log(rate_a / rate_b)), float(np.sqrt(variance))
    wide = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    p_value = float(2 * stats.t.sf(abs(shift) / error, freedom))
    low, high = float(np.exp(shift - wide)), float(np.exp(shift + wide))
    return RatioOfRates(rate_a, rate_b, float(np.exp(shift)), low, high, p_value, n_a, n_b)


def _log_rate(counts: ArrayLike, sizes: ArrayLike) -> tuple[float, float, int]:
    """Return a rate, the variance of its logarithm between clusters (NaN where unknown), and clusters."""
    y, x = np.asarray(counts, dtype=float), np.asarray(sizes, dtype=float)
    if y.shape != x.shape or np.any(y < 0) or np.any(x < 0):
        raise ParameterError("counts, sizes", (y.shape, x.shape), "as many, 0 or more")
    y, x = y[x > 0], x[x > 0]
    n = len(x)
    rate = float(y.sum() / x.sum()) if n else float("nan")
    if n < 2 or not rate > 0:
        return rate, float("nan"), n
    return rate, n / (n - 1) * float(((y - rate * x) ** 2).sum()) / float(y.sum()) ** 2, n


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value that two paired shares are equal.

    Parameters
    ----------
    only_first, only_second : int
        Pairs in which only the first (only the second) happened.

    Returns
    -------
    float
        1 where there is no such pair.

    References
    ----------
    McNemar (1947), doi:10.1007/BF02295996.

    Examples
    --------
    >>> mcnemar_exact(1, 9)
    0.021484375
    """
    from scipy.stats import binomtest

    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted by Holm's steps: for comparisons declared before the data were seen.

    Parameters
    ----------
    p_values : (n,) array
        Between 0 and 1; NaN (a comparison that could not be made) stays NaN and does not count.

    Returns
    -------
    (n,) float array

    References
    ----------
    Holm (1979), https://www.jstor.org/stable/4615733.

    Examples
    --------
    >>> holm([0.01, 0.02, 0.03, 0.2]).round(4).tolist()
    [0.04, 0.06, 0.06, 0.2]
    """
    from statsmodels.stats.multitest import multipletests

    p, known = _p_values(p_values)
    if known.any():
        p[known] = multipletests(p[known], method="holm")[1]
    return p


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for the false discovery rate: for exploratory tables, marked as such.

    Parameters
    ----------
    p_values : (n,) array
        Between 0 and 1; NaN stays NaN and does not count.

    Returns
    -------
    (n,) float array

    References
    ----------
    Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, 0.03, 0.2]).round(4).tolist()
    [0.04, 0.04, 0.04, 0.2]
    """
    from scipy.stats import false_discovery_control

    p, known = _p_values(p_values)
    if known.any():
        p[known] = false_discovery_control(p[known])
    return p


def _p_values(p_values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    p = np.array(p_values, dtype=float)
    known = ~np.isnan(p)
    if np.any((p[known] < 0) | (p[known] > 1)):
        raise ParameterError("p_values", p_values, "between 0 and 1")
    return p, known
