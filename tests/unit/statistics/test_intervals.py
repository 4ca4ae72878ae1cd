"""Intervals of shares and ratios, comparisons, sample size: golden values, limits and coverage."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_confint, proportion_effectsize

from gazestudy.errors import ParameterError
from gazestudy.statistics.comparisons import benjamini_hochberg, holm, mcnemar_exact, share_difference
from gazestudy.statistics.detection import recognition
from gazestudy.statistics.intervals import clustered_ratio, clustered_share, share_interval
from gazestudy.statistics.sample_size import (
    design_effect,
    size_for_precision,
    size_for_two_shares,
    smallest_p,
)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("wilson", (0.02584, 0.19864)), ("jeffreys", (0.02158, 0.18681)), ("exact", (0.01574, 0.20386))],
)
def test_golden_3_of_40(method, expected):
    assert np.round(share_interval(3, 40, method=method), 5).tolist() == list(expected)


def test_golden_0_of_40():
    low, high = share_interval(0, 40)
    assert (low, round(high, 5)) == (0.0, 0.08762)


@pytest.mark.parametrize("method", ["wilson", "jeffreys", "exact"])
def test_ends_are_exact_and_intervals_mirror(method):
    assert share_interval(0, 40, method=method)[0] == 0.0
    assert share_interval(40, 40, method=method)[1] == 1.0
    low, high = share_interval(7, 25, method=method)
    mirrored = share_interval(18, 25, method=method)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("wilson", "wilson"), ("jeffreys", "jeffreys"), ("exact", "beta")]
)
def test_agrees_with_statsmodels(ours, theirs):
    for count in range(1, 30):
        expected = proportion_confint(count, 30, method=theirs, alpha=0.1)
        assert share_interval(count, 30, method=ours, level=0.9) == pytest.approx(expected, abs=1e-9)


def test_one_observation_each_is_plain_wilson():
    found = clustered_share([1] * 3 + [0] * 37, [1] * 40)
    assert (round(found.low, 5), round(found.high, 5)) == (0.02584, 0.19864)
    assert found.method == "Wilson, one each"


def test_clusters_that_agree_inside_are_worth_one_observation_each():
    found = clustered_share([8, 0] * 10, [8] * 20)
    assert found.n_effective == pytest.approx(19.0)


def test_more_than_binomial_evenness_is_capped_at_n():
    found = clustered_share([2] * 20, [8] * 20)
    assert found.n_effective == 160


def test_zero_of_many_says_that_clustering_cannot_be_seen():
    found = clustered_share([0, 0, 0], [100, 120, 90])
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high < 0.1
    assert "cannot be seen" in found.method


def test_one_cluster_and_none_have_no_interval():
    found = clustered_share([3], [20])
    assert found.value == 0.15
    assert np.isnan([found.low, found.high]).all()
    empty = clustered_share([0, 0], [0, 0])
    assert np.isnan(empty.value)
    assert empty.clusters == 0


def test_impossible_counts_are_refused():
    with pytest.raises(ParameterError, match="counts"):
        clustered_share([5], [4])
    with pytest.raises(ParameterError, match="as many"):
        clustered_share([5, 1], [4])
    with pytest.raises(ParameterError, match="0 to 3"):
        share_interval(4, 3)


def coverage(people, ads, p, icc, runs=2000, seed=1):
    rng = np.random.default_rng(seed)
    a, b = p * (1 - icc) / icc, (1 - p) * (1 - icc) / icc
    inside = 0
    for _ in range(runs):
        counts = rng.binomial(ads, rng.beta(a, b, people))
        found = clustered_share(counts, np.full(people, ads))
        inside += found.low <= p <= found.high
    return inside / runs


@pytest.mark.parametrize(
    "design", [(20, 8, 0.2, 0.1), (20, 8, 0.2, 0.3), (40, 8, 0.1, 0.2), (12, 6, 0.1, 0.2)]
)
def test_coverage_of_people_who_meet_several_placements(design):
    assert 0.93 <= coverage(*design, runs=1000) <= 0.975


def test_ratio_of_counts_covers_the_truth_when_sessions_differ():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(1000):
        minutes = rng.choice([30.0, 60.0], 12)
        rate = 8 * rng.gamma(20, 1 / 20, 12)
        found = clustered_ratio(rng.poisson(rate * minutes), minutes)
        inside += found.low <= 8 <= found.high
    assert 0.92 <= inside / 1000 <= 0.975


def test_ratio_of_nothing_has_the_exact_poisson_limit():
    found = clustered_ratio([0, 0], [10, 20])
    assert found.high == pytest.approx(-np.log(0.025) / 30)


def test_golden_difference_and_paired_comparison():
    assert np.round(share_difference(15, 50, 10, 50), 4).tolist() == [0.1, -0.0699, 0.2630]
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(2, 8) == pytest.approx(2 * stats.binom.cdf(2, 10, 0.5))


def test_golden_multiplicity():
    assert holm([0.01, 0.02, 0.03, 0.2]).round(6).tolist() == [0.04, 0.06, 0.06, 0.2]
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.2]).round(6).tolist() == [0.04, 0.04, 0.04, 0.2]


def test_missing_p_values_do_not_count():
    assert holm([0.01, np.nan, 0.2])[[0, 2]].tolist() == pytest.approx([0.02, 0.2])
    assert np.isnan(benjamini_hochberg([0.01, np.nan])[1])
    assert holm([]).tolist() == []
    with pytest.raises(ParameterError):
        holm([1.2])


def test_golden_sample_sizes():
    assert round(size_for_two_shares(0.2, 0.3), 1) == 293.2
    arcsine = NormalIndPower().solve_power(proportion_effectsize(0.3, 0.2), alpha=0.05, power=0.8)
    assert arcsine == pytest.approx(291.7, abs=0.05)  # another way to the same answer
    assert size_for_two_shares(0.2, 0.3) == pytest.approx(arcsine, rel=0.01)
    assert design_effect(8, icc=0.1) == pytest.approx(1.7)
    assert size_for_two_shares(0.2, 0.3, deff=1.7) == pytest.approx(1.7 * size_for_two_shares(0.2, 0.3))
    assert size_for_precision(0.5, half_width=0.1) == pytest.approx(96.04, abs=0.01)
    assert smallest_p(2, 2) == pytest.approx(1 / 6)


def test_golden_recognition():
    found = recognition(8, 10, 3, 10)
    assert [
        round(v, 4) for v in (found.hit_rate, found.false_alarm_rate, found.d_prime, found.criterion)
    ] == [
        0.7727,
        0.3182,
        1.2206,
        -0.1375,
    ]
    assert (found.pr, round(found.br, 6)) == (0.5, 0.6)
    assert np.isnan(recognition(10, 10, 0, 10).br)
