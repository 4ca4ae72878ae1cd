"""Runs of samples: what is measured of each, and which neighbours are merged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel
from gazestudy.events.kernels.angles import angle_of_chord, separation


@kernel
def find(code: Any, group: Any, part: Any, t_ns: Any, hole_ns: float) -> Any:
    """Return first and last sample, class, onset and offset of each run of one class, group and part."""
    n, m = len(code), 1
    for i in range(1, n):
        m += code[i] != code[i - 1] or group[i] != group[i - 1] or part[i] != part[i - 1]
    first, last = np.empty(m, np.int64), np.empty(m, np.int64)
    onset, offset = np.empty(m, np.int64), np.empty(m, np.int64)
    kind = np.empty(m, np.int8)
    at = 0
    first[0], onset[0] = 0, t_ns[0]
    for i in range(1, n):
        apart = part[i] != part[i - 1]
        if code[i] == code[i - 1] and group[i] == group[i - 1] and not apart:
            continue
        last[at], offset[at], kind[at] = i - 1, t_ns[i - 1], code[i - 1]
        step = t_ns[i] - t_ns[i - 1]
        at += 1
        first[at], onset[at] = i, t_ns[i]
        if not apart and step <= hole_ns:
            onset[at] = offset[at - 1] = t_ns[i - 1] + step // 2
    last[at], offset[at], kind[at] = n - 1, t_ns[n - 1], code[n - 1]
    return first, last, kind, onset, offset


@kernel
def sums(position: Any, usable: Any, measured: Any, first: Any, last: Any) -> Any:
    """Return summed positions (k, m), and how many samples of each run are usable and how many measured."""
    k, m = len(position), len(first)
    total = np.zeros((k, m))
    used, kept = np.zeros(m, np.int64), np.zeros(m, np.int64)
    for r in range(m):
        x, y, z, many, few = 0.0, 0.0, 0.0, 0, 0
        for i in range(first[r], last[r] + 1):  # positions are 0 where not usable
            x += position[0, i]
            y += position[1, i]
            z += position[k - 1, i]
            many += usable[i]
            few += measured[i]
        total[0, r], total[1, r], total[k - 1, r] = x, y, z
        used[r], kept[r] = many, few
    for row in range(2, k - 1):
        for r in range(m):
            for i in range(first[r], last[r] + 1):
                total[row, r] += position[row, i]
    return total, used, kept


@kernel
def movement(
    position: Any,
    usable: Any,
    part: Any,
    t_ns: Any,
    hole_ns: float,
    first: Any,
    last: Any,
    reach: Any,
    speed: Any,
) -> Any:
    """Return amplitude (deg), direction (deg) and peak speed (deg/s) of each run of unit vectors.

    Runs with `reach` are measured from the sample before them to the sample after them, where there are any.
    """
    m, n = len(first), len(part)
    amplitude, direction, peak = np.full(m, np.nan), np.full(m, np.nan), np.full(m, np.nan)
    for r in range(m):
        begin, end, highest = first[r], last[r], -1.0
        for i in range(begin, end + 1):
            if speed[i] > highest:  # noqa: PLR1730 - NaN is not, and `max` would take twice the time
                highest = speed[i]
        if highest >= 0.0:
            peak[r] = highest
        if reach[r]:
            if begin > 0 and part[begin - 1] == part[begin] and t_ns[begin] - t_ns[begin - 1] <= hole_ns:
                begin -= usable[begin - 1]
            if end + 1 < n and part[end + 1] == part[end] and t_ns[end + 1] - t_ns[end] <= hole_ns:
                end += usable[end + 1]
        while begin < end and not usable[begin]:
            begin += 1
        while end > begin and not usable[end]:
            end -= 1
        if not usable[begin] or not usable[end]:
            continue
        amplitude[r] = separation(position, begin, end, True)
        x, y, z = position[0, begin], position[1, begin], position[2, begin]
        u, v, w = position[0, end], position[1, end], position[2, end]
        level = math.sqrt(x * x + z * z)
        if amplitude[r] > 0 and level > 0:
            right = (u * z - w * x) / level
            up = (u * x + w * z) * y / level - v * level
            direction[r] = math.degrees(math.atan2(up, right))
    return amplitude, direction, peak


@kernel
def merge(
    total: Any, used: Any, code: Any, onset: Any, offset: Any, part: Any, kind: int, barrier: int,
    max_gap_ns: float, max_distance: float, angular: bool
) -> Any:  # fmt: skip
    """Say for each run of class `kind` whether it is merged with the run of that class before it.

    Each is compared with all that was merged before it, by time and by distance of centroids; a run of class
    `barrier` between them forbids it, and so does another part.
    """
    m, rows = len(code), 3 if angular else 2
    merged = np.zeros(m, np.bool_)
    head, tail = -1, -1
    grown, count, barred = np.zeros(3), 0, False
    for r in range(m):
        barred = barred or code[r] == barrier
        if code[r] != kind:
            continue
        near = head >= 0 and not barred and part[r] == part[tail] and onset[r] - offset[tail] < max_gap_ns
        if near and _centroids_apart(grown, count, total, r, used[r], angular) <= max_distance:
            merged[r] = True
            start = tail + 1
        else:
            head, start, count = r, r, 0
            grown[:] = 0.0
        for between in range(start, r + 1):
            for row in range(rows):
                grown[row] += total[row, between]
            count += used[between]
        tail, barred = r, False
    return merged


@kernel
def _centroids_apart(grown: Any, count: int, total: Any, r: int, used: int, angular: bool) -> float:
    one, other, chord = 0.0, 0.0, 0.0
    if not angular:
        return math.hypot(grown[0] / count - total[0, r] / used, grown[1] / count - total[1, r] / used)
    for row in range(3):
        one += grown[row] ** 2
        other += total[row, r] ** 2
    one, other = math.sqrt(one), math.sqrt(other)
    for row in range(3):
        chord += (grown[row] / one - total[row, r] / other) ** 2
    return math.degrees(angle_of_chord(math.sqrt(chord)))
