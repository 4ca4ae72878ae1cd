"""I2MC against the stored answers of the authors' package, and its parts against their definitions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.events import detect_events
from gazestudy.events.i2mc import _filters
from gazestudy.events.steffen import monotonic_curve
from gazestudy.model import provenance_of
from tests.unit.events.made_gaze import table

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "data" / "events" / "i2mc_samples"
ANSWERS = json.loads(Path(__file__).with_name("i2mc_answers.json").read_text())["fixations"]


def binocular(path):
    """Gaze of both eyes in px; what is far outside the screen or marked invalid is missing."""
    raw = pd.read_csv(path, sep="\t")
    columns = {"t_ns": np.round(raw["RelTimestamp"] * 1e6).astype(np.int64)}
    for letter, eye in (("L", "left"), ("R", "right")):
        x, y = raw[f"{letter}GazePos2dx"] * 1920, raw[f"{letter}GazePos2dy"] * 1080
        lost = (x < -1920) | (x > 3840) | (y < -1080) | (y > 2160) | (raw[f"{letter}Validity"] > 1)
        columns[f"{eye}_x_px"], columns[f"{eye}_y_px"] = x.mask(lost), y.mask(lost)
    gaze = pd.DataFrame(columns)
    for axis in "xy":
        gaze[f"{axis}_px"] = gaze[[f"left_{axis}_px", f"right_{axis}_px"]].mean(axis=1)
    return gaze.assign(valid=gaze["x_px"].notna())


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_same_fixations_as_the_authors_package(name):
    path = next(SAMPLES.rglob(name), None) if SAMPLES.exists() else None
    if path is None:
        pytest.skip(f"the sample recordings of I2MC are not on this machine ({SAMPLES})")
    events = detect_events(binocular(path), "i2mc")
    found = events[events["kind"] == "fixation"]
    first, last = ANSWERS[name]
    assert len(found) == len(first)
    assert np.abs(found["first_sample"].to_numpy() - first).max() <= 1
    assert np.abs(found["last_sample"].to_numpy() - last).max() <= 1
    assert provenance_of(events)["facts"]["eyes"] == 2


def test_curves_equal_scipy_where_they_do_not_turn():
    """Steffen's and Fritsch-Butland's curves are both monotonic and both exact on straight lines."""
    at, wanted = np.array([0, 1, 6, 7]), np.arange(2, 6)
    np.testing.assert_allclose(monotonic_curve(at, 2.0 * at + 1.0, wanted), 2.0 * wanted + 1.0)
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = rng.normal(size=4)
        curve = monotonic_curve(at, values, np.arange(1, 7))
        assert curve.min() >= min(values[1:3]) - 1e-12 and curve.max() <= max(values[1:3]) + 1e-12


def test_filters_are_the_published_ones_as_a_matrix():
    from scipy.signal import cheby1, filtfilt

    matrix, begins = _filters(60, (2, 5, 10), 8)
    window = np.random.default_rng(1).normal(size=60)
    b, a = cheby1(8, 0.05, 0.8 / 5)
    wanted = filtfilt(b, a, window, padlen=24)[4::5]
    np.testing.assert_allclose(window @ matrix[:, begins[1] : begins[2]], wanted, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [50, 60, 100, 120, 200, 300])
def test_fixations_of_clear_steps_at_every_rate(rate_hz):
    rng = np.random.default_rng(2)
    x_deg = np.repeat([0.0, 6.0, 1.0, 9.0, 4.0], rate_hz // 2) + rng.normal(0, 0.05, 5 * (rate_hz // 2))
    events = detect_events(table(x_deg, rng.normal(0, 0.05, len(x_deg)), rate_hz=rate_hz), "i2mc")
    found = events[events["kind"] == "fixation"]
    np.testing.assert_allclose(found["x_deg"], [0, 6, 1, 9, 4], atol=0.1)


def test_short_gaps_are_filled_and_long_ones_split():
    rng = np.random.default_rng(3)
    gaze = table(rng.normal(0, 0.05, 900), rng.normal(0, 0.05, 900), rate_hz=300)
    gaze.loc[200:215, "valid"] = False
    gaze.loc[500:600, "valid"] = False
    events = detect_events(gaze, "i2mc")
    assert provenance_of(events)["facts"]["samples_interpolated"] == 16
    assert events.loc[events["kind"] == "loss", "first_sample"].tolist() == [500]
