"""A flat picture seen obliquely, turned to the front by its four corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography, corners_px, quad_problem, side_lengths
from gazestudy.model.camera import Camera

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]

_ROWS_AT_ONCE = 256


def seen_aspect(quad_px: ArrayLike, camera: Camera) -> float:
    """Return width over height of a rectangle from how a calibrated camera sees it.

    Parameters
    ----------
    quad_px : array_like of float, shape (4, 2)
        Its corners in the distorted image, clockwise from the top left.
    camera : Camera
        The camera.

    Returns
    -------
    float
        Width divided by height.

    Notes
    -----
    With K the camera matrix and h1, h2 the first two columns of the homography from the unit square to the
    undistorted image, the aspect is the length of K^-1 h1 over that of K^-1 h2: both are a side of the
    rectangle in the same unknown unit. Seen straight from the front this is exact, too.

    References
    ----------
    Zhang and He 2007, Whiteboard scanning and image enhancement, doi:10.1016/j.dsp.2006.05.006.
    """
    flat = undistort_px(np.asarray(quad_px, np.float64), camera)
    h = _from_unit_square(flat)
    first, second = np.linalg.solve(np.asarray(camera.matrix, np.float64), h[:, :2]).T
    return float(np.linalg.norm(first) / np.linalg.norm(second))


def rectify(
    picture: Picture,
    quad_px: ArrayLike,
    *,
    camera: Camera | None = None,
    aspect: float | None = None,
) -> Picture:
    """Return what lies between four corners of a picture as seen from the front.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width) or (height, width, 3)
        The scene.
    quad_px : array_like of float, shape (4, 2)
        Outer corners of the flat picture in it, clockwise from its top left; pixel (0, 0) is the centre of
        the first pixel.
    camera : Camera, optional
        Scene camera; without it the lens is taken as free of distortion.
    aspect : float, optional
        True width over height. None: found by the camera, or the ratio of the mean sides without one.

    Returns
    -------
    ndarray of uint8
        As large as the longest sides seen, so that nothing is lost.

    Raises
    ------
    ParameterError
        If the corners are no convex quadrilateral in that order, lie outside the picture, or the aspect makes
        no sense.
    """
    quad = np.asarray(quad_px, np.float64)
    if quad.shape != (4, 2) or not np.isfinite(quad).all():
        raise ParameterError("corners", quad.tolist(), "four points x,y")
    height_px, width_px = picture.shape[:2]
    outer = corners_px(width_px, height_px)
    if (quad < outer.min(axis=0) - 1).any() or (quad > outer.max(axis=0) + 1).any():
        raise ParameterError("corners", quad.tolist(), f"points within the {width_px} x {height_px} picture")
    flat = quad if camera is None else undistort_px(quad, camera)
    if (problem := quad_problem(flat, min_side_px=8)) is not None:
        wanted = f"top left, top right, bottom right, bottom left of a flat picture ({problem})"
        raise ParameterError("corners", quad.tolist(), wanted)
    size = _front_size(quad, camera, aspect)
    h = _from_unit_square(flat) @ _to_unit_square(size)
    return _resampled(picture, h, size, camera)


def _front_size(quad: Floats, camera: Camera | None, aspect: float | None) -> tuple[int, int]:
    top, right, bottom, left = side_lengths(quad).tolist()
    if aspect is None:
        aspect = seen_aspect(quad, camera) if camera is not None else (top + bottom) / (left + right)
    if not np.isfinite(aspect) or not 0.01 < aspect < 100:
        raise ParameterError("aspect", aspect, "a width over height between 0.01 and 100")
    width = max(top, bottom, aspect * max(left, right))
    return max(16, round(width)), max(16, round(width / aspect))


def _from_unit_square(quad: Floats) -> Floats:
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(unit, quad.astype(np.float32)), np.float64)


def _to_unit_square(size: tuple[int, int]) -> Floats:
    width, height = size
    return np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])


def _resampled(picture: Picture, h: Floats, size: tuple[int, int], camera: Camera | None) -> Picture:
    width, height = size
    found = []
    for start in range(0, height, _ROWS_AT_ONCE):
        y, x = np.mgrid[start : min(start + _ROWS_AT_ONCE, height), 0:width].astype(np.float64)
        points = apply_homography(h, np.stack([x.ravel(), y.ravel()], axis=1))
        if camera is not None:
            points = distort_px(points, camera)
        where = points.astype(np.float32).reshape(*x.shape, 2)
        across, down = np.ascontiguousarray(where[..., 0]), np.ascontiguousarray(where[..., 1])
        found.append(cv2.remap(picture, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
    return np.asarray(np.concatenate(found), np.uint8)
