import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from gazestudy.errors import ParameterError, TableError
from gazestudy.events import detect_events
from gazestudy.events.head_motion.gaze import GazeInWorld
from gazestudy.events.head_motion.rotation import carry, turned_rad
from gazestudy.events.samples import prepare
from gazestudy.model import Camera, categorical, provenance_of
from gazestudy.model.tables import REASONS
from gazestudy.simulate import ROUGH_GYROSCOPE, Gyroscope
from tests.unit.events.made_walks import STEP_NS, head_of, kinds, slow_kappa, turning, walk

SECONDS = np.arange(400) * STEP_NS / 1e9
BOB = 25.0 * np.sin(2 * np.pi * 1.2 * SECONDS)  # up to 188 deg/s


def facts(events):
    return provenance_of(events)["facts"]


def with_jump(yaw_deg, size_deg, at=200, lasting=6):
    """Gaze that moves by `size_deg` in the world within some samples."""
    gaze, head = turning(yaw_deg, noise_deg=0.05)
    share = np.clip((np.arange(len(gaze)) - at) / lasting, 0, 1)
    return gaze.assign(x_deg=gaze["x_deg"] + size_deg * share), head


def test_a_look_during_a_turn_of_the_head_is_one_fixation():
    gaze, head = turning(BOB, noise_deg=0.1)
    assert kinds(gaze, head) == ["fixation"]
    events = detect_events(gaze, "world_ivt", head=head)
    assert facts(events)["frame_of_reference"] == "world"
    speed = np.abs(head["y_deg_s"]).mean()
    assert events["head_speed_deg_s"].iloc[0] == pytest.approx(speed, rel=1e-6)
    assert events["drift_deg_s"].iloc[0] < 1.0
    in_head = detect_events(gaze, "ivt")["kind"].tolist()
    assert in_head.count("saccade") >= 4  # what the head's turning does to a filter for still heads


def test_saccades_are_found_while_the_head_turns():
    gaze, head = with_jump(BOB, 3.0)
    assert kinds(gaze, head) == ["fixation", "saccade", "fixation"]
    saccade = detect_events(gaze, "world_ivt", head=head).iloc[1]
    assert 194 <= saccade["first_sample"] <= 201
    assert 203 <= saccade["last_sample"] <= 210
    assert saccade["amplitude_deg"] == pytest.approx(3.0, abs=0.3)
    assert saccade["direction_deg"] == pytest.approx(0.0, abs=5.0)


def test_a_head_that_turns_about_all_axes_is_undone_on_the_sphere():
    """Against rotations of scipy: a point at rest in the world, seen from a head that yaws, nods and tilts."""
    angles = np.stack([20 * np.sin(3 * SECONDS), 35 * np.sin(5 * SECONDS + 1), 15 * np.cos(4 * SECONDS)], 1)
    poses = Rotation.from_euler("xyz", angles, degrees=True)  # camera to world
    rates = np.degrees((poses[:-1].inv() * poses[1:]).as_rotvec()) / (STEP_NS / 1e9)
    middle = np.vstack([rates[:1], (rates[1:] + rates[:-1]) / 2, rates[-1:]])
    x, y, z = poses.inv().apply([0.3, -0.4, 1.0]).T
    gaze = pd.DataFrame(
        {
            "t_ns": np.arange(400) * STEP_NS,
            "valid": True,
            "x_deg": np.degrees(np.arctan2(x, z)),
            "y_deg": np.degrees(np.arctan2(-y, np.hypot(x, z))),
        }
    )
    head = pd.DataFrame(middle, columns=["x_deg_s", "y_deg_s", "z_deg_s"]).assign(t_ns=gaze["t_ns"])
    events = detect_events(gaze, "world_ivt", head=head)
    assert events["kind"].tolist() == ["fixation"]
    assert events["peak_velocity_deg_s"].iloc[0] < 1.0
    assert detect_events(gaze, "world_ivt")["peak_velocity_deg_s"].max() > 100.0


