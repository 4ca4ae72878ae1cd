from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from gazestudy.events.head_motion import HEAD_MOTION, has_gyroscope, head_at, head_motion
from gazestudy.events.head_motion.choose import gaze_velocity
from gazestudy.events.head_motion.devices import all_axes, device_axes
from gazestudy.events.head_motion.gyroscope import Observation, calibrate, rotation_matrix
from gazestudy.events.head_motion.rotation import cross
from gazestudy.events.samples import prepare
from gazestudy.importers import read_recording
from gazestudy.model import provenance_of
from gazestudy.simulate import Gyroscope
from tests.unit.events.made_walks import walk

REAL = Path(__file__).parents[3] / ".." / "shared" / "data" / "recordings"
START_NS = 1_790_000_000_000_000_000


def head_rates(t_s, seed=0):
    """Smooth rotation about all axes, deg/s, shape (3, n)."""
    rng = np.random.default_rng(seed)
    waves = [(size, rng.uniform(0.3, 2.5), rng.uniform(0, 7)) for size in (40, 25, 60, 30, 15, 10)]
    parts = [size * np.sin(2 * np.pi * hz * t_s + phase) for size, hz, phase in waves]
    return np.stack([parts[0] + parts[1], parts[2] + parts[3], parts[4] + parts[5]])


def imu_of(mounting, *, seconds=30.0, delay_s=0.0, scale=1.0, bias=(0, 0, 0), noise=0.3, seed=0):
    """Readings of a gyroscope mounted so: camera = mounting @ gyroscope."""
    t_s = np.arange(0, seconds, 1 / 110)
    readings = np.linalg.inv(mounting) @ (head_rates(t_s - delay_s, seed) - np.array(bias)[:, None]) / scale
    readings += np.random.default_rng(seed).normal(0, noise, readings.shape)
    table = {f"gyro_{name}_deg_s": readings[row] for row, name in enumerate("xyz")}
    return pd.DataFrame({"t_ns": START_NS + np.round(t_s * 1e9).astype(np.int64), **table})


def seen_rotation(seconds=30.0, seed=0, noise=2.0, outliers=0.2):
    t_s = np.arange(0.1, seconds - 0.2, 1 / 30)
    rng = np.random.default_rng(seed + 1)
    seen = head_rates(t_s, seed) + rng.normal(0, noise, (3, len(t_s)))
    wrong = rng.random(len(t_s)) < outliers
    seen[:, wrong] += rng.normal(0, 80, (3, wrong.sum()))
    return Observation(START_NS + np.round(t_s * 1e9).astype(np.int64), seen)


def seen_gaze(seconds=30.0, seed=0):
    """Eyes that turn against the head, with saccades."""
    t_s = np.arange(0.1, seconds - 0.2, 1 / 200)
    rng = np.random.default_rng(seed + 2)
    x, y = 25 * np.sin(0.9 * t_s + 1), 15 * np.sin(1.3 * t_s)
    directions = Rotation.from_euler("yx", np.stack([x, y], 1), degrees=True).apply([0, 0, 1]).T
    seen = cross(directions, head_rates(t_s, seed)) + rng.normal(0, 8, (3, len(t_s)))
    saccade = rng.random(len(t_s)) < 0.12
    seen[:, saccade] += rng.normal(0, 120, (3, saccade.sum()))
    return Observation(START_NS + np.round(t_s * 1e9).astype(np.int64), seen, directions)


MOUNTING = rotation_matrix(np.radians([8.0, -12.0, 6.0]))


def test_rotation_matrices_are_those_of_scipy():
    for vector in np.random.default_rng(0).normal(size=(10, 3)):
        np.testing.assert_allclose(
            rotation_matrix(vector), Rotation.from_rotvec(vector).as_matrix(), atol=1e-12
        )


@pytest.mark.parametrize("delay_s", [-0.035, 0.0, 0.02, 0.05])
def test_a_gyroscope_is_fitted_to_the_scene(delay_s):
    bias = (1.0, -0.5, 0.8)
    imu = imu_of(MOUNTING, delay_s=delay_s, scale=0.9, bias=bias)
    fit = calibrate(imu, seen_rotation(), np.eye(3))
    assert fit.delay_s == pytest.approx(delay_s, abs=0.002)
    assert fit.scale == pytest.approx(0.9, abs=0.02)
    assert fit.off_deg(MOUNTING) < 1.0
    np.testing.assert_allclose(fit.bias_deg_s, bias, atol=0.3)
    assert fit.quality > 0.95


