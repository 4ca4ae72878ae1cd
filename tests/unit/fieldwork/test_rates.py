"""Rates with denominators, rules and intervals, checks of logs, levels of service."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError, TableError
from gazestudy.fieldwork.checks import check_field_log
from gazestudy.fieldwork.crowding import density_m2, level_of_service, space_of
from gazestudy.fieldwork.levels import level_shares, scan_densities
from gazestudy.fieldwork.rates import cross_table, field_figures, figure_text
from gazestudy.fieldwork.sampling import expected_share, refusal
from gazestudy.fieldwork.sessions import find_pairs, session_seconds
from gazestudy.fieldwork.summary import summarise_field_log
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.simulate.field_day import FieldDay, simulate_field_day


def session(name, *, minutes=10.0, **more):
    start = pd.Timestamp("2026-11-20T08:00:00+07:00")
    return {
        "session_id": name,
        "station_id": "st",
        "point_id": "p1",
        "observer": "A",
        "started_at": start.isoformat(),
        "stopped_at": (start + pd.Timedelta(minutes=minutes)).isoformat(),
        "zone": "concourse",
        "counted_geometry": "line",
        "counted_length_m": 4.0,
        "counted_area_m2": 50.0,
        **more,
    }


def counts(name, item, values, *, placement="", rule="event_count", every=300.0):
    return [
        {
            "session_id": name,
            "interval_no": number,
            "start_s": number * every,
            "end_s": (number + 1) * every,
            "placement_id": placement,
            "item": item,
            "value": float(value),
            "rule": rule,
            "source": "live",
        }
        for number, value in enumerate(values)
    ]


def scans(name, item, values, *, placement=""):
    return [
        {
            "session_id": name,
            "scan_no": number,
            "at_s": number * 300.0,
            "placement_id": placement,
            "item": item,
            "value": float(value),
            "source": "live",
        }
        for number, value in enumerate(values)
    ]


def log_of(sessions, interval_rows=(), scan_rows=()):
    return FieldLog(
        sessions=field_table("sessions", sessions),
        interval_counts=field_table("interval_counts", list(interval_rows)),
        scans=field_table("scans", list(scan_rows)),
    )


def row_of(found, figure):
    return found.table.set_index("figure").loc[figure]


def test_numerator_denominator_and_rule_stand_beside_the_value():
    log = log_of(
        [session("a"), session("b")],
        [
            *counts("a", "passed", [50, 70]),
            *counts("a", "glanced", [5, 7], placement="w"),
            *counts("b", "passed", [80]),
            *counts("b", "glanced", [4], placement="w"),
        ],
    )
    rate = row_of(field_figures(log), "notice_rate")
    assert (rate["numerator"], rate["denominator"], rate["value"]) == (16.0, 200.0, 0.08)
    assert (rate["sessions"], rate["rows"]) == (2, 3)
    assert rate["rule"] == "every event of the interval counted"
    assert rate["rung"] == "observed noticing"
    flow = row_of(field_figures(log), "flow_per_min")
    assert (flow["numerator"], flow["denominator"]) == (200.0, 15.0)
    assert row_of(field_figures(log), "flow_per_min_m")["value"] == pytest.approx(200 / 60)
    text = figure_text(field_figures(log, figures=("notice_rate",)).table.iloc[0])
    assert text.startswith("8 % (")
    assert text.endswith("; 16 of 200 passed, 2 sessions)")


def test_an_interval_without_people_counts_its_minutes():
    log = log_of(
        [session("a"), session("b")], [*counts("a", "passed", [0, 0]), *counts("b", "passed", [0, 0])]
    )
    flow = row_of(field_figures(log), "flow_per_min")
    assert (flow["value"], flow["denominator"]) == (0.0, 20.0)
    assert flow["high"] == pytest.approx(-np.log(0.025) / 20)


def test_intervals_end_with_the_session_and_pauses_are_taken_off():
    log = log_of([session("a", minutes=8, paused_s=120.0)], counts("a", "passed", [30, 30]))
    flow = row_of(field_figures(log), "flow_per_min")
    assert flow["denominator"] == pytest.approx(6.0)
    assert flow["method"] == "one session: no interval"
    assert np.isnan(flow["low"])


def test_a_placement_uses_its_own_denominator_first():
    log = log_of(
        [session("a")],
        [
            *counts("a", "passed", [100]),
            *counts("a", "passed", [40], placement="w"),
            *counts("a", "glanced", [4], placement="w"),
            *counts("a", "glanced", [10], placement="x"),
        ],
    )
    found = field_figures(log, by=("placement_id",), figures=("notice_rate",)).table.set_index("placement_id")
    assert found.loc["w", "denominator"] == 40
    assert found.loc["x", "denominator"] == 100
    assert row_of(field_figures(log), "flow_per_min")["numerator"] == 100


def test_people_counted_for_several_placements_only_are_not_added():
    rows = [*counts("a", "passed", [40], placement="w"), *counts("a", "passed", [50], placement="x")]
    found = field_figures(log_of([session("a")], rows), figures=("flow_per_min",))
    assert found.table.empty
    assert found.findings[0].code == "several_denominators"


def test_parts_above_their_whole_are_left_out_and_found():
    log = log_of([session("a")], [*counts("a", "passed", [5, 10]), *counts("a", "glanced", [6, 1])])
    found = field_figures(log, figures=("notice_rate",))
    assert found.table.loc[0, "denominator"] == 10
    assert "6 of 5" in found.findings[0].message
    assert [finding.code for finding in check_field_log(log)] == ["part_exceeds_whole"]


def test_impossible_values_are_left_out_and_found():
    log = log_of(
        [session("a")],
        counts("a", "passed", [-5, 10]),
        [*scans("a", "blocked_percent", [150, 50], placement="w")],
    )
    found = field_figures(log)
    assert row_of(found, "flow_per_min")["numerator"] == 10
    assert row_of(found, "blocked_share")["value"] == 0.5
    assert {finding.code for finding in found.findings} == {"negative", "part_exceeds_whole"}


def test_without_denominator_there_is_no_figure():
    log = log_of([session("a")], counts("a", "glanced", [3]))
    found = field_figures(log, figures=("notice_rate",))
    assert found.table.empty
    assert found.findings[0].code == "no_denominator"


def test_one_zero_looking_is_refused_with_the_reason():
    log = log_of(
        [session("a")], [*counts("a", "passed", [50, 60]), *counts("a", "glanced", [1, 1], rule="one_zero")]
    )
    found = field_figures(log, figures=("notice_rate",))
    assert np.isnan(found.table.loc[0, "value"])
    assert found.table.loc[0, "method"].startswith("refused: one-zero sampling is not used for looking")
    assert "grows with the length of the interval" in found.findings[0].message
    assert "sampling_rule" in {finding.code for finding in check_field_log(log)}
    assert figure_text(found.table.iloc[0]).startswith("no value: refused")


def test_sampling_rules_golden():
    on = {"mean_bout_s": 2, "mean_gap_s": 60}
    assert expected_share("instantaneous", 2 / 62, interval_s=15, **on) == pytest.approx(0.032, abs=5e-4)
    assert expected_share("one_zero", 2 / 62, interval_s=15, **on) == pytest.approx(0.246, abs=5e-4)
    assert expected_share("one_zero", 2 / 62, interval_s=300, **on) > 0.99
    assert refusal("on_phone", "one_zero") == ""
    assert refusal("glances_left", "one_zero") != ""
    assert refusal("looked_2s", "whole_interval") != ""
    with pytest.raises(ParameterError, match="rule"):
        refusal("glanced", "sometimes")


def test_sampling_rules_against_a_simulated_process():
    rng = np.random.default_rng(0)
    bouts, gaps = rng.exponential(8, 200_000), rng.exponential(20, 200_000)
    starts = np.cumsum(gaps + np.concatenate([[0], bouts[:-1]]))
    ends, share, length = starts + bouts, 8 / 28, 15.0
    at = np.arange(0, ends[-1] - length, length)
    after = np.searchsorted(ends, at, side="right")
    momentary = starts[after] <= at
    partial = starts[after] < at + length
    whole = momentary & (ends[after] >= at + length)
    for rule, seen in (("instantaneous", momentary), ("one_zero", partial), ("whole_interval", whole)):
        expected = expected_share(rule, share, interval_s=length, mean_bout_s=8, mean_gap_s=20)
        assert seen.mean() == pytest.approx(expected, abs=0.005)


def test_scans_give_shares_density_and_levels():
    log = log_of(
        [session("a"), session("b", zone="platform")],
        scan_rows=[
            *scans("a", "present", [10, 45]),
            *scans("a", "on_phone", [4, 20]),
            *scans("b", "present", [0, 40]),
            *scans("b", "on_phone", [0, 10]),
            *scans("b", "blocked_percent", [25, 75], placement="w"),
        ],
    )
    found = field_figures(log)
    assert row_of(found, "phone_share")["value"] == pytest.approx(34 / 95)
    assert row_of(found, "density_m2")["value"] == pytest.approx(95 / 200)
    assert row_of(found, "blocked_share")["value"] == 0.5
    assert row_of(found, "phone_share")["rule"] == "states at one instant (scan)"
    dense = scan_densities(log)
    assert dense["level"].tolist() == ["A", "D", "A", "A"]
    assert "Fruin 1971, walkway" in set(dense["table_version"])
    shares = level_shares(log).set_index(["space", "level"])
    assert shares.loc[("walkway", "D"), "value"] == 0.5
    assert shares.loc[("waiting", "A"), "denominator"] == 2
    assert shares["table_version"].str.contains("unverified").sum() == 6


def test_levels_of_service_at_their_limits():
    assert level_of_service(1 / np.array([3.25, 2.32, 1.39, 0.93, 0.46]), space="walkway") == list("ABCDE")
    assert level_of_service([np.nan, 1 / 0.45], space="walkway") == ["", "F"]
    assert level_of_service([1.0], space="waiting") == ["B"]
    assert space_of("Platform 1") == "waiting"
    assert density_m2([10], 40).tolist() == [0.25]
    with pytest.raises(ParameterError):
        density_m2([1], 0)


def test_second_observers_do_not_count_twice():
    log = log_of(
        [session("a"), session("b", role="second", observer="B")],
        [*counts("a", "passed", [50]), *counts("b", "passed", [52])],
    )
    assert row_of(field_figures(log), "flow_per_min")["numerator"] == 50
    pairs = find_pairs(log.sessions)
    assert pairs[["session_a", "session_b"]].to_numpy().tolist() == [["a", "b"]]


def test_length_is_from_start_to_stop():
    times = session_seconds(field_table("sessions", [session("a", minutes=45, paused_s=60.0)]))
    assert times.loc["a", ["length_s", "watched_s"]].tolist() == [2700.0, 2640.0]


def test_broken_sessions_are_all_named():
    rows = [
        session("a", minutes=-5),
        session("b", stopped_at="", weekday="fri"),
        session("c", paused_s=900.0),
    ]
    rows += [session("d"), session("d")]
    with pytest.raises(TableError) as error:
        session_seconds(field_table("sessions", rows))
    assert len(error.value.breaches) == 4


def test_cross_table_reads_in_words():
    values = (("passed", [40, 60]), ("glanced", [5, 5]))
    log = log_of(
        [session("a", daypart="am_peak"), session("b", daypart="evening", point_id="p2")],
        [row for name in "ab" for item, numbers in values for row in counts(name, item, numbers)],
    )
    found = field_figures(log, by=("point_id", "daypart"), figures=("notice_rate",))
    table = cross_table(found, "notice_rate", rows=("point_id",), columns=("daypart",))
    assert table.loc["p1", "am_peak"].startswith("10 % (one session: no interval; 10 of 100 passed")
    assert table.loc["p1", "evening"] == ""
    with pytest.raises(ParameterError):
        cross_table(found, "notice_rate", rows=("weekday",))


def test_dayparts_and_weekdays_come_in_the_order_of_time():
    hours = {"pm_peak": 17, "am_peak": 8, "midday": 12}
    rows = []
    for daypart, hour in hours.items():
        for day in (20, 23):  # a Friday and a Monday
            start = pd.Timestamp(f"2026-11-{day}T{hour:02d}:00:00+07:00")
            stop = (start + pd.Timedelta(minutes=10)).isoformat()
            name = f"{daypart}-{day}"
            rows.append(session(name, daypart=daypart, started_at=start.isoformat(), stopped_at=stop))
    log = log_of(rows, [row for line in rows for row in counts(line["session_id"], "passed", [40, 60])])
    found = field_figures(log, by=("weekday", "point_id", "daypart"), figures=("flow_per_min",))
    assert found.table["daypart"].cat.categories.tolist() == ["am_peak", "midday", "pm_peak"]
    table = cross_table(found, "flow_per_min", rows=("point_id", "daypart"), columns=("weekday",))
    assert table.index.tolist() == [("p1", "am_peak"), ("p1", "midday"), ("p1", "pm_peak")]
    assert table.columns.tolist() == ["mon", "fri"]
    turned = cross_table(found, "flow_per_min", rows=("point_id",), columns=("weekday", "daypart"))
    assert turned.columns.tolist()[:2] == [("mon", "am_peak"), ("mon", "midday")]


def test_unknown_groups_and_figures_are_refused():
    with pytest.raises(ParameterError, match="colour"):
        field_figures(FieldLog(), by=("colour",))
    with pytest.raises(ParameterError, match="happiness"):
        field_figures(FieldLog(), figures=("happiness",))


def test_an_empty_log_gives_empty_tables():
    assert field_figures(FieldLog()).table.empty
    assert level_shares(FieldLog()).empty
    assert check_field_log(FieldLog()) == ()


def test_checks_name_every_kind_of_mistake():
    good = log_of([session("a")], counts("a", "passed", [5, 7]), scans("a", "present", [3, 4]))
    assert check_field_log(good) == ()
    events = field_table(
        "events",
        [
            {"session_id": "a", "event_id": 0, "code": "walk", "form": "state", "t_s": 5.0},
            {"session_id": "a", "event_id": 1, "code": "walk", "form": "point", "t_s": 5000.0},
            {
                "session_id": "a",
                "event_id": 2,
                "code": "stand",
                "form": "state",
                "t_s": 9.0,
                "t_end_s": 600.0,
                "closed_by": "session_end",
            },
        ],
    )
    bad = FieldLog(
        sessions=field_table("sessions", [session("a"), session("quiet")]),
        interval_counts=field_table(
            "interval_counts",
            [
                *counts("a", "passed", [-1, 2.5, 3]),
                *counts("a", "passed", [1]),
                *counts("ghost", "passed", [1]),
            ],
        ),
        scans=field_table("scans", scans("a", "blocked_percent", [120])),
        events=events,
    )
    codes = {finding.code for finding in check_field_log(bad)}
    assert codes == {
        "unknown_session", "doubled", "not_a_count", "outside_session", "cut_interval", "no_end",
        "closed_by_session", "silent",
    }  # fmt: skip


def test_summary_of_a_simulated_day():
    log, truth = simulate_field_day(FieldDay(), rng=np.random.default_rng(11))
    found = summarise_field_log(log, by=("daypart",), rng=np.random.default_rng(1))
    assert found.missing == {}
    assert found.occlusion is not None
    assert found.blind_spots is not None
    assert found.findings == ()
    assert set(found.figures.table["daypart"]) == set(truth.by_daypart.index)
    empty = summarise_field_log(FieldLog(), rng=np.random.default_rng(1))
    assert set(empty.missing) == {"occlusion", "blind_spots"}
