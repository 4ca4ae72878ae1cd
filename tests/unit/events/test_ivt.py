import importlib.util
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError, TableError
from gazestudy.events import detect_events, list_detectors
from gazestudy.geometry.cameras import deg_to_direction, px_to_deg
from gazestudy.model import Camera, provenance_of
from gazestudy.model.tables import EVENT_KINDS, GAZE_EVENTS, REASONS
from tests.unit.events.made_gaze import random_gaze, table

_spec = importlib.util.spec_from_file_location("ivt_reference", Path(__file__).with_name("ivt_reference.py"))
ivt_reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(ivt_reference)

DEFAULTS = {
    "max_gap_ms": 75.0,
    "window_ms": 20.0,
    "window_stretch_max": 1.75,
    "threshold_deg_s": 30.0,
    "merge_gap_ms": 75.0,
    "merge_angle_deg": 0.5,
    "min_fixation_ms": 60.0,
}


def reference_events(gaze, **changed):
    xyz = deg_to_direction(gaze[["x_deg", "y_deg"]].to_numpy())
    measured = gaze["valid"].to_numpy() & np.isfinite(xyz).all(axis=1)
    blink = (gaze["reason"] == "blink").to_numpy() & ~measured
    lists = (gaze["t_ns"].tolist(), xyz.tolist(), measured.tolist(), blink.tolist(), gaze["part"].tolist())
    return ivt_reference.detect(*lists, {**DEFAULTS, **changed})


@pytest.mark.parametrize("seed", range(120))
def test_equals_a_sample_by_sample_reference(seed):
    gaze = random_gaze(seed)
    changed = [
        {},
        {"merge_angle_deg": 2.0},
        {"max_gap_ms": 0.0, "window_ms": 60.0},
        {"threshold_deg_s": 80.0},
    ][seed % 4]
    events = detect_events(gaze, **changed)
    wanted = reference_events(gaze, **changed)
    columns = ["kind", "onset_ns", "offset_ns", "first_sample", "last_sample"]
    assert [tuple(row) for row in events[columns].astype(object).to_numpy()] == [row[:5] for row in wanted]
    centres = np.array([row[5:] for row in wanted])
    found = deg_to_direction(events[["x_deg", "y_deg"]].to_numpy())
    np.testing.assert_allclose(found, centres, atol=1e-12)
    assert provenance_of(events)["facts"]["samples"] == len(gaze)


def test_random_tables_hold_every_kind_and_real_merges():
    """The comparison above would be empty if the random data never met the hard cases."""
    kinds, merges = set(), 0
    for seed in range(40):
        gaze = random_gaze(seed)
        kinds |= set(detect_events(gaze)["kind"])
        merges += len(detect_events(gaze, merge_gap_ms=0.0)) - len(detect_events(gaze))
    assert kinds == {"fixation", "saccade", "blink", "loss", "unclassified"}
    assert merges > 40


def test_events_cover_every_sample_and_times_do_not_overlap():
    for seed in range(20):
        events = detect_events(random_gaze(seed))
        assert events["first_sample"].iloc[0] == 0
        assert (events["first_sample"].to_numpy()[1:] == events["last_sample"].to_numpy()[:-1] + 1).all()
        assert (events["onset_ns"].to_numpy()[1:] >= events["offset_ns"].to_numpy()[:-1]).all()
        assert (events["duration_ms"] >= 0).all()
        GAZE_EVENTS.check(events)


def test_saccade_between_two_fixations_has_the_expected_times():
    x_deg = np.concatenate([np.zeros(50), np.linspace(2, 8, 4), np.full(50, 10.0)])
    events = detect_events(table(x_deg))
    assert events["kind"].tolist() == ["unclassified", "fixation", "saccade", "fixation", "unclassified"]
    fixation = events.iloc[1]
    # 5-sample window: sample 47 still sees samples 45..49 at rest, sample 48 sees 50 on its way
    assert (fixation["first_sample"], fixation["last_sample"]) == (2, 47)
    assert fixation["onset_ns"] == 7_500_000 and fixation["offset_ns"] == 237_500_000
    assert fixation["dispersion_deg"] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(("speed_deg_s", "kind"), [(29.5, "fixation"), (30.5, "saccade")])
def test_threshold_is_in_degrees_of_visual_angle(speed_deg_s, kind):
    """Motion along azimuth at 60 deg elevation covers cos(60 deg) of its azimuth."""
    seconds = np.arange(400) / 200
    events = detect_events(table(2 * speed_deg_s * seconds - 60, y_deg=60.0))
    assert events["kind"].tolist() == ["unclassified", kind, "unclassified"]


