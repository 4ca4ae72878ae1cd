"""Undoing the head's rotation on the sphere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def turned_rad(head_deg_s: Floats, t_ns: Ints, *, longest_step_ns: float) -> Floats:
    """Return how far the head has turned since the first sample, about each of its own axes.

    Parameters
    ----------
    head_deg_s : ndarray of float64, shape (3, n)
        Angular velocity at each sample; where it is NaN the head counts as still.
    t_ns : ndarray of int64, shape (n,)
        Times, never decreasing.
    longest_step_ns : float
        Longer steps are holes; the head does not turn over them.

    Returns
    -------
    ndarray of float64, shape (3, n)
        Integral of the angular velocity, rad. The difference of two columns is, to the second order in the
        angle, the rotation vector between them.
    """
    turned = np.zeros(head_deg_s.shape)
    if head_deg_s.shape[1] < 2:
        return turned
    steps = np.diff(t_ns).astype(np.float64)
    seconds = np.where(steps <= longest_step_ns, steps, 0.0) * 1e-9
    rates = np.radians(np.nan_to_num(head_deg_s))
    np.cumsum(0.5 * (rates[:, 1:] + rates[:, :-1]) * seconds, axis=1, out=turned[:, 1:])
    return turned


def carry(directions: Floats, angle_rad: Floats) -> Floats:
    """Return where directions at rest in the world appear after the head has turned.

    Parameters
    ----------
    directions : ndarray of float64, shape (3, n)
        Unit vectors in the camera's frame.
    angle_rad : ndarray of float64, shape (3, n)
        Rotation vectors of the head, about the camera's axes.

    Returns
    -------
    ndarray of float64, shape (3, n)
        Unit vectors in the camera's frame after the turn: turned by the same angle the other way.

    Notes
    -----
    Rodrigues' formula for exp(-[a]x) p, exact for any angle.

    Examples
    --------
    The head turns 10 degrees to the right; what was straight ahead is now 10 degrees to the left.

    >>> ahead, right = np.array([[0.0], [0.0], [1.0]]), np.array([[0.0], [np.radians(10)], [0.0]])
    >>> np.degrees(np.arcsin(carry(ahead, right)[0])).round(6).tolist()
    [-10.0]
    """
    angle = np.sqrt(np.sum(angle_rad**2, axis=0))
    sine = np.sinc(angle / np.pi)
    versine = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    across = cross(directions, angle_rad)
    carried: Floats = directions + sine * across + versine * cross(across, angle_rad)
    return carried


def cross(one: Floats, other: Floats) -> Floats:
    """Return the cross products of vectors in columns, shape (3, n)."""
    return np.stack(
        [
            one[1] * other[2] - one[2] * other[1],
            one[2] * other[0] - one[0] * other[2],
            one[0] * other[1] - one[1] * other[0],
        ]
    )


def separation_deg(one: Floats, other: Floats) -> Floats:
    """Return the angle between unit vectors in columns, deg, shape (n,)."""
    chord = np.sqrt(np.sum((one - other) ** 2, axis=0))
    angle: Floats = np.degrees(2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0)))
    return angle
