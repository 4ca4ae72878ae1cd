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


def test_a_line_cut_within_a_letter_is_dropped_and_the_session_goes_on(session):
    session.tap(at(1), "passed")
    session.note(at(2), "รถไฟ")
    whole = session.journal.read_bytes()
    end = whole.rindex("ไฟ".encode()) + 1  # one of three bytes
    session.journal.write_bytes(whole[:end])
    assert [name for _, name, _ in unfinished(session.journal.parent.parent)] == ["s1"]
    again = LiveSession(session.protocol, session.journal)
    assert [one.kind for one in again.standing()] == ["start", "tap"]
    assert session.journal.read_bytes() == whole[: whole[:end].rindex(b"\n") + 1]
    again.note(at(3), "สาย")
    third = LiveSession(session.protocol, session.journal)
    assert [one.kind for one in third.standing()] == ["start", "tap", "note"]


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


@pytest.fixture
def followed(tmp_path):
    made = LiveSession(load_protocol("focal_follow"), tmp_path / "live" / "f1.jsonl")
    made.start(START, session_id="f1", answers={}, placements=["wall"])
    return made


def test_modifiers_go_with_their_behaviour_and_leave_its_time(followed):
    followed.behave(at(2), "enter_view", subject="1")
    followed.modify(at(5), 1, {"direction": "in", "company": "alone"})
    followed.behave(at(6), "glance", subject="1")
    followed.modify(at(7), followed.entries[-1].n, {}, placement_id="wall")
    assert [one.id for one in followed.modifier_sets("enter_view")] == ["direction", "company", "crowd"]
    followed.stop(at(10))
    events = LiveSession(load_protocol("focal_follow"), followed.journal).log().events
    assert events[["code", "t_s", "placement_id", "modifiers_json"]].to_numpy().tolist() == [
        ["enter_view", 2.0, "", '{"direction": "in", "company": "alone"}'],
        ["glance", 6.0, "wall", "{}"],
    ]


def test_a_behaviour_is_taken_back_with_its_modifiers(followed):
    followed.behave(at(2), "enter_view")
    followed.modify(at(3), 1, {"direction": "in"})
    assert followed.take_back(at(4)).kind == "point"
    assert [one.kind for one in followed.standing()] == ["start"]
    with pytest.raises(ParameterError, match="taken back"):
        followed.modify(at(5), 1, {"direction": "in"})
    followed.behave(at(6), "enter_view")
    with pytest.raises(ParameterError, match="direction"):
        followed.modify(at(7), followed.entries[-1].n, {"colour": "red"})
