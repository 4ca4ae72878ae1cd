"""Gaps filled by monotonic curves, as I2MC does before it clusters.

References
----------
Steffen M. (1990). A simple method for monotonic interpolation in one dimension. Astronomy and Astrophysics
239, 443-450.
"""

from __future__ import annotations

import numpy as np

from gazestudy.events.samples import Bools, Floats


def fill_by_curves(
    xy: Floats, missing: Bools, *, longest: int, edge: int, max_distance: float
) -> tuple[Floats, Bools]:
    """Fill short gaps by curves that do not overshoot.

    Parameters
    ----------
    xy : ndarray of float64, shape (2, n)
        Positions.
    missing : ndarray of bool, shape (n,)
        Which samples have none.
    longest : int
        Gaps of more samples are left open.
    edge : int
        So many samples must be there on either side. Gaps with fewer between them are filled as one.
    max_distance : float
        Largest distance between the medians of the samples on either side, in the unit of `xy`.

    Returns
    -------
    xy : ndarray of float64, shape (2, n)
        Positions, a copy.
    missing : ndarray of bool, shape (n,)
        What is still missing.
    """
    xy, left = xy.copy(), missing.copy()
    gaps = _join_near(_runs(missing), longest, edge)
    n = len(missing)
    for k, (on, off) in enumerate(gaps):
        alone = (k == 0 or gaps[k - 1][1] <= on - edge - 1) and (
            k == len(gaps) - 1 or gaps[k + 1][0] >= off + edge + 1
        )
        if off - on + 1 > longest or on < edge + 1 or off > n - 1 - edge or not alone:
            continue
        if any(
            _step(xy, on + a, on + b, edge) > max_distance for a, b in _runs(np.isnan(xy[0, on : off + 1]))
        ):
            continue
        inside = np.arange(on, off + 1)
        known = np.concatenate(
            (np.arange(on - edge, on), inside[~missing[inside]], np.arange(off + 1, off + 1 + edge))
        )
        for axis in xy:
            axis[inside] = monotonic_curve(known, axis[known], inside)
        left[inside] = False
    return xy, left


def _runs(yes: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], yes.astype(np.int8), [0]))))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def _join_near(gaps: list[tuple[int, int]], longest: int, edge: int) -> list[tuple[int, int]]:
    """Make one of a gap that could be filled and the next, if too few samples are between them."""
    joined: list[tuple[int, int]] = []
    before = -1  # last missing sample before the gap at hand
    k = 0
    while k < len(gaps):
        on, off = gaps[k]
        while (
            k + 1 < len(gaps)
            and off - on + 1 <= longest
            and (on == 0 or on - 1 - before >= edge)
            and gaps[k + 1][0] - 1 - off < edge
        ):
            k += 1
            off = gaps[k][1]
        joined.append((on, off))
        before = off
        k += 1
    return joined


def _step(xy: Floats, on: int, off: int, edge: int) -> float:
    after, before = xy[:, off + 1 : off + 1 + edge], xy[:, on - edge : on]
    middles = [np.median(side[:, np.isfinite(side[0])], axis=1) for side in (after, before)]
    return float(np.hypot(*(middles[0] - middles[1])))


def monotonic_curve(at: np.ndarray, values: Floats, wanted: np.ndarray) -> Floats:
    """Interpolate by Steffen's cubic, which has no extremes between the points it goes through.

    Parameters
    ----------
    at : ndarray, shape (m,)
        Places, increasing, at least three.
    values : ndarray of float64, shape (m,)
        Values there.
    wanted : ndarray, shape (k,)
        Places to interpolate at, inside.

    Returns
    -------
    ndarray of float64, shape (k,)
        Values.

    Examples
    --------
    >>> monotonic_curve(np.array([0, 1, 3, 4]), np.array([0.0, 1.0, 3.0, 4.0]), np.array([2]))
    array([2.])
    """
    width = np.diff(at).astype(np.float64)
    rise = np.diff(values) / width
    slope = np.empty(len(at))
    mean = (rise[:-1] * width[1:] + rise[1:] * width[:-1]) / (width[:-1] + width[1:])
    least = np.minimum(np.abs(rise[:-1]), np.abs(rise[1:]))
    slope[1:-1] = np.where(np.abs(mean) > 2.0 * least, 2.0 * np.sign(rise[:-1]) * least, mean)
    slope[1:-1][rise[:-1] * rise[1:] <= 0] = 0.0
    slope[0] = _end_slope(rise[0], rise[1], width[0], width[1])
    slope[-1] = _end_slope(rise[-1], rise[-2], width[-1], width[-2])
    k = np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, len(at) - 2)
    t, h = wanted - at[k], width[k]
    cubic = (slope[k] + slope[k + 1] - 2.0 * rise[k]) / h**2
    square = (3.0 * rise[k] - 2.0 * slope[k] - slope[k + 1]) / h
    result: Floats = values[k] + t * (slope[k] + t * (square + t * cubic))
    return result


def _end_slope(near: float, next_: float, near_width: float, next_width: float) -> float:
    share = near_width / (near_width + next_width)
    slope = near * (1.0 + share) - next_ * share
    if slope * near <= 0:
        return 0.0
    return 2.0 * near if abs(slope) > 2.0 * abs(near) else slope
