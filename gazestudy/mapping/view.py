"""The working view: each scene frame without lens distortion, at the size the search works at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import scaling
from gazestudy.mapping.references import resized
from gazestudy.model.camera import Camera

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_MARGIN_SHARE = 0.25  # of the image size kept beyond each border, where a wide lens stretches the corners


class WorkingView:
    """Turns full-size scene frames into undistorted frames of the working size.

    In the working view a flat picture is a plain homography away, so tracking and comparing need no lens.

    Parameters
    ----------
    width_px, height_px : int
        Size of the scene frames.
    camera : Camera or None
        Scene camera; None takes the pixels as undistorted.
    working_width_px : int
        Width the frame is reduced to before the lens is undone; never enlarged.

    Attributes
    ----------
    to_undistorted : ndarray of float64, shape (3, 3)
        Working px to full-size undistorted px.
    mask : ndarray of uint8, shape (height, width)
        255 where the working view shows the scene, 0 beyond the border of the frame.
    """

    def __init__(
        self, width_px: int, height_px: int, camera: Camera | None, *, working_width_px: int
    ) -> None:
        self._camera = camera
        factor = min(1.0, working_width_px / width_px)
        self._small = max(16, round(width_px * factor)), max(16, round(height_px * factor))
        shrink = scaling((width_px, height_px), self._small)
        self._maps: tuple[NDArray[Any], NDArray[Any]] | None = None
        if camera is None or camera.model == "none":
            self.to_undistorted: Floats = np.linalg.inv(shrink).astype(np.float64)
            self.mask = np.full(self._small[::-1], 255, dtype=np.uint8)
            return
        low, high = _undistorted_extent(camera)
        corners = np.array([low, high]) * shrink[[0, 1], [0, 1]] + shrink[:2, 2]
        origin = np.floor(corners[0])
        columns, rows = (np.ceil(corners[1]) - origin + 1).astype(int)
        move = np.array([[1.0, 0.0, -origin[0]], [0.0, 1.0, -origin[1]], [0.0, 0.0, 1.0]])
        self.to_undistorted = np.linalg.inv(move @ shrink).astype(np.float64)
        x, y = np.meshgrid(np.arange(columns, dtype=np.float64), np.arange(rows, dtype=np.float64))
        working = np.column_stack([x.ravel(), y.ravel()])
        flat = working * self.to_undistorted[[0, 1], [0, 1]] + self.to_undistorted[:2, 2]
        bent = distort_px(flat, camera)
        # beyond the field of view a lens polynomial folds back; only points that return belong to the view
        returns = np.abs(undistort_px(bent, camera) - flat).max(axis=1) < 0.5
        inside = (
            np.abs(bent - (0.5 * width_px - 0.5, 0.5 * height_px - 0.5))
            <= (0.5 * width_px - 1, 0.5 * height_px - 1)
        ).all(axis=1)
        source = bent * shrink[[0, 1], [0, 1]] + shrink[:2, 2]
        source[~(returns & inside)] = -10
        self.mask = np.where(returns & inside, 255, 0).reshape(rows, columns).astype(np.uint8)
        source = source.reshape(rows, columns, 2).astype(np.float32)
        self._maps = cv2.convertMaps(source[..., 0], source[..., 1], cv2.CV_16SC2)

    @property
    def camera_matrix(self) -> Floats | None:
        """Camera matrix of the working view, shape (3, 3); None without a camera."""
        if self._camera is None:
            return None
        return np.asarray(np.linalg.inv(self.to_undistorted) @ self._camera.matrix, dtype=np.float64)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the working view."""
        return self.mask.shape[1], self.mask.shape[0]

    def of(self, luma: Bytes) -> Bytes:
        """Return the working view of a full-size frame.

        Parameters
        ----------
        luma : ndarray of uint8, shape (height, width)
            Full-size scene frame.

        Returns
        -------
        ndarray of uint8, shape (working height, working width)
            Undistorted and reduced.
        """
        small = resized(luma, self._small) if luma.shape[::-1] != self._small else np.ascontiguousarray(luma)
        if self._maps is None:
            return small
        return np.asarray(cv2.remap(small, self._maps[0], self._maps[1], cv2.INTER_LINEAR), dtype=np.uint8)


def _undistorted_extent(camera: Camera) -> tuple[Floats, Floats]:
    """Smallest and largest undistorted px that the image border reaches, within a margin."""
    along = np.linspace(0.0, 1.0, 33)
    edges = [(along, 0 * along), (along, 0 * along + 1), (0 * along, along), (0 * along + 1, along)]
    border = np.concatenate([np.column_stack(edge) for edge in edges])
    size = np.array([camera.width_px, camera.height_px], dtype=np.float64)
    flat = undistort_px(border * (size - 1), camera)
    flat = flat[np.isfinite(flat).all(axis=1)]
    low, high = flat.min(axis=0), flat.max(axis=0)
    return np.maximum(low, -_MARGIN_SHARE * size), np.minimum(high, (1 + _MARGIN_SHARE) * size)
