"""Rotation of the scene camera from its pictures: sparse flow, whose background says how the head turned.

Points of a coarse grid are followed from each picture to the next (Lucas & Kanade 1981, in pyramids) on luma
reduced to 320 columns or a little more. Their directions before and after, as unit vectors through the lens,
are fitted by one rotation; people who pass by and what is so near that walking moves it count as outliers.

References
----------
Lucas B. D., Kanade T. (1981). An iterative image registration technique with an application to stereo vision.
Proc. IJCAI, 674-679.
Yang H. et al. (2020). Graduated non-convexity for robust spatial perception. IEEE Robotics and Automation
Letters 5(2), 1127-1134. doi:10.1109/LRA.2020.2965893
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.events.head_motion.rotation import carry, cross
from gazestudy.events.head_motion.table import AXES
from gazestudy.geometry.cameras import px_to_direction
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import Provenance

Floats = NDArray[np.float64]

SCENE_VERSION = 1

_COLUMNS, _ROWS = 16, 12
_WIDTH_PX = 320
_LONGEST_STEP_NS = 150_000_000
_BATCH = 256
_WINDOW_PX = 15
_LEVELS = 3
_LEAST_POINTS = 20
_SCALES_DEG = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.25)
"""Residuals beyond this lose their say; it narrows from guess to fit, so that no start has to be good."""
_INLIER_DEG = 0.35
_LEAST_INLIERS = 0.2


def scene_rotation(pictures: Iterable[tuple[int, int, NDArray[np.uint8]]], camera: Camera) -> pd.DataFrame:
    """Return how the scene camera turned between pictures.

    Parameters
    ----------
    pictures : iterable of (int, int, ndarray of uint8)
        Frame number, time in ns, and luma, shape (height, width), in order; numbers that skip begin anew.
    camera : Camera
        Scene camera.

    Returns
    -------
    DataFrame
        Contract `HEAD_MOTION`, one row for each pair of neighbouring pictures at the time between them, NaN
        where too few points agree; and `inlier_share`, share of the grid's points that the rotation explains.

    Notes
    -----
    For each pair, the rotation vector a minimises the sum of s^2 r^2 / (s^2 + r^2) over the points
    (Geman-McClure), r the angle between where a point went and where the rotation takes it, s narrowing from
    8 to 0.25 deg. A rotation is fitted to what also moves because the wearer walks: what is ahead and far
    outweighs what is near, as it agrees with itself.
    """
    tracker = _Tracker(camera)
    parts: list[pd.DataFrame] = []
    pending: list[tuple[int, int, Floats, NDArray[np.bool_]]] = []
    before: tuple[int, int, NDArray[np.uint8]] | None = None
    for number, t_ns, luma in pictures:
        small = tracker.reduced(luma)
        if before is not None and number == before[0] + 1 and 0 < t_ns - before[1] < _LONGEST_STEP_NS:
            points, found = tracker.follow(before[2], small)
            pending.append((before[1], t_ns, points, found))
        if len(pending) == _BATCH:
            parts.append(tracker.rotations(pending))
            pending = []
        before = number, t_ns, small
    parts.append(tracker.rotations(pending))
    table = pd.concat(parts, ignore_index=True)
    facts = {"scene_pictures": len(table), "scene_points": _COLUMNS * _ROWS}
    return Provenance("rotation", SCENE_VERSION, {}, facts).attach(table)


class _Tracker:
    """Grid, lens and reduced pictures of one camera."""

    def __init__(self, camera: Camera) -> None:
        self._factor = max(camera.width_px // _WIDTH_PX, 1)
        self._size = camera.width_px // self._factor, camera.height_px // self._factor
        width, height = self._size
        x, y = np.meshgrid(
            (np.arange(_COLUMNS) + 0.5) / _COLUMNS * width - 0.5,
            (np.arange(_ROWS) + 0.5) / _ROWS * height - 0.5,
        )
        self._grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        pixels = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
        full = (pixels + 0.5) * self._factor - 0.5
        self._rays = px_to_direction(full, camera).reshape(height, width, 3)
        self._from = self._directions(self._grid)

    def reduced(self, luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture at the size that points are followed in."""
        return np.asarray(cv2.resize(luma, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def follow(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return where the points of the grid went, and which were found again."""
        result: Any = cv2.calcOpticalFlowPyrLK(
            first,
            second,
            self._grid.reshape(-1, 1, 2),
            None,  # type: ignore[call-overload]
            winSize=(_WINDOW_PX, _WINDOW_PX),
            maxLevel=_LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03),
            minEigThreshold=1e-3,
        )
        points, status, _ = result
        points = points.reshape(-1, 2).astype(np.float64)
        width, height = self._size
        inside = (points >= 0).all(axis=1) & (points[:, 0] <= width - 1) & (points[:, 1] <= height - 1)
        return points, (status.ravel() == 1) & inside

    def rotations(self, pairs: list[tuple[int, int, Floats, NDArray[np.bool_]]]) -> pd.DataFrame:
        """Return the rows of the result for pairs of pictures."""
        count = len(pairs)
        first = np.array([pair[0] for pair in pairs], dtype=np.int64)
        second = np.array([pair[1] for pair in pairs], dtype=np.int64)
        points = np.array([pair[2] for pair in pairs]).reshape(count, len(self._grid), 2)
        found = np.array([pair[3] for pair in pairs], dtype=bool).reshape(count, len(self._grid))
        after = self._directions(points.reshape(-1, 2)).reshape(3, count, len(self._grid))
        found &= np.isfinite(after).all(axis=0) & np.isfinite(self._from).all(axis=0)
        angle, inliers = fit_rotations(np.nan_to_num(self._from)[:, None], np.nan_to_num(after), found)
        good = (inliers >= _LEAST_INLIERS) & (inliers * len(self._grid) >= _LEAST_POINTS)
        speed = np.where(good, np.degrees(angle) / np.maximum(second - first, 1) * 1e9, np.nan)
        columns = {name: speed[row] for row, name in enumerate(AXES)}
        return pd.DataFrame({"t_ns": first + (second - first) // 2, **columns, "inlier_share": inliers})

    def _directions(self, points: NDArray[Any]) -> Floats:
        """Return unit vectors of points in the reduced picture, between pixels on straight lines, (3, n)."""
        width, height = self._size
        x = np.clip(points[:, 0].astype(np.float64), 0, width - 1.001)
        y = np.clip(points[:, 1].astype(np.float64), 0, height - 1.001)
        column, row = x.astype(np.int64), y.astype(np.int64)
        right, down = (x - column)[:, None], (y - row)[:, None]
        upper = self._rays[row, column] * (1 - right) + self._rays[row, column + 1] * right
        lower = self._rays[row + 1, column] * (1 - right) + self._rays[row + 1, column + 1] * right
        rays = (upper * (1 - down) + lower * down).T
        directions: Floats = rays / np.sqrt(np.sum(rays**2, axis=0))
        return directions


def fit_rotations(before: Floats, after: Floats, found: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the rotations of a camera that explain most of how directions moved.

    Parameters
    ----------
    before, after : ndarray of float64, shapes (3, 1 or m, n) and (3, m, n)
        Unit vectors of n points in m pairs of pictures.
    found : ndarray of bool, shape (m, n)
        Points that were found again.

    Returns
    -------
    angle_rad : ndarray of float64, shape (3, m)
        Rotation vectors of the camera about its own axes.
    inlier_share : ndarray of float64, shape (m,)
        Share of all n points within 0.35 deg.
    """
    before = np.broadcast_to(before, after.shape)
    angle, near = _fit(before, after, found)
    # somebody who fills a third of the picture may have drawn the fit: the rest is asked, too
    other, others = _fit(before, after, found & ~near)
    better = others.sum(axis=1) > near.sum(axis=1)
    chosen = np.where(better[:, None], others, near)
    return np.where(better, other, angle), chosen.mean(axis=1) if len(chosen) else np.zeros(0)


def _fit(before: Floats, after: Floats, found: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return rotation vectors, and which points they explain."""
    angle, eye = np.zeros((3, after.shape[1])), np.eye(3)
    for scale_deg in np.repeat(_SCALES_DEG, 2):
        carried = carry(before, np.broadcast_to(angle[:, :, None], after.shape))
        residual = after - carried
        square = np.sum(residual**2, axis=0)
        scale = np.radians(scale_deg) ** 2
        weight = np.where(found, (scale / (scale + square)) ** 2, 0.0)
        # residual = carried x step: the normal matrix is the sum of |p|^2 1 - p p'
        normal = -np.einsum("amn,bmn,mn->mab", carried, carried, weight, optimize=True)
        normal += weight.sum(axis=1)[:, None, None] * eye + 1e-9 * eye
        wanted = np.einsum("amn,mn->ma", cross(residual, carried), weight, optimize=True)
        angle = angle + np.linalg.solve(normal, wanted[..., None])[..., 0].T
    residual = after - carry(before, np.broadcast_to(angle[:, :, None], after.shape))
    return angle, found & (np.sqrt(np.sum(residual**2, axis=0)) < np.radians(_INLIER_DEG))
