"""Velocity to the right and upwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gazestudy.events.kernels import kernel


@kernel
def five_sample_velocity(position: Any, t_ns: Any, first: Any, last: Any, usable: Any, angular: bool) -> Any:
    """Return velocity to the right and upwards over two samples to either side, deg/s or px/s, (2, n)."""
    n = len(t_ns)
    velocity = np.full((2, n), np.nan)
    change = np.zeros(3)
    for i in range(2, n - 2):
        if not usable[i] or i - first[i] < 2 or last[i] - i < 2:
            continue
        elapsed = (t_ns[i + 2] + t_ns[i + 1] - t_ns[i - 1] - t_ns[i - 2]) * 1e-9
        if elapsed <= 0:
            continue
        for row in range(3 if angular else 2):
            later, earlier = (
                position[row, i + 2] + position[row, i + 1],
                position[row, i - 1] + position[row, i - 2],
            )
            change[row] = (later - earlier) / elapsed
        if angular:
            right, up = tangent(position, i, change)
            velocity[0, i], velocity[1, i] = math.degrees(right), math.degrees(up)
        else:
            velocity[0, i], velocity[1, i] = change[0], -change[1]
    return velocity


@kernel
def tangent(position: Any, i: int, change: Any) -> Any:
    """Return the parts to the right and upwards of a change of direction at sample i."""
    x, y, z = position[0, i], position[1, i], position[2, i]
    level = math.sqrt(x * x + z * z)
    if level <= 0:
        return math.nan, math.nan
    right = (change[0] * z - change[2] * x) / level
    up = (change[0] * x + change[2] * z) * y / level - change[1] * level
    return right, up
