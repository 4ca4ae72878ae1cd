"""Pixels to directions and back through the lens of a scene camera.

Directions are unit vectors in the camera frame: x right, y down, z forward. Azimuth is positive to the right,
elevation positive upwards: azimuth = atan2(x, z), elevation = atan2(-y, hypot(x, z)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.fisheye import fisheye_direction_to_px, fisheye_px_to_direction
from gazestudy.model.camera import Camera

Floats = NDArray[np.float64]

_STEP_PX = 1e-3  # for numerical derivatives of the lens
_NEWTON_STEPS = 6
_FISHEYES = ("fisheye4", "fisheye624")
_MISSED_PX = 0.01  # a pixel that no direction reaches: beyond the fold of the lens model


def undistort_px(points_px: Floats, camera: Camera) -> Floats:
    """Return scene pixels as an ideal pinhole camera with the same matrix would see them.

    Parameters
    ----------
    points_px : ndarray of float, shape (n, 2)
        Pixels in the distorted scene image; NaN stays NaN.
    camera : Camera
        The scene camera.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Undistorted pixels; NaN where the lens model has no direction for a pixel, as in some corners, and
        where a fisheye lens sees 90 degrees and more from its axis.

    Examples
    --------
    >>> camera = Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "opencv5", (-0.2, 0.05, 0.0, 0.0, 0.0))
    >>> points = np.array([[10.0, 20.0], [319.5, 239.5]])
    >>> bool(np.allclose(distort_px(undistort_px(points, camera), camera), points, atol=1e-6))
    True
    """
    points = np.ascontiguousarray(points_px, dtype=np.float64).reshape(-1, 2)
    if camera.model == "none" or len(points) == 0:
        return points.copy()
    if camera.model in _FISHEYES:
        return _through_pinhole(fisheye_px_to_direction(points, camera), camera)
    result = np.full_like(points, np.nan)
    good = np.isfinite(points).all(axis=1)
    if not good.any():
        return result
    matrix, coefficients = camera.matrix, np.array(camera.coefficients)
    wanted = points[good]
    flat = np.asarray(
        cv2.undistortPoints(wanted.reshape(-1, 1, 2), matrix, coefficients, P=matrix), dtype=np.float64
    )
    result[good] = _newton(flat.reshape(-1, 2), wanted, camera)
    return result


def _newton(flat: Floats, wanted: Floats, camera: Camera) -> Floats:
    """Polish until the lens maps `flat` onto `wanted`; OpenCV stops early near the image border."""
    for _ in range(_NEWTON_STEPS):
        bent = distort_px(flat, camera)
        error = wanted - bent
        if np.nanmax(np.abs(error), initial=0.0) < 1e-9:
            break
        along_x = (distort_px(flat + np.array([_STEP_PX, 0.0]), camera) - bent) / _STEP_PX
        along_y = (distort_px(flat + np.array([0.0, _STEP_PX]), camera) - bent) / _STEP_PX
        determinant = along_x[:, 0] * along_y[:, 1] - along_y[:, 0] * along_x[:, 1]
        steady = np.abs(determinant) > 1e-6
        safe = np.where(steady, determinant, 1.0)
        step = np.column_stack(
            [
                (error[:, 0] * along_y[:, 1] - error[:, 1] * along_y[:, 0]) / safe,
                (error[:, 1] * along_x[:, 0] - error[:, 0] * along_x[:, 1]) / safe,
            ]
        )
        flat = flat + np.where(steady[:, None], step, 0.0)
    missed = np.abs(distort_px(flat, camera) - wanted).max(axis=1) > _MISSED_PX
    flat[missed] = np.nan
    return flat


def distort_px(points_px: Floats, camera: Camera) -> Floats:
    """Return undistorted pixels as they appear in the scene image; the inverse of `undistort_px`.

    Parameters
    ----------
    points_px : ndarray of float, shape (n, 2)
        Undistorted pixels; NaN stays NaN.
    camera : Camera
        The scene camera.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Pixels in the distorted scene image.
    """
    points = np.ascontiguousarray(points_px, dtype=np.float64).reshape(-1, 2)
    if camera.model == "none" or len(points) == 0:
        return points.copy()
    normalised = (points - (camera.cx_px, camera.cy_px)) / (camera.fx_px, camera.fy_px)
    rays = np.column_stack([normalised, np.ones(len(points))])
    if camera.model in _FISHEYES:
        return fisheye_direction_to_px(rays, camera)
    matrix, coefficients = camera.matrix, np.array(camera.coefficients)
    bent, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), matrix, coefficients)
    return np.asarray(bent, dtype=np.float64).reshape(-1, 2)


def px_to_direction(points_px: Floats, camera: Camera) -> Floats:
    """Return the unit vector that each scene pixel looks along.

    Parameters
    ----------
    points_px : ndarray of float, shape (n, 2)
        Pixels in the distorted scene image.
    camera : Camera
        The scene camera.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Unit vectors in the camera frame; NaN where the pixel is NaN or no direction reaches it.
    """
    if camera.model in _FISHEYES:
        return fisheye_px_to_direction(points_px, camera)
    flat = undistort_px(points_px, camera)
    rays = np.empty((len(flat), 3))
    rays[:, 0] = (flat[:, 0] - camera.cx_px) / camera.fx_px
    rays[:, 1] = (flat[:, 1] - camera.cy_px) / camera.fy_px
    rays[:, 2] = 1.0
    unit: Floats = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return unit


def direction_to_px(directions: Floats, camera: Camera) -> Floats:
    """Return the scene pixel of each direction; the inverse of `px_to_direction`.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Vectors in the camera frame, of any length.
    camera : Camera
        The scene camera.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Pixels in the distorted scene image; NaN behind the camera (of a fisheye lens: beyond the angle at
        which its polynomial turns back).
    """
    rays = np.asarray(directions, dtype=np.float64).reshape(-1, 3)
    if camera.model in _FISHEYES:
        return fisheye_direction_to_px(rays, camera)
    return distort_px(_through_pinhole(rays, camera), camera)


def _through_pinhole(rays: Floats, camera: Camera) -> Floats:
    """Return the pixels of directions without distortion; NaN behind the camera."""
    flat = np.full((len(rays), 2), np.nan)
    ahead = rays[:, 2] > 0
    flat[ahead, 0] = rays[ahead, 0] / rays[ahead, 2] * camera.fx_px + camera.cx_px
    flat[ahead, 1] = rays[ahead, 1] / rays[ahead, 2] * camera.fy_px + camera.cy_px
    return flat


def direction_to_deg(directions: Floats) -> Floats:
    """Return azimuth and elevation of each direction.

    Parameters
    ----------
    directions : ndarray of float, shape (n, 3)
        Vectors in the camera frame.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Azimuth (right positive) and elevation (up positive), deg.
    """
    rays = np.asarray(directions, dtype=np.float64).reshape(-1, 3)
    azimuth = np.degrees(np.arctan2(rays[:, 0], rays[:, 2]))
    elevation = np.degrees(np.arctan2(-rays[:, 1], np.hypot(rays[:, 0], rays[:, 2])))
    return np.column_stack([azimuth, elevation])


def deg_to_direction(azimuth_elevation_deg: Floats) -> Floats:
    """Return the unit vector of each azimuth and elevation; the inverse of `direction_to_deg`.

    Parameters
    ----------
    azimuth_elevation_deg : ndarray of float, shape (n, 2)
        Azimuth and elevation, deg.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Unit vectors in the camera frame.
    """
    azimuth, elevation = np.radians(np.asarray(azimuth_elevation_deg, dtype=np.float64).reshape(-1, 2)).T
    return np.column_stack(
        [np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    )


def px_to_deg(points_px: Floats, camera: Camera) -> Floats:
    """Return azimuth and elevation of each scene pixel, deg, shape (n, 2).

    Parameters
    ----------
    points_px : ndarray of float, shape (n, 2)
        Pixels in the distorted scene image.
    camera : Camera
        The scene camera.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Azimuth (right positive) and elevation (up positive), deg.
    """
    return direction_to_deg(px_to_direction(points_px, camera))
