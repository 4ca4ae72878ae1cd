"""Saccades by their deviation from the local motion of gaze, and pursuit between them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel
from gazestudy.events.kernels.components import tangent


@kernel
def slope_velocity(position: Any, t_ns: Any, first: Any, last: Any, usable: Any, half: int) -> Any:
    """Return velocity to the right and upwards, deg/s, shape (2, n), by lines fitted to 2 half + 1 samples.

    Near the ends of a stretch the window is cut off there.
    """
    n = len(t_ns)
    velocity = np.full((2, n), np.nan)
    change = np.zeros(3)
    for i in range(n):
        begin, end = max(i - half, first[i]), min(i + half, last[i])
        if not usable[i] or end - begin < 1:
            continue
        middle, spread = 0.0, 0.0
        change[:] = 0.0
        for j in range(begin, end + 1):
            middle += (t_ns[j] - t_ns[i]) * 1e-9
        middle /= end - begin + 1
        for j in range(begin, end + 1):
            offset = (t_ns[j] - t_ns[i]) * 1e-9 - middle
            spread += offset * offset
            for row in range(3):
                change[row] += offset * position[row, j]
        if spread <= 0:
            continue
        for row in range(3):
            change[row] /= spread
        right, up = tangent(position, i, change)
        velocity[0, i], velocity[1, i] = math.degrees(right), math.degrees(up)
    return velocity


@kernel
def local_median(values: Any, first: Any, last: Any, half: int, stride: int, hop: int) -> Any:
    """Return the median of every `stride`-th value within `half` samples, at every `hop`-th sample.

    The samples up to the next one that is looked at keep the median.
    """
    n = len(values)
    result = np.full(n, np.nan)
    window = np.empty(2 * (half // stride) + 1)
    held = np.nan
    for i in range(n):
        if (i - first[i]) % hop != 0:
            result[i] = np.nan if math.isnan(values[i]) else held
            continue
        size = 0
        reach = half // stride
        for step in range(-reach, reach + 1):
            j = i + hop // 2 + step * stride  # around the middle of those that keep it
            if j < first[i] or j > last[i] or math.isnan(values[j]):
                continue
            at = size
            while at > 0 and window[at - 1] > values[j]:
                window[at] = window[at - 1]
                at -= 1
            window[at] = values[j]
            size += 1
        held = np.nan if size == 0 else 0.5 * (window[(size - 1) // 2] + window[size // 2])
        result[i] = held
    return result


@kernel
def saccades(
    moving: Any,
    local: Any,
    position: Any,
    half: int,
    t_ns: Any,
    first: Any,
    last: Any,
    peak_limit: float,
    edge_limit: float,
    settle_limit: float,
    least_ns: float,
    least_deg: float,
    settle_ns: float,
    calm_ns: float,
) -> Any:
    """Return 1 in saccades, 2 in the settling after them, 0 else.

    `moving`, shape (2, n), is velocity less the motion `local`. A saccade is around a peak of its length; it
    lasts while the part of it in the direction of the peak exceeds the limit for edges. The window that
    velocity was fitted in, `half` samples to either side, sees it come; it begins where a step exceeds it.
    """
    n = len(t_ns)
    code = np.zeros(n, np.int8)
    i = 0
    while i < n:
        if not math.hypot(moving[0, i], moving[1, i]) > peak_limit:
            i += 1
            continue
        top = _highest(moving, i, last[i], peak_limit)
        begin, end, moved = _extent(moving, t_ns, top, first, last, code, edge_limit)
        if t_ns[end] - t_ns[begin] < least_ns or moved < least_deg:
            i = max(end, i) + 1
            continue
        begin = _onset(moving, local, position, t_ns, top, begin, half, edge_limit)
        code[begin : end + 1] = 1
        stop, j = end, end + 1
        while j <= last[top] and t_ns[j] - t_ns[end] <= settle_ns and t_ns[j] - t_ns[stop] <= calm_ns:
            if math.hypot(moving[0, j], moving[1, j]) > settle_limit:
                stop = j
            j += 1
        code[end + 1 : stop + 1] = 2
        i = stop + 1
    return code


@kernel
def _highest(moving: Any, i: int, stop: int, limit: float) -> Any:
    """Return the fastest sample from i on until it gets slower than the limit."""
    top, most = i, math.hypot(moving[0, i], moving[1, i])
    while i + 1 <= stop:
        i += 1
        speed = math.hypot(moving[0, i], moving[1, i])
        if not speed > limit:
            break
        if speed > most:
            top, most = i, speed
    return top


@kernel
def _extent(moving: Any, t_ns: Any, top: int, first: Any, last: Any, code: Any, limit: float) -> Any:
    """Return first and last sample of a saccade and how far it went, deg, in the direction of its peak."""
    length = math.hypot(moving[0, top], moving[1, top])
    right, up = moving[0, top] / length, moving[1, top] / length
    begin, end = top, top
    while begin - 1 >= first[top] and code[begin - 1] != 1:
        if not moving[0, begin - 1] * right + moving[1, begin - 1] * up > limit:
            break
        begin -= 1
    while end + 1 <= last[top] and moving[0, end + 1] * right + moving[1, end + 1] * up > limit:
        end += 1
    moved = 0.0  # by trapezoids, from the sample before to the sample after
    for j in range(max(begin - 1, first[top]), min(end + 1, last[top])):
        along = (moving[0, j] + moving[0, j + 1]) * right + (moving[1, j] + moving[1, j + 1]) * up
        moved += 0.5 * along * (t_ns[j + 1] - t_ns[j]) * 1e-9
    return begin, end, moved


@kernel
def _onset(
    moving: Any, local: Any, position: Any, t_ns: Any, top: int, begin: int, half: int, limit: float
) -> Any:
    """Return the first of up to `half` samples from which a step goes that fast the way of the peak."""
    length = math.hypot(moving[0, top], moving[1, top])
    right, up = moving[0, top] / length, moving[1, top] / length
    for i in range(begin, min(begin + half, top)):
        seconds = (t_ns[i + 1] - t_ns[i]) * 1e-9
        step_right, step_up = tangent(position, i, position[:3, i + 1] - position[:3, i])
        along = math.degrees(step_right * right + step_up * up)
        if along > seconds * (limit + local[0, i] * right + local[1, i] * up):
            return i
    return min(begin + half, top)


@kernel
def mask_flanks(
    code: Any, usable: Any, part: Any, t_ns: Any, loss_ns: float, flank_ns: float, island_ns: float, mask: int
) -> None:
    """Give `mask` to what lids and pupils make of gaze near losses of `loss_ns` or more, in place.

    Within `flank_ns` of such a loss these are saccades with all between them and the loss, and slow phases
    that last less than `island_ns`.
    """
    n = len(code)
    before, after = _nearest_losses(usable, part, t_ns, loss_ns)
    original = code.copy()
    begin = 0
    for i in range(1, n + 1):
        same = i < n and usable[i] == usable[begin] and part[i] == part[begin]
        if same and (original[i] == 0) == (original[begin] == 0):
            continue
        lost, coming = before[begin], after[begin]
        follows = lost >= 0 and t_ns[begin] - t_ns[lost] <= flank_ns
        precedes = coming >= 0 and t_ns[coming] - t_ns[i - 1] <= flank_ns
        if not usable[begin] or not (follows or precedes):
            pass
        elif original[begin] != 0:
            code[lost + 1 if follows else begin : coming if precedes else i] = mask
        elif t_ns[i - 1] - t_ns[begin] < island_ns:
            code[begin:i] = mask
        begin = i


@kernel
def _nearest_losses(usable: Any, part: Any, t_ns: Any, loss_ns: float) -> Any:
    """Return the last lost sample before and the first after each sample, -1 where its part has none."""
    n = len(usable)
    before, after = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    begin = 0
    for i in range(1, n + 1):
        if i < n and usable[i] == usable[begin] and part[i] == part[begin]:
            continue
        if not usable[begin] and t_ns[i - 1] - t_ns[begin] >= loss_ns:
            before[begin:i] = i - 1
            after[begin:i] = begin
        begin = i
    for i in range(1, n):
        if before[i] < 0 and part[i] == part[i - 1]:
            before[i] = before[i - 1]
    for i in range(n - 2, -1, -1):
        if after[i] < 0 and part[i] == part[i + 1]:
            after[i] = after[i + 1]
    return before, after


@kernel
def pursuits(
    position: Any,
    t_ns: Any,
    slow: Any,
    first: Any,
    last: Any,
    drift: Any,
    drift_limit: float,
    mean_limit: float,
    least_deg: float,
    straight: float,
    least_ns: float,
    rest_ns: float,
    bin_ns: float,
) -> Any:
    """Return where gaze follows something, shape (n,).

    A slow phase is one pursuit if as a whole it goes far enough, fast enough and straight enough; else so are
    those stretches of it that drift faster than `drift_limit`, slower ones of less than `rest_ns` included.
    """
    n = len(t_ns)
    follows = np.zeros(n, np.bool_)
    begin = 0
    while begin < n:
        end = last[begin]
        if not slow[begin] or t_ns[end] - t_ns[begin] < least_ns:
            begin = end + 1
            continue
        far, share, speed = _course(position, t_ns, begin, end, bin_ns)
        if far >= least_deg and share >= straight and speed >= mean_limit:
            follows[begin : end + 1] = True
            begin = end + 1
            continue
        i = begin
        while i <= end:
            if not drift[i] > drift_limit:
                i += 1
                continue
            stop, j = i, i + 1  # the rests at either end of the phase count as drift, if short
            if t_ns[i] - t_ns[begin] < rest_ns:
                i = begin
            while j <= end and (drift[j] > drift_limit or t_ns[j] - t_ns[stop] < rest_ns):
                if drift[j] > drift_limit:
                    stop = j
                j += 1
            if t_ns[end] - t_ns[stop] < rest_ns:
                stop = end
            if t_ns[stop] - t_ns[i] >= least_ns:
                far, share, _ = _course(position, t_ns, i, stop, bin_ns)
                follows[i : stop + 1] = far >= least_deg and share >= straight
            i = stop + 1
        begin = end + 1
    return follows


@kernel
def _chord(one: Any, other: Any) -> Any:
    return math.sqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2)


@kernel
def _course(position: Any, t_ns: Any, begin: int, end: int, bin_ns: float) -> Any:
    """Return way from first to last bin, deg, its share in the way over all bins, and its speed, deg/s."""
    lasts = float(t_ns[end] - t_ns[begin])
    bins = max(3, int(lasts / bin_ns))
    if end - begin + 1 < bins:
        return 0.0, 0.0, 0.0
    start, here, there = np.zeros(3), np.zeros(3), np.zeros(3)
    path, lower = 0.0, begin
    for k in range(bins):
        upper = begin + (end + 1 - begin) * (k + 1) // bins
        for row in range(3):
            here[row] = 0.0
            for i in range(lower, upper):
                here[row] += position[row, i]
            here[row] /= upper - lower
        if k == 0:
            start[:] = here
        else:
            path += math.sqrt(
                (here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2 + (here[2] - there[2]) ** 2
            )
        there[:] = here
        lower = upper
    far = _chord(here, start)
    seconds = lasts * 1e-9 * (bins - 1) / bins
    if path <= 0.0 or seconds <= 0.0:
        return 0.0, 0.0, 0.0
    return math.degrees(far), far / path, math.degrees(far) / seconds
