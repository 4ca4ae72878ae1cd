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

_NODE_PX = 8
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
        bent, returns = self._lens_table(int(columns), int(rows), camera)
        centre, reach = np.array([width_px - 1, height_px - 1]) / 2, np.array([width_px, height_px]) / 2 - 1
        shows = returns & (np.abs(bent - centre) <= reach).all(axis=2)
        source = np.where(shows[..., None], bent * shrink[[0, 1], [0, 1]] + shrink[:2, 2], -10.0)
        source = source.astype(np.float32)
        self.mask = np.where(shows, 255, 0).astype(np.uint8)
        self._maps = cv2.convertMaps(source[..., 0], source[..., 1], cv2.CV_16SC2)

    def _lens_table(self, columns: int, rows: int, camera: Camera) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the distorted px of every working px, and whether the lens really shows it.

        The lens is computed at every eighth pixel and interpolated: it bends so little that the error stays
        below 0.01 px.
        """
        x, y = np.meshgrid(
            np.arange(0, columns + _NODE_PX, _NODE_PX), np.arange(0, rows + _NODE_PX, _NODE_PX)
        )
        flat = np.column_stack([x.ravel(), y.ravel()]) * self.to_undistorted[[0, 1], [0, 1]]
        flat = flat + self.to_undistorted[:2, 2]
        bent = distort_px(flat, camera)
        # beyond the field of view a lens polynomial folds back; only points that return belong to the view
        returns = np.abs(undistort_px(bent, camera) - flat).max(axis=1) < 0.5
        table = np.column_stack([bent, returns]).reshape(*x.shape, 3)
        table = _finer(_finer(table).transpose(1, 0, 2)).transpose(1, 0, 2)[:rows, :columns]
        return table[..., :2], table[..., 2] > 0.999

    def points(self, scene_px: Floats | None) -> Floats | None:
        """Return distorted scene px as working px, shape (n, 2)."""
        if scene_px is None:
            return None
        flat = scene_px if self._camera is None else undistort_px(scene_px, self._camera)
        return (flat - self.to_undistorted[:2, 2]) / self.to_undistorted[[0, 1], [0, 1]]

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


def _finer(table: Floats) -> Floats:
    """Interpolate linearly along the first axis, `_NODE_PX` values for each."""
    share = np.arange(_NODE_PX)[None, :, None, None] / _NODE_PX
    between = table[:-1, None] * (1 - share) + table[1:, None] * share
    return between.reshape(-1, *table.shape[1:])


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
