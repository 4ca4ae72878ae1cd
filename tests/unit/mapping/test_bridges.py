"""Frames in which a placement is hidden for a moment, from drawn walks with known poses."""

import numpy as np
import pandas as pd
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping import PlanarParameters, Reference, map_frames
from gazestudy.mapping.appearance import Appearance
from gazestudy.mapping.bridges import bridge_back
from gazestudy.mapping.references import prepare
from gazestudy.mapping.sightings import Sighting, Slot, Track, TrackingLimits
from gazestudy.mapping.view import View

SIZE = 300, 420
QUICK = PlanarParameters(keyframe_interval=3)
AROUND = np.array([[2.2, 0, -180.0], [0, 2.2, -250.0], [0, 0, 1]])  # the wall, in px of the picture
HIDDEN = range(8, 14)


def walk(scene, picture, wall):
    poses = [scene.pose(-0.2 + 0.015 * i, 3.6 - 0.03 * i, 20, 1.2, SIZE) for i in range(22)]
    corners = np.vstack([apply_homography(poses[i], corners_px(*SIZE)) for i in HIDDEN])
    low, high = corners.min(axis=0).astype(int).tolist(), corners.max(axis=0).astype(int).tolist()
    frames = []
    for i, pose in enumerate(poses):
        luma = scene.draw([(wall, pose @ AROUND), (picture, pose)], seed=i)
        if i in HIDDEN:  # somebody stands there
            cv2.rectangle(luma, (low[0], low[1] + 12), tuple(high), 60, -1)
        frames.append((i, i * 33_333_333, luma))
    return poses, frames


def mapped(frames, picture, camera, **kwargs) -> pd.DataFrame:
    table = map_frames(frames, [Reference("a", "a1", picture, **kwargs)], camera, parameters=QUICK)
    return table[table["state"] == "mapped"].set_index("frame")


def test_a_placement_is_known_while_somebody_hides_it(scene, make_artwork):
    picture, wall = make_artwork(1), make_artwork(70, (560, 760))
    poses, frames = walk(scene, picture, wall)
    table = mapped(frames, picture, scene.camera)
    assert table.index.tolist() == list(range(22))
    for frame in HIDDEN:
        row = table.loc[frame]
        found = np.array([row[f"h{i}{j}"] for i in range(3) for j in range(3)]).reshape(3, 3)
        off = apply_homography(found, corners_px(*SIZE)) - apply_homography(poses[frame], corners_px(*SIZE))
        assert np.linalg.norm(off, axis=1).max() < 0.015 * row["width_px"]
        assert np.linalg.norm(off.mean(axis=0)) < 0.008 * row["width_px"]
        assert row["visible_share"] < 0.3


def test_prints_that_may_be_others_are_not_bridged(scene, make_artwork):
    picture, wall = make_artwork(1), make_artwork(70, (560, 760))
    _, frames = walk(scene, picture, wall)
    assert not set(HIDDEN) & set(mapped(frames, picture, scene.camera, copies=2).index)


@pytest.mark.parametrize("jump_px", [60.0, -45.0])
def test_what_does_not_lead_to_where_it_is_found_again_is_left_out(scene, make_artwork, jump_px):
    """The picture comes back at another place of a wall that stands still."""
    picture = make_artwork(1)
    wall = make_artwork(70, (560, 760))
    poses, frames = walk(scene, picture, wall)
    moved = []
    shift = np.array([[1, 0, jump_px], [0, 1, 0], [0, 0, 1]])
    for i, t_ns, luma in frames:  # from some frame on the wall as before, the picture elsewhere on it
        other = scene.draw([(wall, poses[i] @ AROUND), (picture, shift @ poses[i])], seed=i)
        moved.append((i, t_ns, other if i > HIDDEN[-1] else luma))
    assert not set(HIDDEN) & set(mapped(moved, picture, scene.camera).index)


@pytest.mark.parametrize(("gap", "shift_px", "one"), [(0, 0.0, True), (4, 0.0, True), (0, 40.0, False)])
def test_what_is_lost_and_found_again_is_one_print(scene, make_artwork, gap, shift_px, one):
    picture, wall = make_artwork(1), make_artwork(70, (560, 760))
    poses, frames = walk(scene, picture, wall)
    artworks = prepare([Reference("a", "a1", picture)])
    slots = [Slot(i, t, View.plain(luma)) for i, t, luma in frames[: 4 + gap]]
    look = Appearance(1.0, 16, *[np.ones((4, 4), bool)] * 2, *[np.ones((4, 4))] * 2, np.ones((4, 4), bool))
    tracks = Track(0), Track(0)
    for track, slot, shift in ((tracks[0], slots[1], 0.0), (tracks[1], slots[2 + gap], shift_px)):
        away = np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1.0]])
        h = away @ poses[slot.frame] @ artworks[0].to_reference
        quad = apply_homography(h, corners_px(*artworks[0].size_px))
        slot.sightings.append(Sighting(track, h / h[2, 2], quad, look, 30, 0.1, 0.002))
    mask = np.full(frames[0][2].shape, 255, np.uint8)
    last = slots[2 + gap].sightings[0]
    bridge_back(slots[: 3 + gap], last, artworks, mask, TrackingLimits(0.4, 8, 16.0, 0.025))
    assert (tracks[0].root() is tracks[1].root()) == one
    assert [len(slot.sightings) for slot in slots[2 : 2 + gap]] == [1] * gap
