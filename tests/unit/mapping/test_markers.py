"""Markers drawn into a scene with known homographies."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping.markers import find_markers, map_markers, marker_families
from gazestudy.model import Creative, Placement
from gazestudy.model.manual import Marker, MarkerLayout

SIZE = (400, 180)
GATE = Placement(
    "gate", "gate", (Creative("gate-1", "gate", "", "", "", *SIZE),), width_mm=1200, height_mm=540
)
H = [f"h{row}{column}" for row in range(3) for column in range(3)]
SIDE = 48


def sheet(family="apriltag_36h11", numbers=(3, 7, 11, 15), margin=60, *, ids=None):
    """A wall of 520 x 300 px with the placement in the middle and markers at its corners; and their places in mm."""
    dictionary = cv2.aruco.getPredefinedDictionary(marker_families()[family])
    wall = np.full((SIZE[1] + 2 * margin, SIZE[0] + 2 * margin), 200, np.uint8)
    wall[margin:-margin, margin:-margin] = 120
    inner = (margin - SIDE) // 2
    lefts, tops = (inner, wall.shape[1] - SIDE - inner), (inner, wall.shape[0] - SIDE - inner)
    places = [(lefts[n % 2], tops[n // 2]) for n in range(4)]
    markers = []
    for number, (left, top) in zip(numbers, places, strict=False):
        wall[top : top + SIDE, left : left + SIDE] = dictionary.generateImageMarker(number, SIDE)
        markers.append(
            Marker.upright(number, x=3.0 * (left - margin), y=3.0 * (top - margin), side=3.0 * SIDE)
        )
    chosen = [m for m in {m.id: m for m in markers}.values() if ids is None or m.id in ids]
    return wall, MarkerLayout("gate", family, tuple(chosen))


def view(scene, wall, z_m=2.0, turn_deg=20.0, x_m=0.05):
    """The frame, and the true homography of the placement's reference px."""
    to_scene = scene.pose(x_m, z_m, turn_deg, 1.56, (wall.shape[1], wall.shape[0]))
    shift = np.array([[1, 0, 60.0], [0, 1, 60.0], [0, 0, 1]])
    return scene.draw([(wall, to_scene)]), to_scene @ shift


def off(table, truth, row=0):
    found = table[H].iloc[row].to_numpy(float).reshape(3, 3)
    corners = corners_px(*SIZE)
    return np.linalg.norm(apply_homography(found, corners) - apply_homography(truth, corners), axis=1).max()


@pytest.mark.parametrize("family", ["apriltag_36h11", "aruco_4x4_50"])
@pytest.mark.parametrize("unit", ["mm", "px"])
def test_markers_around_a_placement_locate_it(bent_scene, family, unit):
    wall, layout = sheet(family)
    if unit == "px":
        markers = tuple(Marker(m.id, tuple((x / 3, y / 3) for x, y in m.corners)) for m in layout.markers)
        layout = MarkerLayout("gate", family, markers, "px")
    frame, truth = view(bent_scene, wall)
    table = map_markers([(5, 123, frame)], [layout], [GATE], bent_scene.camera)
    assert table[["frame", "t_ns", "state", "inliers"]].iloc[0].tolist() == [5, 123, "mapped", 16]
    assert off(table, truth) < 1.0
    assert table["visible_share"].iloc[0] == 1.0
    assert table["corner_error_share"].iloc[0] < 0.02


def test_the_expected_error_is_about_the_true_one(scene):
    wall, layout = sheet()
    off_px, expected_px = [], []
    for turn in np.linspace(-40, 40, 9):
        frame, truth = view(scene, wall, turn_deg=float(turn))
        table = map_markers([(0, 0, frame)], [layout], [GATE], scene.camera)
        centre = [[(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2]]
        found = table[H].iloc[0].to_numpy(float).reshape(3, 3)
        back = apply_homography(np.linalg.inv(found), apply_homography(truth, centre))
        off_px.append(np.linalg.norm(back - centre))
        expected_px.append(table["error_px"].iloc[0])
    assert np.median(off_px) < 2 * np.median(expected_px)
    assert np.median(expected_px) < 5 * np.median(off_px) + 0.5


def test_one_marker_far_from_the_other_end_is_not_enough(scene):
    wall, layout = sheet(ids=(3,))
    frame, _ = view(scene, wall)
    table = map_markers([(0, 0, frame)], [layout], [GATE], None)
    assert table["state"].tolist() == ["bad_geometry"]
    assert table[H].isna().all(axis=None)


def test_a_marker_seen_twice_says_nothing(scene):
    wall, layout = sheet(numbers=(3, 3, 3, 3))
    frame, _ = view(scene, wall)
    table = map_markers([(0, 0, frame)], [layout], [GATE], scene.camera)
    assert table["state"].tolist() == ["ambiguous"]
    wall, _ = sheet(numbers=(3, 7, 11, 3))
    frame, truth = view(scene, wall)
    _, layout = sheet()
    table = map_markers([(0, 0, frame)], [layout], [GATE], scene.camera)
    assert (table["state"].iloc[0], table["inliers"].iloc[0]) == ("mapped", 8)
    assert off(table, truth) < 2.0


def test_a_marker_that_hangs_elsewhere_than_said_is_left_out(scene):
    wall, layout = sheet()
    frame, truth = view(scene, wall)
    moved = Marker.upright(15, x=100, y=-150, side=3.0 * SIDE)
    layout = MarkerLayout("gate", layout.dictionary, (*layout.markers[:3], moved))
    table = map_markers([(0, 0, frame)], [layout], [GATE], scene.camera)
    assert table["confidence"].iloc[0] == 0.75
    assert off(table, truth) < 2.0


def test_frames_without_markers_have_no_row(scene):
    _, layout = sheet()
    table = map_markers([(0, 0, scene.draw([]))], [layout], [GATE], scene.camera)
    assert len(table) == 0
    assert len(map_markers([], [layout], [GATE], scene.camera)) == 0


def test_partly_in_the_image(scene):
    wall, layout = sheet()
    frame, truth = view(scene, wall, x_m=0.9, turn_deg=0, z_m=2.0)
    table = map_markers([(0, 0, frame)], [layout], [GATE], scene.camera)
    assert table["state"].tolist() == ["mapped"]
    ticks = (np.arange(100) + 0.5) / 100
    grid = np.stack(np.meshgrid(ticks * SIZE[0] - 0.5, ticks * SIZE[1] - 0.5), -1).reshape(-1, 2)
    inside = np.mean(apply_homography(truth, grid)[:, 0] < 639.5)
    assert 0.2 < inside < 0.9
    assert table["visible_share"].iloc[0] == pytest.approx(inside, abs=0.06)


def test_what_is_missing_is_named(scene):
    wall, layout = sheet()
    frame, _ = view(scene, wall)
    with pytest.raises(ParameterError, match="one of apriltag_16h5"):
        find_markers(frame, "qr")
    with pytest.raises(ParameterError, match="width and height in mm"):
        map_markers([], [layout], [Placement("gate", "gate", GATE.creatives)], None)
    with pytest.raises(ParameterError, match="placements of the study"):
        map_markers([], [layout], [], None)
    with pytest.raises(ParameterError, match="640 x 360"):
        map_markers([(0, 0, frame[:100])], [layout], [GATE], scene.camera)
    assert sorted(find_markers(frame, "apriltag_36h11")) == [3, 7, 11, 15]
