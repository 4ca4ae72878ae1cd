"""A batch of recordings gives what each would give alone."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError, TableError
from gazestudy.events import detect_events, detect_events_many
from gazestudy.model.tables import GAZE_EVENTS
from tests.unit.events.made_gaze import random_gaze, table


@pytest.mark.parametrize("method", ["ivt", "idt", "adaptive", "i2mc"])
def test_each_recording_as_if_alone(method):
    recordings = {f"r{seed}": random_gaze(seed) for seed in range(5)}
    events = detect_events_many(recordings, method)
    assert events.columns[0] == "recording_id"
    for name, gaze in recordings.items():
        alone = detect_events(gaze, method)
        mine = events[events["recording_id"] == name].drop(columns="recording_id").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone, check_flags=False)
        assert events.attrs["provenance"][name] == alone.attrs["provenance"]


def test_nothing_in_nothing_out():
    for recordings in ({}, {"a": table(np.zeros(0))}):
        events = detect_events_many(recordings)
        assert len(events) == 0
        GAZE_EVENTS.check(events)
    events = detect_events_many({"a": table(np.zeros(0)), "b": table(np.zeros(9))})
    assert set(events["recording_id"]) == {"b"} and set(events.attrs["provenance"]) == {"a", "b"}


def test_a_generator_is_read_one_at_a_time():
    def recordings():
        for i in range(12):
            yield f"r{i}", table(np.zeros(50_000))

    detect_events_many(recordings())
    tracemalloc.start()
    detect_events_many(recordings())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    one = table(np.zeros(50_000)).memory_usage().sum()
    assert peak < 10 * one


def test_errors_name_the_recording_and_bad_parameters_come_first():
    bad = table(np.zeros(10)).iloc[::-1]
    with pytest.raises(TableError) as caught:
        detect_events_many({"good": table(np.zeros(10)), "bad": bad})
    assert "bad" in caught.value.__notes__[0]

    def never():
        raise AssertionError("read before the parameters were checked")
        yield

    with pytest.raises(ParameterError, match="threshold_deg_s"):
        detect_events_many(never(), threshold_deg_s=0)
    with pytest.raises(ParameterError, match="once"):
        detect_events_many([("a", table(np.zeros(5))), ("a", table(np.zeros(5)))])
