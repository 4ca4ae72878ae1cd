"""A screen alone on its wall: its rim keeps it located while it shows what nobody gave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping import PlanarParameters, Reference, map_frames

SIZE = 300, 420
SIZE_MM = 1200.0, 1680.0
BEZEL = 0.06  # widths
QUICK = PlanarParameters(keyframe_interval=2)
H = [f"h{i}{j}" for i in range(3) for j in range(3)]
STEP_NS = 33_333_333
KNOWN = 12
COUNT = 24


def around(h: np.ndarray, share: float, size: tuple[int, int]) -> np.ndarray:
    """Homography of a picture of `size` px that reaches so many widths beyond the screen on all sides."""
    wide, high = SIZE[0] * (1 + 2 * share), SIZE[1] + 2 * share * SIZE[0]
    across, down = wide / size[0], high / size[1]
    edge = -share * SIZE[0] - 0.5  # px count from the centre of the first one
    grow = np.array([[across, 0, across / 2 + edge], [0, down, down / 2 + edge], [0, 0, 1.0]])
    return h @ grow


def mottled(seed: int, low: int, high: int, size: tuple[int, int]) -> np.ndarray:
    cells = np.random.default_rng(seed).integers(low, high, (9, 7), dtype=np.uint8)
    return cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def poses(scene) -> list[np.ndarray]:
    return [scene.pose(0.9 - 0.02 * i, 3.2 - 0.02 * i, 12 + 0.4 * i, 1.2, SIZE) for i in range(COUNT)]


def located(scene, poses, shown, *, bezel: int = 45, hidden=lambda i, frame: frame) -> pd.DataFrame:
    wall = mottled(5, 130, 235, (700, 800))
    rim = np.full((60, 50), bezel, dtype=np.uint8)
    frames = []
    for i, (h, picture) in enumerate(zip(poses, shown, strict=True)):
        items = [(wall, around(h, 1.5, (700, 800))), (rim, around(h, BEZEL, (50, 60))), (picture, h)]
        frames.append((i, i * STEP_NS, hidden(i, scene.draw(items, seed=i))))
    references = [Reference("screen", "screen-1", shown[0], size_mm=SIZE_MM, changes=True)]
    table = map_frames(frames, references, scene.camera, parameters=QUICK)
    return table[(table["placement_id"] == "screen") & (table["state"] == "mapped")].set_index("frame")


def worst_shares(rows: pd.DataFrame, poses: list[np.ndarray]) -> np.ndarray:
    """How far the worst corner is off in each row, widths."""
    corners = corners_px(*SIZE)
    found = []
    for frame, row in rows.iterrows():
        truth = apply_homography(poses[frame], corners)
        here = apply_homography(row[H].to_numpy(float).reshape(3, 3), corners)
        found.append(np.linalg.norm(here - truth, axis=1).max() / np.linalg.norm(truth[1] - truth[0]))
    return np.array(found)


def test_the_rim_holds_a_screen_that_hangs_alone(scene, poses, make_artwork):
    known, unknown = make_artwork(22), make_artwork(23)
    rows = located(scene, poses, [known] * KNOWN + [unknown] * (COUNT - KNOWN))
    after = rows[rows.index >= KNOWN]
    assert (after["creative_id"] == "").all()
    assert len(after) >= 0.9 * (COUNT - KNOWN)
    off = worst_shares(after, poses)
    assert np.median(off) < 0.005
    assert off.max() < 0.02


def test_moving_pictures_do_not_carry_it_away(scene, poses, make_artwork):
    known, film = make_artwork(22), make_artwork(24, (300, 900))
    moving = [np.ascontiguousarray(film[20 * k : 20 * k + 420]) for k in range(COUNT - KNOWN)]
    rows = located(scene, poses, [known] * KNOWN + moving)
    after = rows[rows.index >= KNOWN]
    assert (after["creative_id"] == "").all()
    assert len(after) >= 0.8 * (COUNT - KNOWN)
    assert worst_shares(after, poses).max() < 0.03


def test_without_a_rim_that_shows_nothing_is_claimed(scene, poses, make_artwork):
    known = make_artwork(22)
    wall = mottled(6, 130, 235, SIZE)
    rows = located(scene, poses, [known] * KNOWN + [wall] * (COUNT - KNOWN), bezel=180)
    assert len(rows[rows.index >= KNOWN + 2]) == 0


def test_behind_somebody_the_screen_is_not_claimed(scene, poses, make_artwork):
    def blocked(i: int, frame: np.ndarray) -> np.ndarray:
        if i >= KNOWN + 6:
            frame[:, :] = mottled(7, 60, 200, frame.shape[::-1])
        return frame

    known, unknown = make_artwork(22), make_artwork(23)
    rows = located(scene, poses, [known] * KNOWN + [unknown] * (COUNT - KNOWN), hidden=blocked)
    assert len(rows[rows.index >= KNOWN + 6]) == 0
    assert len(rows[(rows.index >= KNOWN) & (rows.index < KNOWN + 6)]) >= 4
