"""Clustering of moving windows into two, with the weights of I2MC."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel

_MOST_TURNS = 100


@kernel
def weights(
    x: Any, y: Any, missing: Any, width: int, step: int, filters: Any, rows: Any, factors: Any
) -> Any:
    """Return for each sample the mean weight of a change of cluster at it, NaN where it is in no window.

    `filters`, shape (width, all rows), turns a window into all its thinned-out versions, one after the other;
    version p begins at `rows[p]`, its factor is `factors[p]`, and it ends with the last sample of the window.
    """
    n = len(x)
    total, tests = np.zeros(n), np.zeros(n)
    gap_on, gap_off = _gaps(missing, width)
    versions = len(factors)
    thin_x, thin_y = np.empty(rows[versions]), np.empty(rows[versions])
    label, other = np.empty(width, np.int64), np.empty(width, np.int64)
    start, gap = 0, 0
    if len(gap_on) > 0 and gap_on[0] == 0:
        start = gap_off[0] + 1
    while start + width <= n - 1:
        _thin(x, y, start, width, filters, thin_x, thin_y)
        _add_changes(x[start : start + width], y[start : start + width], label, other, 1, width, start, total)
        for p in range(versions):
            part = slice(rows[p], rows[p + 1])
            _add_changes(thin_x[part], thin_y[part], label, other, factors[p], width, start, total)
        for i in range(start, start + width):
            tests[i] += 1
        start += step
        end = start + width
        while gap < len(gap_on) and gap_off[gap] < start:
            gap += 1
        if gap < len(gap_on) and (start <= gap_on[gap] <= end or start <= gap_off[gap] <= end):
            # windows with a gap are not looked at: the last one ends before it, the next one starts after it
            start = gap_off[gap] + 1 if gap_on[gap] == end - step else gap_on[gap] - width
            end = start + width
            gap = 0 if start < gap_off[0] else gap
        if end > n - 1 and end - step < n - 1:
            start -= end - n + 1
    for i in range(n):
        total[i] = math.nan if tests[i] == 0 or missing[i] else total[i] / tests[i]
    return total


@kernel
def _gaps(missing: Any, width: int) -> Any:
    """Return first and last samples of gaps, those with less than a window between them as one."""
    n = len(missing)
    on, off = np.empty(n // 2 + 1, np.int64), np.empty(n // 2 + 1, np.int64)
    m = 0
    for i in range(n):
        if not missing[i]:
            continue
        if (i > 0 and missing[i - 1]) or (m > 0 and i - off[m - 1] - 1 < width):
            off[m - 1] = i
        else:
            on[m], off[m] = i, i
            m += 1
    if m > 0 and on[0] < width + 1:
        on[0] = 0
    if m > 0 and off[m - 1] > n - 1 - width:
        off[m - 1] = n - 1
    return on[:m], off[:m]


@kernel
def _thin(x: Any, y: Any, start: int, width: int, filters: Any, thin_x: Any, thin_y: Any) -> None:
    thin_x[:], thin_y[:] = 0.0, 0.0
    for k in range(width):
        right, down = x[start + k], y[start + k]
        for row in range(len(thin_x)):
            thin_x[row] += filters[k, row] * right
            thin_y[row] += filters[k, row] * down


@kernel
def _add_changes(
    x: Any, y: Any, label: Any, other: Any, factor: int, width: int, start: int, total: Any
) -> None:
    """Cluster samples and share out a weight of one among the changes of cluster."""
    m = len(x)
    if not two_means(x, y, label, other):
        return
    changes = 0
    for k in range(m - 1):
        changes += label[k] != label[k + 1]
    if changes == 0:
        return
    for k in range(m - 1):
        if label[k] != label[k + 1]:
            at = start + width - 1 - (m - 1 - k) * factor
            for within in range(factor):
                total[at + within] += 1.0 / changes


@kernel
def two_means(x: Any, y: Any, label: Any, other: Any) -> Any:
    """Assign samples to two clusters; False if that does not settle.

    All samples are moved to the nearer centre at once while that lowers the summed squared distance, then one
    by one. The first centres are the first sample and the one furthest from it.
    """
    n = len(x)
    centre, count = np.empty((2, 2)), np.zeros(2)
    far, furthest = 0, -1.0
    for i in range(n):
        distance = (x[i] - x[0]) ** 2 + (y[i] - y[0]) ** 2
        if distance > furthest:
            far, furthest = i, distance
    centre[0, 0], centre[0, 1], centre[1, 0], centre[1, 1] = x[0], y[0], x[far], y[far]
    for i in range(n):
        label[i] = 1 if _apart(x, y, i, centre, 1) < _apart(x, y, i, centre, 0) else 0
    if furthest <= 0:
        label[n - 1] = 1  # all samples are the same
        return True
    _centres(x, y, label, n, centre, count)
    turn = _all_at_once(x, y, label, other, centre, count)
    return _one_by_one(x, y, label, centre, count, turn)


@kernel
def _apart(x: Any, y: Any, i: int, centre: Any, which: int) -> Any:
    return (x[i] - centre[which, 0]) ** 2 + (y[i] - centre[which, 1]) ** 2


@kernel
def _centres(x: Any, y: Any, label: Any, n: int, centre: Any, count: Any) -> None:
    sums = np.zeros((2, 2))
    count[:] = 0.0
    for i in range(n):
        sums[label[i], 0] += x[i]
        sums[label[i], 1] += y[i]
        count[label[i]] += 1
    for which in range(2):
        if count[which] > 0:
            centre[which, 0], centre[which, 1] = sums[which, 0] / count[which], sums[which, 1] / count[which]


@kernel
def _all_at_once(x: Any, y: Any, label: Any, before: Any, centre: Any, count: Any) -> Any:
    n, least = len(x), math.inf
    for turn in range(1, _MOST_TURNS + 1):
        cost = 0.0
        for i in range(n):
            cost += _apart(x, y, i, centre, label[i])
        if least <= cost:  # it did not get better: the step before it counts
            label[:n] = before[:n]
            _centres(x, y, label, n, centre, count)
            return turn - 1
        least = cost
        before[:n] = label[:n]
        moved = False
        for i in range(n):
            one, two = _apart(x, y, i, centre, 0), _apart(x, y, i, centre, 1)
            if one != two and (two < one) != (label[i] == 1):
                label[i] = 1 if two < one else 0
                moved = True
        if not moved:
            return turn
        _centres(x, y, label, n, centre, count)
    return _MOST_TURNS


@kernel
def _one_by_one(x: Any, y: Any, label: Any, centre: Any, count: Any, turn: int) -> Any:
    n, last = len(x), -1
    stay, join = np.zeros(2), np.zeros(2)  # what a distance counts with its own cluster, with the other one
    while turn < _MOST_TURNS:
        chosen = -1
        for own in range(2):
            stay[own] = count[own] / (count[own] - 1) if count[own] > 1 else 0.0
            join[own] = count[own] / (count[own] + 1)
        for i in range(n):
            own = label[i]
            if join[1 - own] * _apart(x, y, i, centre, 1 - own) < stay[own] * _apart(x, y, i, centre, own):
                chosen = i
                break
        if chosen < 0:
            return True
        if chosen <= last:
            turn += 1
            if turn >= _MOST_TURNS:
                break
        last = chosen
        old = label[chosen]
        label[chosen] = 1 - old
        count[1 - old] += 1
        count[old] -= 1
        for axis in range(2):
            value = x[chosen] if axis == 0 else y[chosen]
            centre[1 - old, axis] += (value - centre[1 - old, axis]) / count[1 - old]
            centre[old, axis] -= (value - centre[old, axis]) / count[old]
    return False


@kernel
def fixations(
    weight: Any,
    x: Any,
    y: Any,
    missing: Any,
    t_ns: Any,
    cutoff: float,
    spread: float,
    merge_distance: float,
    merge_ns: float,
    least_ns: float,
) -> Any:
    """Return first and last samples of fixations: where weights are below the cut-off, merged and checked."""
    n = len(weight)
    first, last = np.empty(n // 2 + 1, np.int64), np.empty(n // 2 + 1, np.int64)
    m = 0
    for i in range(n):
        if weight[i] < cutoff:
            if i > 0 and weight[i - 1] < cutoff:
                last[m - 1] = i
            else:
                first[m], last[m] = i, i
                m += 1
    for p in range(m):
        _step_in(x, y, p, first, last, spread)
    top = m - 1  # merged ones gather from the back
    for p in range(m - 2, -1, -1):
        near = t_ns[first[top]] - t_ns[last[p]] < merge_ns
        if near and _medians_apart(x, y, first, last, p, top) < merge_distance:
            first[top] = first[p]
        else:
            top -= 1
            first[top], last[top] = first[p], last[p]
    kept = 0
    for p in range(max(top, 0), m):
        begin, end = _measured_ends(missing, first[p], last[p])
        if end >= begin and t_ns[min(end + 1, n - 1)] - t_ns[begin] >= least_ns:
            first[kept], last[kept] = begin, end
            kept += 1
    return first[:kept], last[:kept]


@kernel
def _measured_ends(missing: Any, begin: int, end: int) -> Any:
    """Take what was filled off both ends, and one more sample off the end if there was any, as published."""
    while begin <= end and missing[begin]:
        begin += 1
    if end >= begin and missing[end]:
        while missing[end]:
            end -= 1
        end -= 1
    return begin, end


@kernel
def _step_in(x: Any, y: Any, p: int, first: Any, last: Any, spread: float) -> None:
    """Move both ends inwards to where gaze is within so many median deviations of the median."""
    begin, end = first[p], last[p]
    middle_x, middle_y = np.nanmedian(x[begin : end + 1]), np.nanmedian(y[begin : end + 1])
    limit = spread * np.nanmedian(np.hypot(x[begin : end + 1] - middle_x, y[begin : end + 1] - middle_y))
    i = begin
    if i > 0:
        while i < end and math.hypot(x[i] - middle_x, y[i] - middle_y) > limit:
            i += 1
        first[p] = i
    i = end
    while i > first[p] and math.hypot(x[i] - middle_x, y[i] - middle_y) > limit:
        i -= 1
    last[p] = i


@kernel
def _medians_apart(x: Any, y: Any, first: Any, last: Any, p: int, q: int) -> Any:
    one, two = slice(first[p], last[p] + 1), slice(first[q], last[q] + 1)
    return math.hypot(np.median(x[two]) - np.median(x[one]), np.median(y[two]) - np.median(y[one]))
