"""Loss, precision and accuracy against numbers of another program and against what was put in.

"ETDQualitizer" is ETDQualitizer 1.2.0 (Niehorster et al. 2026), run on the same formula.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazestudy.errors import ParameterError
from gazestudy.events import detect_events
from gazestudy.geometry.cameras import deg_to_direction
from gazestudy.model.tables import GAZE_EVENTS, REASONS, categorical
from gazestudy.quality import (
    QUALITY,
    accuracy,
    bcea_deg2,
    fixation_precision,
    quality_table,
    rms_s2s_deg,
    sampling,
    std_deg,
)
from gazestudy.quality.sphere import angle_deg, median_direction, seen_from, tangent_deg

STEP = np.arange(200)
SERIES_DEG = np.column_stack(
    [
        0.3 * np.sin(STEP * 1.7) + 0.1 * np.cos(STEP * 0.37),
        0.2 * np.cos(STEP * 2.3) + 0.05 * np.sin(STEP * 0.11),
    ]
)
LOST = [5, 6, 50, 120]


def series(azimuth_deg=0.0, elevation_deg=0.0, lost=()):
    directions = deg_to_direction(SERIES_DEG + np.array([azimuth_deg, elevation_deg]))
    directions[list(lost)] = np.nan
    return directions


def turned(directions, rng):
    """The same directions, the whole sphere turned at random."""
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return directions @ (turn * np.linalg.det(turn)).T


def test_precision_is_that_of_etdqualitizer():
    # Near straight ahead, azimuth and elevation are a flat grid to some 1e-5.
    assert rms_s2s_deg(series()) == pytest.approx(0.4108757608124687, rel=2e-5)
    assert std_deg(series()) == pytest.approx(0.26713418383386134, rel=2e-5)
    assert bcea_deg2(series()) == pytest.approx(0.234929266168716, rel=4e-5)
    assert bcea_deg2(series(), share=0.95) == pytest.approx(0.6176619354427764, rel=4e-5)


def test_precision_with_missing_samples_is_that_of_etdqualitizer():
    gaze = series(lost=LOST)
    assert rms_s2s_deg(gaze) == pytest.approx(0.41204854301932764, rel=2e-5)
    assert std_deg(gaze) == pytest.approx(0.2677705661196754, rel=2e-5)
    assert bcea_deg2(gaze) == pytest.approx(0.23590567916965166, rel=4e-5)


def test_accuracy_is_that_of_etdqualitizer():
    target = deg_to_direction(np.array([[10.0, -5.0]]))[0]
    found = accuracy(series(12.0, -7.0), target)
    assert (found.offset_deg, found.azimuth_deg, found.elevation_deg) == pytest.approx(
        (2.816009176754327, 1.9848869643920959, -1.9979310639766852), abs=1e-9
    )
    found = accuracy(series(12.0, -7.0), target, centre="median")
    assert (found.offset_deg, found.azimuth_deg, found.elevation_deg) == pytest.approx(
        (2.7988511696614546, 1.9632260699268742, -1.9952116331056613), abs=1e-6
    )


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_precision_does_not_depend_on_where_gaze_looks(seed):
    """On the sphere it does not; differences of azimuth, which shrink with elevation, would."""
    gaze = turned(series(), np.random.default_rng(seed))
    assert rms_s2s_deg(gaze) == pytest.approx(rms_s2s_deg(series()), rel=1e-9)
    assert std_deg(gaze) == pytest.approx(std_deg(series()), rel=1e-9)
    assert bcea_deg2(gaze) == pytest.approx(bcea_deg2(series()), rel=1e-6)


def test_nothing_to_measure_is_nan():
    nothing = np.full((3, 3), np.nan)
    assert np.isnan([rms_s2s_deg(nothing), std_deg(nothing), bcea_deg2(nothing)]).all()
    assert np.isnan(accuracy(nothing, np.array([0.0, 0.0, 1.0])).offset_deg)
    assert np.isnan(rms_s2s_deg(np.zeros((0, 3))))


@settings(deadline=None)
@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(-179, 179), st.floats(-80, 80))
def test_frames_keep_angles(azimuth, elevation, other_azimuth, other_elevation):
    axis, other = deg_to_direction(np.array([[azimuth, elevation], [other_azimuth, other_elevation]]))
    local = seen_from(other[None], axis)
    ahead = np.array([[0.0, 0.0, 1.0]])
    assert np.allclose(seen_from(axis[None], axis), ahead)
    assert angle_deg(local, ahead)[0] == pytest.approx(angle_deg(other[None], axis[None])[0], abs=1e-6)
    assert np.hypot(*tangent_deg(other[None], axis)[0]) == pytest.approx(angle_deg(local, ahead)[0], abs=1e-6)


def test_median_is_not_moved_by_glances_elsewhere():
    there = deg_to_direction(np.full((60, 2), 5.0) + np.random.default_rng(1).normal(0, 0.1, (60, 2)))
    away = deg_to_direction(np.full((40, 2), 25.0))
    target = deg_to_direction(np.array([[5.0, 5.0]]))[0]
    both = np.concatenate([there, away])
    assert accuracy(both, target, centre="median").offset_deg < 0.3
    assert accuracy(both, target, centre="mean").offset_deg > 5
    assert np.isnan(median_direction(np.zeros((0, 3)))).all()


def test_a_target_that_moves_with_the_head():
    """Gaze stays 2 deg above a target that crosses the view: the offset is 2 deg, not the mean of the way."""
    azimuth = np.linspace(-30, 30, 100)
    target = deg_to_direction(np.column_stack([azimuth, np.zeros(100)]))
    gaze = deg_to_direction(np.column_stack([azimuth, np.full(100, 2.0)]))
    found = accuracy(gaze, target)
    assert found.offset_deg == pytest.approx(2.0, abs=1e-9)
    assert (found.azimuth_deg, found.elevation_deg) == pytest.approx((0.0, 2.0), abs=1e-9)
    assert found.std_deg == pytest.approx(0.0, abs=1e-6)


def test_wrong_parameters_are_named():
    with pytest.raises(ParameterError, match="share"):
        bcea_deg2(series(), share=1.0)
    with pytest.raises(ParameterError, match="centre"):
        accuracy(series(), np.array([0.0, 0.0, 1.0]), centre="middle")
    with pytest.raises(ParameterError, match="window_s"):
        quality_table(gaze_table(10), window_s=0.0)


def gaze_table(n, rate_hz=100.0, reason=None):
    reason = np.full(n, "ok", dtype=object) if reason is None else reason
    return pd.DataFrame(
        {
            "t_ns": np.round(np.arange(n) * 1e9 / rate_hz).astype(np.int64),
            "x_deg": 0.0,
            "y_deg": 0.0,
            "valid": reason == "ok",
            "reason": categorical(reason, REASONS),
            "part": 0,
        }
    )


def test_loss_by_reason_adds_up():
    """3,000 samples at 100 Hz: 200 blinks, 100 not worn, and a hole of 300 that never came."""
    reason = np.full(3000, "ok", dtype=object)
    reason[100:200] = reason[1500:1600] = "blink"
    reason[2500:2600] = "not_worn"
    gaze = gaze_table(3000, reason=reason).drop(range(2000, 2300)).reset_index(drop=True)
    row = quality_table(gaze).iloc[0]
    assert (row["samples"], row["expected"], row["valid"]) == (2700, 3000, 2400)
    assert row["loss_share"] == pytest.approx(0.2)
    assert row["blink_share"] == pytest.approx(200 / 3000)
    assert row["not_worn_share"] == pytest.approx(100 / 3000)
    assert row["missing_share"] == pytest.approx(300 / 3000)
    assert row["effective_rate_hz"] == pytest.approx(80.0)
    assert row["nominal_rate_hz"] == pytest.approx(100.0)
    assert row["duration_s"] == pytest.approx(30.0)
    assert row["longest_gap_ms"] == pytest.approx(3010.0)
    assert row["blinks"] == 2
    assert row["jitter_ms"] == pytest.approx(0.0, abs=1e-9)
    shares = [name for name in QUALITY.names if name.endswith("_share") and name != "loss_share"]
    assert row[shares].sum() == pytest.approx(row["loss_share"])


def test_loss_and_rate_are_those_of_etdqualitizer():
    """200 samples, 4 lost: 2 % of the samples, 78.4 valid samples per second of 2.5 s, 21.6 % of 250."""
    gaze = gaze_table(200)
    gaze.loc[LOST, ["valid"]] = False
    gaze["reason"] = categorical(np.where(gaze["valid"], "ok", "no_data"), REASONS)
    assert quality_table(gaze).iloc[0]["loss_share"] * 100 == pytest.approx(2.0)
    gaze["t_ns"] += np.where(np.arange(200) >= 100, 500_000_000, 0)  # 2.5 s at 100 Hz, of which 50 never came
    row = quality_table(gaze).iloc[0]
    assert row["expected"] == 250
    assert row["loss_share"] * 100 == pytest.approx(21.6)
    assert row["effective_rate_hz"] == pytest.approx(78.4)


def test_windows_of_ten_seconds_and_the_whole_agree():
    reason = np.full(3456, "ok", dtype=object)
    reason[np.random.default_rng(2).random(3456) < 0.3] = "low_confidence"
    gaze = gaze_table(3456, reason=reason)
    whole, windows = quality_table(gaze).iloc[0], quality_table(gaze, window_s=10.0)
    assert windows["window"].tolist() == [0, 1, 2, 3]
    assert windows["start_s"].tolist() == [0.0, 10.0, 20.0, 30.0]
    assert windows["duration_s"].tolist() == pytest.approx([10.0, 10.0, 10.0, 4.56])
    for name in ("samples", "expected", "valid"):
        assert windows[name].sum() == whole[name]
    weights = windows["expected"] / windows["expected"].sum()
    assert (windows["loss_share"] * weights).sum() == pytest.approx(whole["loss_share"])


def test_nothing_is_missing_between_parts():
    gaze = gaze_table(200)
    gaze["part"] = (gaze.index >= 100).astype(int)
    gaze["t_ns"] += gaze["part"] * 10**12
    row = quality_table(gaze).iloc[0]
    assert row["missing_share"] == 0 and row["longest_gap_ms"] == 0
    assert row["duration_s"] == pytest.approx(2.0)
    assert len(quality_table(gaze, window_s=10.0)) == 2


@pytest.mark.parametrize(("steps_ms", "rate_hz"), [([4, 8], 1000 / 6), ([4, 4, 4, 8], 200.0)])
def test_devices_that_switch_between_two_intervals(steps_ms, rate_hz):
    steps = np.tile(steps_ms, 1000 // len(steps_ms)) * 1_000_000
    found = sampling(np.cumsum(steps), np.zeros(1000, dtype=np.int64))
    assert found.rate_hz == pytest.approx(rate_hz, rel=2e-3)
    assert found.missing.sum() == 0
    assert found.jitter_ms == pytest.approx(np.std(steps_ms), abs=0.01)


@pytest.mark.parametrize("lost", [0.01, 0.05, 0.1, 0.15])
@pytest.mark.parametrize("jitter_ms", [0.0, 0.2])
def test_samples_that_were_lost_one_by_one_are_counted(lost, jitter_ms):
    rng = np.random.default_rng(8)
    t_ns = (np.arange(20_000) * 5_000_000 + rng.normal(0, jitter_ms, 20_000) * 1e6).astype(np.int64)
    kept = t_ns[rng.random(20_000) >= lost]
    found = sampling(kept, np.zeros(len(kept), dtype=np.int64))
    assert found.rate_hz == pytest.approx(200.0, rel=0.005)
    assert len(kept) + found.missing.sum() == pytest.approx(20_000, abs=40)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_gaze(n):
    gaze = gaze_table(n)
    gaze["reason"] = categorical(np.full(n, "ok"), REASONS)
    row = quality_table(gaze, events=GAZE_EVENTS.empty()).iloc[0]
    assert row["samples"] == n and row["fixations"] == 0
    assert len(quality_table(gaze, window_s=10.0)) == (n > 0)


def looks(noise_deg, rate_hz, drift_deg_s=0.0, seed=3, n_looks=200):
    """Looks of 0.4 s at random places, with white noise and a drift of the head's frame."""
    rng = np.random.default_rng(seed)
    each = int(0.4 * rate_hz)
    at = np.repeat(rng.uniform(-15, 15, (n_looks, 2)), each, axis=0)
    since = np.tile(np.arange(each) / rate_hz, n_looks)
    noise = rng.normal(0, noise_deg, (len(at), 2))
    t_ns = np.round(np.arange(len(at)) * 1e9 / rate_hz).astype(np.int64)
    first = np.arange(n_looks) * each
    events = pd.DataFrame(
        {
            "event_id": np.arange(n_looks),
            "kind": "fixation",
            "onset_ns": t_ns[first],
            "first_sample": first,
            "last_sample": first + each - 1,
        }
    )
    degrees = at + noise + np.column_stack([since * drift_deg_s, np.zeros(len(at))])
    return deg_to_direction(degrees), t_ns, events


