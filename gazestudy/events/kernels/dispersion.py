"""Windows of little dispersion, found in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel
from gazestudy.events.kernels.angles import separation


@kernel
def range_fixations(x: Any, y: Any, t_ns: Any, last: Any, usable: Any, limit: float, least_ns: float) -> Any:
    """Return numbers of the greedy windows with (max x - min x) + (max y - min y) <= limit, else -1.

    A window begins at the first sample from which `least_ns` fit within the limit, and grows while it stays
    within. When a sample is too far before `least_ns` are reached, looking back from it finds the last sample
    that cannot be in a window with it; the next window begins after that one and keeps what was looked at.
    So a sample is looked at again at most as often as the shortest window has samples.
    """
    n = len(t_ns)
    window = np.full(n, -1, np.int64)
    start, found = 0, 0
    while start < n:
        if not usable[start]:
            start += 1
            continue
        stop = last[start]
        left = right = x[start]
        low = high = y[start]
        end = start + 1  # the window holds start .. end - 1
        while end <= stop:
            wide_left, wide_right = min(left, x[end]), max(right, x[end])
            deep, tall = min(low, y[end]), max(high, y[end])
            if (wide_right - wide_left) + (tall - deep) <= limit:
                left, right, low, high = wide_left, wide_right, deep, tall
                end += 1
                continue
            if t_ns[end - 1] - t_ns[start] >= least_ns:
                break
            left = right = x[end]
            low = high = y[end]
            start = end
            while True:
                wide_left, wide_right = min(left, x[start - 1]), max(right, x[start - 1])
                deep, tall = min(low, y[start - 1]), max(high, y[start - 1])
                if (wide_right - wide_left) + (tall - deep) > limit:
                    break
                left, right, low, high = wide_left, wide_right, deep, tall
                start -= 1
            end += 1
        if t_ns[end - 1] - t_ns[start] >= least_ns:
            window[start:end] = found
            found += 1
        start = end
    return window


@kernel
def pairwise_fixations(
    position: Any,
    t_ns: Any,
    part: Any,
    measured: Any,
    blink: Any,
    limit: float,
    least_ns: float,
    longest_ns: float,
) -> Any:
    """Return numbers of the greedy windows of samples with no pairwise angle above the limit, else -1.

    A window lasts from `least_ns` to `longest_ns`; samples that were not measured do not end it, unless they
    are a blink, and get its number.
    """
    n = len(t_ns)
    window = np.full(n, -1, np.int64)
    start, found = 0, 0
    while start < n:
        if not measured[start]:
            start += 1
            continue
        last, far, apart = start, -1, False
        i = start + 1
        while i < n and part[i] == part[start] and not blink[i] and t_ns[i] - t_ns[start] <= longest_ns:
            if measured[i]:
                for j in range(i - 1, start - 1, -1):
                    if measured[j] and separation(position, j, i, True) > limit:
                        far, apart = j, True
                        break
                if apart:
                    break
                last = i
            i += 1
        if t_ns[last] - t_ns[start] >= least_ns:
            window[start : last + 1] = found
            found += 1
            start = last + 1
        elif apart:
            start = far + 1  # no window may hold both ends of that pair
        else:
            start += 1
    return window
