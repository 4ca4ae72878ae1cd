"""The adaptive detector on movements whose parts are known."""

import numpy as np
import pytest

from gazestudy.events import detect_events
from gazestudy.model import provenance_of
from tests.unit.events.made_gaze import table

RATE_HZ = 500


def minimum_jerk(amplitude_deg, n):
    share = np.arange(1, n) / n
    return amplitude_deg * (10 * share**3 - 15 * share**4 + 6 * share**5)


def movement(*, pursuit_deg_s=0.0, rebound_deg=0.0, noise_deg=0.01, seed=0):
    """Half a second at rest, a saccade of 8 deg in 40 ms, a rebound, .8 s of rest or pursuit."""
    saccade = minimum_jerk(8.0, 20)
    rebound = 8.0 - rebound_deg * np.sin(np.linspace(0, np.pi, 12)) if rebound_deg else np.zeros(0)
    after = 8.0 + pursuit_deg_s * np.arange(400) / RATE_HZ
    x_deg = np.concatenate([np.zeros(250), saccade, rebound, after])
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, noise_deg, (2, len(x_deg)))
    return table(x_deg + noise[0], noise[1], rate_hz=RATE_HZ)


def of_kind(events, kind):
    return events[events["kind"] == kind]


@pytest.mark.parametrize("noise_deg", [0.003, 0.01, 0.03])
def test_saccade_and_its_measures(noise_deg):
    events = detect_events(movement(noise_deg=noise_deg), "adaptive")
    saccade = of_kind(events, "saccade")
    assert len(saccade) == 1
    assert abs(saccade["first_sample"].iloc[0] - 250) <= 4 and abs(saccade["last_sample"].iloc[0] - 268) <= 4
    assert saccade["amplitude_deg"].iloc[0] == pytest.approx(8.0, abs=0.3)
    # a minimum-jerk movement peaks at 15/8 of its mean velocity
    assert saccade["peak_velocity_deg_s"].iloc[0] == pytest.approx(15 / 8 * 8 / 0.04, rel=0.1)
    assert len(of_kind(events, "fixation")) == 2 and len(of_kind(events, "pursuit")) == 0


def test_the_rebound_is_neither_saccade_nor_fixation():
    events = detect_events(movement(rebound_deg=0.6), "adaptive")
    assert len(of_kind(events, "saccade")) == 1
    assert of_kind(events, "saccade")["last_sample"].iloc[0] <= 271
    settling = of_kind(events, "unclassified")
    assert ((settling["first_sample"] > 260) & (settling["last_sample"] < 290)).any()


def test_the_window_of_the_velocity_does_not_make_saccades_begin_early():
    """They begin at the first step that is fast; three samples to either side see them come."""
    x_deg = np.concatenate([np.zeros(250), np.linspace(0.4, 8.0, 20), np.full(250, 8.0)])
    saccade = of_kind(detect_events(table(x_deg, rate_hz=RATE_HZ), "adaptive"), "saccade")
    assert saccade["first_sample"].tolist() == [249]


def test_settling_may_belong_to_the_saccade():
    gaze = movement(rebound_deg=0.6)
    apart, joined = (detect_events(gaze, "adaptive", settling=kind) for kind in ("unclassified", "saccade"))
    saccade, settling = of_kind(apart, "saccade").iloc[0], of_kind(apart, "unclassified").iloc[0]
    assert settling["first_sample"] == saccade["last_sample"] + 1
    whole = of_kind(joined, "saccade").iloc[0]
    assert whole["first_sample"] == saccade["first_sample"]
    assert whole["last_sample"] == settling["last_sample"]


@pytest.mark.parametrize("pursuit_deg_s", [4.0, 10.0, 25.0])
def test_pursuit_is_told_from_fixation(pursuit_deg_s):
    events = detect_events(movement(pursuit_deg_s=pursuit_deg_s), "adaptive")
    follows = of_kind(events, "pursuit")
    assert len(follows) == 1
    assert follows["first_sample"].iloc[0] < 300 and follows["last_sample"].iloc[0] > 640
    assert follows["direction_deg"].iloc[0] == pytest.approx(0.0, abs=3.0)
    assert of_kind(events, "fixation")["last_sample"].iloc[0] < 260


def test_movements_of_the_lid_are_no_saccades():
    gaze = movement()
    x_deg = gaze["x_deg"].to_numpy().copy()
    x_deg[450:460] += np.linspace(0, 6, 10)
    gaze = gaze.assign(x_deg=x_deg)
    gaze.loc[460:520, "valid"] = False
    x_deg[521:531] += np.linspace(6, 0, 10)
    events = detect_events(gaze.assign(x_deg=x_deg), "adaptive")
    assert len(of_kind(events, "saccade")) == 1  # only the one of 8 deg
    without = detect_events(gaze.assign(x_deg=x_deg), "adaptive", flank_ms=0)
    assert len(of_kind(without, "saccade")) == 3


def test_one_lost_sample_is_no_blink():
    gaze = movement()
    gaze.loc[300, "valid"] = False
    gaze.loc[len(gaze) - 1, "valid"] = False
    events = detect_events(gaze, "adaptive")
    assert len(of_kind(events, "saccade")) == 1 and len(of_kind(events, "fixation")) == 2


def test_thresholds_follow_the_noise():
    quiet, noisy = (
        provenance_of(detect_events(movement(noise_deg=noise), "adaptive"))["facts"]
        for noise in (0.005, 0.05)
    )
    assert noisy["noise_deg_s"] == pytest.approx(10 * quiet["noise_deg_s"], rel=0.3)
    assert noisy["threshold_deg_s"]["peak"] > quiet["threshold_deg_s"]["peak"]
