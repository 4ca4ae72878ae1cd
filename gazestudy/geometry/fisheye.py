"""Fisheye lenses: the angle to the optical axis is bent by a polynomial; exact to the corners of the image.

Both models work on angles and not on a picture plane, so that directions at 90 degrees and more from the
optical axis have a pixel, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy.model.camera import Camera

Floats = NDArray[np.float64]

_NEWTON_STEPS = 30
_ANGLE_STEPS = 100  # five or six are usual
_ANGLE_MOVED = 1e-14
_MISSED = 1e-9  # in units of the focal length; larger: no direction reaches the pixel


def fisheye_direction_to_px(directions: Floats, camera: Camera) -> Floats:
    """Return the scene pixel of each direction through a fisheye lens.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Vectors in the camera frame, of any length.
    camera : Camera
        Scene camera with the model "fisheye4" or "fisheye624".

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Pixels in the distorted scene image; NaN beyond the angle at which the lens polynomial turns back.

    Notes
    -----
    With theta the angle to the optical axis and phi the angle around it:
    r = theta (1 + k0 theta^2 + k1 theta^4 + ...), (x, y) = r (cos phi, sin phi), and for "fisheye624"
    with q = x^2 + y^2 and t = 2 (p0 x + p1 y):
    x' = x + t x + p0 q + s0 q + s1 q^2, y' = y + t y + p1 q + s2 q + s3 q^2. Pixels are f (x', y') + c.

    References
    ----------
    Kannala, J., & Brandt, S. S. (2006). A generic camera model and calibration method for conventional,
    wide-angle, and fish-eye lenses. doi:10.1109/TPAMI.2006.153. Project Aria, camera intrinsic models.
    """
    rays = np.asarray(directions, dtype=np.float64).reshape(-1, 3)
    radial, tangential, prism = _parts(camera)
    across = np.hypot(rays[:, 0], rays[:, 1])
    theta = np.arctan2(across, rays[:, 2])
    seen = theta < _fold(radial)
    safe = np.where(across > 0, across, 1.0)
    scale = np.where(seen, _bent(theta, radial)[0], np.nan) / safe
    plane = rays[:, :2] * scale[:, None]
    return _shifted(plane, tangential, prism) * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)


def fisheye_px_to_direction(points_px: Floats, camera: Camera) -> Floats:
    """Return the unit vector that each scene pixel looks along through a fisheye lens.

    Parameters
    ----------
    points_px : ndarray of float, shape (n, 2)
        Pixels in the distorted scene image.
    camera : Camera
        Scene camera with the model "fisheye4" or "fisheye624".

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Unit vectors in the camera frame; NaN where the pixel is NaN or no direction reaches it.
    """
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    radial, tangential, prism = _parts(camera)
    points = np.where(np.isfinite(points).all(axis=1, keepdims=True), points, np.nan)
    wanted = (points - (camera.cx_px, camera.cy_px)) / (camera.fx_px, camera.fy_px)
    plane = _unshifted(wanted, tangential, prism)
    radius = np.hypot(plane[:, 0], plane[:, 1])
    theta = _unbent(radius, radial)
    scale = np.sin(theta) / np.where(radius > 0, radius, 1.0)
    return np.column_stack([plane * scale[:, None], np.where(np.isnan(scale), np.nan, np.cos(theta))])


def _parts(camera: Camera) -> tuple[Floats, Floats, Floats]:
    """Return the radial, tangential and thin prism coefficients."""
    values = np.array(camera.coefficients, dtype=np.float64)
    if camera.model == "fisheye4":
        return values, np.zeros(2), np.zeros(4)
    return values[:6], values[6:8], values[8:12]


def _bent(theta: Floats, radial: Floats) -> tuple[Floats, Floats]:
    """Return the radius in the picture for an angle, and its derivative."""
    square = theta * theta
    radius, slope = np.zeros_like(theta), np.zeros_like(theta)
    for power in range(len(radial), 0, -1):
        radius = (radius + radial[power - 1]) * square
        slope = (slope + (2 * power + 1) * radial[power - 1]) * square
    return theta * (1.0 + radius), 1.0 + slope


def _fold(radial: Floats) -> float:
    """Return the angle up to which the radius grows, at most pi."""
    slope = np.concatenate([[1.0], radial * (2 * np.arange(1, len(radial) + 1) + 1)])
    roots = np.roots(slope[::-1])
    real = roots.real[(np.abs(roots.imag) < 1e-9 * np.maximum(1.0, np.abs(roots))) & (roots.real > 0)]
    return float(min([np.pi, *np.sqrt(real)]))


def _unbent(radius: Floats, radial: Floats) -> Floats:
    """Return the angle of each radius; NaN beyond the fold."""
    low, high = np.zeros_like(radius), np.full_like(radius, _fold(radial))
    reached = radius <= _bent(high, radial)[0]
    theta = np.where(reached, np.minimum(radius, high), 0.0)
    for _ in range(_ANGLE_STEPS):
        bent, slope = _bent(theta, radial)
        error = radius - bent
        low, high = np.where(error > 0, theta, low), np.where(error < 0, theta, high)
        # Newton's step where it stays between what is known to be too small and too large, else halving.
        step = theta + error / np.where(slope > 0, slope, np.inf)
        better = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        moved = np.abs(better - theta)
        theta = np.where(reached & (error != 0), better, theta)
        if not (moved[reached] > _ANGLE_MOVED).any():
            break
    return np.where(reached, theta, np.nan)


def _shifted(plane: Floats, tangential: Floats, prism: Floats) -> Floats:
    """Add the tangential and thin prism distortion."""
    square = (plane * plane).sum(axis=1, keepdims=True)
    turn = 2.0 * (plane @ tangential)[:, None]
    shifted: Floats = plane * (1.0 + turn) + square * (tangential + prism[[0, 2]] + square * prism[[1, 3]])
    return shifted


def _unshifted(wanted: Floats, tangential: Floats, prism: Floats) -> Floats:
    """Take the tangential and thin prism distortion off again, by Newton's method."""
    plane = wanted.copy()
    if not (tangential.any() or prism.any()):
        return plane
    for _ in range(_NEWTON_STEPS):
        error = wanted - _shifted(plane, tangential, prism)
        if not np.nanmax(np.abs(error), initial=0.0) > 1e-15:
            break
        square = (plane * plane).sum(axis=1)
        turn = 1.0 + 2.0 * (plane @ tangential)
        grow_x = 2.0 * (tangential[0] + prism[0] + 2.0 * prism[1] * square)
        grow_y = 2.0 * (tangential[1] + prism[2] + 2.0 * prism[3] * square)
        x, y = plane[:, 0], plane[:, 1]
        xx, xy = turn + 2.0 * tangential[0] * x + grow_x * x, 2.0 * tangential[1] * x + grow_x * y
        yx, yy = 2.0 * tangential[0] * y + grow_y * x, turn + 2.0 * tangential[1] * y + grow_y * y
        determinant = xx * yy - xy * yx
        steady = np.abs(determinant) > 1e-9
        safe = np.where(steady, determinant, 1.0)
        step_x = (error[:, 0] * yy - error[:, 1] * xy) / safe
        step_y = (error[:, 1] * xx - error[:, 0] * yx) / safe
        plane = plane + np.where(steady[:, None], np.column_stack([step_x, step_y]), 0.0)
    missed = ~(np.abs(wanted - _shifted(plane, tangential, prism)).max(axis=1) < _MISSED)
    return np.where(missed[:, None], np.nan, plane)
