"""Turning a flat picture to the front, against a rectangle put into space by hand."""

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import direction_to_px, px_to_direction
from gazestudy.geometry.rectification import rectify, seen_aspect
from gazestudy.model import Camera

PLAIN = Camera(1600, 1200, 900.0, 905.0, 800.0, 590.0)
BENT = Camera(1600, 1200, 900.0, 905.0, 800.0, 590.0, "opencv5", (-0.13, 0.1, 0.0005, 0.0004, -0.02))


def corners_in_space(width_mm, height_mm, *, yaw_deg, pitch_deg=0.0, away_mm=3000.0):
    flat = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * [width_mm / 2, height_mm / 2, 1]
    turn, _ = cv2.Rodrigues(np.radians([pitch_deg, yaw_deg, 3.0]))
    return flat @ turn.T + [200, -150, away_mm]


@pytest.mark.parametrize("camera", [PLAIN, BENT], ids=["plain", "bent"])
@pytest.mark.parametrize("yaw_deg", [0, 25, -55, 70])
@pytest.mark.parametrize("size_mm", [(1185, 1750), (3000, 1500)])
def test_the_aspect_comes_from_the_view_alone(camera, yaw_deg, size_mm):
    width_mm, height_mm = size_mm[0] / 3, size_mm[1] / 3
    quad = direction_to_px(corners_in_space(width_mm, height_mm, yaw_deg=yaw_deg, pitch_deg=8), camera)
    assert seen_aspect(quad, camera) == pytest.approx(width_mm / height_mm, rel=1e-3)


@pytest.mark.parametrize("camera", [PLAIN, BENT], ids=["plain", "bent"])
def test_a_picture_comes_back_as_it_hangs(camera):
    rng = np.random.default_rng(3)
    art = cv2.GaussianBlur(rng.integers(0, 255, (300, 400), np.uint8), (0, 0), 6)
    art = cv2.normalize(art, None, 0, 255, cv2.NORM_MINMAX)
    space = corners_in_space(800, 600, yaw_deg=35, away_mm=1500)
    # Ray by ray: where does the ray of each scene pixel meet the plane of the picture?
    y, x = np.mgrid[0:1200, 0:1600].astype(float)
    rays = px_to_direction(np.stack([x.ravel(), y.ravel()], axis=1), camera)
    across, down = space[1] - space[0], space[3] - space[0]
    normal = np.cross(across, down)
    hit = rays * ((space[0] @ normal) / (rays @ normal))[:, None] - space[0]
    u, v = hit @ across / (across @ across), hit @ down / (down @ down)
    where = np.stack([u * 400 - 0.5, v * 300 - 0.5], axis=1).reshape(1200, 1600, 2).astype(np.float32)
    scene = cv2.remap(art, where[..., 0].copy(), where[..., 1].copy(), cv2.INTER_LINEAR)
    front = rectify(scene, direction_to_px(space, camera), camera=camera)
    assert front.shape[1] / front.shape[0] == pytest.approx(4 / 3, rel=0.01)
    back = cv2.resize(front, (400, 300), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(back[4:-4, 4:-4].ravel(), art[4:-4, 4:-4].ravel())[0, 1] > 0.995


def test_a_picture_seen_from_the_front_is_cut_out_unchanged():
    scene = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    quad = [[9.5, 4.5], [49.5, 4.5], [49.5, 34.5], [9.5, 34.5]]
    np.testing.assert_array_equal(rectify(scene, quad), scene[5:35, 10:50])
    assert rectify(scene, quad, aspect=2.0).shape == (30, 60, 3)


@pytest.mark.parametrize(
    "quad",
    [
        [[10, 10], [10, 50], [50, 50], [50, 10]],  # the other way round
        [[10, 10], [50, 10], [10, 50], [50, 50]],  # crossed
        [[10, 10], [500, 10], [500, 50], [10, 50]],  # outside
        [[10, 10], [12, 10], [12, 12], [10, 12]],  # a dot
        [[10, 10], [50, 10], [50, 50]],
        [[10, 10], [50, np.nan], [50, 50], [10, 50]],
    ],
)
def test_corners_that_make_no_sense(quad):
    with pytest.raises(ParameterError):
        rectify(np.zeros((60, 80), np.uint8), quad)


@pytest.mark.parametrize("aspect", [0.0, -1.0, np.inf, np.nan])
def test_an_aspect_that_makes_no_sense(aspect):
    with pytest.raises(ParameterError):
        rectify(np.zeros((60, 80), np.uint8), [[10, 10], [50, 10], [50, 50], [10, 50]], aspect=aspect)