def test_carry_is_the_rotation_of_scipy():
    rng = np.random.default_rng(4)
    points, turn = rng.normal(size=(3, 50)), rng.normal(size=(3, 50))
    points /= np.sqrt((points**2).sum(axis=0))
    np.testing.assert_allclose(
        carry(points, turn).T, Rotation.from_rotvec(-turn.T).apply(points.T), atol=1e-12
    )


@pytest.mark.parametrize("window", [3, 5, 9])
def test_compiled_loops_equal_plain_rotations(window):
    rng = np.random.default_rng(window)
    gaze, head = turning(BOB[:120], noise_deg=0.4, seed=window)
    gaze.loc[60:75, "valid"] = False
    head[["x_deg_s", "z_deg_s"]] = rng.normal(0, 60, (len(head), 2))
    samples = prepare(gaze, None, pixels_will_do=False, head=head)
    usable = samples.measured
    world = GazeInWorld.of(samples, np.where(usable, samples.position, 0.0), usable)
    turned = turned_rad(samples.head_deg_s, samples.t_ns, longest_step_ns=1e9)
    half, smooth = 2, world.averaged(2).directions
    for i in [30, 58, 59, 80, 0, 1]:
        rows = [j for j in range(i - half, i + half + 1) if 0 <= j < 120 and usable[j]]
        reach = min(i - rows[0], rows[-1] - i)
        rows = range(i - reach, i + reach + 1)
        seen = [
            Rotation.from_rotvec(turned[:, j] - turned[:, i]).apply(samples.position[:3, j]) for j in rows
        ]
        mean = np.mean(seen, axis=0)
        np.testing.assert_allclose(smooth[:, i], mean / np.linalg.norm(mean), atol=1e-9)
    speed = world.speed(window)
    for i in [30, 100]:
        first, last = i - window // 2, i + window // 2
        back = Rotation.from_rotvec(turned[:, last] - turned[:, first]).apply(samples.position[:3, last])
        angle = np.degrees(np.arccos(np.clip(back @ samples.position[:3, first], -1, 1)))
        assert speed[i] == pytest.approx(angle / ((window - 1) * 0.005), rel=1e-5)
    assert np.isnan(speed[60:76]).all()
    assert speed[59] == speed[59 - window // 2]


def test_walking_past_a_poster_is_one_look():
    """At 0.8 m and 1.2 m/s the direction to a poster turns by 86 deg/s: no saccade lasts for a second."""
    gaze, head = turning(np.zeros(200), noise_deg=0.1)
    gaze["x_deg"] += np.degrees(np.arctan(1.2 * (SECONDS[:200] - 0.5) / 0.8))
    events = detect_events(gaze, "world_ivt", head=head)
    assert events.loc[events["kind"] == "fixation", "duration_ms"].sum() > 0.9 * 995
    moving = detect_events(gaze, "world_ivt", head=head, pursuit_deg_s=20.0)
    assert moving["kind"].tolist().count("pursuit") == 1


def test_pursuit_is_what_moves_in_the_world_not_in_the_head():
    gaze, head = turning(BOB, look_deg=25.0 * SECONDS, noise_deg=0.05)
    assert kinds(gaze, head) == ["fixation"]
    assert kinds(gaze, head, pursuit_deg_s=10.0) == ["pursuit"]
    still, head = turning(BOB, noise_deg=0.05)
    assert kinds(still, head, pursuit_deg_s=10.0) == ["fixation"]


def test_blinks_and_losses_always_break_and_are_never_saccades():
    gaze, head = turning(BOB, noise_deg=0.05)
    reason = np.full(len(gaze), "ok", dtype=object)
    reason[100:110], reason[250:280] = "blink", "no_data"
    gaze = gaze.assign(reason=categorical(reason, REASONS), valid=reason == "ok")
    gaze.loc[reason != "ok", ["x_deg", "y_deg"]] = np.nan
    assert kinds(gaze, head) == ["fixation", "blink", "fixation", "loss", "fixation"]


def test_holes_without_rows_break_a_look():
    gaze, head = turning(BOB, noise_deg=0.05)
    events = detect_events(gaze.drop(index=range(150, 190)).reset_index(drop=True), "world_ivt", head=head)
    assert events["kind"].tolist() == ["fixation", "fixation"]
    assert events["offset_ns"].iloc[0] == gaze["t_ns"].iloc[149]
    assert events["onset_ns"].iloc[1] == gaze["t_ns"].iloc[190]


def test_looks_are_merged_by_how_far_gaze_moved_between_them():
    gaze, head = turning(BOB, noise_deg=0.02)
    gaze.loc[150:159, "valid"] = False  # 55 ms, in a fast turn of the head
    assert kinds(gaze, head, max_gap_ms=0.0) == ["fixation"]
    jump, head = with_jump(BOB, 2.0, at=155, lasting=1)
    jump.loc[150:159, "valid"] = False
    assert kinds(jump, head, max_gap_ms=0.0) == ["fixation", "loss", "fixation"]
    assert kinds(gaze, head, max_gap_ms=0.0, merge_gap_ms=0.0) == ["fixation", "loss", "fixation"]


@pytest.mark.parametrize("rate_hz, window, averaged", [(50, 3, 1), (100, 3, 3), (120, 3, 3), (200, 5, 5)])
def test_windows_suit_the_rate(rate_hz, window, averaged):
    n = rate_hz * 3
    yaw = 25.0 * np.sin(2 * np.pi * 1.2 * np.arange(n) / rate_hz)
    gaze, head = turning(yaw, noise_deg=0.05, step_ns=1_000_000_000 // rate_hz)
    events = detect_events(gaze, "world_ivt", head=head)
    assert (facts(events)["window_samples"], facts(events)["averaged_samples"]) == (window, averaged)
    assert events["kind"].tolist() == ["fixation"]


def test_noise_is_measured_and_raises_the_threshold():
    for noise_deg in (0.1, 0.5, 1.0):
        gaze, head = turning(np.tile(BOB, 5), noise_deg=noise_deg)
        events = detect_events(gaze, "world_ivt", head=head)
        assert facts(events)["noise_deg"] == pytest.approx(noise_deg, rel=0.05)
        assert events.loc[events["kind"] == "fixation", "duration_ms"].sum() > 0.97 * 9995


def test_unknown_head_motion_is_said_and_partly_made_good():
    gaze, head = turning(0.4 * BOB, noise_deg=0.05)
    events = detect_events(gaze, "world_ivt")
    assert facts(events)["frame_of_reference"] == "head"
    assert "not known" in facts(events)["warning"]
    assert events["head_speed_deg_s"].isna().all()
    assert events.loc[events["kind"] == "fixation", "duration_ms"].sum() > 0.95 * 1995
    half = detect_events(gaze, "world_ivt", head=head[:200])
    assert facts(half)["share_with_head_motion"] == pytest.approx(0.5)


def test_walks_keep_their_looks():
    """Truth of the simulator: seeds that nothing was chosen on; a rough gyroscope, as it comes."""
    walked = walk(7001, duration_s=45.0, imu_axes="camera", gyroscope=ROUGH_GYROSCOPE)
    head = head_of(walked)
    assert slow_kappa(walked, detect_events(walked.gaze, "world_ivt", head=head)) > 0.88
    assert slow_kappa(walked, detect_events(walked.gaze, "ivt")) < 0.63


@pytest.fixture(scope="module")
def walked():
    return walk(7002, duration_s=45.0, imu_axes="camera", gyroscope=Gyroscope(noise_deg_s=1.0))


@pytest.mark.parametrize(
    "late_ms, off_deg, scale",
    [(50, 0, 1.0), (0, 20, 1.0), (0, 0, 0.8), (0, 0, 1.2)],
    ids=["late", "turned", "weak", "strong"],
)
def test_walks_forgive_a_gyroscope_that_nobody_calibrated(walked, late_ms, off_deg, scale):
    head = head_of(walked)
    turn = Rotation.from_rotvec(np.radians(off_deg) * np.array([0.6, -0.6, 0.53])).as_matrix()
    axes = ["x_deg_s", "y_deg_s", "z_deg_s"]
    head[axes] = scale * head[axes].to_numpy() @ turn
    head["t_ns"] += late_ms * 1_000_000
    assert slow_kappa(walked, detect_events(walked.gaze, "world_ivt", head=head)) > 0.86


@pytest.mark.parametrize(
    "rows", [slice(0, 0), slice(0, 1), slice(0, 3)], ids=["empty", "one sample", "three samples"]
)
def test_tiny_tables_give_defined_results(rows):
    gaze, head = turning(BOB)
    events = detect_events(gaze.iloc[rows], "world_ivt", head=head)
    assert set(events["kind"]) <= {"unclassified"}
    assert events["last_sample"].max() == len(gaze.iloc[rows]) - 1 or len(events) == 0


def test_tables_without_gaze_or_sense():
    gaze, head = turning(BOB)
    nothing = gaze.assign(valid=False)
    assert kinds(nothing, head) == ["loss"]
    with pytest.raises(TableError, match="backwards"):
        detect_events(gaze.iloc[::-1], "world_ivt", head=head)
    pixels = gaze.rename(columns={"x_deg": "x_px", "y_deg": "y_px"})
    with pytest.raises(ParameterError, match="camera"):
        detect_events(pixels, "world_ivt", head=head)
    camera = Camera(640, 480, 500.0, 500.0, 319.5, 239.5, "none", ())
    assert len(detect_events(pixels, "world_ivt", head=head, camera=camera))
    with pytest.raises(TableError, match="head motion"):
        detect_events(gaze, "world_ivt", head=head.drop(columns="x_deg_s"))
    with pytest.raises(ParameterError, match="threshold_deg_s"):
        detect_events(gaze, "world_ivt", head=head, threshold_deg_s=-1.0)


KEPT = ["kind", "first_sample", "last_sample"]


@settings(max_examples=15, deadline=None)
@given(shift_ns=st.integers(-(10**18), 10**18), seed=st.integers(0, 50))
def test_the_zero_of_time_does_not_matter(shift_ns, seed):
    gaze, head = with_jump(BOB, 4.0, at=100 + seed)
    moved = gaze.assign(t_ns=gaze["t_ns"] + shift_ns)
    before = detect_events(gaze, "world_ivt", head=head)
    after = detect_events(moved, "world_ivt", head=head.assign(t_ns=head["t_ns"] + shift_ns))
    assert before[KEPT].equals(after[KEPT])
    assert ((before["onset_ns"] + shift_ns) == after["onset_ns"]).all()


@settings(max_examples=15, deadline=None)
@given(at=st.integers(220, 330), seed=st.integers(0, 20))
def test_a_loss_changes_no_events_elsewhere(at, seed):
    gaze, head = turning(BOB, noise_deg=0.05, seed=seed)
    share = np.clip((np.arange(len(gaze)) - 100) / 6, 0, 1)
    gaze["x_deg"] += 5.0 * share
    holed = gaze.copy()
    holed.loc[at : at + 30, "valid"] = False
    before, after = (detect_events(one, "world_ivt", head=head) for one in (gaze, holed))
    assert before[KEPT].iloc[:2].equals(after[KEPT].iloc[:2])
    assert after["kind"].tolist() == ["fixation", "saccade", "fixation", "loss", "fixation"]


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(150, 250))
def test_parts_are_recordings_of_their_own(cut):
    gaze, head = with_jump(BOB, 5.0, at=60)
    gaze["x_deg"] += np.where(np.arange(len(gaze)) >= cut, 30.0, 0.0)
    gaze["part"] = (np.arange(len(gaze)) >= cut).astype(np.int64)
    whole = detect_events(gaze, "world_ivt", head=head)
    first = detect_events(gaze[:cut], "world_ivt", head=head)
    assert whole[KEPT].iloc[: len(first)].equals(first[KEPT])
    assert whole["part"].tolist() == [0] * len(first) + [1] * (len(whole) - len(first))
