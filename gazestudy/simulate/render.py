"""Rendering: every surface is warped onto a flat canvas by its homography, then seen through the lens.

The canvas is an ideal pinhole picture with the camera's focal lengths, so that magnification is the same in
the middle of the image. Sub-exposures of a moving head look at the same canvas through turned lenses: within
10 ms the head's turning moves the picture by many pixels, its walking by a fraction of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.model import Camera
from gazestudy.simulate.cameras import lens_of
from gazestudy.simulate.crowd import PEOPLE_FROM
from gazestudy.simulate.station import Station
from gazestudy.simulate.surfaces import Floats, Image, Surface, Texture

NEAR_M = 0.12
_SHIFT = 4  # fractional bits of cv2's polygon filling
_SHIFTED = 1 << _SHIFT
_NOISE_ROOM_PX = 256
_TINY_PX = 6.0  # smaller pieces are painted in one colour
_PORTAL_Z_M = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What one frame is taken with.

    Attributes
    ----------
    t_s : float
        Station time of the middle of the exposure.
    camera_m : ndarray, shape (3,)
        Where the camera is, m.
    rotation : ndarray, shape (3, 3)
        World to camera (rows: camera axes in the world) in the middle of the exposure.
    turns : ndarray, shape (n, 3, 3)
        Rotation of the camera at each sub-exposure, world to camera; n = 1 for a sharp picture.
    gain : float
        Brightness.
    """

    t_s: float
    camera_m: Floats
    rotation: Floats
    turns: Floats
    gain: float


