"""The simulated day of observation: honest tables, known truth, intervals that cover it."""

import numpy as np
import pytest

from gazestudy.fieldwork.checks import check_field_log
from gazestudy.fieldwork.rates import field_figures
from gazestudy.simulate.field_day import (
    Daypart,
    FieldDay,
    Observer,
    blocked_share,
    field_truth,
    simulate_field_day,
)
from gazestudy.simulate.field_people import focal_events

QUIET = FieldDay(focal_pairs=0, respondents=0)


def test_tables_keep_their_contracts_and_rules():
    log, _ = simulate_field_day(FieldDay(), rng=np.random.default_rng(0))
    log.check()
    assert check_field_log(log) == ()
    assert set(log.sessions["role"]) == {"primary", "second"}
    assert len(log.reliability_pairs) == 10


def test_the_same_seed_gives_the_same_day():
    first, _ = simulate_field_day(FieldDay(), rng=np.random.default_rng(4))
    again, _ = simulate_field_day(FieldDay(), rng=np.random.default_rng(4))
    for name, table in first.tables().items():
        assert table.equals(again.tables()[name]), name


def test_truth_is_what_many_days_say():
    rng = np.random.default_rng(1)
    sums: dict[str, list[float]] = {}
    plan = FieldDay(observers=(Observer("A", misses_people=0.0),), focal_pairs=0, respondents=0)
    for _ in range(16):
        log, truth = simulate_field_day(plan, rng=rng)
        for row in field_figures(log, figures=list(truth.figures)).table.itertuples():
            both = sums.setdefault(row.figure, [0.0, 0.0])
            both[0] += row.numerator
            both[1] += row.denominator
    for figure, (part, whole) in sums.items():
        assert part / whole == pytest.approx(truth.figures[figure], rel=0.06), figure


def test_intervals_cover_the_truth():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(40):
        log, truth = simulate_field_day(QUIET, rng=rng)
        row = field_figures(log, figures=("notice_rate",)).table.iloc[0]
        inside += row["low"] <= truth.figures["notice_rate"] <= row["high"]
    assert inside >= 35


def test_missed_glances_are_in_the_truth_of_what_is_noted():
    careless = (Observer("A", misses_glances=0.3, invents_glances=0.01),)
    truth = field_truth(FieldDay(observers=careless))
    assert truth.noted_notice_rate < 0.8 * truth.figures["notice_rate"]


def test_crowds_hide_more():
    rng = np.random.default_rng(3)
    shares = [np.mean([blocked_share(QUIET, n, rng=rng) for _ in range(150)]) for n in (0, 10, 40)]
    assert shares[0] == 0.0
    assert shares[0] < shares[1] < shares[2]
    truth = field_truth(FieldDay(dayparts=(Daypart("low", 8, 0.1), Daypart("high", 17, 1.0))))
    assert truth.by_daypart.loc["high", "notice_rate"] < truth.by_daypart.loc["low", "notice_rate"]


def test_observers_note_what_a_person_does():
    rng = np.random.default_rng(6)
    record = focal_events(3600.0, rng=rng)
    perfect = record.noted(misses=0, timing_sd_s=0, misses_points=0, clock_ahead_s=0, rng=rng)
    states = [row for row in perfect if row["form"] == "state"]
    assert [(r["code"], r["t_s"], r["t_end_s"]) for r in states] == record.states
    assert len(perfect) - len(states) == len(record.points_s)
    poor = record.noted(misses=0.5, timing_sd_s=1, misses_points=0.5, clock_ahead_s=0, rng=rng)
    assert len(poor) < 0.7 * len(perfect)
