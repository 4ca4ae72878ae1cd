"""Shares of time and rates of focal follows."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.focal import focal_table, watching_sessions
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.simulate.field_day import FieldDay, simulate_field_day

START = pd.Timestamp("2026-11-20T08:00:00+07:00")


def session(name, *, minutes=45.0, protocol="focal_follow", **more):
    return {
        "session_id": name,
        "protocol_id": protocol,
        "started_at": START.isoformat(),
        "stopped_at": (START + pd.Timedelta(minutes=minutes)).isoformat(),
        **more,
    }


def event(name, code, start, end=np.nan, subject="1"):
    form = "point" if np.isnan(end) else "state"
    row = {"session_id": name, "event_id": 0, "subject": subject, "code": code, "form": form}
    return {**row, "t_s": start, "t_end_s": end, "closed_by": "none"}


def log_of(sessions, events):
    return FieldLog(sessions=field_table("sessions", sessions), events=field_table("events", events))


def test_the_denominator_is_the_session_and_not_the_last_event():
    log = log_of([session("a")], [event("a", "glance", 1200.0), event("a", "walk", 60.0, 600.0)])
    found = focal_table(log).set_index("code")
    assert found.loc["glance", "value"] == pytest.approx(1 / 45)
    assert found.loc["walk", "value"] == pytest.approx(540 / 2700)
    assert found.loc["walk", "median_s"] == 540
    assert found.loc["walk", "rule"] == "one person followed without a break"


def test_sessions_in_which_nothing_happened_count():
    log = log_of(
        [session("a"), session("quiet"), session("counts", protocol="station_point_observation")],
        [event("a", "glance", 5.0)],
    )
    assert watching_sessions(log) == {"a", "quiet"}
    row = focal_table(log).iloc[0]
    assert (row["denominator"], row["sessions"]) == (90.0, 2)


def test_overlapping_bouts_never_make_more_than_all_of_the_time():
    log = log_of(
        [session("a", minutes=1.0)],
        [
            event("a", "walk", 0.0, 40.0),
            event("a", "walk", 20.0, 60.0, "2"),
            event("a", "walk", 30.0, 35.0, "3"),
        ],
    )
    assert focal_table(log).loc[0, ["value", "numerator"]].tolist() == [1.0, 60.0]


def test_pauses_are_taken_off_and_second_observers_left_out():
    log = log_of(
        [session("a", minutes=10.0, paused_s=300.0), session("b", role="second")],
        [event("a", "glance", 5.0), event("b", "glance", 5.0)],
    )
    assert focal_table(log).loc[0, ["numerator", "denominator"]].tolist() == [1.0, 5.0]


def test_a_simulated_day_comes_back():
    log, _ = simulate_field_day(FieldDay(focal_pairs=12), rng=np.random.default_rng(8))
    found = focal_table(log).set_index("code")
    assert found.loc["glance", "low"] < 1.0 < found.loc["glance", "high"]
    assert found.loc["stand_wait", "value"] > found.loc["walk", "value"] > found.loc["train_board", "value"]
    assert set(focal_table(log, by=("point_id",))["point_id"]) == {"gates"}
    with pytest.raises(ParameterError):
        focal_table(log, by=("placement_id",))
    assert focal_table(FieldLog()).empty
