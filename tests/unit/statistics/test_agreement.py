"""Agreement of observers: golden values, the libraries' answers, and cases that break simpler code."""

import krippendorff
import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from gazestudy.errors import ParameterError
from gazestudy.statistics.agreement import agreement, cohen_kappa_interval
from gazestudy.statistics.event_matching import match_events
from gazestudy.statistics.numeric_agreement import bland_altman, intraclass_correlations

_ROWS = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
K4X12 = np.array([[np.nan if v == "." else float(v) for v in row.split()] for row in _ROWS]).T
SHROUT_FLEISS = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]


def value(found, name):
    return float(found.table.loc[name, "value"])


def pairs_of(table):
    return [(a, b) for a, row in enumerate(table) for b, n in enumerate(row) for _ in range(n)]


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)],
)
def test_golden_alpha(measurement, expected):
    assert round(value(agreement(K4X12, measurement=measurement), "krippendorff_alpha"), 6) == expected
    library = krippendorff.alpha(reliability_data=K4X12.T, level_of_measurement=measurement)
    assert value(agreement(K4X12, measurement=measurement), "krippendorff_alpha") == pytest.approx(library)


def test_golden_chance_corrected():
    found = agreement(K4X12)
    assert round(value(found, "percent_agreement"), 5) == 0.81818
    assert round(value(found, "fleiss_kappa"), 5) == 0.76117
    assert round(value(found, "gwet_ac"), 6) == 0.775444
    assert round(value(found, "brennan_prediger"), 5) == 0.77273
    assert round(value(agreement(K4X12, measurement="ordinal"), "gwet_ac"), 5) == 0.89894
    assert np.isnan(value(found, "cohen_kappa"))
    assert (found.units, found.paired_units) == (12, 11)


def test_golden_cohen():
    found = agreement(pairs_of([[20, 5], [10, 15]]))
    assert round(value(found, "cohen_kappa"), 6) == 0.4
    assert found.confusion.to_numpy().tolist() == [[20, 5], [10, 15]]
    assert np.round(cohen_kappa_interval([[20, 5], [10, 15]]), 4).tolist() == [0.4, 0.1511, 0.6489]


def test_rare_looking_has_high_agreement_and_no_kappa():
    found = agreement(pairs_of([[0, 2], [5, 118]]), categories=[0, 1])
    assert round(value(found, "percent_agreement"), 3) == 0.944
    assert round(value(found, "cohen_kappa"), 3) == -0.023
    assert round(value(found, "gwet_ac"), 2) == 0.94
    assert found.prevalence.loc[1, "mean"] > 0.97


@pytest.mark.parametrize(("measurement", "theirs"), [("nominal", None), ("interval", "quadratic")])
def test_agrees_with_statsmodels(measurement, theirs):
    rng = np.random.default_rng(3)
    ratings = rng.integers(0, 4, (60, 2))
    table = np.zeros((4, 4))
    np.add.at(table, (ratings[:, 0], ratings[:, 1]), 1)
    ours = value(agreement(ratings, measurement=measurement), "cohen_kappa")
    assert ours == pytest.approx(cohens_kappa(table, wt=theirs, return_results=False))
    four = rng.integers(0, 3, (50, 4))
    counts, _ = aggregate_raters(four)
    assert value(agreement(four), "fleiss_kappa") == pytest.approx(fleiss_kappa(counts))