def test_only_gaps_shorter_than_the_limit_are_filled():
    gaze = table(np.zeros(200))
    gaze.loc[50:63, "valid"] = False  # 49 to 64 is 75 ms: not shorter
    assert "loss" in set(detect_events(gaze)["kind"])
    gaze.loc[63, "valid"] = True  # 70 ms
    events = detect_events(gaze)
    assert events["kind"].tolist() == ["unclassified", "fixation", "unclassified"]
    assert events["n_samples"].tolist() == [2, 183, 2]
    assert provenance_of(events)["facts"]["share_interpolated"] == pytest.approx(13 / 200)


def test_blinks_are_neither_filled_nor_merged_over():
    reason = np.full(200, "ok", dtype=object)
    reason[100:105] = "blink"
    gaze = table(np.zeros(200), valid=reason == "ok", reason=pd.Categorical(reason, categories=list(REASONS)))
    kinds = detect_events(gaze)["kind"].tolist()
    assert kinds == [
        "unclassified",
        "fixation",
        "unclassified",
        "blink",
        "unclassified",
        "fixation",
        "unclassified",
    ]


def test_nothing_crosses_parts():
    gaze = table(np.zeros(100), part=np.repeat([0, 1], 50))
    events = detect_events(gaze)
    assert events["part"].tolist() == [0, 0, 0, 1, 1, 1]
    assert events.loc[2, "offset_ns"] == gaze["t_ns"][49] and events.loc[3, "onset_ns"] == gaze["t_ns"][50]


def test_a_short_fixation_is_unclassified_and_not_a_saccade():
    x_deg = np.concatenate([np.zeros(60), np.full(8, 10.0), np.full(60, 20.0)])
    events = detect_events(table(x_deg), min_fixation_ms=60)
    assert events["kind"].tolist()[1:-1] == ["fixation", "saccade", "unclassified", "saccade", "fixation"]
    assert "unclassified" not in set(detect_events(table(x_deg), min_fixation_ms=10)["kind"].tolist()[1:-1])


@pytest.mark.parametrize("method", ["average", "median"])
def test_noise_reduction_equals_a_loop_over_shrinking_windows(method):
    rng = np.random.default_rng(4)
    gaze = table(rng.normal(0, 0.2, 300), rng.normal(0, 0.2, 300))
    gaze.loc[100:140, "valid"] = False
    from gazestudy.events.ivt import fill_gaps, reduce_noise
    from gazestudy.events.samples import prepare

    samples = prepare(gaze, None, pixels_will_do=False)
    position, usable = fill_gaps(samples, max_gap_ns=0)
    smooth = reduce_noise(samples, position, usable, 3, method=method)
    for i in np.flatnonzero(usable):
        lo, hi = (0, 99) if i < 100 else (141, 299)
        reach = min(3, i - lo, hi - i)
        window = position[:, i - reach : i + reach + 1]
        wanted = window.mean(axis=1) if method == "average" else np.median(window, axis=1)
        np.testing.assert_allclose(smooth[:, i], wanted / np.linalg.norm(wanted), atol=1e-12)


def test_median_removes_a_spike_that_splits_a_fixation():
    x_deg = np.zeros(200)
    x_deg[100] = 5.0
    assert detect_events(table(x_deg), merge_gap_ms=0)["kind"].tolist().count("fixation") == 2
    assert (
        detect_events(table(x_deg), merge_gap_ms=0, noise_reduction="median")["kind"]
        .tolist()
        .count("fixation")
        == 1
    )


def test_camera_and_degrees_give_the_same_events():
    camera = Camera(
        1088, 1080, 766.0, 766.0, 543.5, 539.5, "opencv8", (-0.13, 0.11, 0, 0, 0.0, 0.17, 0.05, 0.02)
    )
    rng = np.random.default_rng(1)
    px = np.column_stack([np.repeat(rng.uniform(200, 900, 12), 40), np.repeat(rng.uniform(200, 900, 12), 40)])
    px += rng.normal(0, 0.4, px.shape)
    angles = px_to_deg(px, camera)
    by_angle = detect_events(table(angles[:, 0], angles[:, 1]))
    gaze = table(px[:, 0]).drop(columns=["x_deg", "y_deg"]).assign(x_px=px[:, 0], y_px=px[:, 1])
    by_camera = detect_events(gaze, camera=camera)
    columns = ["kind", "onset_ns", "offset_ns", "first_sample", "last_sample", "n_samples"]
    pd.testing.assert_frame_equal(by_camera[columns], by_angle[columns])
    assert by_angle["x_px"].isna().all()
    row = by_camera[by_camera["kind"] == "fixation"].iloc[3]
    inside = px[row["first_sample"] : row["last_sample"] + 1]
    np.testing.assert_allclose(row[["x_px", "y_px"]].astype(float), inside.mean(axis=0), atol=1e-9)
    assert "device" in provenance_of(by_camera)["facts"]["angles_from"]


