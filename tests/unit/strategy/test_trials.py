"""Test-and-control trials: sizes against simulated trials, results against counting by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazestudy.errors import ParameterError
from gazestudy.strategy.controlled_trial import TrialDesign, plan_trial
from gazestudy.strategy.trial_result import trial_result

DESIGN = TrialDesign(0.20, 0.30, 60, between_sd=0.04)


def simulated_power(design, stations, *, analysis, trials=1500, seed=1):
    """How often a t test of stations finds the change."""
    rng = np.random.default_rng(seed)
    variance = design.station_variance("post")
    r, found = design.pre_post_correlation, 0
    for _ in range(trials):
        arms = []
        for shift in (design.difference, 0.0):
            before = rng.normal(0, np.sqrt(variance), stations)
            after = shift + r * before + rng.normal(0, np.sqrt(variance * (1 - r**2)), stations)
            arms.append({"post": after, "ancova": after - r * before, "difference": after - before}[analysis])
        found += stats.ttest_ind(*arms).pvalue < 0.05
    return found / trials


@pytest.mark.parametrize(("analysis", "r"), [("post", 0.0), ("ancova", 0.7), ("difference", 0.7)])
def test_the_planned_number_of_stations_has_the_power(analysis, r):
    design = replace(DESIGN, pre_post_correlation=r)
    stations = plan_trial(design).stations_per_arm[analysis]
    power = simulated_power(design, stations, analysis=analysis)
    assert power > 0.78
    if stations > 4:  # below, the randomisation test needs them
        assert simulated_power(design, stations - 1, analysis=analysis) < 0.82


def test_a_station_varies_by_itself_and_by_its_people():
    expected = 0.04**2 + 0.25 * 0.75 / 60
    assert DESIGN.station_variance() == pytest.approx(expected)
    paired = replace(DESIGN, pre_post_correlation=0.6)
    assert paired.station_variance("ancova") == pytest.approx(expected * (1 - 0.36))
    assert paired.station_variance("difference") == pytest.approx(expected * 0.8)
    with pytest.raises(ParameterError, match="analysis"):
        DESIGN.station_variance("magic")


def test_the_design_effect_is_that_of_the_correlation_within_stations():
    plan = plan_trial(DESIGN)
    icc = 0.04**2 / (0.04**2 + 0.25 * 0.75)
    assert plan.design_effect == pytest.approx(1 + 59 * icc)
    assert plan.people_per_arm_without_stations == 294  # 293.2


def test_two_and_two_stations_cannot_show_anything():
    plan = plan_trial(DESIGN, available=(2, 2))
    assert plan.p_floor == pytest.approx(1 / 6)
    assert all(np.isnan(change) for change in plan.detectable.values())
    assert "no valid test exists with 2 test and 2 control stations" in plan.statements[0]
    assert "1/6" in plan.statements[0]


def test_three_and_three_stations_can_only_be_tested_one_sided():
    plan = plan_trial(DESIGN, available=(3, 3))
    assert plan.p_floor == pytest.approx(0.05)
    assert any("one-sided" in text for text in plan.statements)


def test_no_plan_has_fewer_stations_than_a_randomisation_test_needs():
    easy = TrialDesign(0.1, 0.9, 1000, between_sd=0.0)
    assert plan_trial(easy).stations_per_arm["post"] == 4  # 2 / C(8, 4) < 0.05 <= 2 / C(6, 3)


def test_more_people_do_not_replace_stations():
    different = TrialDesign(0.20, 0.30, 60, between_sd=0.10)
    plan = plan_trial(different)
    crowded = plan_trial(replace(different, people_per_station=100_000))
    limit = 2 * 0.1**2 * (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 / 0.1**2
    assert crowded.stations_per_arm["post"] >= np.ceil(limit)
    assert any(f"below {int(np.ceil(limit))} stations" in text for text in plan.statements)


def test_the_smallest_change_found_with_what_there_is():
    plan = plan_trial(DESIGN, available=(6, 6))
    change = plan.detectable["post"]
    design = replace(DESIGN, share_test=DESIGN.share_control + change)
    assert simulated_power(design, 6, analysis="post") == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        {"share_test": 0.2},
        {"share_control": 0.0},
        {"people_per_station": 0},
        {"between_sd": -1},
        {"power": 1.0},
    ],
)
def test_designs_that_make_no_sense(wrong):
    with pytest.raises(ParameterError):
        replace(DESIGN, **wrong)
    with pytest.raises(ParameterError, match="stations per arm can show"):
        plan_trial(TrialDesign(0.2, 0.2001, 5, between_sd=0.2))


def trial(changes_test, changes_control, *, before=0.2):
    rows = []
    for arm, changes in (("test", changes_test), ("control", changes_control)):
        for number, change in enumerate(changes):
            for period, share in (("before", before), ("after", before + change)):
                rows.append((f"{arm}-{number}", arm, period, share * 200, 200.0))
    return pd.DataFrame(rows, columns=["station_id", "arm", "period", "numerator", "denominator"])


def test_difference_in_differences_with_every_assignment_counted():
    test, control = [0.10, 0.07, 0.12, 0.05], [0.01, 0.06, -0.02, 0.03, 0.02]
    found = trial_result(trial(test, control))
    every = np.array(test + control)
    effects = [
        every[list(chosen)].mean() - np.delete(every, list(chosen)).mean()
        for chosen in combinations(range(9), 4)
    ]
    effect = np.mean(test) - np.mean(control)
    assert found.effect == pytest.approx(effect)
    assert found.p == pytest.approx(np.mean(np.abs(effects) >= abs(effect) - 1e-9))
    assert found.arrangements == comb(9, 4)
    interval = stats.ttest_ind(test, control, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.test_range == pytest.approx((0.05, 0.12))


def test_two_and_two_stations_are_described_not_tested():
    found = trial_result(trial([0.10, 0.07], [0.01, 0.03]))
    assert np.isnan(found.p)
    assert "no valid test exists with 2 and 2 stations (p cannot go below 1/6)" in found.statement
    assert "+7.0 to +10.0" in found.statement


def test_many_stations_are_drawn_at_random():
    rng = np.random.default_rng(2)
    table = trial(rng.normal(0.05, 0.03, 11), rng.normal(0.0, 0.03, 11))
    with pytest.raises(ParameterError, match="randomness"):
        trial_result(table)
    found = trial_result(table, rng=rng)
    change = found.stations.set_index("arm")["change"]
    reference = stats.ttest_ind(change["test"], change["control"]).pvalue
    assert found.p == pytest.approx(reference, abs=0.01)


def test_false_alarms_stay_at_5_percent():
    rng = np.random.default_rng(3)
    p = [trial_result(trial(*rng.normal(0, 0.05, (2, 4)))).p for _ in range(250)]
    assert np.mean(np.array(p) <= 0.05) < 0.08


def test_without_a_period_before_stations_are_compared_after():
    table = trial([0.1, 0.2, 0.1, 0.15], [0.0, 0.0, 0.05, 0.0])
    found = trial_result(table[table["period"] == "after"])
    assert found.effect == pytest.approx(0.125)
    assert found.stations["before"].isna().all()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.drop(columns="arm"),
        lambda t: t.assign(arm="treated"),
        lambda t: t.assign(period="later"),
        lambda t: t.assign(denominator=0),
        lambda t: t.assign(arm="test"),
        lambda t: t[~((t["station_id"] == "test-0") & (t["period"] == "after"))],
        lambda t: t[~((t["station_id"] == "test-0") & (t["period"] == "before"))],
        lambda t: t.assign(arm=["test", "control"] * (len(t) // 2)),
    ],
)
def test_tables_that_cannot_be_used(spoil):
    with pytest.raises(ParameterError):
        trial_result(spoil(trial([0.1, 0.2], [0.0, 0.1])))


def test_stations_that_all_changed_alike():
    found = trial_result(trial([0.1] * 4, [0.1] * 4))
    assert found.effect == pytest.approx(0)
    assert found.p == 1