class Renderer:
    """Draws the station as a camera sees it.

    Parameters
    ----------
    station : Station
        What there is.
    camera : Camera
        Scene camera.
    noise_levels : float, optional
        Standard deviation of the sensor noise, grey levels.
    luma : bool, optional
        Draw without colour, in half the time; pictures have the shape (height, width).
    """

    def __init__(
        self, station: Station, camera: Camera, *, noise_levels: float = 2.0, luma: bool = False
    ) -> None:
        self.station, self.camera = station, camera
        self._lens = lens_of(camera)
        # one large field of noise, of which each frame takes a part: fresh noise would cost 11 ms a frame
        self._channels = () if luma else (3,)
        room = (camera.height_px + _NOISE_ROOM_PX, camera.width_px + _NOISE_ROOM_PX, *self._channels)
        field = np.random.default_rng(0).normal(0.0, noise_levels, room)
        self._noise = np.round(field).astype(np.int16)
        self._pieces = [piece for surface in station.surfaces for piece in _pieces_of(surface)]
        self._corners = np.array([_four(piece.corners_m) for piece in self._pieces])
        radius = np.hypot(
            (np.arange(camera.width_px) - camera.cx_px)[None, :],
            (np.arange(camera.height_px) - camera.cy_px)[:, None],
        ) / np.hypot(camera.cx_px, camera.cy_px)
        shade = (1 - 0.28 * radius**2).astype(np.float32)
        self._vignette = shade if luma else np.repeat(shade[..., None], 3, axis=2)

    def canvas(self, shot: Shot) -> Image:
        """Return the sharp picture on the flat canvas (camera matrix `lens_of(camera).matrix`)."""
        width, height = self._lens.canvas_px
        canvas: Image = np.zeros((height, width, *self._channels), dtype=np.uint8)
        for piece, corners in self._in_order(shot):
            _paint(canvas, piece, corners, shot, self._lens.matrix)
        return canvas

    def frame(self, shot: Shot, rng: np.random.Generator | None) -> Image:
        """Return one frame as the camera records it.

        Parameters
        ----------
        shot : Shot
            Pose, time, blur and brightness.
        rng : Generator or None
            Source of the sensor noise; None for a noiseless picture without vignette.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3) or (height, width)
            The picture, BGR or luma.
        """
        canvas = self.canvas(shot)
        if len(shot.turns) == 1:
            picture = self._through_lens(canvas, shot.turns[0] @ shot.rotation.T)
        else:
            size = (self.camera.height_px, self.camera.width_px, *self._channels)
            total = np.zeros(size, dtype=np.float32)
            for turn in shot.turns:
                cv2.accumulate(self._through_lens(canvas, turn @ shot.rotation.T), total)
            picture = np.asarray(cv2.convertScaleAbs(total, alpha=1 / len(shot.turns)), dtype=np.uint8)
        if rng is None:
            return np.asarray(picture, dtype=np.uint8)
        shaded = cv2.multiply(picture, self._vignette, scale=shot.gain, dtype=cv2.CV_8U)
        down, across = rng.integers(_NOISE_ROOM_PX, size=2)
        height, width = picture.shape[:2]
        noise = self._noise[down : down + height, across : across + width]
        return np.asarray(cv2.add(shaded, noise, dtype=cv2.CV_8U), dtype=np.uint8)

    def _through_lens(self, canvas: Image, turn: Floats) -> Image:
        """Look at the canvas through the lens, turned by `turn` (canvas axes to camera axes)."""
        # a ray of the turned camera, seen from the canvas: transpose of the turn
        matrix = self._lens.matrix @ turn.T
        maps = cv2.perspectiveTransform(self._lens.rays, matrix)
        # x and y lie in one map: the second is None, which cv2's type hints do not know
        picture = cv2.remap(canvas, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        return np.asarray(picture, dtype=np.uint8)

    def _in_order(self, shot: Shot) -> list[tuple[_Piece, Floats]]:
        """Return the pieces in view from far to near, with their corners in camera axes."""
        people = [
            surface
            for number, person in enumerate(self.station.people)
            if (surface := person.surface(shot.t_s, shot.camera_m, number)) is not None
        ]
        figures = [piece for surface in people for piece in _pieces_of(surface)]
        home = 0 if shot.camera_m[2] < _PORTAL_Z_M else 1
        kept: list[tuple[tuple[float, ...], _Piece, Floats]] = []
        for number in _in_view(self._corners, shot, self._lens.matrix, self._lens.canvas_px):
            piece = self._pieces[number]
            if (shot.camera_m - piece.surface.origin_m) @ piece.normal <= 0:
                continue
            kept.append((_depth_key(piece.surface, home, shot.camera_m), piece, piece.corners_m))
        for piece in figures:
            kept.append((_depth_key(piece.surface, home, shot.camera_m), piece, piece.corners_m))
        kept.sort(key=lambda entry: entry[0])
        return [(piece, (corners - shot.camera_m) @ shot.rotation.T) for _, piece, corners in kept]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A part of a surface that is painted with one texture level."""

    surface: Surface
    corners_m: Floats
    normal: Floats


def _pieces_of(surface: Surface) -> list[_Piece]:
    if surface.strips == 1:
        return [_Piece(surface, surface.point_m(surface.outline), surface.normal)]
    edges = np.linspace(0, 1, surface.strips + 1)
    return [
        _Piece(
            surface,
            surface.point_m(np.array([[low, 0.0], [high, 0.0], [high, 1.0], [low, 1.0]])),
            surface.normal,
        )
        for low, high in pairwise(edges)
    ]


def _four(corners_m: Floats) -> Floats:
    """Repeat the last corner of a triangle, so that all pieces fit into one array."""
    return np.vstack([corners_m, corners_m[-1:]])[:4]


def _depth_key(surface: Surface, home: int, camera_m: Floats) -> tuple[float, ...]:
    """Sort far rooms first, in a room its walls first, then what stands in it from far to near."""
    if surface.group < 0:
        distance = np.inf
    else:
        middle = (
            surface.origin_m + 0.5 * surface.along_m if surface.group >= PEOPLE_FROM else surface.anchor_m
        )
        distance = float(np.hypot(middle[0] - camera_m[0], middle[2] - camera_m[2]))
    return (1.0 if surface.cell == home else 0.0, -distance, surface.group, surface.layer)


def _in_view(corners_m: Floats, shot: Shot, matrix: Floats, canvas_px: tuple[int, int]) -> NDArray[np.int64]:
    """Return which quadrilaterals, shape (n, 4, 3), may touch the canvas."""
    rays = (corners_m - shot.camera_m) @ shot.rotation.T @ matrix.T
    x, y, z = rays[..., 0], rays[..., 1], rays[..., 2]
    width, height = canvas_px
    outside = (
        (z < NEAR_M).all(axis=1)
        | (x < 0).all(axis=1)
        | (y < 0).all(axis=1)
        | (x > width * z).all(axis=1)
        | (y > height * z).all(axis=1)
    )
    return np.flatnonzero(~outside)


def clip_near(corners: Floats) -> Floats:
    """Cut a polygon in camera axes, shape (n, 3), at the near plane; the part before it, shape (m, 3)."""
    ahead = corners[:, 2] >= NEAR_M
    if ahead.all():
        return corners
    kept = []
    for number in range(len(corners)):
        here, before = corners[number], corners[number - 1]
        if ahead[number] != ahead[number - 1]:
            share = (NEAR_M - before[2]) / (here[2] - before[2])
            kept.append(before + share * (here - before))
        if ahead[number]:
            kept.append(here)
    return np.array(kept).reshape(-1, 3)


def surface_homography(surface: Surface, shot: Shot, matrix: Floats) -> Floats:
    """Return the homography from shares of a surface's width and height to pinhole pixels, shape (3, 3)."""
    columns = np.column_stack([surface.along_m, surface.down_m, surface.origin_m - shot.camera_m])
    return np.asarray(matrix @ shot.rotation @ columns)


def _paint(canvas: Image, piece: _Piece, corners: Floats, shot: Shot, matrix: Floats) -> None:
    polygon = clip_near(corners)
    if len(polygon) < 3:
        return
    rays = polygon @ matrix.T
    points = rays[:, :2] / rays[:, 2:]
    height, width = canvas.shape[:2]
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, (width, height))
    if right <= left or bottom <= top:
        return
    surface = piece.surface
    texture = surface.textures[surface.on_show(shot.t_s)]
    if canvas.ndim == 2:
        texture = texture.luma()
    region = canvas[top:bottom, left:right]
    outline = np.round(np.clip(points - (left, top), -1e5, 1e5) * _SHIFTED).astype(np.int32)
    if max(right - left, bottom - top) <= _TINY_PX:
        colour = np.atleast_1d(texture.image[:: max(1, len(texture.image) // 8), ::8].mean(axis=(0, 1)))
        cv2.fillPoly(region, [outline], colour.tolist(), cv2.LINE_8, _SHIFT)
        return
    unit = np.linalg.inv(surface_homography(surface, shot, matrix))  # canvas px -> shares
    picture, warp = _level_for(texture, unit, points, (left, top))
    warped = cv2.warpPerspective(
        picture,
        warp,
        (right - left, bottom - top),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    mask = np.zeros(region.shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [outline], 255, cv2.LINE_8, _SHIFT)
    cv2.copyTo(warped, mask, region)


def _level_for(
    texture: Texture,
    unit: NDArray[np.floating[Any]],
    points: NDArray[np.floating[Any]],
    corner: tuple[int, int],
) -> tuple[Image, Floats]:
    """Choose the shrunk texture whose pixels are about as large as the canvas' and the warp that reads it."""
    height, width = texture.image.shape[:2]
    x, y = points.mean(axis=0)
    steps = np.array([[x, x + 1.0, x], [y, y, y + 1.0], [1.0, 1.0, 1.0]])
    shares = unit @ steps
    shares = shares[:2] / shares[2]
    across = np.hypot(shares[0, 1] - shares[0, 0], shares[0, 2] - shares[0, 0]) * width
    down = np.hypot(shares[1, 1] - shares[1, 0], shares[1, 2] - shares[1, 0]) * height
    levels = [
        min(max(0, int(np.floor(np.log2(max(size, 1e-6)) + 0.4))), int(np.log2(limit)))
        for size, limit in ((across, width), (down, height))
    ]
    picture = texture.level(*levels)
    scale_y, scale_x = picture.shape[:2]
    scale = np.array([[scale_x, 0.0, -0.5], [0.0, scale_y, -0.5], [0.0, 0.0, 1.0]])
    shift = np.array([[1.0, 0.0, corner[0]], [0.0, 1.0, corner[1]], [0.0, 0.0, 1.0]])
    return picture, scale @ unit @ shift