def test_a_gyroscope_is_fitted_to_the_gaze():
    fit = calibrate(imu_of(MOUNTING, delay_s=0.02, scale=1.1), seen_gaze(), np.eye(3))
    assert fit.delay_s == pytest.approx(0.02, abs=0.003)
    assert fit.scale == pytest.approx(1.1, abs=0.03)
    assert fit.off_deg(MOUNTING) < 3.0
    assert fit.quality > 0.8


def test_what_the_head_does_not_do_is_not_fitted():
    """A head that only yaws says nothing about a turn of the gyroscope about that axis."""
    imu, seen = imu_of(np.eye(3), noise=0.0), seen_rotation(noise=0.5, outliers=0.0)
    imu[["gyro_x_deg_s", "gyro_z_deg_s"]] = 0.0
    only_yaw = Observation(seen.t_ns, seen.seen_deg_s * np.array([[0.0], [1.0], [0.0]]))
    fit = calibrate(imu, only_yaw, rotation_matrix(np.array([0.0, 0.4, 0.0])))
    np.testing.assert_allclose(fit.matrix, rotation_matrix(np.array([0.0, 0.4, 0.0])), atol=0.03)


def test_a_still_head_tests_nothing():
    imu = imu_of(np.eye(3))
    imu[[f"gyro_{name}_deg_s" for name in "xyz"]] *= 0.02
    fit = calibrate(imu, seen_rotation(), np.eye(3))
    assert np.isnan(fit.quality)
    np.testing.assert_array_equal(fit.matrix, np.eye(3))


def seen_table(seen):
    table = pd.DataFrame({"t_ns": seen.t_ns} | dict(zip("xyz", seen.seen_deg_s, strict=True)))
    return table.rename(columns={name: f"{name}_deg_s" for name in "xyz"}).assign(inlier_share=0.6)


def motion(**given):
    nothing = {"t_ns": np.zeros(0, np.int64), "directions": None}
    table = head_motion(**(nothing | given))
    return table, provenance_of(table)["facts"]


def test_a_gyroscope_comes_first_then_the_image_then_nothing():
    imu, scene = imu_of(np.diag([-1.0, -1.0, 1.0]), delay_s=0.02), seen_table(seen_rotation())
    table, facts = motion(imu=imu, device="Tobii Pro Glasses 3", scene=scene, scene_whole=False)
    assert facts["head_motion_from"] == "gyroscope"
    assert facts["gyroscope_fitted_to"] == "scene image"
    assert facts["gyroscope_delay_ms"] == pytest.approx(20, abs=2)
    assert facts["gyroscope_off_deg"] < 1.0
    wanted = head_rates((table["t_ns"].to_numpy() - START_NS) / 1e9)
    assert np.abs(table[["x_deg_s", "y_deg_s", "z_deg_s"]].to_numpy().T - wanted).mean() < 1.0

    table, facts = motion(scene=scene)
    assert (facts["head_motion_from"], facts["head_motion_quality"]) == ("scene image", 0.6)
    assert len(table) == len(scene)
    table, facts = motion(scene=scene, scene_whole=False)
    assert (facts["head_motion_from"], len(table)) == ("nothing", 0)
    table, facts = motion(imu=imu, device="Neon")
    assert facts["gyroscope_fitted_to"].startswith("nothing")
    assert facts["head_motion_quality"] == 0.5
    assert motion(imu=imu, device="glasses of a garage")[1]["head_motion_quality"] == 0.2


def test_a_gyroscope_that_is_wrong_gives_way_to_the_image():
    imu, scene = imu_of(np.eye(3), seed=5), seen_table(seen_rotation())
    imu[[f"gyro_{name}_deg_s" for name in "xyz"]] *= 3.0
    facts = motion(imu=imu, device="Pupil Invisible", scene=scene)[1]
    assert facts["head_motion_from"] == "scene image" or facts["head_motion_quality"] < 0.1


def test_the_mounting_of_an_unknown_gyroscope_is_found():
    mounting = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    table, facts = motion(imu=imu_of(mounting), device="??", scene=seen_table(seen_rotation()))
    assert facts["gyroscope_axes"].startswith("not documented: fitted")
    wanted = head_rates((table["t_ns"].to_numpy() - START_NS) / 1e9)
    assert np.abs(table["y_deg_s"].to_numpy() - wanted[1]).mean() < 2.0
    assert len(all_axes()) == 24


