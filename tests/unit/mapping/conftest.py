"""A small synthetic scene with exactly known homographies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography, corners_px, scaling
from gazestudy.model.camera import Camera

WIDTH, HEIGHT = 640, 360


def artwork(seed: int, size: tuple[int, int] = (300, 420)) -> np.ndarray:
    """A picture with photo-like noise at several scales, shapes and lettering."""
    rng = np.random.default_rng(seed)
    width, height = size
    image = np.zeros((height, width), np.float32)
    for cells, weight in ((4, 60), (12, 35), (40, 20)):
        noise = rng.normal(size=(cells * height // width + 1, cells)).astype(np.float32)
        image += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    image = np.clip(image + 128, 0, 255).astype(np.uint8)
    for _ in range(14):
        centre = tuple(int(v) for v in rng.integers(0, [width, height]))
        if rng.random() < 0.5:
            cv2.circle(image, centre, int(rng.integers(8, 40)), int(rng.integers(0, 255)), -1, cv2.LINE_AA)
        else:
            text = "".join(chr(c) for c in rng.integers(65, 91, 4))
            cv2.putText(
                image, text, centre, cv2.FONT_HERSHEY_DUPLEX, 1.1, int(rng.integers(0, 255)), 2, cv2.LINE_AA
            )
    return image


@cache
def undistorted_pixels(camera: Camera) -> np.ndarray:
    """Undistorted position of every pixel, shape (height, width, 2)."""
    x, y = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    return undistort_px(np.column_stack([x.ravel(), y.ravel()]), camera).reshape(HEIGHT, WIDTH, 2)


@dataclass
class Scene:
    """Draws pictures onto a tiled wall as seen by a moving camera."""

    camera: Camera

    def pose(
        self, x_m: float, z_m: float, turn_deg: float, width_m: float, size: tuple[int, int]
    ) -> np.ndarray:
        """Homography picture px -> undistorted scene px of an upright picture that faces the camera but for a turn."""
        scale = width_m / size[0]
        turn = np.radians(turn_deg)
        right = np.array([np.cos(turn), 0, np.sin(turn)])
        down = np.array([0, 1.0, 0])
        centre = np.array([x_m, 0, z_m]) - right * width_m / 2 - down * scale * size[1] / 2
        columns = np.column_stack([right * scale, down * scale, centre + (right + down) * scale / 2])
        h = self.camera.matrix @ columns
        return h / h[2, 2]

    def draw(
        self, items: list[tuple[np.ndarray, np.ndarray]], seed: int = 0, shift: float = 0.0
    ) -> np.ndarray:
        """Frame (height, width) with pictures drawn at their homographies."""
        factor = 1.3
        canvas = np.array([[1, 0, WIDTH * 0.15], [0, 1, HEIGHT * 0.15], [0, 0, 1.0]])
        size = int(WIDTH * factor), int(HEIGHT * factor)
        yy, xx = np.mgrid[0 : size[1], 0 : size[0]]
        wall = (120 + 25 * np.sign(np.sin((xx + shift) / 9.0)) * np.sign(np.sin(yy / 9.0))).astype(np.uint8)
        for image, h in items:
            corners = apply_homography(h, corners_px(image.shape[1], image.shape[0]))
            seen = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0]))
            factor = min(1.0, 1.3 * seen / max(image.shape))
            small_size = max(8, round(image.shape[1] * factor)), max(8, round(image.shape[0] * factor))
            small = cv2.resize(image, small_size, interpolation=cv2.INTER_AREA)
            to_canvas = canvas @ h @ scaling(small_size, (image.shape[1], image.shape[0]))
            inside = cv2.warpPerspective(np.full_like(small, 255), to_canvas, size)
            drawn = cv2.warpPerspective(small, to_canvas, size, borderMode=cv2.BORDER_REPLICATE)
            wall = np.where(inside > 127, drawn, wall)
        maps = (undistorted_pixels(self.camera) + canvas[:2, 2]).astype(np.float32)
        frame = cv2.remap(wall, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR)
        noise = np.random.default_rng(seed).normal(0, 2.0, frame.shape)
        return np.clip(frame + noise, 0, 255).astype(np.uint8)

    def place(self, h: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Picture px -> distorted scene px."""
        return distort_px(apply_homography(h, points), self.camera)


@pytest.fixture
def scene() -> Scene:
    return Scene(Camera(WIDTH, HEIGHT, 520.0, 520.0, 319.5, 179.5))


@pytest.fixture
def bent_scene() -> Scene:
    return Scene(Camera(WIDTH, HEIGHT, 420.0, 420.0, 315.0, 182.0, "opencv5", (-0.28, 0.09, 0.0, 0.0, -0.01)))


@pytest.fixture
def make_artwork():
    return artwork
