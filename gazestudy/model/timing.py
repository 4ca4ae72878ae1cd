"""Which frame a sample belongs to, and how long samples last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def frame_on_show(frame_t_ns: NDArray[np.int64], t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the frame on show at each time.

    Parameters
    ----------
    frame_t_ns : ndarray of int64, shape (n_frames,)
        Frame times in ascending order, ns.
    t_ns : ndarray of int64, shape (n,)
        Sample times, ns.

    Returns
    -------
    ndarray of int64, shape (n,)
        Frame number, -1 where no frame is on show: before the first frame, or more than 1.5 usual intervals
        after the last one.

    Notes
    -----
    The frame with the largest time not after the sample is on show.

    Examples
    --------
    >>> frame_on_show(np.array([0, 40, 80]), np.array([-1, 0, 39, 40, 139, 141])).tolist()
    [-1, 0, 0, 1, 2, -1]
    """
    if len(frame_t_ns) == 0:
        return np.full(len(t_ns), -1, dtype=np.int64)
    frames = np.searchsorted(frame_t_ns, t_ns, side="right").astype(np.int64) - 1
    if len(frame_t_ns) > 1:
        usual = float(np.median(np.diff(frame_t_ns)))
        frames[t_ns > frame_t_ns[-1] + 1.5 * usual] = -1
    return frames


def sample_durations_ns(t_ns: NDArray[np.int64], part: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return how long each sample stands for: until the next one, at most 1.5 usual intervals.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Ascending sample times, ns.
    part : ndarray of int, shape (n,), optional
        Part of each sample; the last sample of a part lasts one usual interval.

    Returns
    -------
    ndarray of int64, shape (n,)
        Durations in ns.

    Examples
    --------
    >>> sample_durations_ns(np.array([0, 5, 10, 100, 105])).tolist()
    [5, 5, 5, 5, 5]
    """
    if len(t_ns) == 0:
        return np.zeros(0, dtype=np.int64)
    steps = np.diff(t_ns)
    positive = steps[steps > 0]
    usual = int(np.median(positive)) if len(positive) else 0
    durations = np.append(steps, usual).astype(np.int64)
    durations[durations > 1.5 * usual] = usual
    if part is not None:
        durations[:-1][np.diff(part) != 0] = usual
    return durations