@pytest.mark.parametrize("measurement", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_agrees_with_the_library_with_holes(measurement):
    rng = np.random.default_rng(4)
    ratings = rng.integers(1, 6, (80, 3)).astype(float)
    ratings[rng.random(ratings.shape) < 0.3] = np.nan
    expected = krippendorff.alpha(reliability_data=ratings.T, level_of_measurement=measurement)
    assert value(agreement(ratings, measurement=measurement), "krippendorff_alpha") == pytest.approx(expected)


def test_one_category_only_is_not_defined():
    found = agreement([("none", "none")] * 10)
    assert value(found, "percent_agreement") == 1.0
    assert np.isnan(found.table["value"].to_numpy()[[1, 2, 3]]).all()


def test_limits_come_from_sessions_not_from_seconds():
    rng = np.random.default_rng(6)
    sessions = np.repeat(np.arange(12), 100)
    quality = rng.beta(8, 2, 12)[sessions]
    truth = rng.integers(0, 2, 1200)
    other = np.where(rng.random(1200) < quality, truth, 1 - truth)
    ratings = np.column_stack([truth, other])
    by_session = agreement(ratings, clusters=sessions, rng=np.random.default_rng(1)).table.loc["cohen_kappa"]
    by_second = agreement(ratings, rng=np.random.default_rng(1)).table.loc["cohen_kappa"]
    assert by_session["value"] == pytest.approx(by_second["value"])
    assert by_session["high"] - by_session["low"] > 2 * (by_second["high"] - by_second["low"])
    assert by_session["low"] < by_session["value"] < by_session["high"]


def test_bootstrap_equals_the_large_sample_interval():
    ratings = pairs_of([[80, 20], [40, 60]])
    found = agreement(ratings, rng=np.random.default_rng(0)).table.loc["cohen_kappa"]
    assert (found["low"], found["high"]) == pytest.approx(
        cohen_kappa_interval([[80, 20], [40, 60]])[1:], abs=0.02
    )


def test_strangers_and_single_observers_are_refused():
    with pytest.raises(ParameterError, match="maybe"):
        agreement([("yes", "maybe")], categories=["yes", "no"])
    with pytest.raises(ParameterError, match="two observers"):
        agreement([["yes"]])


def test_golden_icc():
    found = intraclass_correlations(SHROUT_FLEISS)["value"].round(4).tolist()
    assert found == [0.1657, 0.2898, 0.7148, 0.4428, 0.6201, 0.9093]


def test_icc_recovers_the_truth_with_limits_over_sessions():
    rng = np.random.default_rng(7)
    truth = rng.normal(50, 6, 400)
    scores = truth[:, None] + rng.normal(0, 3, (400, 2)) + [0, 2]
    found = intraclass_correlations(scores, clusters=np.repeat(np.arange(40), 10), rng=rng).loc["ICC(2,1)"]
    true_value = 36 / (36 + 9 + 2)
    assert found["value"] == pytest.approx(true_value, abs=0.06)
    assert found["low"] < true_value < found["high"]


def test_icc_of_equal_scores_is_not_defined():
    assert intraclass_correlations([[3, 3], [3, 3], [3, 3]])["value"].isna().all()
    with pytest.raises(ParameterError, match="two units"):
        intraclass_correlations([[1, 2], [np.nan, 1]])


def test_bland_altman():
    rng = np.random.default_rng(8)
    a = rng.poisson(50, 500)
    found = bland_altman(a + rng.normal(2, 3, 500), a)
    assert found.bias == pytest.approx(2, abs=0.4)
    assert (found.limit_low, found.limit_high) == pytest.approx((2 - 1.96 * 3, 2 + 1.96 * 3), abs=0.6)
    assert found.limit_low_range[0] < found.limit_low < found.limit_low_range[1]
    by_session = bland_altman(a + rng.normal(2, 3, 500), a, clusters=np.arange(500) // 10, rng=rng)
    assert by_session.bias_low < by_session.bias < by_session.bias_high
    assert bland_altman([0, 0, 10], [0, 0, 11]).within_share == 1.0


def test_three_points_about_a_second_apart_agree():
    found = match_events([10, 20, 30], [11, 21.3, 31.1])
    assert (found.matched, found.only_a, found.only_b, found.agreement) == (3, 0, 0, 1.0)


def test_matching_takes_most_pairs_then_nearest():
    found = match_events([0.0, 1.9], [-1.9, 0.1], tolerance_s=2)
    assert found.matched == 2
    assert found.pairs.tolist() == [[0, 0], [1, 1]]
    near = match_events([0.0], [1.5, 0.5, -0.2])
    assert near.pairs.tolist() == [[0, 2]]
    assert (near.only_a, near.only_b) == (0, 2)


def test_matching_against_brute_force():
    from itertools import permutations

    rng = np.random.default_rng(9)
    for _ in range(60):
        a, b = rng.uniform(0, 12, rng.integers(0, 5)), rng.uniform(0, 12, rng.integers(0, 5))
        short, long = (a, b) if len(a) <= len(b) else (b, a)
        best = max(
            sum(abs(x - y) <= 2 for x, y in zip(short, order, strict=False)) for order in permutations(long)
        )
        found = match_events(a, b)
        assert found.matched == best
        assert (np.abs(a[found.pairs[:, 0]] - b[found.pairs[:, 1]]) <= 2).all()
        assert len(set(found.pairs[:, 0])) == len(set(found.pairs[:, 1])) == found.matched


def test_no_events_at_all():
    found = match_events([], [])
    assert found.matched == 0
    assert np.isnan(found.agreement)
