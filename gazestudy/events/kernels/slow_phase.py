"""Velocities and adaptive thresholds of slow phases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel


@kernel
def neighbour_speed(position: Any, t_ns: Any, first: Any, last: Any, usable: Any, angular: bool) -> Any:
    """Return deg/s or px/s: length of the mean of the velocities from and to the neighbours; else NaN."""
    n, rows = len(t_ns), 3 if angular else 2
    speed = np.full(n, np.nan)
    scale = 180.0 / math.pi if angular else 1.0
    for i in range(1, n - 1):
        before, after = (t_ns[i] - t_ns[i - 1]) * 1e-9, (t_ns[i + 1] - t_ns[i]) * 1e-9
        if not usable[i] or first[i] == i or last[i] == i or before <= 0 or after <= 0:
            continue
        total = 0.0
        for row in range(rows):
            to, away = position[row, i] - position[row, i - 1], position[row, i + 1] - position[row, i]
            total += (to / before + away / after) ** 2
        speed[i] = 0.5 * scale * math.sqrt(total)
    return speed


@kernel
def _sum_below(tree: Any, rank: Any) -> Any:
    count, total, squares = 0.0, 0.0, 0.0
    while rank > 0:
        count += tree[0, rank]
        total += tree[1, rank]
        squares += tree[2, rank]
        rank -= rank & -rank
    return count, total, squares


@kernel
def _add(tree: Any, rank: int, value: float, sign: float) -> None:
    while rank < tree.shape[1]:
        tree[0, rank] += sign
        tree[1, rank] += sign * value
        tree[2, rank] += sign * value * value
        rank += rank & -rank


@kernel
def _settle(tree: Any, ordered: Any, spread: float, begin: float, most: int) -> float:
    """Return mean + spread x SD of what is below the threshold, until it rounds to the same twice."""
    threshold, before = begin, 0.0
    for turn in range(most + 1):
        count, total, squares = _sum_below(tree, np.searchsorted(ordered, threshold))
        if count < 1.5:
            return math.nan if turn == 0 else threshold
        mean = total / count
        variance = max((squares - count * mean * mean) / (count - 1.0), 0.0)
        threshold = mean + spread * math.sqrt(variance)
        if math.floor(threshold + 0.5) == math.floor(before + 0.5):
            break
        before = threshold
    return threshold


@kernel
def moving_threshold(
    speed: Any, order: Any, width: int, step: int, spread: float, begin: float, most: int
) -> Any:
    """Return for each sample the mean of the thresholds of all windows of `width` samples it is in.

    `order` sorts the speeds, NaN last. Counts, sums and squares by rank are kept in a binary indexed tree, so
    a window that moves on by a sample costs a few dozen additions and not a pass over its samples.
    """
    n = len(speed)
    known = 0
    for i in range(n):
        known += speed[i] == speed[i]
    ordered, rank = np.empty(known), np.zeros(n, np.int64)
    for place in range(known):
        ordered[place] = speed[order[place]]
        rank[order[place]] = place + 1
    tree = np.zeros((3, known + 1))
    width = min(width, n)
    total, windows = np.zeros(n + 1), np.zeros(n + 1)
    low, high = 0, 0
    start = 0
    while True:
        while high < start + width:
            if rank[high] > 0:
                _add(tree, rank[high], speed[high], 1.0)
            high += 1
        while low < start:
            if rank[low] > 0:
                _add(tree, rank[low], speed[low], -1.0)
            low += 1
        threshold = _settle(tree, ordered, spread, begin, most)
        if not math.isnan(threshold):
            total[start] += threshold
            total[start + width] -= threshold
            windows[start] += 1
            windows[start + width] -= 1
        if start + width >= n:
            break
        start = min(start + step, n - width)
    result = np.empty(n)
    level, within = 0.0, 0.0
    for i in range(n):
        level += total[i]
        within += windows[i]
        result[i] = level / within if within > 0.5 else np.nan
    return result
