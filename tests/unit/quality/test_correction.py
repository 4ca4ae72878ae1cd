"""Corrections of gaze: put in an offset, find it, take it out."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg, direction_to_px, px_to_direction
from gazestudy.model import Camera
from gazestudy.model.correction import GazeCorrection
from gazestudy.model.tables import GAZE, REASONS, categorical
from gazestudy.quality import correct_gaze, fit_correction
from gazestudy.quality.accuracy import TargetLook
from gazestudy.quality.correction import turn
from gazestudy.quality.sphere import angle_deg

CAMERA = Camera(1600, 1200, 900.0, 900.0, 799.5, 599.5, "opencv5", (-0.13, 0.11, 0.0, 0.0, -0.02))
TARGETS = np.array([[0.0, 0.0], [15.0, 5.0], [-15.0, 8.0], [10.0, -12.0], [-8.0, -10.0]])


def offset(azimuth, elevation, t_ns=0):
    return GazeCorrection("offset", (t_ns,), (azimuth,), (elevation,))


def gaze_at(degrees, t_ns=None):
    px = direction_to_px(deg_to_direction(degrees), CAMERA)
    inside = ((px >= -0.5) & (px <= np.array([1599.5, 1199.5]))).all(axis=1)
    reason = np.where(inside, "ok", "out_of_image")
    return pd.DataFrame(
        {
            "t_ns": np.arange(len(px)) * 5_000_000 if t_ns is None else t_ns,
            "x_px": px[:, 0],
            "y_px": px[:, 1],
            "valid": inside,
            "reason": categorical(reason, REASONS),
            "confidence": np.nan,
            "part": 0,
            "azimuth_deg": degrees[:, 0],
            "elevation_deg": degrees[:, 1],
        }
    )


def targets_seen(azimuth_deg, elevation_deg, *, drift_deg_min=0.0, noise_deg=0.0, seed=0):
    """Looks at five targets, 20 s from each other, with gaze turned away from them."""
    rng = np.random.default_rng(seed)
    looks = []
    for k, target in enumerate(TARGETS):
        t_ns = (np.arange(100) * 5_000_000 + k * 20_000_000_000).astype(np.int64)
        towards = np.repeat(deg_to_direction(target[None]), 100, axis=0)
        drift = drift_deg_min * t_ns / 60e9
        away = np.column_stack([azimuth_deg + drift, np.full(100, elevation_deg)])
        gaze = turn(towards, away + rng.normal(0, noise_deg, (100, 2)))
        looks.append(TargetLook(f"target {k}", t_ns, gaze, towards))
    return looks


def test_straight_ahead_is_turned_right_and_up():
    ahead = np.array([[0.0, 0.0, 1.0]])
    assert direction_to_deg(turn(ahead, np.array([[3.0, 0.0]])))[0] == pytest.approx([3.0, 0.0])
    assert direction_to_deg(turn(ahead, np.array([[0.0, 2.0]])))[0] == pytest.approx([0.0, 2.0])
    both = turn(ahead, np.array([[3.0, 4.0]]))
    assert angle_deg(both, ahead)[0] == pytest.approx(5.0)


@settings(deadline=None)
@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-60, 60), st.floats(-40, 40))
def test_turning_back_undoes_it(azimuth, elevation, at_azimuth, at_elevation):
    there = deg_to_direction(np.array([[at_azimuth, at_elevation]]))
    amount = np.array([[azimuth, elevation]])
    assert np.allclose(turn(turn(there, amount), -amount), there, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(-8, 8), st.floats(-8, 8))
def test_an_offset_that_was_put_in_is_found(azimuth, elevation):
    found = fit_correction(targets_seen(azimuth, elevation))
    assert found.kind == "offset"
    # The reverse of a turn is the turn by the negative amounts.
    assert found.azimuth_deg[0] == pytest.approx(-azimuth, abs=0.02)
    assert found.elevation_deg[0] == pytest.approx(-elevation, abs=0.02)
    assert found.evidence["mean_after_deg"] < 0.03


def test_a_drift_that_was_put_in_is_found():
    looks = targets_seen(1.0, -2.0, drift_deg_min=1.5)
    found = fit_correction(looks, "drift")
    first, last = looks[0].middle_ns, looks[-1].middle_ns
    assert found.t_ns == (first, last)
    assert found.azimuth_deg == pytest.approx((-1.0, -1.0 - 1.5 * 80 / 60), abs=0.03)
    assert found.elevation_deg == pytest.approx((2.0, 2.0), abs=0.03)
    constant = fit_correction(looks)
    assert constant.evidence["mean_after_deg"] > 0.5 > 0.05 > found.evidence["mean_after_deg"]


def test_noise_averages_out_and_left_out_targets_tell_what_is_left():
    found = fit_correction(targets_seen(2.0, 1.0, noise_deg=0.5))
    assert found.azimuth_deg[0] == pytest.approx(-2.0, abs=0.1)
    rows = found.evidence["targets"]
    assert [row["target"] for row in rows] == [f"target {k}" for k in range(5)]
    assert all(row["offset_deg"] == pytest.approx(np.hypot(2, 1), abs=0.2) for row in rows)
    assert all(0 < row["without_it_deg"] < 0.3 for row in rows)
    assert found.evidence["mean_without_it_deg"] > found.evidence["mean_after_deg"]
    assert GazeCorrection.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_one_target_is_enough_for_an_offset_but_not_for_a_drift():
    look = targets_seen(2.0, 1.0)[:1]
    assert fit_correction(look).evidence["targets"][0]["without_it_deg"] is None
    with pytest.raises(ParameterError, match="two different times"):
        fit_correction(look, "drift")
    with pytest.raises(ParameterError, match="targets"):
        fit_correction([])


def test_gaze_is_corrected_in_every_column_that_tells_a_direction():
    degrees = np.random.default_rng(5).uniform(-20, 20, (200, 2))
    gaze = gaze_at(degrees)
    fixed = GAZE.check(correct_gaze(gaze, CAMERA, offset(3.0, -2.0)))
    expected = turn(deg_to_direction(degrees), np.tile([[3.0, -2.0]], (200, 1)))
    by_px = px_to_direction(fixed[["x_px", "y_px"]].to_numpy(), CAMERA)
    by_angles = deg_to_direction(fixed[["azimuth_deg", "elevation_deg"]].to_numpy())
    kept = fixed["valid"].to_numpy()
    assert kept.mean() > 0.95
    assert angle_deg(by_px[kept], expected[kept]).max() < 1e-6
    assert angle_deg(by_angles, expected).max() < 1e-9
    pd.testing.assert_frame_equal(gaze, gaze_at(degrees))  # the input stays as it is


def test_correcting_back_restores_gaze():
    gaze = gaze_at(np.random.default_rng(6).uniform(-15, 15, (100, 2)))
    there = correct_gaze(gaze, CAMERA, offset(2.0, 1.0))
    back = correct_gaze(there, CAMERA, offset(-2.0, -1.0))
    pd.testing.assert_frame_equal(back, gaze, atol=1e-6)


def test_the_border_of_the_image_moves_along():
    gaze = gaze_at(np.array([[38.0, 0.0], [43.0, 0.0], [0.0, 0.0]]))
    assert gaze["reason"].tolist() == ["ok", "out_of_image", "ok"]
    gaze.loc[2, "valid"], gaze.loc[2, "reason"] = False, "blink"
    right = correct_gaze(gaze, CAMERA, offset(5.0, 0.0))
    assert right["reason"].tolist() == ["out_of_image", "out_of_image", "blink"]
    left = correct_gaze(gaze, CAMERA, offset(-5.0, 0.0))
    assert left["reason"].tolist() == ["ok", "ok", "blink"]
    assert left["valid"].tolist() == [True, True, False]


def test_amounts_change_evenly_and_stay_outside():
    drift = GazeCorrection("drift", (10**9, 3 * 10**9), (0.0, 4.0), (1.0, -1.0))
    at = drift.at(np.array([0, 1, 2, 3, 9]) * 10**9)
    assert at.tolist() == [[0.0, 1.0], [0.0, 1.0], [2.0, 0.0], [4.0, -1.0], [4.0, -1.0]]


@pytest.mark.parametrize(
    "given",
    [
        ("offset", (0, 1), (0.0, 0.0), (0.0, 0.0)),
        ("drift", (0,), (0.0,), (0.0,)),
        ("drift", (5, 5), (0.0, 0.0), (0.0, 0.0)),
        ("offset", (0,), (float("nan"),), (0.0,)),
        ("offset", (0,), (90.0,), (0.0,)),
        ("wobble", (0,), (0.0,), (0.0,)),
    ],
)
def test_impossible_corrections_are_refused(given):
    with pytest.raises(ParameterError):
        GazeCorrection(*given)


def test_pixels_without_a_camera_cannot_be_turned():
    with pytest.raises(ParameterError, match="camera"):
        correct_gaze(gaze_at(TARGETS), None, offset(1.0, 0.0))
