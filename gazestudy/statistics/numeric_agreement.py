"""Agreement of observers on numbers: intraclass correlations and Bland-Altman limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.bootstrap import cluster_draws, percentile_limits

Floats = NDArray[np.float64]

ICC_FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")
"""Shrout and Fleiss's names; ICC(2,1) is absolute agreement of single observers, also written ICC(A,1)."""


def intraclass_correlations(
    scores: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return the six intraclass correlations of complete scores.

    Parameters
    ----------
    scores : (n_units, n_observers) float array
        Rows with a NaN are left out.
    clusters : (n_units,) array, optional
        Session of each unit, for the bootstrap; every unit by itself if left out.
    draws : int
        Bootstrap draws.
    level : float
        Confidence.
    rng : Generator, optional
        Without one there are no limits.

    Returns
    -------
    DataFrame
        Indexed by `ICC_FORMS`: value, low, high. NaN where all scores are the same.

    Raises
    ------
    ParameterError
        With fewer than two observers or two complete units.

    Notes
    -----
    From the mean squares between units, between observers and of the rest of a two-way analysis of variance.

    References
    ----------
    Shrout and Fleiss (1979), doi:10.1037/0033-2909.86.2.420.

    Examples
    --------
    >>> scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> intraclass_correlations(scores)["value"].round(4).tolist()
    [0.1657, 0.2898, 0.7148, 0.4428, 0.6201, 0.9093]
    """
    x = np.asarray(scores, dtype=float)
    if x.ndim != 2 or x.shape[1] < 2:
        raise ParameterError("scores", x.shape, "one row per unit and at least two observers")
    keep = np.isfinite(x).all(axis=1)
    x = x[keep]
    if len(x) < 2:
        raise ParameterError("scores", len(x), "at least two units that all observers scored")
    value = _six(_square_sums(x).sum(axis=0)[None], x.shape[1])[0]
    low = high = np.full(6, np.nan)
    group = np.arange(len(x)) if clusters is None else pd.factorize(np.asarray(clusters)[keep])[0]
    if rng is not None and group.max() >= 1:
        parts = np.zeros((int(group.max()) + 1, 3 + x.shape[1]))
        np.add.at(parts, group, _square_sums(x))
        weights = cluster_draws(len(parts), draws=draws, rng=rng)
        low, high = percentile_limits(_six(weights @ parts, x.shape[1]), level=level)
    return pd.DataFrame({"value": value, "low": low, "high": high}, index=list(ICC_FORMS))


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences of two observers who counted the same.

    Attributes
    ----------
    n : int
        Pairs of counts.
    bias, bias_low, bias_high : float
        Mean of first minus second, with its interval.
    sd : float
        Standard deviation of the differences.
    limit_low, limit_high : float
        Limits that hold 95 % (or `level`) of differences, were they normal: bias ± z · sd.
    limit_low_range, limit_high_range : tuple of float
        Interval of each limit.
    within_share : float
        Share of pairs that differ by at most `within` of their mean (or not at all).
    within : float
        Such as 0.1 for 10 %.
    """

    n: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    limit_low: float
    limit_high: float
    limit_low_range: tuple[float, float]
    limit_high_range: tuple[float, float]
    within_share: float
    within: float


def bland_altman(
    first: ArrayLike,
    second: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    within: float = 0.1,
    level: float = 0.95,
    draws: int = 2000,
    rng: np.random.Generator | None = None,
) -> BlandAltman:
    """Return bias and limits of agreement of two observers.

    Parameters
    ----------
    first, second : (n,) arrays
        Counts of the same intervals; pairs with a NaN are left out.
    clusters : (n,) array, optional
        Session of each pair; with it, and `rng`, intervals come from a bootstrap over sessions.
    within : float
        Relative difference that counts as close.
    level : float
        Confidence, and share that the limits hold.
    draws : int
        Bootstrap draws.
    rng : Generator, optional
        Without one the intervals are those for independent normal differences.

    Raises
    ------
    ParameterError
        With fewer than two pairs.

    References
    ----------
    Bland and Altman (1986), doi:10.1016/S0140-6736(86)90837-8; (1999), doi:10.1177/096228029900800204.

    Examples
    --------
    >>> found = bland_altman([10, 12, 9, 20], [9, 12, 10, 18])
    >>> found.bias, round(found.limit_high, 2), found.within_share
    (0.5, 3.03, 0.25)
    """
    from scipy import stats

    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    keep = np.isfinite(a) & np.isfinite(b)
    a, b = a[keep], b[keep]
    n = len(a)
    if n < 2:
        raise ParameterError("pairs", n, "at least two pairs of counts")
    difference, z = a - b, float(stats.norm.ppf((1 + level) / 2))
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    group = None if clusters is None else pd.factorize(np.asarray(clusters)[keep])[0]
    if rng is not None and group is not None and group.max() >= 1:
        low, high = _bootstrap_limits(difference, group, z, draws, level, rng)
    else:
        t = float(stats.t.ppf((1 + level) / 2, n - 1))
        errors = np.array([1.0, *[np.sqrt(1 + z**2 * n / (2 * (n - 1)))] * 2]) * t * sd / np.sqrt(n)
        centre = np.array([bias, bias - z * sd, bias + z * sd])
        low, high = centre - errors, centre + errors
    close = np.abs(difference) <= within * (a + b) / 2 + 1e-12
    return BlandAltman(
        n,
        bias,
        float(low[0]),
        float(high[0]),
        sd,
        bias - z * sd,
        bias + z * sd,
        (float(low[1]), float(high[1])),
        (float(low[2]), float(high[2])),
        float(close.mean()),
        within,
    )


def _bootstrap_limits(
    difference: Floats,
    group: NDArray[np.int64],
    z: float,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    parts = np.zeros((int(group.max()) + 1, 3))
    np.add.at(parts, group, np.column_stack([np.ones_like(difference), difference, difference**2]))
    sums = cluster_draws(len(parts), draws=draws, rng=rng) @ parts
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums[:, 1] / sums[:, 0]
        sd = np.sqrt(np.maximum(sums[:, 2] - sums[:, 0] * mean**2, 0) / (sums[:, 0] - 1))
    return percentile_limits(np.column_stack([mean, mean - z * sd, mean + z * sd]), level=level)


def _square_sums(x: Floats) -> Floats:
    """Per unit: 1, its scores, its squared total, the sum of its squares."""
    return np.column_stack([np.ones(len(x)), x, x.sum(axis=1) ** 2, (x**2).sum(axis=1)])


def _six(sums: Floats, k: int) -> Floats:
    n, columns, squared_totals, squares = sums[:, 0], sums[:, 1 : 1 + k], sums[:, 1 + k], sums[:, 2 + k]
    with np.errstate(invalid="ignore", divide="ignore"):
        correction = columns.sum(axis=1) ** 2 / (n * k)
        between_units = squared_totals / k - correction
        between_observers = (columns**2).sum(axis=1) / n - correction
        total = squares - correction
        bms = between_units / (n - 1)
        jms = between_observers / (k - 1)
        wms = (total - between_units) / (n * (k - 1))
        ems = (total - between_units - between_observers) / ((n - 1) * (k - 1))
        six = [
            (bms - wms) / (bms + (k - 1) * wms),
            (bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n),
            (bms - ems) / (bms + (k - 1) * ems),
            (bms - wms) / bms,
            (bms - ems) / (bms + (jms - ems) / n),
            (bms - ems) / bms,
        ]
    found = np.column_stack(six)
    found[total <= 1e-12 * np.maximum(squares, 1)] = np.nan
    return found
