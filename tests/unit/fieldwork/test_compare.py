"""Figures compared between groups of sessions."""

from dataclasses import replace

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.compare import compare_groups
from gazestudy.fieldwork.rates import field_figures, session_sums
from gazestudy.simulate.field_day import FieldDay, field_truth, simulate_field_day
from gazestudy.statistics.comparisons import compare_clustered, holm


@pytest.fixture(scope="module")
def log():
    plan = replace(FieldDay(focal_pairs=0, respondents=0), points=tuple("abcde"))
    return simulate_field_day(plan, rng=np.random.default_rng(0))[0]


def test_sums_are_those_of_the_figures(log):
    for figure in ("notice_rate", "flow_per_min", "phone_share", "blocked_share", "density_m2"):
        sums = session_sums(log, figure)
        row = field_figures(log, figures=(figure,)).table.iloc[0]
        assert (sums["part"].sum(), sums["whole"].sum()) == pytest.approx(
            (row["numerator"], row["denominator"])
        )
    with pytest.raises(ParameterError):
        session_sums(log, "joy")


def test_dayparts_compared(log):
    found = compare_groups(log, "flow_per_min").set_index(["group_a", "group_b"])
    truth = field_truth(FieldDay()).by_daypart["flow_per_min"]
    assert len(found) == 6
    for (a, b), row in found.iterrows():
        assert row["low"] / 1.3 < truth[a] / truth[b] < row["high"] * 1.3
    assert (found["p_adjusted"] >= found["p_value"]).all()
    assert set(found["kind"]) == {"exploratory"}
    declared = compare_groups(log, "flow_per_min", declared=[("am_peak", "midday"), ("pm_peak", "evening")])
    assert declared["p_adjusted"].tolist() == pytest.approx(holm(declared["p_value"]).tolist())
    with pytest.raises(ParameterError, match="night"):
        compare_groups(log, "flow_per_min", declared=[("am_peak", "night")])
    with pytest.raises(ParameterError, match="session column"):
        compare_groups(log, "flow_per_min", by="placement_id")


def test_one_session_each_says_nothing(log):
    alone = compare_groups(
        simulate_field_day(
            replace(FieldDay(focal_pairs=0, respondents=0), points=("a",)), rng=np.random.default_rng(1)
        )[0],
        "notice_rate",
    )
    assert alone["ratio"].notna().all()
    assert alone[["low", "high", "p_value", "p_adjusted"]].isna().all(axis=None)


def test_coverage_and_false_alarms_of_clustered_comparisons():
    rng = np.random.default_rng(2)
    covered = alarms = 0
    for _ in range(1000):
        groups = []
        for mean in (0.2, 0.1, 0.1):
            size = rng.integers(50, 300, 8)
            groups.append((rng.binomial(size, rng.beta(mean * 40, (1 - mean) * 40, 8)), size))
        found = compare_clustered(*groups[0], *groups[1])
        covered += found.low <= 2.0 <= found.high
        alarms += compare_clustered(*groups[1], *groups[2]).p_value < 0.05
    assert 0.92 <= covered / 1000 <= 0.98
    assert 0.02 <= alarms / 1000 <= 0.08


def test_nothing_counted_has_no_interval():
    found = compare_clustered([0, 0], [10, 10], [3, 4], [10, 10])
    assert found.ratio == 0.0
    assert np.isnan([found.low, found.p_value]).all()
    assert np.isnan(compare_clustered([1, 2], [5, 5], [0, 0], [5, 5]).ratio)
    with pytest.raises(ParameterError):
        compare_clustered([1], [5, 5], [1, 1], [5, 5])
