"""Agreement of observers on events: one event of each is a pair where they are near in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError


@dataclass(frozen=True, slots=True)
class EventMatch:
    """Which events of two observers belong together.

    Attributes
    ----------
    matched, only_a, only_b : int
        Pairs, and events that one observer has alone.
    agreement : float
        matched / (matched + only_a + only_b); NaN where neither has an event.
    median_difference_s : float
        Median of a minus b over pairs; NaN without pairs.
    median_error_s : float
        Median of its absolute value.
    pairs : (matched, 2) int array
        Numbers of the paired events in a and b, as given.
    tolerance_s : float
        Largest difference of a pair.
    """

    matched: int
    only_a: int
    only_b: int
    agreement: float
    median_difference_s: float
    median_error_s: float
    pairs: NDArray[np.int64]
    tolerance_s: float


def match_events(a_s: ArrayLike, b_s: ArrayLike, *, tolerance_s: float = 2.0) -> EventMatch:
    """Return the best one-to-one matching of events: as many pairs as possible, then the nearest ones.

    Parameters
    ----------
    a_s, b_s : arrays
        Onsets of the events of one code on a common clock, s, in any order.
    tolerance_s : float
        Events farther apart are never paired.

    Returns
    -------
    EventMatch

    Raises
    ------
    ParameterError
        If the tolerance is negative or an onset is not a number.

    Notes
    -----
    Events are cut into groups between which no pair is possible; within a group the assignment is optimal.

    Examples
    --------
    >>> found = match_events([10.0, 20.0, 30.0], [11.0, 21.3, 31.1])
    >>> found.matched, found.agreement, round(found.median_difference_s, 2)
    (3, 1.0, -1.1)
    """
    a, b = np.asarray(a_s, dtype=float).ravel(), np.asarray(b_s, dtype=float).ravel()
    if not (tolerance_s >= 0 and np.isfinite(a).all() and np.isfinite(b).all()):
        raise ParameterError("onsets, tolerance_s", tolerance_s, "finite times and a tolerance of 0 or more")
    pairs = _best_pairs(a, b, tolerance_s)
    difference = a[pairs[:, 0]] - b[pairs[:, 1]]
    matched, union = len(pairs), len(a) + len(b) - len(pairs)
    return EventMatch(
        matched,
        len(a) - matched,
        len(b) - matched,
        matched / union if union else float("nan"),
        float(np.median(difference)) if matched else float("nan"),
        float(np.median(np.abs(difference))) if matched else float("nan"),
        pairs,
        tolerance_s,
    )


def _best_pairs(a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    from scipy.optimize import linear_sum_assignment

    times = np.concatenate([a, b])
    order = np.argsort(times, kind="stable")
    group = np.empty(len(times), dtype=np.int64)
    group[order] = np.concatenate([[0], np.cumsum(np.diff(times[order]) > tolerance + 1e-9)])[: len(times)]
    found: list[tuple[int, int]] = []
    for number in np.intersect1d(group[: len(a)], group[len(a) :]):
        left = np.flatnonzero(group[: len(a)] == number)
        right = np.flatnonzero(group[len(a) :] == number)
        cost = np.abs(np.subtract.outer(a[left], b[right]))
        never = tolerance * (min(len(left), len(right)) + 1) + 1
        rows, columns = linear_sum_assignment(np.where(cost <= tolerance + 1e-9, cost, never))
        near = cost[rows, columns] <= tolerance + 1e-9
        found += zip(left[rows[near]].tolist(), right[columns[near]].tolist(), strict=True)
    return np.array(found, dtype=np.int64).reshape(-1, 2)
