"""Live sessions: what the journal says is what the tables say."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gazestudy.errors import InputError, ParameterError
from gazestudy.pipeline.live_log import LiveSession, unfinished
from gazestudy.protocol import load_protocol

START = datetime.fromisoformat("2026-03-02T08:00:00+07:00")


def at(seconds):
    return START + timedelta(seconds=seconds)


@pytest.fixture
def session(tmp_path):
    made = LiveSession(load_protocol("station_point_observation"), tmp_path / "live" / "s1.jsonl")
    made.start(START, session_id="s1", answers={"station_id": "Siam", "point_id": "C1", "observer": "A"},
               placements=["wall", "screen"])  # fmt: skip
    return made


def test_taps_fall_into_their_interval_and_the_last_one_is_short(session):
    for seconds in (0, 299.9, 300, 640):
        session.tap(at(seconds), "passed")
    session.tap(at(10), "glanced", "screen")
    session.stop(at(650))
    counts = session.log().interval_counts
    passed = counts[counts["item"] == "passed"]
    assert passed["value"].tolist() == [2, 1, 1]
    assert passed["end_s"].tolist() == [300, 600, 650]
    glanced = counts[counts["item"] == "glanced"].set_index(["interval_no", "placement_id"])["value"]
    assert glanced.to_dict() == {
        (0, "wall"): 0, (0, "screen"): 1, (1, "wall"): 0, (1, "screen"): 0, (2, "wall"): 0, (2, "screen"): 0,
    }  # fmt: skip


def test_a_session_in_which_nothing_happened_is_zeros(session):
    session.stop(at(60))
    counts = session.log().interval_counts
    assert set(counts["value"]) == {0.0}
    assert session.log().sessions["stopped_at"].tolist() == ["2026-03-02T08:01:00.000+07:00"]


def test_what_is_not_watched_for_is_no_row(tmp_path):
    made = LiveSession(load_protocol("station_point_observation"), tmp_path / "s.jsonl")
    made.start(START, session_id="s", answers={}, items=["passed"])
    made.stop(at(60))
    assert set(made.log().interval_counts["item"]) == {"passed"}


def test_taking_back_is_an_entry_of_its_own(session):
    session.tap(at(1), "passed")
    session.note(at(2), "late train")
    assert session.take_back(at(3)).kind == "note"
    assert session.take_back(at(4)).kind == "tap"
    assert session.take_back(at(5)) is None
    lines = session.journal.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    again = LiveSession(session.protocol, session.journal)
    assert [one.kind for one in again.standing()] == ["start"]


def test_a_stopped_session_takes_nothing_more(session):
    session.stop(at(10))
    with pytest.raises(ParameterError):
        session.tap(at(11), "passed")


def test_a_journal_of_another_protocol_is_refused(session):
    with pytest.raises(InputError, match="another protocol"):
        LiveSession(load_protocol("focal_follow"), session.journal)
    assert unfinished(session.journal.parent.parent) == [(session.journal, "s1", "station_point_observation")]


def test_counts_that_break_a_rule_are_kept_and_told_with_their_column(session):
    session.tap(at(1), "glanced", "wall")
    session.stop(at(30))
    log = session.log()
    assert log.interval_counts["value"].sum() == 1
    assert [one.severity for one in log.findings] == ["warning"]
    assert "column 1 (wall): glanced <= passed" in log.findings[0].message
