import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gazestudy._cv2 import cv2
from gazestudy.events.head_motion import HEAD_MOTION, scene_rotation
from gazestudy.events.head_motion.scene import fit_rotations
from gazestudy.model import Camera
from gazestudy.simulate import neon_camera
from gazestudy.simulate.motion import STEP_S, angular_velocity_deg_s
from tests.unit.events.made_walks import walk

CAMERA = Camera(640, 480, 480.0, 480.0, 319.5, 239.5, "none", ())
FRAME_NS = 33_333_333


def texture(seed=0):
    """A world of blobs around the camera, as an image larger than the view."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(0, 255, (60, 80)).astype(np.float32), (1600, 1200), interpolation=2)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def view(world, pose):
    """What a camera sees whose pose (camera to world) is a rotation."""
    big = np.array([[480.0, 0, 799.5], [0, 480.0, 599.5], [0, 0, 1]])
    to_world = big @ pose.as_matrix() @ np.linalg.inv(CAMERA.matrix)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(world, to_world, (640, 480), flags=flags))


def poses(rates_deg_s):
    pose, made = Rotation.identity(), []
    for rate in rates_deg_s:
        made.append(pose)
        pose = pose * Rotation.from_rotvec(np.radians(rate) * FRAME_NS / 1e9)
    return made


RATES = np.array(
    [[0, 60, 0], [30, 0, 0], [0, -150, 20], [0, 150, 0], [-40, -60, -60], [5, 5, 5], [0, 0, 0.0]]
)


def pictures(change=lambda number, picture: picture, rates=RATES):
    world = texture()
    return [(n, n * FRAME_NS, change(n, view(world, pose))) for n, pose in enumerate(poses(rates))]


def rates_of(table):
    return table[["x_deg_s", "y_deg_s", "z_deg_s"]].to_numpy()


def test_rotations_of_a_camera_are_found():
    table = HEAD_MOTION.check(scene_rotation(pictures(), CAMERA))
    np.testing.assert_allclose(rates_of(table), RATES[:-1], atol=1.5)
    np.testing.assert_array_equal(table["t_ns"], (np.arange(6) + 0.5) * FRAME_NS // 1)
    assert (table["inlier_share"] > 0.6).all()


def test_passers_by_are_outliers():
    people = texture(9)[:480, :230]

    def with_somebody(number, picture):
        picture = picture.copy()
        left = 150 + 25 * number
        picture[:, left : left + 230] = people
        return picture

    table = scene_rotation(pictures(with_somebody, RATES / 2), CAMERA)
    np.testing.assert_allclose(rates_of(table), RATES[:-1] / 2, atol=2.5)
    assert table["inlier_share"].between(0.25, 0.75).all()


def test_brightness_does_not_turn_the_head():
    fading = scene_rotation(pictures(lambda n, one: (one * (1 - 0.02 * n)).astype(np.uint8)), CAMERA)
    np.testing.assert_allclose(rates_of(fading), RATES[:-1], atol=3.0)


def test_blank_pictures_and_missing_frames_say_nothing():
    blank = scene_rotation(pictures(lambda n, one: np.full_like(one, 90)), CAMERA)
    assert np.isnan(rates_of(blank)).all()
    assert (blank["inlier_share"] == 0).all()
    some = [one for one in pictures() if one[0] != 3]
    assert len(scene_rotation(some, CAMERA)) == 4
    late = [(n, t_ns + (500_000_000 if n > 3 else 0), one) for n, t_ns, one in pictures()]
    assert len(scene_rotation(late, CAMERA)) == 5
    assert len(scene_rotation([], CAMERA)) == 0


@pytest.mark.parametrize("wrong", [0.0, 0.2, 0.45])
def test_fits_hold_with_many_outliers(wrong):
    rng = np.random.default_rng(3)
    rays = np.stack([*rng.uniform(-0.6, 0.6, (2, 1, 192)), np.ones((1, 192))])
    rays /= np.sqrt((rays**2).sum(axis=0))
    turns = np.radians(rng.normal(0, 3, (40, 3)))
    moved = np.stack([Rotation.from_rotvec(-turn).apply(rays[:, 0].T).T for turn in turns], axis=1)
    moved += rng.normal(0, 0.001, moved.shape)
    bad = rng.random(moved.shape[1:]) < wrong
    moved[:, bad] += rng.normal(0.03, 0.03, (3, bad.sum()))
    moved /= np.sqrt((moved**2).sum(axis=0))
    angle, share = fit_rotations(rays, moved, np.ones(moved.shape[1:], dtype=bool))
    assert np.degrees(np.abs(angle.T - turns)).max() < 0.06
    np.testing.assert_allclose(share.mean(), 1 - wrong, atol=0.06)


def test_a_walk_is_understood_from_its_pictures_alone():
    """Seed and station that nothing was chosen on, with passers-by, walls near by, motion blur and noise."""
    walked = walk(7011, duration_s=2.0, camera=neon_camera(400, 300))
    frames = walked.frame_table["t_ns"].to_numpy()
    shown = ((n, int(t_ns), walked.frame(n)[..., 1]) for n, t_ns in enumerate(frames))
    table = scene_rotation(shown, walked.camera)
    grid_s = walked.head.path.t_s
    true = angular_velocity_deg_s(walked.head.pose_at(grid_s)[1], STEP_S)
    at_s = walked.station_s(table["t_ns"].to_numpy())
    error = rates_of(table) - np.stack([np.interp(at_s, grid_s, true[:, axis]) for axis in range(3)], axis=1)
    assert np.nanmedian(np.abs(error), axis=0).max() < 3.0
    assert np.isfinite(error).all(axis=1).mean() > 0.95
