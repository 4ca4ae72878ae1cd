"""What must not change the events: time shifts, time scale, losses outside, splits at gaps, idle seconds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gazestudy.errors import TableError
from gazestudy.events import detect_events, list_detectors
from gazestudy.model.tables import GAZE_EVENTS
from tests.unit.events.made_gaze import random_gaze, table

DETECTORS = [found.name for found in list_detectors()]
LOCAL = ["ivt", "idt", "pupil_core", "tobii-attention"]
"""Detectors whose thresholds do not depend on the rest of the recording."""
COLUMNS = ["kind", "first_sample", "last_sample"]

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 10_000)


def rows(events, shift=0, kinds=("fixation", "saccade", "pursuit")):
    kept = events[events["kind"].isin(kinds)]
    return [
        (kind, first + shift, last + shift)
        for kind, first, last in kept[COLUMNS].astype(object).itertuples(index=False)
    ]


def regular(seed, n=600, rate_hz=200):
    """Gaze without holes in time, parts or jitter."""
    gaze = random_gaze(seed, n)
    t_ns = np.round(np.arange(n) * 1e9 / rate_hz).astype(np.int64)
    return gaze.assign(t_ns=t_ns, part=np.zeros(n, dtype=np.int64), fixation_id=np.arange(n) // 40)


@pytest.mark.parametrize("name", DETECTORS)
@few
@given(seed=seeds, shift_ns=st.integers(-(10**17), 10**17))
def test_shifting_time_shifts_events(name, seed, shift_ns):
    gaze = random_gaze(seed).assign(fixation_id=-1)
    events, moved = (detect_events(gaze.assign(t_ns=gaze["t_ns"] + by), name) for by in (0, shift_ns))
    pd.testing.assert_frame_equal(
        moved.assign(onset_ns=moved["onset_ns"] - shift_ns, offset_ns=moved["offset_ns"] - shift_ns), events
    )


@few
@given(seed=seeds, factor=st.sampled_from([2, 3, 5]))
def test_scaling_time_and_all_that_is_measured_in_it_changes_nothing(seed, factor):
    gaze = regular(seed)
    slower = gaze.assign(t_ns=gaze["t_ns"] * factor)
    events = detect_events(gaze, "ivt")
    scaled = detect_events(
        slower,
        "ivt",
        max_gap_ms=75.0 * factor,
        window_ms=20.0 * factor,
        threshold_deg_s=30.0 / factor,
        merge_gap_ms=75.0 * factor,
        min_fixation_ms=60.0 * factor,
    )
    assert rows(scaled) == rows(events)
    assert rows(
        detect_events(slower, "idt", min_fixation_ms=100.0 * factor, max_gap_ms=75.0 * factor)
    ) == rows(detect_events(gaze, "idt"))


@pytest.mark.parametrize("name", LOCAL)
@few
@given(seed=seeds, length=st.integers(40, 200))
def test_losses_before_and_after_do_not_change_events(name, seed, length):
    gaze = regular(seed)
    lost = pd.DataFrame(
        {"t_ns": np.zeros(length, np.int64), "valid": False, "x_deg": np.nan, "y_deg": np.nan}
    )
    lost = lost.assign(reason=pd.Categorical(["no_data"] * length, gaze["reason"].cat.categories), part=0)
    longer = pd.concat([lost, gaze.drop(columns="fixation_id"), lost], ignore_index=True)
    longer["t_ns"] = np.arange(len(longer)) * 5_000_000
    assert rows(detect_events(longer, name)) == rows(detect_events(gaze, name), shift=length)


@pytest.mark.parametrize("name", LOCAL)
@few
@given(seed=seeds, at=st.integers(150, 450))
def test_splitting_at_a_gap_changes_nothing(name, seed, at):
    gaze = regular(seed).drop(columns="fixation_id")
    gaze.loc[at : at + 59, "valid"] = False  # 300 ms: no detector bridges that
    whole = rows(detect_events(gaze, name))
    cut = at + 30
    halves = [gaze.iloc[:cut], gaze.iloc[cut:].reset_index(drop=True)]
    parts = rows(detect_events(halves[0], name)) + rows(detect_events(halves[1], name), shift=cut)
    assert parts == whole
    marked = gaze.assign(part=(np.arange(len(gaze)) >= cut).astype(np.int64))
    assert rows(detect_events(marked, name)) == whole


@pytest.mark.parametrize("name", LOCAL)
@few
@given(seed=seeds)
def test_an_idle_second_more_changes_nothing_elsewhere(name, seed):
    """Half a second of lost gaze on either side, so that the idle second stands alone."""
    gaze = regular(seed).drop(columns="fixation_id")

    def with_rest(seconds):
        n = int(seconds * 200)
        still = gaze.iloc[[0]].assign(x_deg=3.0, y_deg=2.0, valid=True, reason="ok")
        lost = still.assign(valid=False, reason="no_data")
        pieces = [gaze.iloc[:300], *[lost] * 100, *[still] * n, *[lost] * 100, gaze.iloc[300:]]
        longer = pd.concat(pieces, ignore_index=True)
        longer["reason"] = pd.Categorical(longer["reason"], gaze["reason"].cat.categories)
        return longer.assign(t_ns=np.arange(len(longer)) * 5_000_000), 300 + 200 + n

    one, after_one = with_rest(1.0)
    two, after_two = with_rest(2.0)
    events = [detect_events(each, name) for each in (one, two)]
    before = [rows(each[each["last_sample"] < 300]) for each in events]
    after = [
        rows(each[each["first_sample"] >= start], shift=-start)
        for each, start in zip(events, (after_one, after_two), strict=True)
    ]
    assert before[0] == before[1] and after[0] == after[1]


@pytest.mark.parametrize("name", DETECTORS)
@few
@given(seed=seeds, n=st.integers(0, 60))
def test_any_table_gives_events_that_cover_it(name, seed, n):
    gaze = random_gaze(seed, max(n, 1)).iloc[:n].assign(fixation_id=1)
    events = detect_events(gaze, name)
    GAZE_EVENTS.check(events)
    covered = (events["last_sample"] - events["first_sample"] + 1).sum()
    assert covered == n


@pytest.mark.parametrize("name", DETECTORS)
def test_empty_single_lost_and_backward_input(name):
    def given_table(values):
        return table(values).assign(fixation_id=-1)

    assert len(detect_events(given_table(np.zeros(0)), name)) == 0
    assert len(detect_events(given_table(np.zeros(1)), name)) == 1
    assert detect_events(given_table(np.full(80, np.nan)), name)["kind"].tolist() == ["loss"]
    with pytest.raises(TableError, match="backwards"):
        detect_events(given_table(np.zeros(20)).iloc[::-1], name)
    same_time = given_table(np.zeros(20)).assign(t_ns=5)
    GAZE_EVENTS.check(detect_events(same_time, name))
