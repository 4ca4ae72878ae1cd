"""The working view: each scene frame without lens distortion, at the size the search works at."""

from __future__ import annotations

import weakref
from collections import deque
from math import ceil, floor
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import scaling, side_lengths
from gazestudy.mapping.references import resized
from gazestudy.model.camera import Camera

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_NODE_PX = 8
_LARGE_PX = 600.0  # placements seen larger are fitted at half size: a tenth of a px is little of them
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
    scene_size_px : (int, int)
        Width and height of the scene frames.
    to_undistorted : ndarray of float64, shape (3, 3)
        Working px to full-size undistorted px.
    mask : ndarray of uint8, shape (height, width)
        255 where the working view shows the scene, 0 beyond the border of the frame.
    """

    def __init__(
        self, width_px: int, height_px: int, camera: Camera | None, *, working_width_px: int
    ) -> None:
        self._camera, self.scene_size_px = camera, (width_px, height_px)
        self._rooms = _Rooms()
        factor = min(1.0, working_width_px / width_px)
        self._small = max(16, round(width_px * factor)), max(16, round(height_px * factor))
        shrink = scaling((width_px, height_px), self._small)
        self._maps: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._small_maps: tuple[NDArray[Any], NDArray[Any]] | None = None
        if camera is None or camera.model == "none":
            self.to_undistorted: Floats = np.linalg.inv(shrink).astype(np.float64)
            self.mask = np.full(self._small[::-1], 255, dtype=np.uint8)
            self._small_mask = _nearest(self.mask, self.small_size_px)
            return
        low, high = _undistorted_extent(camera)
        corners = np.array([low, high]) * shrink[[0, 1], [0, 1]] + shrink[:2, 2]
        origin = np.floor(corners[0])
        columns, rows = (np.ceil(corners[1]) - origin + 1).astype(int)
        move = np.array([[1.0, 0.0, -origin[0]], [0.0, 1.0, -origin[1]], [0.0, 0.0, 1.0]])
        self.to_undistorted = np.linalg.inv(move @ shrink).astype(np.float64)
        bent, returns = self._lens_table(int(columns), int(rows), camera)
        # single precision: these tables are large, and a ten-thousandth of a pixel is enough
        size = np.array([width_px, height_px], dtype=np.float32)
        shows = returns & (np.abs(bent - (size - 1) / 2) <= size / 2 - 1).all(axis=2)
        scale, shift = (part.astype(np.float32) for part in (shrink[[0, 1], [0, 1]], shrink[:2, 2]))
        source = np.where(shows[..., None], bent * scale + shift, np.float32(-10.0))
        self.mask = np.where(shows, 255, 0).astype(np.uint8)
        self._maps = _tables(source)
        self._small_mask = _nearest(self.mask, self.small_size_px)
        half = (self._small[0] // 2, self._small[1] // 2)
        halved = scaling(self._small, half)
        self._small_maps = _tables(_halved(source) * halved[[0, 1], [0, 1]] + halved[:2, 2])

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
        table: NDArray[Any] = np.column_stack([bent, returns]).astype(np.float32).reshape(*x.shape, 3)
        table = _finer(_finer(table).transpose(1, 0, 2)).transpose(1, 0, 2)[:rows, :columns]
        return table[..., :2], table[..., 2] > 0.999

    def points(self, scene_px: Floats) -> Floats:
        """Return distorted scene px as working px, shape (n, 2)."""
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

    @property
    def small_size_px(self) -> tuple[int, int]:
        """Width and height of the working view at half size."""
        return self.size_px[0] // 2, self.size_px[1] // 2

    def of(self, luma: Bytes) -> Bytes:
        """Return a full-size frame undistorted and reduced, shape (working height, working width)."""
        return self.view(luma).cut(np.zeros(2, dtype=np.int64), np.array(self.size_px))

    def view(self, luma: Bytes) -> View:
        """Return the working view of a full-size frame.

        Parameters
        ----------
        luma : ndarray of uint8, shape (height, width)
            Full-size scene frame.

        Returns
        -------
        View
            Undistorted and reduced; at full working size only where it is asked for.
        """
        take = self._rooms.take
        half_px = self._small[0] // 2, self._small[1] // 2
        scene = _reduced(luma, self._small, take(self._small))
        half = _reduced(scene, half_px, take(half_px))
        if self._small_maps is None:
            return View(scene, None, self.mask, half, self._small_mask)
        small = take(self.small_size_px)
        cv2.remap(half, self._small_maps[0], self._small_maps[1], cv2.INTER_LINEAR, dst=small)
        return View(scene, self._maps, self.mask, small, self._small_mask)


def check_size(luma: Bytes, camera: Camera | None) -> None:
    """Refuse frames of another size than the camera's.

    Raises
    ------
    ParameterError
        Names both sizes.
    """
    height, width = luma.shape
    if camera is not None and (camera.width_px, camera.height_px) != (width, height):
        expected = f"{camera.width_px} x {camera.height_px} as the camera has it"
        raise ParameterError("frame size", f"{width} x {height}", expected)


class View:
    """A frame without lens distortion.

    Parameters
    ----------
    scene : ndarray of uint8, shape (height, width)
        The frame, reduced, with the distortion of the lens.
    maps : tuple of ndarray or None
        Where each working px lies in it (`cv2.convertMaps`); None where there is no lens to undo.
    mask : ndarray of uint8, shape (working height, working width)
        Where the working view shows the scene.
    small, small_mask : ndarray of uint8
        The working view at half size, and where it shows the scene.

    Notes
    -----
    Undoing the lens everywhere would cost more than all that follows, and placements fill a small part of
    most frames: so the full size is made piece by piece.
    """

    __slots__ = ("_maps", "_scene", "mask", "small", "small_mask")

    def __init__(
        self,
        scene: Bytes,
        maps: tuple[NDArray[Any], NDArray[Any]] | None,
        mask: Bytes,
        small: Bytes,
        small_mask: Bytes,
    ) -> None:
        self._scene, self._maps, self.mask, self.small, self.small_mask = scene, maps, mask, small, small_mask

    @classmethod
    def plain(cls, image: Bytes) -> View:
        """Return the view of a picture that needs no undoing."""
        mask, half = np.full(image.shape, 255, dtype=np.uint8), (image.shape[1] // 2, image.shape[0] // 2)
        return cls(image, None, mask, _reduced(image, half), _nearest(mask, half))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.mask.shape[1], self.mask.shape[0]

    @property
    def to_small(self) -> Floats:
        """View px to px at half size."""
        return scaling(self.size_px, (self.small.shape[1], self.small.shape[0]))

    def cut(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> Bytes:
        """Return the pixels from column and row `low` to before `high`, which lie in the view."""
        rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
        if self._maps is None:
            return np.ascontiguousarray(self._scene[rows, columns])
        first, second = (table[rows, columns] for table in self._maps)
        return np.asarray(cv2.remap(self._scene, first, second, cv2.INTER_LINEAR), dtype=np.uint8)

    def around(self, quad: Floats, margin_px: float) -> Patch:
        """Return the part that holds a quad with a margin; at half size where that shows enough of it."""
        sides = side_lengths(quad)
        if float(np.sqrt((sides[0] + sides[2]) * (sides[1] + sides[3]))) / 2 < _LARGE_PX:
            low, high = bounds(quad, margin_px, self.size_px)
            return Patch(self.cut(low, high), low, self.mask, np.eye(3))
        to_small = self.to_small
        at = quad * to_small[[0, 1], [0, 1]] + to_small[:2, 2]
        low, high = bounds(at, margin_px, (self.small.shape[1], self.small.shape[0]))
        image = np.ascontiguousarray(self.small[low[1] : high[1], low[0] : high[0]])
        return Patch(image, low, self.small_mask, to_small)


class Patch:
    """A part of a view, at full or half size.

    Parameters
    ----------
    image : ndarray of uint8
        What the part shows.
    low : ndarray of int64, shape (2,)
        Its first column and row.
    mask : ndarray of uint8
        Where the whole view shows the scene, at the size of the part.
    to_part : ndarray of float64, shape (3, 3)
        View px to px at the size of the part, counted from the corner of the whole view.
    """

    __slots__ = ("_high", "_image", "_low", "mask", "to_part")

    def __init__(self, image: Bytes, low: NDArray[np.int64], mask: Bytes, to_part: Floats) -> None:
        self._image, self._low, self.mask, self.to_part = image, low, mask, to_part
        self._high = low + image.shape[::-1]

    def cut(self, points: Floats, margin_px: float) -> tuple[Bytes, NDArray[np.int64], NDArray[np.int64]]:
        """Return what lies around some points, and the box it fills."""
        low, high = bounds(points, margin_px, (self.mask.shape[1], self.mask.shape[0]))
        low = np.minimum(np.maximum(low, self._low), self._high - 1)
        high = np.minimum(np.maximum(high, low + 1), self._high)
        (left, top), (right, bottom) = low - self._low, high - self._low
        return np.ascontiguousarray(self._image[top:bottom, left:right]), low, high


def bounds(
    points: Floats, margin_px: float, size_px: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the corners of the box around points, cut at the border of the picture; at least one pixel."""
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    width, height = size_px
    low = _within(floor(left - margin_px), 0, width - 1), _within(floor(top - margin_px), 0, height - 1)
    high = (
        _within(ceil(right + margin_px) + 1, low[0] + 1, width),
        _within(ceil(bottom + margin_px) + 1, low[1] + 1, height),
    )
    return np.array(low), np.array(high)


