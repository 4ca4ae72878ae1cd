"""Time until something happens when it often does not: Kaplan-Meier, restricted mean, log-rank.

Time to first fixation is of this kind: a placement that leaves view without a look is censored, not dropped.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Kaplan-Meier estimate of the share for whom it has not happened yet.

    Attributes
    ----------
    time : (k,) float array
        Times at which it happened or somebody was censored, increasing, in the unit of the input.
    survival : (k,) float array
        Share after each time.
    low, high : (k,) float arrays
        Limits on the log-log scale by Greenwood's variance, taken as if observations were independent; NaN
        where undefined.
    at_risk : (k,) int array
        Observations that could still show it just before.
    events : (k,) int array
        How many showed it at that time.
    """

    time: Floats
    survival: Floats
    low: Floats
    high: Floats
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]

    def at(self, time: ArrayLike) -> Floats:
        """Return the share for whom it has not happened at given times."""
        steps = np.concatenate([[1.0], self.survival])
        found: Floats = steps[np.searchsorted(self.time, np.asarray(time, dtype=float), side="right")]
        return found

    @property
    def median(self) -> float:
        """Smallest time at which half have shown it; NaN where it is not reached."""
        below = np.flatnonzero(self.survival <= 0.5 + 1e-9)
        return float(self.time[below[0]]) if len(below) else float("nan")

    def restricted_mean(self, until: float) -> float:
        """Return the mean time, nobody's counted beyond `until`: the area under the curve up to there.

        Parameters
        ----------
        until : float
            End of the window, in the unit of the times.

        Raises
        ------
        ParameterError
            If `until` lies beyond the last observed time while the curve is above 0.
        """
        if not until > 0:
            raise ParameterError("until", until, "a positive time")
        if until > self.time[-1] and self.survival[-1] > 0:
            raise ParameterError("until", until, f"at most the last observed time, {self.time[-1]:g}")
        inside = self.time[self.time < until]
        edges = np.concatenate([[0.0], inside, [until]])
        levels = np.concatenate([[1.0], self.survival[: len(inside)]])
        return float(np.sum(levels * np.diff(edges)))


def kaplan_meier(time: ArrayLike, happened: ArrayLike, *, level: float = 0.95) -> SurvivalCurve:
    """Return the Kaplan-Meier curve of right-censored times.

    Parameters
    ----------
    time : (n,) array
        Time until it happened or the observation ended, 0 or more.
    happened : (n,) bool array
        Whether it happened; False is censored.
    level : float
        Confidence of the limits.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    ParameterError
        If there are no times, or one is negative or not a number.

    References
    ----------
    Kaplan and Meier (1958), doi:10.1080/01621459.1958.10501452.

    Examples
    --------
    >>> curve = kaplan_meier([1.2, 3.4, 5, 5, 8, 8, 2.2, 0.7], [1, 1, 0, 1, 0, 0, 1, 1])
    >>> curve.survival.tolist(), curve.median, round(curve.restricted_mean(8), 4)
    ([0.875, 0.75, 0.625, 0.5, 0.375, 0.375], 3.4, 4.5625)
    """
    from scipy import stats

    t, event = _times(time, happened)
    curve = stats.ecdf(stats.CensoredData(uncensored=t[event], right=t[~event])).sf
    with warnings.catch_warnings():  # limits are undefined where the curve is 0; NaN says so
        warnings.simplefilter("ignore", RuntimeWarning)
        limits = curve.confidence_interval(confidence_level=level, method="log-log")
    lower: Any = limits.low  # the stubs take the limits for numbers
    upper: Any = limits.high
    grid = np.asarray(curve.quantiles, dtype=float)
    return SurvivalCurve(
        grid,
        np.asarray(curve.probabilities, dtype=float),
        np.asarray(lower.probabilities, dtype=float),
        np.asarray(upper.probabilities, dtype=float),
        np.array([np.count_nonzero(t >= moment) for moment in grid], dtype=np.int64),
        np.array([np.count_nonzero(event & (t == moment)) for moment in grid], dtype=np.int64),
    )


def log_rank(
    time_a: ArrayLike, happened_a: ArrayLike, time_b: ArrayLike, happened_b: ArrayLike
) -> tuple[float, float]:
    """Return z and the two-sided p-value that two groups have the same curve.

    Parameters
    ----------
    time_a, time_b : (n,) arrays
        Times as for `kaplan_meier`.
    happened_a, happened_b : (n,) bool arrays
        Whether it happened.

    Returns
    -------
    tuple of float
        z above 0 where it happens earlier in group a, and p. Observations count as independent.

    References
    ----------
    Mantel (1966), Cancer Chemotherapy Reports 50(3):163-170.

    Examples
    --------
    >>> z, p = log_rank([1.2, 3.4, 5, 5, 8, 8, 2.2, 0.7], [1, 1, 0, 1, 0, 0, 1, 1],
    ...                 [2, 6, 9, 9, 9, 4, 9], [1, 1, 0, 0, 0, 1, 0])
    >>> round(z, 4), round(p, 5)
    (1.0208, 0.30736)
    """
    from scipy import stats

    (t_a, event_a), (t_b, event_b) = _times(time_a, happened_a), _times(time_b, happened_b)
    result = stats.logrank(
        stats.CensoredData(uncensored=t_a[event_a], right=t_a[~event_a]),
        stats.CensoredData(uncensored=t_b[event_b], right=t_b[~event_b]),
    )
    return float(result.statistic), float(result.pvalue)


def _times(time: ArrayLike, happened: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    t, event = np.asarray(time, dtype=float).ravel(), np.asarray(happened, dtype=bool).ravel()
    if t.shape != event.shape:
        raise ParameterError("happened", event.shape, f"as many as times ({len(t)})")
    if len(t) == 0 or not np.isfinite(t).all() or np.any(t < 0):
        raise ParameterError("time", time, "one or more finite times, 0 or later")
    return t, event
