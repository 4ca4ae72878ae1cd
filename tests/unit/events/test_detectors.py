"""Detectors against slow programs that follow the published definitions word by word."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.events import detect_events, list_detectors
from gazestudy.events.registry import get_detector
from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg
from gazestudy.model import provenance_of
from gazestudy.model.tables import GAZE_EVENTS
from tests.unit.events.made_gaze import random_gaze, table


def usable_and_stretch(gaze, interval_ns):
    """Measured samples and a number for each stretch without hole, loss or change of part."""
    measured = (gaze["valid"] & gaze["x_deg"].notna() & gaze["y_deg"].notna()).to_numpy()
    t_ns, part = gaze["t_ns"].to_numpy(), gaze["part"].to_numpy()
    breaks = [
        part[i] != part[i - 1] or measured[i] != measured[i - 1] or t_ns[i] - t_ns[i - 1] > 3 * interval_ns
        for i in range(1, len(gaze))
    ]
    return measured, np.concatenate(([0], np.cumsum(breaks)))


def interval(events):
    return 1e9 / provenance_of(events)["facts"]["sampling_rate_hz"]


def windows_of(events, kind="fixation"):
    found = events[events["kind"] == kind]
    return list(zip(found["first_sample"].tolist(), found["last_sample"].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_idt_equals_growing_windows(seed):
    gaze = random_gaze(seed)
    events = detect_events(
        gaze, "idt", max_gap_ms=0, dispersion_deg=[0.5, 1.0, 4.0][seed % 3], min_fixation_ms=60
    )
    limit = provenance_of(events)["parameters"]["dispersion_deg"]
    measured, stretch = usable_and_stretch(gaze, interval(events))
    xy, t_ns, n = gaze[["x_deg", "y_deg"]].to_numpy(), gaze["t_ns"].to_numpy(), len(gaze)
    wanted, start = [], 0
    while start < n:
        end = start
        while (
            end < n
            and measured[start]
            and stretch[end] == stretch[start]
            and np.ptp(xy[start : end + 1], axis=0).sum() <= limit
        ):
            end += 1
        if end > start and t_ns[end - 1] - t_ns[start] >= 60e6:
            wanted.append((start, end - 1))
            start = end
        else:
            start += 1
    assert windows_of(events) == wanted


@pytest.mark.parametrize("seed", range(30))
def test_pupil_core_equals_all_pairs(seed):
    gaze = random_gaze(seed)
    events = detect_events(gaze, "pupil_core")
    measured, _ = usable_and_stretch(gaze, interval(events))
    xyz = deg_to_direction(gaze[["x_deg", "y_deg"]].fillna(0.0).to_numpy())
    t_ns, part, n = gaze["t_ns"].to_numpy(), gaze["part"].to_numpy(), len(gaze)
    blink = (gaze["reason"] == "blink").to_numpy() & ~measured
    wanted, start = [], 0
    while start < n:
        inside, i = [start], start + 1
        while (
            measured[start]
            and i < n
            and part[i] == part[start]
            and not blink[i]
            and t_ns[i] - t_ns[start] <= 220e6
        ):
            if measured[i]:
                cosines = xyz[[*inside, i]] @ xyz[[*inside, i]].T
                if np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() > 1.5:
                    break
                inside.append(i)
            i += 1
        if measured[start] and t_ns[inside[-1]] - t_ns[start] >= 80e6:
            wanted.append((start, inside[-1]))
            start = inside[-1] + 1
        else:
            start += 1
    assert windows_of(events) == wanted


def published_threshold(speed, spread):
    """Hooge & Camps 2013: from 5000 deg/s until it rounds to the same number, at most 200 times."""
    mean, deviation = speed[speed < 5000].mean(), speed[speed < 5000].std(ddof=1)
    before = 0.0
    for _ in range(200):
        threshold = mean + spread * deviation
        if np.floor(threshold + 0.5) == np.floor(before + 0.5):
            break
        kept = speed[speed < threshold]
        mean, deviation, before = kept.mean(), kept.std(ddof=1), threshold
    return mean + spread * deviation


def flat_gaze(seed, n=900, rate_hz=50):
    """Small angles, where azimuth and elevation are as good as a plane."""
    rng = np.random.default_rng(seed)
    jumps = np.where(rng.random((n, 2)) < 0.06, rng.normal(0, 1.0, (n, 2)), 0.0)
    xy = np.cumsum(jumps, axis=0) * 0.05 + rng.normal(0, 0.004, (n, 2))
    return table(xy[:, 0], xy[:, 1], rate_hz=rate_hz)


def neighbour_speed(gaze):
    xy, t_s = gaze[["x_deg", "y_deg"]].to_numpy(), gaze["t_ns"].to_numpy() / 1e9
    velocity = np.diff(xy, axis=0) / np.diff(t_s)[:, None]
    return np.hypot(*((velocity[1:] + velocity[:-1]) / 2).T)


@pytest.mark.parametrize("seed", range(6))
def test_slow_phases_equal_the_published_iteration(seed):
    gaze = flat_gaze(seed)
    events = detect_events(gaze, "slow_phase")
    speed = neighbour_speed(gaze)
    threshold = published_threshold(speed, 4.0)
    assert provenance_of(events)["facts"]["threshold_median"] == pytest.approx(threshold, rel=1e-4)
    slow = np.concatenate(([False], speed < threshold, [False])).astype(int)
    edges = np.flatnonzero(np.diff(slow))
    wanted = [(a + 1, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if (b - a - 1) * 20 > 60]
    assert windows_of(events) == wanted


@pytest.mark.parametrize("seed", range(3))
def test_moving_thresholds_are_the_mean_over_all_windows_with_the_sample(seed):
    gaze = flat_gaze(seed, n=700)
    events = detect_events(gaze, "hessels2020", window_s=4.0)
    speed = np.concatenate(([np.nan], neighbour_speed(gaze), [np.nan]))
    total, count = np.zeros(700), np.zeros(700)
    for start in range(700 - 200 + 1):
        inside = speed[start : start + 200]
        total[start : start + 200] += published_threshold(inside[np.isfinite(inside)], 2.5)
        count[start : start + 200] += 1
    threshold = total / count
    assert provenance_of(events)["facts"]["threshold_median"] == pytest.approx(np.median(threshold), rel=1e-4)
    slow = (speed < threshold).astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], slow, [0]))))
    wanted = [(a, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if (b - a - 1) * 20 > 80]
    assert windows_of(events) == wanted


@pytest.mark.parametrize("seed", range(6))
def test_engbert_kliegl_equals_the_published_formulas(seed):
    gaze = flat_gaze(seed, n=2000, rate_hz=500)
    events = detect_events(gaze, "engbert_kliegl")
    xy = gaze[["x_deg", "y_deg"]].to_numpy()
    velocity = (xy[4:] + xy[3:-1] - xy[1:-3] - xy[:-4]) * 500 / 6
    sigma = np.sqrt(np.median(velocity**2, axis=0) - np.median(velocity, axis=0) ** 2)
    np.testing.assert_allclose(provenance_of(events)["facts"]["sigma"], sigma, rtol=1e-4)
    fast = np.concatenate((np.zeros(2), np.sum((velocity / (6 * sigma)) ** 2, axis=1) > 1, np.zeros(2)))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], fast, [0]))))
    wanted = [(a, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 3]
    assert windows_of(events, "saccade") == wanted


def test_vendor_events_are_passed_on():
    gaze = table(np.zeros(12)).assign(
        fixation_id=[-1, 4, 4, 5, 5, 5, -1, -1, 6, 6, -1, -1], blink_id=[-1] * 10 + [2, 2]
    )
    events = detect_events(gaze, "vendor")
    rows = events[["kind", "first_sample", "last_sample"]].to_numpy().tolist()
    assert rows == [
        ["unclassified", 0, 0],
        ["fixation", 1, 2],
        ["fixation", 3, 5],
        ["unclassified", 6, 7],
        ["fixation", 8, 9],
        ["blink", 10, 11],
    ]
    assert events["onset_ns"].tolist()[2] == 12_500_000
    named = table(np.zeros(4)).assign(
        eye_movement_type=["Fixation", "Saccade", "Unclassified", "EyesNotFound"]
    )
    assert detect_events(named, "vendor")["kind"].tolist() == ["fixation", "saccade", "unclassified"]
    with pytest.raises(ParameterError, match="fixation_id"):
        detect_events(table(np.zeros(4)), "vendor")


def test_saccades_have_amplitude_direction_and_peak_velocity():
    """A step of 6 deg up and 8 deg left in 20 ms at the horizon: 10 deg at 500 deg/s."""
    share = np.concatenate([np.zeros(60), np.linspace(0, 1, 5)[1:-1], np.ones(60)])
    events = detect_events(table(-8.0 * share, 6.0 * share), window_ms=5)
    saccade = events[events["kind"] == "saccade"].iloc[0]
    assert saccade["amplitude_deg"] == pytest.approx(10.0, rel=0.01)
    assert saccade["peak_velocity_deg_s"] == pytest.approx(500.0, rel=0.01)
    assert saccade["direction_deg"] == pytest.approx(np.degrees(np.arctan2(6, -8)), abs=0.5)


@pytest.mark.parametrize("name", [found.name for found in list_detectors()])
def test_every_detector_keeps_the_contract(name):
    parameters = get_detector(name)
    for seed in range(12):
        gaze = random_gaze(seed).assign(fixation_id=np.arange(700) // 60)
        events = detect_events(gaze, name)
        GAZE_EVENTS.check(events)
        assert events["first_sample"].iloc[0] == 0 and events["last_sample"].iloc[-1] == len(gaze) - 1
        assert (events["first_sample"].to_numpy()[1:] == events["last_sample"].to_numpy()[:-1] + 1).all()
        assert (events["onset_ns"].to_numpy()[1:] >= events["offset_ns"].to_numpy()[:-1]).all()
        part = gaze["part"].to_numpy()
        assert (part[events["first_sample"]] == part[events["last_sample"]]).all()
        blink = events["kind"] == "blink"
        assert events.loc[blink, "n_samples"].eq(0).all()
        made = provenance_of(events)
        assert set(made["parameters"]) == {item["name"] for item in parameters.describe()}
    for n in (0, 1, 2, 3):
        GAZE_EVENTS.check(detect_events(table(np.zeros(n)).assign(fixation_id=0), name))
    lost = detect_events(table(np.full(50, np.nan)).assign(fixation_id=-1), name)
    assert lost["kind"].tolist() == ["loss"]


def test_presets_carry_their_values_and_name():
    attention = detect_events(table(np.zeros(60)), "tobii-attention")
    made = provenance_of(attention)
    assert made["step"] == "events.ivt" and made["facts"]["preset"] == "tobii-attention"
    assert made["parameters"]["threshold_deg_s"] == 100 and made["parameters"]["noise_reduction"] == "median"
    described = {item["name"]: item for item in get_detector("hessels2020").describe()}
    assert described["spread"]["default"] == 2.5 and "Hessels" in described["spread"]["source"]
    changed = detect_events(table(np.zeros(60)), "tobii-attention", threshold_deg_s=50)
    assert provenance_of(changed)["parameters"]["threshold_deg_s"] == 50
    pd.testing.assert_frame_equal(
        detect_events(random_gaze(1), "tobii-fixation"), detect_events(random_gaze(1), "ivt")
    )


def test_directions_come_back_as_degrees():
    angles = np.array([[10.0, -20.0], [-130.0, 70.0]])
    gaze = table(angles[:, 0], angles[:, 1])
    from gazestudy.events.samples import prepare

    np.testing.assert_allclose(
        direction_to_deg(prepare(gaze, None, pixels_will_do=False).position.T), angles, atol=1e-9
    )