def test_dispersion_is_the_rms_angle_to_the_centroid():
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    events = detect_events(table(0.4 * np.cos(angle), 0.4 * np.sin(angle)), window_ms=5, max_gap_ms=0)
    assert events[events["kind"] == "fixation"]["dispersion_deg"].iloc[0] == pytest.approx(0.4, rel=0.02)


def test_pixels_need_an_explicit_threshold_and_are_flagged():
    gaze = table(np.repeat([100.0, 400.0], 60)).rename(columns={"x_deg": "x_px", "y_deg": "y_px"})
    with pytest.raises(ParameterError, match=r"scene camera.*threshold_px_s"):
        detect_events(gaze)
    events = detect_events(gaze, threshold_px_s=900.0)
    assert events["kind"].tolist().count("fixation") == 2
    assert events["x_deg"].isna().all() and events["dispersion_deg"].isna().all()
    facts = provenance_of(events)["facts"]
    assert facts["unit"] == "px" and "pixels" in facts["warning"]


def test_provenance_names_every_parameter_and_the_frame():
    made = provenance_of(detect_events(table(np.zeros(50)), threshold_deg_s=100, noise_reduction="median"))
    assert made["step"] == "events.ivt"
    [found] = [found for found in list_detectors() if found.name == "ivt"]
    described = {item["name"] for item in found.describe()}
    assert set(made["parameters"]) == described
    assert made["parameters"]["threshold_deg_s"] == 100
    assert made["facts"]["frame_of_reference"] == "head"
    assert made["facts"]["sampling_rate_hz"] == pytest.approx(200)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"threshold_deg_s": 0}, "threshold_deg_s"),
        ({"threshold_deg_s": float("nan")}, "threshold_deg_s"),
        ({"window_ms": "20"}, "window_ms"),
        ({"noise_window_samples": 4}, "noise_window_samples"),
        ({"noise_reduction": "gauss"}, "off, average, median"),
        ({"min_fix_ms": 60}, "min_fixation_ms"),
        ({"method": "idtt"}, "ivt"),
    ],
)
def test_bad_parameters_are_named(parameters, words):
    with pytest.raises(ParameterError, match=words):
        detect_events(table(np.zeros(10)), **parameters)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: g.drop(columns="t_ns"), "'t_ns' is missing"),
        (lambda g: g.assign(t_ns=g["t_ns"] / 1e9), "whole nanoseconds"),
        (lambda g: g.assign(valid=1), "'valid' must be bool"),
        (lambda g: g.drop(columns="y_deg"), "gaze positions"),
        (lambda g: g.assign(x_deg="left"), "'x_deg' must be a number"),
        (lambda g: g.iloc[::-1], "backwards 9 times"),
    ],
)
def test_bad_tables_are_explained(change, words):
    with pytest.raises(TableError, match=words):
        detect_events(change(table(np.zeros(10))))


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_tiny_tables(n):
    events = detect_events(table(np.zeros(n)))
    GAZE_EVENTS.check(events)
    assert provenance_of(events) is not None
    assert events["n_samples"].sum() == n


def test_all_samples_lost():
    events = detect_events(table(np.full(100, np.nan)))
    assert events["kind"].tolist() == ["loss"]
    assert tuple(events["kind"].cat.categories) == EVENT_KINDS


def test_the_input_table_is_left_alone():
    gaze = random_gaze(3)
    before = gaze.copy(deep=True)
    detect_events(gaze)
    pd.testing.assert_frame_equal(gaze, before)


def test_long_chains_of_fixations_stay_fast():
    """Merging decides whole chains at once; a loop per fixation over 40,000 would take seconds."""
    rng = np.random.default_rng(0)
    x_deg = np.cumsum(np.where(np.arange(400_000) % 10 == 0, rng.normal(0, 0.6, 400_000), 0.0)) % 60
    gaze = table(x_deg)
    start = time.process_time()
    detect_events(gaze)
    assert time.process_time() - start < 3.0
