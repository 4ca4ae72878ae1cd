"""Agreement of two observers from their logs."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.observer_pairs import Window, item_pairs, state_grid
from gazestudy.fieldwork.observers import observer_agreement
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.simulate.field_day import FieldDay, Observer, simulate_field_day

START = pd.Timestamp("2026-11-20T08:00:00+07:00")


def session(name, observer, *, role="primary", later_s=0.0, seconds=600.0, **more):
    start = START + pd.Timedelta(seconds=later_s)
    return {
        "session_id": name,
        "station_id": "st",
        "point_id": "p",
        "observer": observer,
        "role": role,
        "started_at": start.isoformat(),
        "stopped_at": (start + pd.Timedelta(seconds=seconds)).isoformat(),
        **more,
    }


def events(name, states=(), points=()):
    rows = [(code, "state", start, end) for code, start, end in states]
    rows += [("glance", "point", at, np.nan) for at in points]
    return [
        {"session_id": name, "event_id": n, "code": c, "form": f, "t_s": a, "t_end_s": b, "closed_by": "none"}
        for n, (c, f, a, b) in enumerate(rows)
    ]


def pair_log(first, second, *, later_s=0.0):
    return FieldLog(
        sessions=field_table(
            "sessions", [session("a", "A"), session("b", "B", role="second", later_s=later_s)]
        ),
        events=field_table("events", [*first, *second]),
    )


def compare(log, **more):
    return observer_agreement(log, rng=np.random.default_rng(0), draws=200, **more)


def coefficient(found, name, statistic):
    table = found.coefficients.set_index(["name", "statistic"])
    return float(table.loc[(name, statistic), "value"])


def test_empty_time_is_time_agreed_on():
    log = pair_log(events("a", [("walk", 0, 60)]), events("b", [("walk", 0, 30)]))
    found = compare(log)
    assert coefficient(found, "all states", "percent_agreement") == pytest.approx(570 / 600)
    assert found.confusion["all states"].to_numpy().tolist() == [[540, 0], [30, 30]]
    prevalence = found.prevalence.set_index("category")
    assert prevalence.loc["walk", "observer_1"] == pytest.approx(0.1)


def test_clocks_of_both_sessions_are_brought_together():
    log = pair_log(
        events("a", [("walk", 100, 200)], [150, 300]),
        events("b", [("walk", 60, 160)], [110, 260]),
        later_s=40.0,
    )
    found = compare(log)
    assert coefficient(found, "all states", "cohen_kappa") == 1.0
    glance = found.events.set_index("code").loc["glance"]
    assert (glance["matched"], glance["median_error_s"]) == (2, 0.0)
    assert found.coefficients["units"].iloc[0] == 560


def test_points_a_second_apart_agree_whatever_the_grid():
    log = pair_log(events("a", points=[10, 20, 30]), events("b", points=[11, 21.3, 31.1]))
    found = compare(log)
    glance = found.events.iloc[0]
    assert (glance["matched"], glance["only_a"], glance["only_b"], glance["agreement"]) == (3, 0, 0, 1.0)
    assert found.coefficients.empty
    assert compare(log, tolerance_s=0.5).events.iloc[0]["matched"] == 0


def test_codes_that_overlap_are_compared_one_by_one():
    log = pair_log(
        events("a", [("walk", 0, 100), ("on_phone", 50, 150)]),
        events("b", [("walk", 0, 100), ("on_phone", 50, 120)]),
    )
    found = compare(log)
    assert set(found.coefficients["name"]) == {"walk", "on_phone"}
    assert coefficient(found, "walk", "percent_agreement") == 1.0
    grouped = compare(log, groups={"motion": ["walk"]})
    assert set(grouped.coefficients["name"]) == {"motion"}


def test_state_grid_takes_the_latest_of_two():
    table = field_table("events", events("a", [("walk", 0, 10), ("stand", 5, 8)]))
    grid = state_grid(table, ["walk", "stand"], moments_s=np.array([1.0, 6.0, 9.0, 20.0]))
    assert grid == ["walk", "stand", "walk", "none"]


def count_rows(name, values, *, later_s=0.0, every=300.0, item="passed"):
    return [
        {
            "session_id": name,
            "interval_no": n,
            "start_s": n * every + later_s,
            "end_s": (n + 1) * every + later_s,
            "item": item,
            "value": float(value),
            "source": "live",
        }
        for n, value in enumerate(values)
    ]


def test_counts_are_paired_by_time_not_by_number():
    sessions = field_table(
        "sessions",
        [session("a", "A", seconds=1800), session("b", "B", role="second", later_s=305.0, seconds=1800)],
    )
    rows = [*count_rows("a", [10, 20, 30, 40]), *count_rows("b", [21, 29, 44])]
    log = FieldLog(sessions=sessions, interval_counts=field_table("interval_counts", rows))
    paired = item_pairs(log, [Window("a", "b", 1495.0, 305.0, 0.0)])
    assert paired[["first", "second"]].to_numpy().tolist() == [[20, 21], [30, 29], [40, 44]]
    found = compare(log)
    passed = found.counts.iloc[0]
    assert passed["n"] == 3
    assert passed["bias"] == pytest.approx(-4 / 3)
    assert passed["within_share"] == 1.0
    assert found.count_pairs["slot"].tolist() == [1, 2, 3]


def test_intervals_of_other_lengths_are_not_paired():
    sessions = field_table("sessions", [session("a", "A"), session("b", "B", role="second")])
    rows = [*count_rows("a", [10, 20]), *count_rows("b", [20, 25], every=240.0)]
    log = FieldLog(sessions=sessions, interval_counts=field_table("interval_counts", rows))
    assert compare(log).count_pairs.empty


def test_coded_scans_are_categories():
    sessions = field_table("sessions", [session("a", "A"), session("b", "B", role="second")])
    rows = [
        {"session_id": s, "scan_no": n, "at_s": 60.0 * n, "item": "mood", "text": text, "source": "live"}
        for s, texts in (("a", "xxyyz"), ("b", "xxyzz"))
        for n, text in enumerate(texts)
    ]
    found = compare(FieldLog(sessions=sessions, scans=field_table("scans", rows)))
    assert coefficient(found, "mood", "percent_agreement") == pytest.approx(0.8)


def test_pairs_that_cannot_be_compared_are_found():
    sessions = field_table("sessions", [session("a", "A"), session("b", "B", role="second", later_s=9000.0)])
    pairs = field_table(
        "reliability_pairs",
        [
            {"session_a": "a", "session_b": "b", "kind": "simultaneous"},
            {"session_a": "a", "session_b": "ghost", "kind": "simultaneous"},
        ],
    )
    with pytest.raises(ParameterError, match="at the same time"):
        compare(FieldLog(sessions=sessions), pairs=pairs)


def test_a_simulated_day_shows_who_misses_glances():
    careless = (Observer("A"), Observer("B", misses_glances=0.25), Observer("C"))
    log, _ = simulate_field_day(FieldDay(observers=careless), rng=np.random.default_rng(5))
    found = compare(log)
    glance = found.events.set_index("code").loc["glance"]
    assert glance["only_a"] > 5 * glance["only_b"]
    assert glance["agreement"] == pytest.approx(0.75, abs=0.08)
    assert glance["low"] < glance["agreement"] < glance["high"]
    assert coefficient(found, "all states", "cohen_kappa") == pytest.approx(0.88, abs=0.06)
    grid = found.coefficients[found.coefficients["about"] == "time grid"]
    assert set(grid["pairs"]) == {6}
    counts = found.counts.set_index("item")
    assert counts.loc["passed", "icc"] > 0.95
    assert counts.loc["glanced", "icc"] < counts.loc["passed", "icc"]
    assert counts.loc["passed", "icc_low"] <= counts.loc["passed", "icc"] <= counts.loc["passed", "icc_high"]