def test_precision_of_white_noise_is_what_statistics_say():
    """Of noise with s per axis, RMS-S2S is 2 s, STD s sqrt(2), BCEA 2 k pi s^2."""
    directions, t_ns, events = looks(0.2, 200.0)
    found = fixation_precision(directions, t_ns, np.ones(len(t_ns), dtype=bool), events)
    middle = found.drop(columns=["event_id", "onset_ns"]).median()
    # azimuths shrink by the cosine of the elevation: at most 3.5 % here
    assert middle["rms_s2s_deg"] == pytest.approx(0.4, rel=0.03)
    assert middle["std_deg"] == pytest.approx(0.2 * np.sqrt(2), rel=0.03)
    assert middle["bcea_deg2"] == pytest.approx(-2 * np.log(0.32) * np.pi * 0.04, rel=0.05)
    assert middle["rms_s2s_detrended_deg"] == pytest.approx(middle["rms_s2s_deg"], rel=0.02)


def test_drift_of_the_head_is_told_from_noise():
    """At 40 deg/s and 50 Hz a step is 0.8 deg: RMS-S2S is full of it, the residuals from it are not."""
    directions, t_ns, events = looks(0.1, 50.0, drift_deg_s=40.0)
    middle = fixation_precision(directions, t_ns, np.ones(len(t_ns), dtype=bool), events).median()
    assert middle["rms_s2s_deg"] == pytest.approx(np.hypot(0.8, 0.2), rel=0.05)
    assert middle["rms_s2s_detrended_deg"] == pytest.approx(0.2, rel=0.1)
    assert middle["std_deg"] > 10 * middle["std_detrended_deg"]