def test_head_motion_at_samples():
    head = pd.DataFrame({"t_ns": START_NS + np.array([0, 10, 20, 900]) * 1_000_000})
    head = head.assign(x_deg_s=[0.0, 10.0, np.nan, 0.0], y_deg_s=[0.0, -10.0, 0.0, 0.0], z_deg_s=1.0)
    at = START_NS + np.array([-1, 0, 5, 10, 15, 400, 900, 901]) * 1_000_000
    x, y, z = head_at(head, at)
    np.testing.assert_allclose(x, [np.nan, 0, 5, np.nan, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(y[:5], [np.nan, 0, -5, -10, -5])
    assert np.isnan(y[5])
    assert np.isnan(head_at(HEAD_MOTION.empty(), at)).all()
    assert z[2] == 1.0


def test_readings_of_other_sensors_between_do_no_harm():
    imu = imu_of(np.diag([-1.0, -1.0, 1.0]))
    imu.loc[::7, ["gyro_x_deg_s", "gyro_y_deg_s", "gyro_z_deg_s"]] = np.nan
    table, facts = motion(imu=imu, device="Tobii Pro Glasses 3", scene=seen_table(seen_rotation()))
    assert facts["gyroscope_off_deg"] < 1.0
    at = START_NS + np.arange(1_000_000_000, 25_000_000_000, 5_000_000)
    assert np.isfinite(head_at(table, at)).all()


def test_tables_without_a_gyroscope_are_known():
    imu = imu_of(np.eye(3))
    assert has_gyroscope(imu)
    assert not has_gyroscope(imu[:10])
    assert not has_gyroscope(imu.assign(gyro_y_deg_s=np.nan))


def test_velocity_of_gaze_leaves_out_gaps():
    t_ns = np.arange(400) * 5_000_000
    azimuth = np.radians(20.0 * t_ns / 1e9)
    directions = np.stack([np.sin(azimuth), 0 * azimuth, np.cos(azimuth)])
    directions[:, 100:110] = np.nan
    seen = gaze_velocity(t_ns, directions)
    np.testing.assert_allclose(np.sqrt((seen.seen_deg_s**2).sum(axis=0)), 20.0, rtol=1e-4)
    assert len(seen.t_ns) == 400 - 6 - 10 - 6


@pytest.mark.parametrize("off", [(0.0, 0.0, 0.0), (12.0, 0.0, 0.0)])
def test_simulated_walks_are_calibrated_by_their_gaze(off):
    """Neon's gyroscope is documented at 102 deg about x, which is 12 deg off the simulator's nominal axes."""
    walked = walk(7003, duration_s=40.0, gyroscope=Gyroscope(delay_ms=20.0, off_deg=off, noise_deg_s=1.0))
    samples = prepare(walked.gaze, None, pixels_will_do=False)
    directions = np.where(samples.measured, samples.position[:3], np.nan)
    imu = walked.recording_tables["imu"]
    table, facts = motion(t_ns=samples.t_ns, directions=directions, imu=imu, device="Neon")
    assert facts["gyroscope_fitted_to"] == "gaze"
    assert facts["gyroscope_delay_ms"] == pytest.approx(20.0, abs=4.0)
    assert facts["gyroscope_off_deg"] == pytest.approx(12.0 - off[0], abs=7.0)
    assert facts["head_motion_quality"] > 0.6
    assert len(table) == len(imu)


@pytest.mark.parametrize(
    "name, least",
    [("pupil_neon_native/demo_recording", 0.3), ("pupil_neon_native_fmt2_3/demo_recording", 0.2)],
)
def test_real_neon_gyroscopes_sit_as_documented(name, least):
    """The gaze of real people turns against what the gyroscope says, about the documented axes, 102 deg."""
    if not (REAL / name).is_dir():
        pytest.skip("no real recordings here")
    recording = read_recording(REAL / name)
    samples = prepare(recording.gaze, recording.camera, pixels_will_do=False)
    directions = np.where(samples.measured, samples.position[:3], np.nan)
    axes, _, known = device_axes(recording.meta.device)
    fit = calibrate(recording.imu, gaze_velocity(samples.t_ns, directions), axes)
    assert known
    assert fit.quality > least
    assert fit.off_deg(axes) < 15.0
    assert fit.scale == pytest.approx(1.0, abs=0.2)
    for wrong in (axes @ np.diag([-1.0, -1.0, 1.0]), axes @ np.diag([1.0, -1.0, -1.0])):
        other = calibrate(recording.imu, gaze_velocity(samples.t_ns, directions), wrong)
        assert other.quality < fit.quality
