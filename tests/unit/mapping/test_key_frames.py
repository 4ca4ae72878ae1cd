"""Key frames in a small scene with exactly known homographies."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.homographies import apply_homography, corners_px
from gazestudy.mapping import Reference
from gazestudy.mapping.key_frames import KeyFrameParameters, track_key_frames
from gazestudy.model import provenance_of
from gazestudy.model.manual import KeyFrame, corners_of, points_of

SIZE = (300, 420)
STEP_NS = 33_333_333
H = [f"h{row}{column}" for row in range(3) for column in range(3)]


def walk(scene, image, n=24, *, depth_m=2.6, gone=(), front=()):
    """Frames of somebody who walks by a picture, and the true homographies."""
    frames, truths = [], []
    for k in range(n):
        pose = scene.pose(-0.5 + 0.03 * k, depth_m - 0.03 * k, 25.0 - k, 0.9, SIZE)
        items = [] if k in gone else [(image, pose)]
        frame = scene.draw(items, seed=k, shift=-0.4 * k)
        if k in front:
            frame[:, 200:460] = 60
        frames.append((10 + k, k * STEP_NS, frame))
        truths.append(pose)
    return frames, truths


def clicked(scene, truths, k, *, sd_px=0.0, seed=0, name="gate"):
    corners = scene.place(truths[k], corners_px(*SIZE))
    corners = corners + np.random.default_rng(seed).normal(0, sd_px, (4, 2))
    return KeyFrame("r", k * STEP_NS, name, corners_of(corners))


def errors(table, truths, first=10):
    """Largest error of a corner in each mapped row, as a share of the width."""
    found = []
    corners = corners_px(*SIZE)
    for row in table[table["state"] == "mapped"].itertuples():
        ours = np.array([getattr(row, key) for key in H]).reshape(3, 3)
        here, there = apply_homography(ours, corners), apply_homography(truths[row.frame - first], corners)
        found.append(np.linalg.norm(here - there, axis=1).max() / np.linalg.norm(there[1] - there[0]))
    return np.array(found)


MARGIN = 90


def blank_on_a_wall(scene, make_artwork, n=24):
    """A walk by a poster that is all one grey, with a frame, on a wall with some structure."""
    size = SIZE[0] + 2 * MARGIN, SIZE[1] + 2 * MARGIN
    wall = (110 + 0.35 * (make_artwork(9, size).astype(float) - 128)).astype(np.uint8)
    low, right, bottom = MARGIN, MARGIN + SIZE[0], MARGIN + SIZE[1]
    cv2.rectangle(wall, (low, low), (right - 1, bottom - 1), 190, -1)
    cv2.rectangle(wall, (low + 4, low + 4), (right - 5, bottom - 5), 60, 3)
    to_wall = np.array([[1, 0, MARGIN], [0, 1, MARGIN], [0, 0, 1.0]])
    frames, truths = [], []
    for k in range(n):
        pose = scene.pose(-0.5 + 0.03 * k, 2.6 - 0.03 * k, 25.0 - k, 0.9 * size[0] / SIZE[0], size)
        frames.append((10 + k, k * STEP_NS, scene.draw([(wall, pose)], seed=k, shift=-0.4 * k)))
        truths.append(pose @ to_wall)
    return frames, truths


def test_a_picture_is_fitted_whatever_the_clicks_were(bent_scene, make_artwork):
    image = make_artwork(1, SIZE)
    frames, truths = walk(bent_scene, image)
    keys = [clicked(bent_scene, truths, k, sd_px=2.0, seed=k) for k in (4, 18)]
    table = track_key_frames(frames, [Reference("gate", "gate-1", image)], bent_scene.camera, keys)
    assert table["frame"].tolist() == list(range(10, 34))
    assert (table["source"] == "key_frames").all()
    assert np.median(errors(table, truths)) < 0.005
    assert errors(table, truths).max() < 0.02
    facts = provenance_of(table)["facts"]
    assert (facts["key frames"], facts["fitted to the picture"], facts["without a frame"]) == (2, 2, 0)


def test_a_blank_poster_is_carried_by_its_frame_and_its_wall(scene, make_artwork):
    """The reference shows something else than what hangs there: only the scene itself can help."""
    frames, truths = blank_on_a_wall(scene, make_artwork)
    keys = [clicked(scene, truths, k, sd_px=1.0, seed=k) for k in (2, 20)]
    table = track_key_frames(frames, [Reference("gate", "gate-1", make_artwork(5, SIZE))], scene.camera, keys)
    assert provenance_of(table)["facts"]["fitted to the picture"] == 0
    found = errors(table, truths)
    assert len(found) >= 20
    assert np.median(found) < 0.03
    assert found.max() < 0.1
    at_clicks = table[table["frame"].isin([12, 30])]
    assert at_clicks["key_frame_ns"].tolist() == [2 * STEP_NS, 20 * STEP_NS]


def test_unchecked_frames_beyond_the_key_frames_are_few(scene, make_artwork):
    frames, truths = blank_on_a_wall(scene, make_artwork)
    keys = [clicked(scene, truths, k, sd_px=1.0, seed=k) for k in (8, 14)]
    table = track_key_frames(
        frames,
        [Reference("gate", "gate-1", make_artwork(5, SIZE))],
        scene.camera,
        keys,
        parameters=KeyFrameParameters(unchecked_s=3.5 * STEP_NS / 1e9),
    )
    assert (table["frame"].min(), table["frame"].max()) == (10 + 8 - 3, 10 + 14 + 3)


def test_the_expected_error_covers_the_true_one(scene, make_artwork):
    frames, truths = blank_on_a_wall(scene, make_artwork)
    references = [Reference("gate", "gate-1", make_artwork(5, SIZE))]
    ratios = []
    for seed in range(3):
        keys = [clicked(scene, truths, k, sd_px=2.0, seed=10 * seed + k) for k in (2, 20)]
        table = track_key_frames(frames, references, scene.camera, keys)
        mapped = table[table["state"] == "mapped"]
        ratios += (errors(table, truths) / mapped["corner_error_share"].to_numpy()).tolist()
    assert 0.1 < np.median(ratios) < 2.0


def test_a_passer_by_is_bridged_or_left_out_never_invented(scene, make_artwork):
    image = make_artwork(2, SIZE)
    frames, truths = walk(scene, image, front=range(10, 13))
    keys = [clicked(scene, truths, k, sd_px=1.0, seed=k) for k in (3, 20)]
    table = track_key_frames(frames, [Reference("gate", "gate-1", image)], scene.camera, keys)
    mapped = table[table["state"] == "mapped"]
    assert set(range(10, 20)) <= set(mapped["frame"])
    assert set(range(23, 34)) <= set(mapped["frame"])
    assert errors(table, truths).max() < 0.05


def test_four_points_serve_where_corners_are_out_of_sight(scene, make_artwork):
    image = make_artwork(2, SIZE)
    shares = ((0.3, 0.3), (0.7, 0.35), (0.65, 0.7), (0.3, 0.65))
    frames, truths, keys = [], [], []
    for k in range(8):
        pose = scene.pose(0.05, 0.9 - 0.02 * k, 35.0, 0.9, SIZE)  # taller and wider than the image
        frames.append((10 + k, k * STEP_NS, scene.draw([(image, pose)], seed=k)))
        truths.append(pose)
    for k in (1, 6):
        here = scene.place(truths[k], np.array(shares) * SIZE - 0.5)
        here = here + np.random.default_rng(k).normal(0, 1.0, (4, 2))
        keys.append(KeyFrame("r", k * STEP_NS, "gate", corners_of(here), at_shares=shares))
    table = track_key_frames(frames, [Reference("gate", "gate-1", image)], scene.camera, keys)
    mapped = table[table["state"] == "mapped"]
    assert len(mapped) == 8
    centre = np.array([SIZE]) / 2
    for row in mapped.itertuples():
        ours = np.array([getattr(row, key) for key in H]).reshape(3, 3)
        here, there = (apply_homography(h, centre) for h in (ours, truths[row.frame - 10]))
        assert np.linalg.norm(here - there) < 6.0


def details(scene, truths, k, shares, *, sd_px=1.0):
    """A key frame of details of the picture, clicked with a little noise."""
    here = scene.place(truths[k], np.array(shares) * SIZE - 0.5)
    here = here + np.random.default_rng(k).normal(0, sd_px, here.shape)
    return KeyFrame("r", k * STEP_NS, "gate", points_of(here), at_shares=shares)


def test_details_in_any_order_and_number_serve_as_corners_do(bent_scene, make_artwork):
    image = make_artwork(1, SIZE)
    frames, truths = walk(bent_scene, image)
    inner = ((0.5, 0.45), (0.1, 0.1), (0.85, 0.2), (0.3, 0.9))  # the first lies between the others
    six = (*inner, (0.8, 0.8), (0.6, 0.15))
    keys = [details(bent_scene, truths, 4, inner), details(bent_scene, truths, 18, six)]
    table = track_key_frames(frames, [Reference("gate", "gate-1", image)], bent_scene.camera, keys)
    assert (table["state"] == "mapped").all()
    assert errors(table, truths).max() < 0.02
    assert provenance_of(table)["facts"]["fitted to the picture"] == 2


def walk_along_a_wall(scene, image, n, *, side, step_m):
    """Frames of somebody who walks along a wall 3 m long and 4.2 m high, its near end behind them."""
    frames, truths = [], []
    scale, half = 0.01, 0.5 * 0.01 * SIZE[1]
    down = np.array([0, 1.0, 0])
    for k in range(n):
        nearest_m = -0.4 - step_m * k
        start = nearest_m if side < 0 else nearest_m + scale * SIZE[0]
        ahead = np.array([0, 0, 1.0 if side < 0 else -1.0])
        corner = np.array([side * 0.9, -half, start])
        columns = np.column_stack([ahead * scale, down * scale, corner + (ahead + down) * scale / 2])
        pose = scene.camera.matrix @ columns
        # what lies farther ahead than 0.5 m is drawn; the rest would lie outside of the image
        first = round((0.5 - nearest_m) / scale)
        low = first if side < 0 else 0
        shown = image[:, low:] if side < 0 else image[:, : SIZE[0] - first]
        cut = pose @ np.array([[1, 0, low], [0, 1, 0], [0, 0, 1.0]])
        frames.append((10 + k, k * STEP_NS, scene.draw([(np.ascontiguousarray(shown), cut)], seed=k)))
        truths.append(pose)
    return frames, truths


@pytest.mark.parametrize("side", [-1, 1])
def test_a_wall_that_leaves_the_view_to_a_strip_is_lost_without_trouble(scene, make_artwork, side):
    image = make_artwork(4, SIZE)
    frames, truths = walk_along_a_wall(scene, image, 16, side=side, step_m=0.08)
    across = (0.7, 0.95) if side < 0 else (0.3, 0.05)
    shares = ((across[0], 0.42), (across[1], 0.4), (across[1], 0.6), (across[0], 0.55))
    keys = [details(scene, truths, k, shares) for k in (0, 1)]
    table = track_key_frames(frames, [Reference("gate", "gate-1", image)], scene.camera, keys)
    assert (table["state"] == "mapped").sum() >= 6
    assert table["frame"].max() < 25


@pytest.mark.parametrize("side", [-1, 1])
def test_a_placement_that_reaches_behind_the_camera_is_fitted_by_what_is_in_view(scene, make_artwork, side):
    """On the left wall the top left corner lies behind, on the right wall the top right one."""
    image = make_artwork(4, SIZE)
    frames, truths = walk_along_a_wall(scene, image, 8, side=side, step_m=0.03)
    across = (0.62, 0.9) if side < 0 else (0.38, 0.1)
    shares = ((across[0], 0.42), (across[1], 0.4), (across[1], 0.6), (across[0], 0.55))
    keys = [details(scene, truths, k, shares) for k in (1, 6)]
    table = track_key_frames(frames, [Reference("gate", "gate-1", image)], scene.camera, keys)
    mapped = table[table["state"] == "mapped"]
    assert len(mapped) == 8
    assert provenance_of(table)["facts"]["fitted to the picture"] == 2
    at = np.array(shares) * SIZE - 0.5
    grid = np.stack(np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1])), axis=-1).reshape(-1, 2)
    for row in mapped.itertuples():
        ours = np.array([getattr(row, key) for key in H]).reshape(3, 3)
        truth = truths[row.frame - 10]
        assert np.linalg.norm(apply_homography(ours, at) - apply_homography(truth, at), axis=1).max() < 2.0
        back = apply_homography(np.linalg.inv(ours), apply_homography(truth, at))  # as gaze is mapped
        np.testing.assert_allclose(back, at, atol=2.0)
        there = apply_homography(truth, grid)
        shown = ((there >= 0) & (there < [640, 360])).all(axis=1).mean()  # NaN, behind the camera, is not
        assert row.visible_share == pytest.approx(shown, abs=0.03)


def test_frames_beyond_reach_or_without_the_placement_have_no_row(scene, make_artwork):
    image = make_artwork(3, SIZE)
    frames, truths = walk(scene, image, gone=range(0, 8))
    keys = [clicked(scene, truths, k) for k in (12, 14)]
    table = track_key_frames(
        frames,
        [Reference("gate", "gate-1", image)],
        scene.camera,
        keys,
        parameters=KeyFrameParameters(reach_s=5.5 * STEP_NS / 1e9),
    )
    mapped = table[table["state"] == "mapped"]
    assert mapped["frame"].min() == 18
    assert mapped["frame"].max() == 29


def test_the_result_is_the_same_every_time_and_with_more_frames(scene, make_artwork):
    image = make_artwork(3, SIZE)
    frames, truths = walk(scene, image, n=16)
    keys = [clicked(scene, truths, k, sd_px=1.0, seed=k) for k in (3, 9)]
    references = [Reference("gate", "gate-1", image)]
    first = track_key_frames(frames, references, scene.camera, keys)
    again = track_key_frames(iter(frames), references, scene.camera, list(reversed(keys)))
    assert first.equals(again)
    without = track_key_frames(frames, references, None, keys)
    assert provenance_of(without)["facts"]["camera"].startswith("none")
    assert errors(without, truths).max() < 0.05


def test_two_placements_at_once(scene, make_artwork):
    one, other = make_artwork(3, SIZE), make_artwork(4, SIZE)
    frames, truths = [], []
    for k in range(10):
        left = scene.pose(-0.75 + 0.01 * k, 2.6, 5.0, 0.9, SIZE)
        right = scene.pose(0.55 + 0.01 * k, 2.6, 5.0, 0.9, SIZE)
        frames.append((10 + k, k * STEP_NS, scene.draw([(one, left), (other, right)], seed=k)))
        truths.append((left, right))
    keys = [
        clicked(scene, [t[side] for t in truths], k, sd_px=1.0, name=name)
        for side, name in enumerate(("gate", "hall"))
        for k in (1, 8)
    ]
    references = [Reference("gate", "gate-1", one), Reference("hall", "hall-1", other)]
    table = track_key_frames(frames, references, scene.camera, keys)
    assert table["placement_id"].tolist() == ["gate", "hall"] * 10
    for side, name in enumerate(("gate", "hall")):
        assert errors(table[table["placement_id"] == name], [t[side] for t in truths]).max() < 0.02


def test_nothing_clicked_or_nothing_shown(scene, make_artwork):
    image = make_artwork(3, SIZE)
    frames, truths = walk(scene, image, n=3)
    references = [Reference("gate", "gate-1", image)]
    assert len(track_key_frames(frames, references, scene.camera, [])) == 0
    late = track_key_frames([], references, scene.camera, [clicked(scene, truths, 1)])
    assert len(late) == 0
    assert provenance_of(late)["facts"]["without a frame"] == 1


def test_what_cannot_be_is_named(scene, make_artwork):
    image = make_artwork(3, SIZE)
    frames, truths = walk(scene, image, n=3)
    references = [Reference("gate", "gate-1", image)]
    with pytest.raises(ParameterError, match="among the references"):
        track_key_frames(frames, references, scene.camera, [clicked(scene, truths, 1, name="hall")])
    tiny = KeyFrame("r", 0, "gate", ((10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0)))
    with pytest.raises(ParameterError, match="too small"):
        track_key_frames(frames, references, scene.camera, [tiny])
    with pytest.raises(ParameterError, match="above 0"):
        KeyFrameParameters(reach_s=0)
    with pytest.raises(ParameterError, match="640 x 360"):
        track_key_frames([(0, 0, frames[0][2][:100])], references, scene.camera, [clicked(scene, truths, 0)])
