"""Followed people: looking and staying, with what was not seen to its end."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.followed import followed_looking, stay_curve
from gazestudy.model.fieldwork import FieldLog, field_table

START = pd.Timestamp("2026-11-20T08:00:00+07:00")


def log_of(rows, *, sessions=("a",), minutes=10):
    stop = START + pd.Timedelta(minutes=minutes)
    times = {"started_at": START.isoformat(), "stopped_at": stop.isoformat()}
    events = [
        {"event_id": n, "closed_by": "none", "t_end_s": np.nan, "form": "point", "session_id": "a", **row}
        for n, row in enumerate(rows)
    ]
    return FieldLog(
        sessions=field_table("sessions", [{"session_id": name, **times} for name in sessions]),
        events=field_table("events", events),
    )


def point(subject, code, at, **more):
    return {"subject": subject, "code": code, "t_s": at, **more}


def test_one_row_per_person_from_entering_to_leaving():
    log = log_of(
        [
            point("1", "enter_view", 10.0),
            point("1", "glance", 14.0, placement_id="w"),
            {
                "subject": "1",
                "code": "look",
                "t_s": 16.0,
                "t_end_s": 19.0,
                "form": "state",
                "placement_id": "x",
            },
            point("1", "exit_view", 30.0),
            point("1", "glance", 31.0, placement_id="w"),
            point("2", "enter_view", 40.0),
            point("2", "lost_sight", 52.0),
            point("3", "enter_view", 590.0),
            point("", "glance", 100.0),
        ]
    )
    found = followed_looking(log)
    people = found.people.set_index("subject")
    assert people["in_view_s"].tolist() == [20.0, 12.0, 10.0]
    assert people["seen_to_end"].tolist() == [True, False, False]
    assert people["looks"].tolist() == [2, 0, 0]
    assert people.loc["1", ["first_look_s", "look_s"]].tolist() == [4.0, 3.0]
    assert (found.notice.numerator, found.notice.denominator) == (1, 3)
    assert np.isnan(found.notice.low)
    assert followed_looking(log, placement_id="x").people["first_look_s"].iloc[0] == 6.0


def test_time_to_the_first_look_recovers_the_truth_although_people_leave():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(600):
        look, leave = rng.exponential(8.0), rng.exponential(12.0)
        name = f"s{number % 12}"
        rows.append(point(str(number), "enter_view", 10.0, session_id=name))
        rows.append(point(str(number), "exit_view", 10.0 + leave, session_id=name))
        if look < leave:
            rows.append(point(str(number), "glance", 10.0 + look, session_id=name))
    found = followed_looking(log_of(rows, sessions=[f"s{n}" for n in range(12)]))
    assert found.first_look.median == pytest.approx(8 * np.log(2), rel=0.15)
    assert found.notice.low < 12 / 20 < found.notice.high
    assert found.notice.clusters == 12


def test_stays_cut_by_the_end_of_the_session_are_censored():
    stays = [(0.0, 60.0, "observer"), (10.0, 130.0, "observer"), (300.0, 600.0, "session_end")]
    rows = [
        {"subject": str(n), "code": "in_area", "t_s": a, "t_end_s": b, "form": "state", "closed_by": by}
        for n, (a, b, by) in enumerate(stays)
    ]
    curve = stay_curve(log_of(rows))
    assert curve.median == 120.0
    assert curve.survival[-1] == pytest.approx(1 / 3)
    assert curve.restricted_mean(300) == pytest.approx((60 + 120 + 300) / 3)


def test_nobody_followed_is_said():
    with pytest.raises(ParameterError, match="enter_view"):
        followed_looking(FieldLog())
    with pytest.raises(ParameterError, match="in_area"):
        stay_curve(FieldLog())
