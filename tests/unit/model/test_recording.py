"""Recordings read lazily, check contracts, and report everything that was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import TableError
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream
from gazestudy.model.tables import MARKERS


def make(loaders) -> Recording:
    meta = RecordingMeta("walk", "glasses", "test", 1, Path("walk"))
    found = (Finding("info", "files", "no_video", "no scene video"),)
    return Recording(meta, clock=Clock("unknown"), camera=None, videos=(), loaders=loaders, findings=found)


def markers() -> pd.DataFrame:
    return pd.DataFrame(
        {"t_ns": np.array([1, 2], dtype=np.int64), "name": ["a", "b"], "source": ["user", "user"]}
    )


def test_a_stream_is_read_once_and_only_when_asked_for():
    calls = []

    def load() -> Stream:
        calls.append(1)
        return Stream(markers())

    recording = make({"events": load})
    assert calls == []
    assert len(recording.events) == 2
    assert recording.events is recording.stream("events")
    assert calls == [1]


def test_a_missing_stream_is_an_empty_table():
    assert MARKERS.check(make({}).events).empty
    with pytest.raises(KeyError, match="no stream 'saccades'"):
        make({}).stream("saccades")


def test_a_stream_that_breaks_its_contract_is_refused():
    with pytest.raises(TableError, match="'source' is missing"):
        _ = make({"events": lambda: Stream(markers().drop(columns="source"))}).events


def test_findings_come_from_the_recording_and_every_stream():
    doubt = Finding("warning", "events", "gaps", "one gap", 1)
    recording = make(
        {"events": lambda: Stream(markers(), (doubt,)), "notes": lambda: Stream(pd.DataFrame({"a": [1]}))}
    )
    assert [finding.code for finding in recording.findings()] == ["no_video", "gaps"]
    assert list(recording.vendor) == ["notes"]
