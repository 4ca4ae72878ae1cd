"""Pictures on a pillar and round a corner, drawn ray by ray: no homography takes part in this truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.model import Camera

FINER = 1


@dataclass(frozen=True)
class Pillar:
    """An upright round pillar with a picture all around it; its middle faces the viewer at the start."""

    radius_m: float = 0.5
    height_m: float = 1.6
    x_m: float = 0.0
    z_m: float = 3.0

    def hit(self, eye: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """Shares of the picture that rays of shape (n, 3) meet, NaN for none."""
        to_axis = np.array([self.x_m - eye[0], self.z_m - eye[2]])
        flat = rays[:, [0, 2]]
        a, b = np.sum(flat**2, axis=1), flat @ to_axis
        inside = b**2 - a * (to_axis @ to_axis - self.radius_m**2)
        way = (b - np.sqrt(np.where(inside > 0, inside, np.nan))) / a
        points = eye + np.where(way > 0, way, np.nan)[:, None] * rays
        turn = np.arctan2(points[:, 0] - self.x_m, self.z_m - points[:, 2])
        return np.column_stack([turn / (2 * np.pi) + 0.5, points[:, 1] / self.height_m + 0.5])

    def at(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places and outward directions of shares of the picture, each of shape (n, 3)."""
        turn = (shares[:, 0] - 0.5) * 2 * np.pi
        out = np.column_stack([np.sin(turn), np.zeros(len(turn)), -np.cos(turn)])
        places = self.radius_m * out + [self.x_m, 0, self.z_m]
        places[:, 1] = (shares[:, 1] - 0.5) * self.height_m
        return places, out


@dataclass(frozen=True)
class Corner:
    """Two upright walls that meet at an edge near the viewer; the picture goes round it."""

    seam: float = 0.6
    width_m: float = 3.0
    height_m: float = 1.4
    x_m: float = 0.1
    z_m: float = 2.4
    turns_deg: tuple[float, float] = (-40.0, 50.0)

    def _walls(self) -> list[tuple[np.ndarray, np.ndarray, float, float]]:
        """Direction to the right, outward direction, and from where to where in shares of the width."""
        walls = []
        for turn, low, high in zip(self.turns_deg, (0.0, self.seam), (self.seam, 1.0), strict=True):
            right = np.array([np.cos(np.radians(turn)), 0, np.sin(np.radians(turn))])
            walls.append((right, np.array([right[2], 0, -right[0]]), low, high))
        return walls

    @property
    def _edge(self) -> np.ndarray:
        return np.array([self.x_m, 0.0, self.z_m])

    def hit(self, eye: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """Shares of the picture that rays of shape (n, 3) meet, NaN for none."""
        shares = np.full((len(rays), 2), np.nan)
        nearest = np.full(len(rays), np.inf)
        for right, out, low, high in self._walls():
            with np.errstate(divide="ignore", invalid="ignore"):
                way = (out @ (self._edge - eye)) / (rays @ out)
            points = eye + way[:, None] * rays - self._edge
            across = points @ right / self.width_m + self.seam
            down = points[:, 1] / self.height_m + 0.5
            good = (way > 0) & (rays @ out < 0) & (across >= low) & (across < high) & (way < nearest)
            good &= (down >= 0) & (down < 1)
            shares[good] = np.column_stack([across, down])[good]
            nearest[good] = way[good]
        return shares

    def at(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places and outward directions of shares of the picture, each of shape (n, 3)."""
        places, outs = np.zeros((len(shares), 3)), np.zeros((len(shares), 3))
        for right, out, low, high in self._walls():
            own = (shares[:, 0] >= low) & (shares[:, 0] < high)
            places[own] = self._edge + (shares[own, :1] - self.seam) * self.width_m * right
            outs[own] = out
        places[:, 1] = (shares[:, 1] - 0.5) * self.height_m
        return places, outs


@dataclass(frozen=True)
class Eye:
    """Where the camera stands and how far its head is turned to the right."""

    x_m: float = 0.0
    z_m: float = 0.0
    turn_deg: float = 0.0

    @property
    def place(self) -> np.ndarray:
        return np.array([self.x_m, 0.0, self.z_m])

    @property
    def axes(self) -> np.ndarray:
        """Camera axes in the world as columns."""
        c, s = np.cos(np.radians(self.turn_deg)), np.sin(np.radians(self.turn_deg))
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def draw(camera: Camera, eye: Eye, thing: Pillar | Corner, picture: np.ndarray, seed: int) -> np.ndarray:
    """What the camera sees: the thing before a mottled wall."""
    width, height = camera.width_px * FINER, camera.height_px * FINER
    x, y = np.meshgrid((np.arange(width) + 0.5) / FINER - 0.5, (np.arange(height) + 0.5) / FINER - 0.5)
    rays = np.column_stack(
        [(x.ravel() - camera.cx_px) / camera.fx_px, (y.ravel() - camera.cy_px) / camera.fy_px]
    )
    rays = np.column_stack([rays, np.ones(len(rays))]) @ eye.axes.T
    shares = thing.hit(eye.place, rays)
    on = np.isfinite(shares).all(axis=1) & (shares >= 0).all(axis=1) & (shares < 1).all(axis=1)
    wall = np.random.default_rng(3).normal(120, 30, (60, 200)).clip(0, 255).astype(np.uint8)
    depth = (8.0 - eye.z_m) / rays[:, 2]
    far = eye.place + depth[:, None] * rays
    scene = _look_up(wall, np.column_stack([far[:, 0] / 24 + 0.5, far[:, 1] / 7 + 0.5]))
    scene[on] = _look_up(picture, np.nan_to_num(shares))[on]
    image = cv2.resize(
        scene.reshape(height, width), None, fx=1 / FINER, fy=1 / FINER, interpolation=cv2.INTER_AREA
    )
    noise = np.random.default_rng(seed).normal(0, 2.0, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _look_up(picture: np.ndarray, shares: np.ndarray) -> np.ndarray:
    size = np.array(picture.shape[1::-1])
    at = (shares * size - 0.5).astype(np.float32).reshape(1, -1, 2)
    parts = [
        cv2.remap(picture, part[..., 0], part[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for part in np.array_split(at, at.shape[1] // 30_000 + 1, axis=1)
    ]
    return np.concatenate(parts, axis=1).ravel()


def seen(
    camera: Camera, eye: Eye, thing: Pillar | Corner, shares: np.ndarray, *, least_facing: float = 0.35
) -> tuple[np.ndarray, np.ndarray]:
    """Scene px of shares of the picture, and which of them are in view, not too oblique."""
    places, outs = thing.at(shares)
    way = places - eye.place
    facing = -np.sum(way * outs, axis=1) / np.linalg.norm(way, axis=1)
    local = way @ eye.axes
    px = np.column_stack(
        [
            camera.fx_px * local[:, 0] / local[:, 2] + camera.cx_px,
            camera.fy_px * local[:, 1] / local[:, 2] + camera.cy_px,
        ]
    )
    inside = np.all((px > 2) & (px < [camera.width_px - 3, camera.height_px - 3]), axis=1)
    return px, (facing > least_facing) & (local[:, 2] > 0) & inside
