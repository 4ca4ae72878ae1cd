"""Gaps, noise and speed: what velocity detectors do before their threshold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel
from gazestudy.events.kernels.angles import LARGEST_SERIES, chord_excess, separation


@kernel
def fill_gaps(
    position: Any, measured: Any, blink: Any, part: Any, t_ns: Any, max_gap_ns: float, angular: bool
) -> Any:
    """Fill gaps shorter than `max_gap_ns` in place on straight lines, others with 0; return usability."""
    k, n = position.shape
    usable = measured.copy()
    before, blinked = -1, False
    for i in range(n):
        if not measured[i]:
            blinked = blinked or blink[i]
            for row in range(k):
                position[row, i] = 0.0
            continue
        inside = i - before > 1 and before >= 0 and not blinked and part[i] == part[before]
        if inside and t_ns[i] - t_ns[before] < max_gap_ns:
            _fill_one(position, usable, t_ns, before, i, angular)
        before, blinked = i, False
    return usable


@kernel
def _fill_one(filled: Any, usable: Any, t_ns: Any, before: int, after: int, angular: bool) -> None:
    whole = float(t_ns[after] - t_ns[before])
    for i in range(before + 1, after):
        share = (t_ns[i] - t_ns[before]) / (whole if whole > 0 else 1.0)
        for row in range(len(filled)):
            filled[row, i] = filled[row, before] * (1.0 - share) + filled[row, after] * share
        usable[i] = True
        if angular:
            length = math.sqrt(filled[0, i] ** 2 + filled[1, i] ** 2 + filled[2, i] ** 2)
            for row in range(3):
                filled[row, i] /= length


@kernel
def stretch_ends(part: Any, usable: Any, t_ns: Any, hole_ns: float) -> Any:
    """Return the first and last sample of the stretch each sample is in: same part and usability, no hole."""
    n = len(part)
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    start = 0
    for i in range(n):
        if i > 0 and (
            part[i] != part[i - 1] or usable[i] != usable[i - 1] or t_ns[i] - t_ns[i - 1] > hole_ns
        ):
            last[start:i] = i - 1
            start = i
        first[i] = start
    last[start:n] = n - 1
    return first, last


@kernel
def smooth(position: Any, first: Any, last: Any, usable: Any, half: int, median: bool, angular: bool) -> Any:
    """Return the moving mean or median over up to 2 half + 1 samples, shrunk symmetrically at gaps."""
    k, n = position.shape
    result = position.copy()
    window = np.empty(2 * half + 1)
    for i in range(n):
        reach = min(half, i - first[i], last[i] - i)
        if not usable[i] or reach == 0:
            continue
        size = 2 * reach + 1
        for row in range(k):
            total = 0.0
            for j in range(size):  # insertion sort: the windows are short
                value = position[row, i - reach + j]
                total += value
                at = j
                while median and at > 0 and window[at - 1] > value:
                    window[at] = window[at - 1]
                    at -= 1
                window[at] = value
            result[row, i] = window[reach] if median else total / size
        if angular:
            length = math.sqrt(result[0, i] ** 2 + result[1, i] ** 2 + result[2, i] ** 2)
            for row in range(3):
                result[row, i] /= length
    return result


@kernel
def window_speed(
    position: Any,
    t_ns: Any,
    part: Any,
    usable: Any,
    window: int,
    hole_ns: float,
    longest_ns: float,
    angular: bool,
) -> Any:
    """Return deg/s or px/s from end to end of the window that begins window // 2 samples before."""
    n = len(t_ns)
    speed = np.full(n, np.nan)
    start = 0
    while start < n:
        stop = start + 1
        while (
            stop < n
            and part[stop] == part[start]
            and usable[stop] == usable[start]
            and t_ns[stop] - t_ns[stop - 1] <= hole_ns
        ):
            stop += 1
        if usable[start] and stop - start >= window:
            _stretch_speed(position, t_ns, start, stop, window, longest_ns, angular, speed)
        start = stop
    return speed


@kernel
def _stretch_speed(
    position: Any, t_ns: Any, start: int, stop: int, window: int, longest_ns: float, angular: bool, speed: Any
) -> None:
    """Write the speeds of one stretch; the first loop has no branches, so that it runs several at a time."""
    x, y = position[0], position[1]
    z = position[2 if angular else 1]  # pixels: y once more, times nothing
    third, scale = (1.0, 180e9 / math.pi) if angular else (0.0, 1e9)
    ahead, back = window - 1 - window // 2, window // 2
    odd = 0
    for i in range(start + back, stop - ahead):
        u, v = x[i + ahead] - x[i - back], y[i + ahead] - y[i - back]
        w = third * (z[i + ahead] - z[i - back])
        square = u * u + v * v + w * w
        elapsed = float(t_ns[i + ahead] - t_ns[i - back])
        odd |= (square > LARGEST_SERIES) | (elapsed > longest_ns) | (elapsed <= 0.0)
        speed[i] = math.sqrt(square) * scale / elapsed * (1.0 + third * chord_excess(square))
    if not odd:
        return
    for i in range(start + back, stop - ahead):
        elapsed = float(t_ns[i + ahead] - t_ns[i - back])
        if not 0.0 < elapsed <= longest_ns:
            speed[i] = np.nan
        elif angular and speed[i] * elapsed > 8e9:  # deg: the series is not for that much
            speed[i] = separation(position, i - back, i + ahead, True) / (elapsed * 1e-9)


@kernel
def threshold_codes(
    speed: Any,
    usable: Any,
    blink: Any,
    threshold: Any,
    slow: int,
    fast: int,
    blinking: int,
    lost: int,
    unknown: int,
) -> Any:
    """Return the class of each sample by its speed; a sample without speed is `unknown`."""
    n, each = len(speed), len(threshold) == len(speed)
    code = np.empty(n, np.int8)
    for i in range(n):
        if blink[i]:
            code[i] = blinking
        elif not usable[i]:
            code[i] = lost
        elif speed[i] < threshold[i if each else 0]:
            code[i] = slow
        elif speed[i] >= threshold[i if each else 0]:
            code[i] = fast
        else:
            code[i] = unknown
    return code
