"""The picture must agree with the homographies that are given as truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.simulate import build_station, neon_camera, plain_camera
from gazestudy.simulate.cameras import lens_of
from gazestudy.simulate.motion import camera_axes
from gazestudy.simulate.render import Renderer, Shot
from gazestudy.simulate.surfaces import Texture
from gazestudy.simulate.truth import reference_homographies


def shot_at(x_m, z_m, yaw_deg, pitch_deg=1.0, roll_deg=2.0, blur_deg=0.0):
    angles = [np.radians([value]) for value in (yaw_deg, pitch_deg, roll_deg)]
    rotation = camera_axes(*angles)[0]
    turns = np.array(
        [
            camera_axes(angles[0] + np.radians(turn), angles[1], angles[2])[0]
            for turn in (np.linspace(-blur_deg, blur_deg, 4) if blur_deg else [0.0])
        ]
    )
    return Shot(1.0, np.array([x_m, -1.62, z_m]), rotation, turns, 1.0)


def dotted(width_px, height_px):
    """A white picture with black discs at known reference px."""
    image = np.full((2 * height_px, 2 * width_px, 3), 255, dtype=np.uint8)
    centres = [(x, y) for x in np.linspace(0.15, 0.85, 4) for y in np.linspace(0.15, 0.85, 5)]
    centres = np.round(np.array(centres) * (2 * width_px, 2 * height_px))
    columns, rows = np.meshgrid(np.arange(2 * width_px), np.arange(2 * height_px))
    for x, y in centres:
        edge = np.clip(60 - np.hypot(columns - x, rows - y) + 0.5, 0, 1)[..., None]
        image = (image * (1 - edge)).astype(np.uint8)
    return image, (centres + 0.5) / 2 - 0.5


@pytest.fixture(scope="module")
def empty_station():
    """The station with one dotted poster and nobody in it."""
    station = build_station(np.random.default_rng(5), people=0)
    number = next(i for i, face in enumerate(station.faces) if face.placement_id == "corridor-six-sheet")
    face = station.faces[number]
    image, centres = dotted(*face.size_px)
    surfaces = list(station.surfaces)
    surfaces[face.surface] = replace(surfaces[face.surface], textures=(Texture(image),))
    return replace(station, surfaces=tuple(surfaces)), face, centres


@pytest.mark.parametrize("camera", [neon_camera(), plain_camera()], ids=["neon", "plain"])
@pytest.mark.parametrize(
    "shot", [shot_at(0.4, 7.6, -85.0), shot_at(0.6, 6.6, -50.0, blur_deg=0.12)], ids=["frontal", "slanted"]
)
def test_discs_appear_where_the_truth_says(empty_station, camera, shot):
    station, face, centres = empty_station
    picture = Renderer(station, camera).frame(shot, None)
    pose = shot.camera_m[None], shot.rotation[None]
    matrix = reference_homographies(station, face, *pose, camera.matrix)[0]
    dark = 255.0 - picture.mean(axis=2)
    errors = []
    for centre in centres:
        # the truth for a disc is the darkness-weighted mean of its projected area, not its projected centre
        ticks = np.linspace(-30, 30, 61)
        around = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
        around = centre + around[np.hypot(*around.T) <= 30]
        flat = cv2.perspectiveTransform(around.reshape(-1, 1, 2), matrix).reshape(-1, 2)
        bent = distort_px(flat, camera)
        if (bent < 25).any() or (bent > np.array(picture.shape[1::-1]) - 25).any():
            continue
        # local magnification weights each reference point by its area in the picture
        side = cv2.perspectiveTransform((around + np.array([0.5, 0])).reshape(-1, 1, 2), matrix).reshape(
            -1, 2
        )
        below = cv2.perspectiveTransform((around + np.array([0, 0.5])).reshape(-1, 1, 2), matrix).reshape(
            -1, 2
        )
        along, down = distort_px(side, camera) - bent, distort_px(below, camera) - bent
        area = np.abs(along[:, 0] * down[:, 1] - along[:, 1] * down[:, 0])
        wanted = (bent * area[:, None]).sum(axis=0) / area.sum()
        low = np.floor(bent.min(axis=0)).astype(int) - 4
        high = np.ceil(bent.max(axis=0)).astype(int) + 5
        patch = dark[low[1] : high[1], low[0] : high[0]]
        columns, rows = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
        found = np.array([(columns * patch).sum(), (rows * patch).sum()]) / patch.sum()
        errors.append(np.hypot(*(found - wanted)))
    print(len(errors), np.median(errors), np.max(errors))
    assert len(errors) >= 8
    assert np.median(errors) < 0.05


def test_lens_table_inverts_the_lens():
    for camera in (neon_camera(640, 360), plain_camera(640, 360)):
        rays = lens_of(camera).rays.astype(np.float64)
        rng = np.random.default_rng(3)
        pixels = np.column_stack([rng.integers(0, 640, 300), rng.integers(0, 360, 300)])
        flat = rays[pixels[:, 1], pixels[:, 0]] * (camera.fx_px, camera.fy_px) + (camera.cx_px, camera.cy_px)
        assert np.abs(distort_px(flat, camera) - pixels).max() < 0.005
        assert np.abs(undistort_px(pixels.astype(float), camera) - flat).max() < 0.02
