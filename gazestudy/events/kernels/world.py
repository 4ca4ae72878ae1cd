"""Compiled loops over gaze with the turning of the head undone."""

from __future__ import annotations

from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel


@kernel
def carried(directions: Any, turned: Any, first: int, last: int) -> Any:
    """Return where the direction of one sample would appear at another, were it at rest (Rodrigues)."""
    px, py, pz = directions[0, first], directions[1, first], directions[2, first]
    ax = turned[0, last] - turned[0, first]
    ay = turned[1, last] - turned[1, first]
    az = turned[2, last] - turned[2, first]
    square = ax * ax + ay * ay + az * az
    sine, versine = 1.0 - square / 6.0, 0.5 - square / 24.0
    if square > 1e-4:
        angle = np.sqrt(square)
        sine, versine = np.sin(angle) / angle, (1.0 - np.cos(angle)) / square
    cx, cy, cz = py * az - pz * ay, pz * ax - px * az, px * ay - py * ax
    return (
        px + sine * cx + versine * (cy * az - cz * ay),
        py + sine * cy + versine * (cz * ax - cx * az),
        pz + sine * cz + versine * (cx * ay - cy * ax),
    )


@kernel
def averages(directions: Any, turned: Any, usable: Any, block: Any, half: int) -> Any:
    """Return unit vectors averaged over up to `half` samples to either side, shape (3, n)."""
    n = directions.shape[1]
    result = np.zeros((3, n))
    for i in range(n):
        if not usable[i]:
            continue
        x, y, z = directions[0, i], directions[1, i], directions[2, i]
        for step in range(1, half + 1):
            # windows shrink to both sides alike: a lag would look like a movement
            if i - step < 0 or i + step >= n or block[i - step] != block[i + step]:
                break
            bx, by, bz = carried(directions, turned, i - step, i)
            ax, ay, az = carried(directions, turned, i + step, i)
            x, y, z = x + ax + bx, y + ay + by, z + az + bz
        length = np.sqrt(x * x + y * y + z * z)
        result[0, i], result[1, i], result[2, i] = x / length, y / length, z / length
    return result


@kernel
def speeds(directions: Any, turned: Any, usable: Any, block: Any, t_ns: Any, window: int) -> Any:
    """Return the speed over the window around each sample, deg/s; near ends that of the nearest window."""
    n, half = directions.shape[1], window // 2
    speed = np.full(n, np.nan)
    start = 0
    while start < n:
        stop = start + 1
        while stop < n and block[stop] == block[start]:
            stop += 1
        if usable[start] and stop - start >= window:
            for i in range(start + half, stop - half):
                first, last = i - half, i + half
                elapsed = t_ns[last] - t_ns[first]
                if elapsed <= 0:
                    continue
                x, y, z = carried(directions, turned, first, last)
                x, y, z = x - directions[0, last], y - directions[1, last], z - directions[2, last]
                chord = min(0.5 * np.sqrt(x * x + y * y + z * z), 1.0)
                speed[i] = np.degrees(2.0 * np.arcsin(chord)) / (elapsed * 1e-9)
            for i in range(half):
                speed[start + i], speed[stop - 1 - i] = speed[start + half], speed[stop - 1 - half]
        start = stop
    return speed
