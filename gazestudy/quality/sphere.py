"""Directions on the sphere: seen from another direction, laid flat, and their middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MEDIAN_STEPS = 200
_MEDIAN_PRECISION_RAD = 1e-10


def seen_from(directions: Floats, axis: Floats) -> Floats:
    """Return directions in a frame whose z axis is another direction; horizontal stays horizontal.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors: x right, y down, z ahead.
    axis : ndarray of float, shape (3,) or (n, 3)
        One direction for all, or one for each.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        The same vectors, turned by the azimuth of the axis and then by its elevation.
    """
    d, a = np.asarray(directions, np.float64), np.asarray(axis, np.float64)
    a = np.broadcast_to(a, d.shape)
    flat = np.hypot(a[:, 0], a[:, 2])
    safe = np.where(flat > 0, flat, 1.0)
    sin_a, cos_a = np.where(flat > 0, a[:, 0] / safe, 0.0), np.where(flat > 0, a[:, 2] / safe, 1.0)
    sin_e, cos_e = -a[:, 1], flat
    ahead = sin_a * d[:, 0] + cos_a * d[:, 2]
    return np.column_stack(
        [
            cos_a * d[:, 0] - sin_a * d[:, 2],
            cos_e * d[:, 1] + sin_e * ahead,
            cos_e * ahead - sin_e * d[:, 1],
        ]
    )


def tangent_deg(directions: Floats, axis: Floats) -> Floats:
    """Lay directions flat around another one; distances and directions from it are kept.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors.
    axis : ndarray of float, shape (3,) or (n, 3)
        Where the plane touches the sphere.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Right and up, deg: the logarithmic map of the sphere.

    Examples
    --------
    >>> forty = np.radians(40)
    >>> directions = np.array([[np.sin(forty), 0.0, np.cos(forty)]])
    >>> tangent_deg(directions, np.array([0.0, 0.0, 1.0])).round(9).tolist()
    [[40.0, -0.0]]
    """
    local = seen_from(directions, axis)
    away = np.hypot(local[:, 0], local[:, 1])
    angle = np.degrees(np.arctan2(away, local[:, 2]))
    scale = np.where(away > 0, angle / np.where(away > 0, away, 1.0), np.degrees(1.0))
    return np.column_stack([local[:, 0] * scale, -local[:, 1] * scale])


def angle_deg(one: Floats, other: Floats) -> Floats:
    """Return the angle between pairs of unit vectors, shape (n, 3) each, deg; exact for small ones."""
    chord = np.linalg.norm(np.asarray(one) - np.asarray(other), axis=-1)
    return np.asarray(2.0 * np.degrees(np.arcsin(np.minimum(chord / 2.0, 1.0))), np.float64)


def mean_direction(directions: Floats) -> Floats:
    """Return the mean of unit vectors, shape (n, 3), scaled to length one; NaN for none."""
    if len(directions) == 0:
        return np.full(3, np.nan)
    total = np.asarray(directions, np.float64).mean(axis=0)
    return np.asarray(total / np.linalg.norm(total), np.float64)


def median_direction(directions: Floats) -> Floats:
    """Return the direction with the least sum of angles to all others (Frechet median).

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors within a hemisphere.

    Returns
    -------
    ndarray of float64, shape (3,)
        Unit vector; NaN for none. Up to half of the directions may be anywhere without moving it far.

    Notes
    -----
    Weiszfeld's iteration on the tangent plane.
    """
    if len(directions) == 0:
        return np.full(3, np.nan)
    middle = mean_direction(directions)
    for _ in range(_MEDIAN_STEPS):
        flat = np.radians(tangent_deg(directions, middle))
        distance = np.maximum(np.linalg.norm(flat, axis=1), 1e-12)
        step = (flat / distance[:, None]).sum(axis=0) / (1.0 / distance).sum()
        middle = step_from(middle, step)
        if np.hypot(*step) < _MEDIAN_PRECISION_RAD:
            break
    return middle


def step_from(direction: Floats, step_rad: Floats) -> Floats:
    """Go from a direction, shape (3,), along a step right and up on its tangent plane, rad."""
    length = float(np.hypot(*step_rad))
    if length == 0:
        return direction
    flat = float(np.hypot(direction[0], direction[2]))
    right = np.array([direction[2], 0.0, -direction[0]]) / flat if flat > 0 else np.array([1.0, 0.0, 0.0])
    up = np.cross(right, direction)
    along = (right * step_rad[0] + up * step_rad[1]) / length
    gone = direction * np.cos(length) + along * np.sin(length)
    return np.asarray(gone / np.linalg.norm(gone), np.float64)
