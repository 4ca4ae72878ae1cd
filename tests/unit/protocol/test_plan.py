"""Sampling plans: what must hold of every plan, whatever it is made from."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gazestudy.errors import ParameterError
from gazestudy.protocol import is_mistyped
from gazestudy.protocol.plan import Daypart, plan_sessions, read_weekdays

MONDAY = date(2026, 11, 23)
HOURS = (
    "am_peak=07:00-10:00@mon-fri",
    "midday=11:00-14:00",
    "pm_peak=16:30-19:30@mon-fri",
    "evening=20:00-22:00",
)
DAYPARTS = [Daypart.parse(text) for text in HOURS]


def table_of_points(stations: int, points: int) -> pd.DataFrame:
    rows = [(f"S{s}", f"S{s}-{p}") for s in range(stations) for p in range(points)]
    return pd.DataFrame(rows, columns=["station_id", "point_id"])


def days(count: int) -> list[date]:
    return [MONDAY + timedelta(days=number) for number in range(count)]


@st.composite
def tasks(draw):
    stations = draw(st.integers(1, 4))
    minutes = draw(st.lists(st.integers(0, 90), min_size=stations**2, max_size=stations**2))
    ways = [(f"S{a}", f"S{b}", minutes[a * stations + b]) for a in range(stations) for b in range(a)]
    named = draw(st.sets(st.sampled_from(range(4)), min_size=1))
    observers = draw(st.integers(1, 5))
    return {
        "points": table_of_points(stations, draw(st.integers(1, 3))),
        "dayparts": [DAYPARTS[i] for i in sorted(named)],
        "dates": days(draw(st.integers(1, 15))),
        "observers": [f"O{number}" for number in range(observers)],
        "travel": pd.DataFrame(ways, columns=["from_station", "to_station", "minutes"]),
        "walk_min": draw(st.integers(0, 15)),
        "pause_min": draw(st.integers(0, 20)),
        "session_min": draw(st.sampled_from([20, 45, 60, 120])),
        "longest_day_min": draw(st.sampled_from([240, 480, 960])),
        "repeats": draw(st.integers(1, 2)),
        "shared": draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])) if observers > 1 else 0.0,
    }


def minutes_between(task, a, b) -> int:
    """The way between two rows, straight from the task."""
    if (a.station_id, a.point_id) == (b.station_id, b.point_id):
        return 0
    if a.station_id == b.station_id:
        return task["walk_min"]
    table = task["travel"]
    ends = {a.station_id, b.station_id}
    row = next(row for row in table.itertuples() if {row.from_station, row.to_station} == ends)
    return row.minutes


@settings(max_examples=40, deadline=None)
@given(task=tasks(), seed=st.integers(0, 2**32 - 1))
def test_nobody_is_in_two_places_and_ways_are_kept(task, seed):
    try:
        plan = plan_sessions(rng=np.random.default_rng(seed), **task)
    except ParameterError as error:
        assert "days on which there is" in str(error)  # a daypart of weekdays that are not among the dates
        return
    table = plan.sessions
    length = pd.Timedelta(minutes=task["session_min"])
    hours = {one.name: one for one in task["dayparts"]}
    assert (table["end"] - table["start"] == length).all()
    assert table["session_id"].is_unique and not table["session_id"].map(is_mistyped).any()
    assert set(table["date"]) <= {day.isoformat() for day in task["dates"]}
    for row in table.itertuples():
        daypart = hours[row.daypart]
        begin = row.start.hour * 60 + row.start.minute
        assert daypart.start_min <= begin and begin + task["session_min"] <= daypart.end_min
        assert row.start.date().isoformat() == row.date
        assert ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[row.start.weekday()] == row.weekday
        assert not daypart.weekdays or row.weekday in daypart.weekdays
    for _, group in table.groupby(["date", "observer"]):
        rows = list(group.sort_values("start").itertuples())
        assert rows[0].travel_min == 0
        for before, after in pairwise(rows):
            way = minutes_between(task, before, after)
            assert after.travel_min == way
            assert after.start - before.end >= pd.Timedelta(minutes=way + task["pause_min"])
        if len(rows) > 1:
            assert rows[-1].end - rows[0].start <= pd.Timedelta(minutes=task["longest_day_min"])
    for _, group in table[table["role"] == "primary"].groupby("point_id"):
        rows = list(group.sort_values("start").itertuples())
        assert all(before.end <= after.start for before, after in pairwise(rows))
    assert_shared(table)
    counts = plan.balance()["sessions"]
    assert counts.max() <= task["repeats"] if len(counts) else True
    cells = sum(
        not one.weekdays or day in one.weekdays
        for one in task["dayparts"]
        for day in {("mon", "tue", "wed", "thu", "fri", "sat", "sun")[d.weekday()] for d in task["dates"]}
    ) * len(task["points"])
    whole = len(counts) == cells and (counts == task["repeats"]).all()
    assert whole == (not plan.reasons)
    if whole:
        shared = (table["role"] == "second").sum()
        assert shared == round(task["shared"] * cells * task["repeats"])


def assert_shared(table: pd.DataFrame) -> None:
    rows = {row.session_id: row for row in table.itertuples()}
    for row in rows.values():
        if row.role == "second":
            assert row.shared_with
        if row.shared_with:
            other = rows[row.shared_with]
            assert other.shared_with == row.session_id and {row.role, other.role} == {"primary", "second"}
            assert (row.start, row.point_id) == (
                other.start,
                other.point_id,
            ) and row.observer != other.observer


@settings(max_examples=20, deadline=None)
@example(count=300, seed=0)
@given(count=st.integers(1, 300), seed=st.integers(0, 999))
def test_any_number_of_sessions_is_balanced_within_one(count, seed):
    """Enough observers and days, so that all fits: cells, points, dayparts and weekdays differ by one at most."""
    task = {"points": table_of_points(3, 2), "dayparts": DAYPARTS[1:4:2], "dates": days(35)}
    observers = [f"O{number}" for number in range(8)]
    plan = plan_sessions(observers=observers, rng=np.random.default_rng(seed), sessions=count, **task)
    assert plan.reasons == ()
    table = plan.sessions[plan.sessions["role"] == "primary"]
    assert len(table) == count
    cells = Counter(zip(table["point_id"], table["daypart"], table["weekday"], strict=True))
    everything = [
        cells[p, d, w]
        for p in task["points"]["point_id"]
        for d in ("midday", "evening")
        for w in read_weekdays("mon-sun")
    ]
    assert max(everything) - min(everything) <= 1
    for column, levels in (("point_id", 6), ("daypart", 2), ("weekday", 7)):
        sizes = table[column].value_counts().tolist() + [0] * (levels - table[column].nunique())
        assert max(sizes) - min(sizes) <= 1, column


def a_plan(seed: int, **changes):
    task = {
        "points": table_of_points(3, 2),
        "dayparts": DAYPARTS[:3],
        "dates": days(28),
        "observers": ["O1", "O2", "O3", "O4"],
    }
    return plan_sessions(rng=np.random.default_rng(seed), **(task | changes))


def test_same_seed_same_plan_and_other_seed_other_plan():
    one, same, other = a_plan(5), a_plan(5), a_plan(6)
    pd.testing.assert_frame_equal(one.sessions, same.sessions)
    assert not one.sessions.equals(other.sessions)


def test_observers_take_turns_at_points_and_with_each_other():
    plan = a_plan(1, shared=0.5)
    assert plan.reasons == ()
    visits = pd.crosstab(plan.sessions["observer"], plan.sessions["point_id"])
    assert (visits > 0).all(axis=None)
    assert visits.sum(axis=1).max() < 1.3 * visits.sum(axis=1).min()
    firsts = plan.sessions[(plan.sessions["role"] == "primary") & (plan.sessions["shared_with"] != "")]
    who = plan.sessions.set_index("session_id")["observer"]
    pairs = Counter(frozenset((row.observer, who[row.shared_with])) for row in firsts.itertuples())
    assert len(pairs) == 6
    shared_points = firsts["point_id"].value_counts()
    assert shared_points.max() - shared_points.min() <= 1 and len(shared_points) == 6


def test_observers_stay_at_home_on_days_on_which_they_are_not_needed():
    plan = a_plan(1, shared=0.0)
    assert plan.shifts()["sessions"].mean() > 1.5


def test_days_without_dayparts_are_free():
    plan = a_plan(1, dates=days(7), dayparts=[Daypart.parse("am_peak=07:00-10:00@mon-fri")], shared=0.0)
    assert plan.reasons == () and set(plan.sessions["weekday"]) == {"mon", "tue", "wed", "thu", "fri"}


def test_what_does_not_fit_is_said_in_words():
    plan = a_plan(1, dates=days(5), observers=["O1", "O2"])
    assert plan.reasons
    assert plan.reasons[0].startswith("mon am_peak: ")
    assert "There are 1 such days and 2 observers" in plan.reasons[0]
    assert "would help" in plan.reasons[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"session_min": 200}, "am_peak (180 min)"),
        ({"observers": ["O1"]}, "one observer alone cannot share"),
        ({"observers": ["O1", "O1"]}, "codes that differ"),
        ({"dates": []}, "at least one day"),
        ({"dates": [date(2026, 11, 28)]}, "days on which there is am_peak, pm_peak"),
        ({"dayparts": [*DAYPARTS, Daypart("noon", 720, 800)]}, "midday and noon"),
        ({"travel": pd.DataFrame({"from": []})}, "from_station"),
        (
            {"travel": pd.DataFrame({"from_station": ["S0"], "to_station": ["S1"], "minutes": [-3]})},
            "0 or more",
        ),
        ({"points": table_of_points(1, 1).iloc[[0, 0]]}, "each once"),
        ({"longest_day_min": 30}, "length of a session"),
        ({"shared": 1.5}, "from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_said_in_words(changes, words):
    with pytest.raises(ParameterError, match=words.replace("(", r"\(").replace(")", r"\)")):
        a_plan(1, **changes)


@pytest.mark.parametrize(
    "text",
    ["am", "am=", "am=7-9", "am=09:00-07:00", "=07:00-09:00", "am=07:00-25:00", "am=07:00-09:00@funday"],
)
def test_dayparts_that_are_not_written_right(text):
    with pytest.raises(ParameterError):
        Daypart.parse(text)
