"""Bootstrap over clusters: people or sessions are drawn with all they brought, never single observations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

FEWEST_CLUSTERS = 5
"""Below this there are no limits by bootstrap: four people have only 35 different draws."""


def cluster_draws(n_clusters: int, *, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each cluster comes in each bootstrap draw.

    Parameters
    ----------
    n_clusters : int
        Clusters, each drawn with the same chance.
    draws : int
        Bootstrap draws, 2000 or more for 95 % limits.
    rng : Generator
        Source of randomness.

    Returns
    -------
    (draws, n_clusters) float array
        Weights; each row sums to `n_clusters`.

    Notes
    -----
    A statistic of sums over clusters needs one matrix product: `weights @ sums`.

    Examples
    --------
    >>> cluster_draws(3, draws=2, rng=np.random.default_rng(0)).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    if n_clusters < 1 or draws < 1:
        raise ParameterError("n_clusters, draws", (n_clusters, draws), "at least one of each")
    return rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=draws).astype(float)


def percentile_limits(
    values: NDArray[np.float64], *, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return percentile limits of bootstrap values along the first axis; draws without a value are left out.

    Parameters
    ----------
    values : (draws, ...) float array
        The statistic in each draw; NaN where it could not be computed.
    level : float
        Confidence.

    Returns
    -------
    low, high : float arrays
        Limits; NaN where fewer than half of the draws have a value.
    """
    tail = (1 - level) / 2
    known = np.isfinite(values)
    low, high = np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    enough = known.sum(axis=0) * 2 > len(values)
    if np.any(enough):
        masked = np.where(known, values, np.nan)[:, enough] if values.ndim > 1 else values[known]
        low[enough], high[enough] = np.nanquantile(masked, [tail, 1 - tail], axis=0)
    return low, high


def expanded_limits(
    values: NDArray[np.float64], n_clusters: int, *, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return percentile limits, set wider by what drawing from few clusters leaves out.

    Parameters
    ----------
    values : (draws, ...) float array
        The statistic in each draw; NaN where it could not be computed.
    n_clusters : int
        Clusters that were drawn from.
    level : float
        Confidence.

    Returns
    -------
    low, high : float arrays
        Limits; NaN with fewer than five clusters, of which there are too few different draws.

    Notes
    -----
    Percentile limits are too narrow by √((N − 1) / N) and by the normal instead of the t distribution; the
    percentiles Φ(∓ √(N / (N − 1)) t_{N−1}) undo both.

    References
    ----------
    Hesterberg (2015), doi:10.1080/00031305.2015.1089789.

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=100000)
    >>> [round(float(limit), 1) for limit in expanded_limits(draws, 10)]
    [-2.4, 2.4]
    """
    from scipy.stats import norm, t

    if n_clusters < FEWEST_CLUSTERS:
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    reach = float(t.ppf((1 + level) / 2, n_clusters - 1)) * np.sqrt(n_clusters / (n_clusters - 1))
    return percentile_limits(values, level=float(2 * norm.cdf(reach) - 1))


def cluster_bootstrap(
    statistic: Callable[[NDArray[np.int64]], float],
    n_clusters: int,
    *,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return percentile limits of any statistic of clusters.

    Parameters
    ----------
    statistic : callable
        Takes the numbers of the drawn clusters, (n_clusters,) with repeats, and returns a number or NaN.
    n_clusters : int
        Clusters.
    draws : int
        Bootstrap draws.
    level : float
        Confidence.
    rng : Generator
        Source of randomness; store its seed beside the result.

    Returns
    -------
    tuple of float
        Lower and upper limit; NaN with fewer than two clusters.

    Examples
    --------
    >>> seconds = np.array([0.0, 1.0, 2.0, 4.0, 8.0])
    >>> cluster_bootstrap(lambda drawn: float(np.median(seconds[drawn])), 5, rng=np.random.default_rng(1))
    (0.0, 8.0)
    """
    if n_clusters < 2:
        return float("nan"), float("nan")
    picks = rng.integers(0, n_clusters, size=(draws, n_clusters))
    low, high = percentile_limits(np.array([statistic(pick) for pick in picks]), level=level)
    return float(low), float(high)