def test_fixations_one_by_one_are_those_of_the_single_measures():
    directions, t_ns, events = looks(0.2, 100.0, n_looks=20)
    measured = np.random.default_rng(4).random(len(t_ns)) > 0.2
    found = fixation_precision(directions, t_ns, measured, events)
    gaps = np.where(measured[:, None], directions, np.nan)
    for row in found.itertuples():
        event = events.loc[row.event_id]
        own = gaps[event["first_sample"] : event["last_sample"] + 1]
        assert row.rms_s2s_deg == pytest.approx(rms_s2s_deg(own))
        assert row.std_deg == pytest.approx(std_deg(own))
        assert row.bcea_deg2 == pytest.approx(bcea_deg2(own), rel=1e-6)


def test_short_fixations_tell_nothing():
    directions, t_ns, events = looks(0.2, 10.0)  # 4 samples each
    assert len(fixation_precision(directions, t_ns, np.ones(len(t_ns), dtype=bool), events)) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(-(10**15), 10**15))
def test_a_shifted_clock_changes_nothing(seed, shift_ns):
    rng = np.random.default_rng(seed)
    gaze = gaze_table(600)
    gaze[["x_deg", "y_deg"]] = np.repeat(rng.uniform(-10, 10, (12, 2)), 50, axis=0) + rng.normal(
        0, 0.1, (600, 2)
    )
    tables = [
        quality_table(moved, events=detect_events(moved), window_s=2.0)
        for moved in (gaze, gaze.assign(t_ns=gaze["t_ns"] + shift_ns))
    ]
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["fixations"].sum() > 5


def test_pixels_without_a_camera_have_loss_but_no_precision():
    gaze = gaze_table(300).rename(columns={"x_deg": "x_px", "y_deg": "y_px"})
    events = detect_events(gaze, threshold_px_s=1000.0)
    row = quality_table(gaze, events=events).iloc[0]
    assert row["loss_share"] == 0 and np.isnan(row["rms_s2s_deg"])
