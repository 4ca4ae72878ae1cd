"""What must not change the events: time shifts, time scale, losses outside, splits at gaps, idle seconds."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gazestudy.errors import TableError
from gazestudy.events import detect_events, list_detectors
from gazestudy.events.registry import get_detector
from gazestudy.model.tables import GAZE_EVENTS
from tests.unit.events.made_gaze import random_gaze, table

DETECTORS = [found.name for found in list_detectors()]
LOCAL = {
    "ivt": {},
    "tobii-fixation": {},
    "tobii-attention": {},
    "idt": {},
    "pupil_core": {},
    "pupil-core": {},
    "neon-like": {},
    "world_ivt": {"noise_gain": 0.0, "drift_gain": 0.0},
    "vendor": {},
}
"""Detectors whose thresholds do not depend on the rest of the recording, with these parameters."""
GREEDY = ["idt", "pupil_core", "pupil-core"]
"""Fixations that begin where the one before could not go on: where one ends differently, so may the next ones."""
RECORDING_WIDE = ["adaptive", "adaptive-coarse", "engbert_kliegl", "slow_phase", "world_ivt"]
"""Detectors whose thresholds are medians, or means and standard deviations, of all there is."""
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


def scaled(name, factor):
    """Return the parameters of a detector for a clock that is so many times slower."""
    values = {}
    for item in fields(get_detector(name).parameters):
        power = -1 if item.name.endswith("_deg_s") else int(item.name.endswith(("_ms", "_s")))
        if item.default is not None and power:
            values[item.name] = item.default * float(factor) ** power
    return values


@pytest.mark.parametrize("name", DETECTORS)
@few
@given(seed=seeds, factor=st.sampled_from([2, 3]))
def test_scaling_time_and_all_that_is_measured_in_it_changes_nothing(name, seed, factor):
    gaze = regular(seed, rate_hz=500)  # i2mc treats recordings below 150 Hz in another way
    slower = gaze.assign(t_ns=gaze["t_ns"] * factor)
    own = {}
    if name in ("world_ivt", "neon-like"):  # the ends of looks are 20 ms whatever the clock does
        own = {"merge_gap_ms": 0.0}
    if name in ("slow_phase", "hessels2020"):  # the iteration ends when whole deg/s are the same
        own = {"max_iterations": 3}
    events = detect_events(gaze, name, **own)
    assert rows(detect_events(slower, name, **scaled(name, factor) | own)) == rows(events)


def lost_samples(gaze, length):
    lost = gaze.iloc[np.zeros(length, int)].assign(valid=False, x_deg=np.nan, y_deg=np.nan, fixation_id=-1)
    return lost.assign(reason=pd.Categorical(["no_data"] * length, gaze["reason"].cat.categories))


def on_one_clock(pieces):
    longer = pd.concat(pieces, ignore_index=True)
    return longer.assign(t_ns=np.arange(len(longer)) * 5_000_000)


@pytest.mark.parametrize("name", [name for name in DETECTORS if name not in ("hessels2020", "i2mc")])
@few
@given(seed=seeds, length=st.integers(40, 200))
def test_losses_before_and_after_do_not_change_events(name, seed, length):
    """Thresholds of the whole recording do not see them; the two left out lay their windows over them."""
    gaze = regular(seed)
    lost = lost_samples(gaze, length)
    # a loss may be a blink, the end of a recording is none
    own = {"flank_ms": 0.0} if name.startswith("adaptive") else {}
    longer = rows(detect_events(on_one_clock([lost, gaze, lost]), name, **own), shift=-length)
    alone = rows(detect_events(gaze, name, **own))
    # an event at the end of a recording has half a sample less: nothing is known of the time beyond
    inner = [[event for event in found if event[1] > 0 and event[2] < 599] for found in (longer, alone)]
    assert inner[0] == inner[1]


@pytest.mark.parametrize("name", [name for name in LOCAL if name not in GREEDY])
@few
@given(seed=seeds, at=st.integers(150, 400), length=st.integers(60, 100))
def test_a_loss_changes_only_what_is_near(name, seed, at, length):
    gaze = regular(seed)
    less = gaze.copy()
    less.loc[at : at + length - 1, ["valid", "fixation_id"]] = [False, -1]
    before, after = (rows(detect_events(each, name, **LOCAL[name])) for each in (gaze, less))
    changed = set(before) ^ set(after)
    # half a second: what the loss cuts may have begun long before it and is not far
    assert [event for event in changed if event[2] < at - 100 or event[1] > at + length + 100] == []


@pytest.mark.parametrize("name", DETECTORS)
@few
@given(seed=seeds, at=st.integers(38, 112))
def test_a_new_part_within_a_gap_changes_nothing(name, seed, at):
    gaze, at = regular(seed), 4 * at
    gaze.loc[at : at + 59, ["valid", "fixation_id"]] = [False, -1]  # 300 ms: no detector bridges that
    marked = gaze.assign(part=(np.arange(len(gaze)) >= at + 32).astype(np.int64))
    assert rows(detect_events(marked, name)) == rows(detect_events(gaze, name))


@pytest.mark.parametrize("name", LOCAL)
@few
@given(seed=seeds, at=st.integers(150, 450))
def test_splitting_at_a_gap_changes_nothing(name, seed, at):
    gaze, cut = regular(seed), at + 30
    gaze.loc[at : at + 59, ["valid", "fixation_id"]] = [False, -1]
    halves = [gaze.iloc[:cut], gaze.iloc[cut:].reset_index(drop=True)]
    one, other = (detect_events(half, name, **LOCAL[name]) for half in halves)
    assert rows(one) + rows(other, shift=cut) == rows(detect_events(gaze, name, **LOCAL[name]))


def around_rest(name, gaze, seconds, **parameters):
    """Return the events before and after rest that begins at sample 300, half a second of loss on either side."""
    still = gaze.iloc[np.zeros(int(seconds * 200), int)]
    still = still.assign(x_deg=3.0, y_deg=2.0, valid=True, fixation_id=10_000)
    still["reason"] = pd.Categorical(["ok"] * len(still), gaze["reason"].cat.categories)
    lost = lost_samples(gaze, 100)
    events = detect_events(
        on_one_clock([gaze.iloc[:300], lost, still, lost, gaze.iloc[300:]]), name, **parameters
    )
    start = 300 + 200 + len(still)
    before, after = events[events["last_sample"] < 300], events[events["first_sample"] >= start]
    return rows(before), rows(after, shift=-start)


@pytest.mark.parametrize("name", LOCAL)
@few
@given(seed=seeds)
def test_an_idle_second_more_changes_nothing_elsewhere(name, seed):
    gaze = regular(seed)
    assert around_rest(name, gaze, 1.0, **LOCAL[name]) == around_rest(name, gaze, 2.0, **LOCAL[name])


@few
@given(seed=seeds)
def test_an_idle_second_more_changes_nothing_further_away_than_a_window(seed):
    gaze, window = regular(seed), {"window_s": 0.4, "window_step_ms": 40.0}
    one, two = (around_rest("slow_phase", gaze, seconds, **window) for seconds in (1.0, 2.0))
    assert one == two


@pytest.mark.parametrize("name", RECORDING_WIDE)
@few
@given(seed=seeds)
def test_a_recording_twice_over_gives_its_events_twice(name, seed):
    """Where the whole recording makes the threshold, the same distribution makes the same threshold."""
    gaze = regular(seed)
    lost = lost_samples(gaze, 200)
    once = detect_events(on_one_clock([lost, gaze, lost]), name)
    twice = detect_events(on_one_clock([lost, gaze, lost, gaze, lost]), name)
    assert rows(twice) == rows(once) + rows(once, shift=800)


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