def _within(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


class _Rooms:
    """Pictures to be filled, each used again once nothing refers to it.

    So many frames come and go that they would leave holes in the memory of the process, which it never gives
    back (100 MB in the first minutes of a recording); and the system clears all memory that it hands out,
    which took a twentieth of the time.
    """

    def __init__(self) -> None:
        self._free: dict[int, deque[mmap]] = {}

    def take(self, size_px: tuple[int, int]) -> Bytes:
        """Return a picture of any content."""
        width, height = size_px
        free = self._free.setdefault(width * height, deque())
        try:
            room = free.pop()
        except IndexError:
            room = mmap(-1, width * height)
        flat = np.frombuffer(room, dtype=np.uint8)
        weakref.finalize(flat, free.append, room).atexit = False  # every part of the picture refers to `flat`
        return flat.reshape(height, width)


def _reduced(image: Bytes, size_px: tuple[int, int], into: Bytes | None = None) -> Bytes:
    """Return a picture at a smaller size; up to half, two pixels a side are enough against aliasing."""
    if image.shape[::-1] == size_px:
        return np.ascontiguousarray(image)
    if size_px[0] > image.shape[1] / 2 and size_px[1] > image.shape[0] / 2:
        return np.asarray(cv2.resize(image, size_px, into, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return resized(image, size_px, into)


def _nearest(mask: Bytes, size_px: tuple[int, int]) -> Bytes:
    return np.asarray(cv2.resize(mask, size_px, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _tables(source: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    flat = source.astype(np.float32, copy=False)
    return cv2.convertMaps(flat[..., 0], flat[..., 1], cv2.CV_16SC2)


def _halved(table: NDArray[Any]) -> Floats:
    """Return the means of two by two entries."""
    rows, columns = table.shape[0] // 2 * 2, table.shape[1] // 2 * 2
    blocks = table[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, -1)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64), dtype=np.float64)


def _finer(table: NDArray[Any]) -> NDArray[Any]:
    """Interpolate linearly along the first axis, `_NODE_PX` values for each."""
    share = (np.arange(_NODE_PX) / _NODE_PX).astype(table.dtype)[None, :, None, None]
    between = table[:-1, None] * (1 - share) + table[1:, None] * share
    finer: NDArray[Any] = between.reshape(-1, *table.shape[1:])
    return finer


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
