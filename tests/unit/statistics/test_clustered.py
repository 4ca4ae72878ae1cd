"""Differences, survival, durations, shares by group and models where people bring several observations."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from gazestudy.errors import ParameterError
from gazestudy.statistics.clustered_survival import (
    clustered_log_rank,
    clustered_survival,
    restricted_mean_difference,
    usual_window,
)
from gazestudy.statistics.comparisons import share_difference
from gazestudy.statistics.differences import clustered_mean_difference, clustered_share_difference
from gazestudy.statistics.durations import (
    ClusteredValues,
    clustered_mean,
    clustered_median,
    median_difference,
)
from gazestudy.statistics.groups import share_by_group
from gazestudy.statistics.intervals import clustered_share, share_interval
from gazestudy.statistics.models import duration_model, hazard_model, share_model
from gazestudy.statistics.survival import kaplan_meier, log_rank

TIME = [1.2, 3.4, 5, 5, 8, 8, 2.2, 0.7]
SEEN = [1, 1, 0, 1, 0, 0, 1, 1]


# -- shares by group


def test_groups_hold_what_was_asked_and_count_what_was_not():
    table = pd.DataFrame(
        {
            "participant_id": ["a", "a", "b", "b", "c"],
            "placement_id": ["x", "y", "x", "y", "x"],
            "recalled": [1.0, np.nan, 0.0, np.nan, 1.0],
        }
    )
    found = share_by_group(table, "recalled", by=["placement_id"]).set_index("placement_id")
    assert found.loc["x", ["numerator", "denominator", "not_asked", "n_participants"]].tolist() == [
        2,
        3,
        0,
        3,
    ]
    assert (found.loc["x", "low"], found.loc["x", "high"]) == share_interval(2, 3)
    assert found.loc["y", "denominator"] == 0 and found.loc["y", "not_asked"] == 2
    assert np.isnan(found.loc["y", "value"])
    everything = share_by_group(table, "recalled").iloc[0]
    assert everything["value"] == pytest.approx(2 / 3)
    with pytest.raises(ParameterError, match="0, 1 or not known"):
        share_by_group(table.assign(recalled=2), "recalled")
    with pytest.raises(ParameterError, match="recall"):
        share_by_group(table, "recall")


def test_groups_equal_the_interval_of_their_people():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 8)
    table = pd.DataFrame({"participant_id": people, "seen": rng.random(160) < rng.beta(2, 8, 20)[people]})
    wanted = clustered_share(table.groupby("participant_id")["seen"].sum(), np.full(20, 8))
    found = share_by_group(table, "seen").iloc[0]
    assert (found["low"], found["high"], found["n_effective"]) == (
        wanted.low,
        wanted.high,
        wanted.n_effective,
    )


# -- differences


@pytest.mark.parametrize(
    ("x", "n", "y", "m"), [(15, 50, 10, 50), (30, 60, 12, 70), (0, 25, 3, 30), (9, 9, 5, 8)]
)
def test_one_observation_each_is_newcombes_interval(x, n, y, m):
    a, b = np.arange(n) < x, np.arange(m) < y
    found = clustered_share_difference(a, [f"a{k}" for k in range(n)], b, [f"b{k}" for k in range(m)])
    wanted = share_difference(x, n, y, m)
    assert (found.difference, found.low, found.high) == pytest.approx(wanted, abs=1e-9)
    assert "Newcombe" in found.method


def test_rare_counts_have_boschloos_p_and_others_that_of_their_limits():
    a, b = np.arange(20) < 1, np.arange(20) < 6
    found = clustered_share_difference(a, range(20), b, range(20, 40))
    assert found.p_value == pytest.approx(stats.boschloo_exact([[1, 6], [19, 14]]).pvalue)
    a, b = np.arange(50) < 25, np.arange(50) < 12
    found = clustered_share_difference(a, range(50), b, range(50, 100))
    touching = clustered_share_difference(a, range(50), b, range(50, 100), level=1 - found.p_value)
    assert touching.low == pytest.approx(0, abs=1e-5)
    assert found.p_value == pytest.approx(
        stats.chi2_contingency([[25, 25], [12, 38]], correction=False).pvalue, rel=0.3
    )


def test_people_in_both_groups_narrow_the_difference():
    rng = np.random.default_rng(1)
    liking = rng.beta(1, 1, 40)
    people = np.repeat(np.arange(40), 10)
    a, b = (rng.random(400) < np.clip(liking + shift, 0, 1)[people] for shift in (0.1, 0.0))
    same = clustered_share_difference(a, people, b, people)
    other = clustered_share_difference(a, people, b, people + 100)
    assert same.clusters_both == 40 and other.clusters_both == 0
    assert same.high - same.low < 0.6 * (other.high - other.low)
    assert same.p_value < other.p_value


def test_means_equal_welch_and_the_paired_t_test():
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, 12), rng.normal(0.5, 2, 15)
    found = clustered_mean_difference(a, range(12), b, range(100, 115))
    wanted = stats.ttest_ind(a, b, equal_var=False)
    assert (found.p_value, found.low, found.high) == pytest.approx(
        (wanted.pvalue, *wanted.confidence_interval()), abs=1e-12
    )
    paired = clustered_mean_difference(a, range(12), b[:12], range(12))
    wanted = stats.ttest_rel(a, b[:12])
    assert (paired.p_value, paired.low, paired.high) == pytest.approx(
        (wanted.pvalue, *wanted.confidence_interval()), abs=1e-12
    )


def test_differences_that_cannot_be_had_say_why():
    assert "no observations" in clustered_share_difference([], [], [1, 0], ["a", "b"]).method
    assert "one person" in clustered_share_difference([1, 0], ["z", "z"], [1, 0], ["a", "b"]).method
    assert "fewer than two" in clustered_mean_difference([1.0], ["a"], [1.0, 2.0], ["b", "c"]).method
    assert "no variation" in clustered_mean_difference([1.0, 1.0], ["a", "d"], [1.0, 1.0], ["b", "c"]).method
    with pytest.raises(ParameterError, match="0 and 1"):
        clustered_share_difference([0.5], ["a"], [1], ["b"])
    with pytest.raises(ParameterError, match="one per observation"):
        clustered_mean_difference([0.5], ["a", "b"], [1], ["b"])


# -- durations


def test_weighted_medians_are_those_of_the_drawn_sample():
    rng = np.random.default_rng(3)
    values, people = rng.integers(0, 20, 40).astype(float), rng.integers(0, 8, 40)
    found = ClusteredValues(values, people)
    weights = rng.multinomial(found.people, np.full(found.people, 1 / found.people), size=50).astype(float)
    names = pd.unique(people)
    for weight, median, mean in zip(
        weights, found.drawn_medians(weights), found.drawn_means(weights), strict=True
    ):
        sample = np.concatenate(
            [np.repeat(values[people == name], int(w)) for name, w in zip(names, weight, strict=True)]
        )
        assert (median, mean) == pytest.approx((np.median(sample), sample.mean()))


def test_limits_of_a_mean_widen_where_people_differ():
    rng = np.random.default_rng(4)
    people = np.repeat(np.arange(20), 10)
    values = rng.normal(0, 1, 20)[people] + rng.normal(0, 0.3, 200)
    clustered = clustered_mean(values, people, rng=rng)
    alone = clustered_mean(values, np.arange(200), rng=rng)
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low)
    wanted = 2 * stats.t.ppf(0.975, 199) * stats.sem(values)
    assert alone.high - alone.low == pytest.approx(wanted, rel=0.08)
    one = clustered_median([1.0, 2.0], ["a", "a"], rng=rng)
    assert one.value == 1.5 and np.isnan(one.low)
    assert np.isnan(clustered_median([], [], rng=rng).value)


def test_median_difference_finds_a_shift_also_within_people():
    rng = np.random.default_rng(5)
    people = np.repeat(np.arange(30), 4)
    base = rng.normal(3, 1, 30)[people]
    a, b = base + rng.normal(1, 0.2, 120), base + rng.normal(0, 0.2, 120)
    within = median_difference((a, people), (b, people), rng=rng)
    between = median_difference((a, people), (b, people + 100), rng=rng)
    assert within[1] < 1 < within[2] and within[3] < 0.01
    assert within[2] - within[1] < between[2] - between[1]
    assert np.isnan(median_difference((a[:2], people[:2]), (b, people), rng=rng)[1])


# -- survival


def test_golden_curve_keeps_its_limits_with_one_time_each():
    found = clustered_survival(TIME, SEEN, range(8), until=8, rng=np.random.default_rng(0))
    assert found.restricted_mean == pytest.approx(4.5625) and found.median == 3.4
    assert found.curve.low[:5].round(4).tolist() == [0.387, 0.3148, 0.2293, 0.152, 0.087]
    assert found.restricted_mean_low < 4.5625 < found.restricted_mean_high
    assert (found.observations, found.events, found.clusters) == (8, 5, 8)


def test_bootstrap_means_equal_curves_of_the_drawn_people():
    from gazestudy.statistics import clustered_survival as module

    rng = np.random.default_rng(6)
    time, seen, people = rng.exponential(3, 60).round(1) + 0.1, rng.random(60) < 0.7, rng.integers(0, 9, 60)
    counts = module._Counts.of(time, seen, people)
    weights = rng.multinomial(9, np.full(9, 1 / 9), size=20).astype(float)
    curves, means, medians = module._statistics(counts, 4.0, weights)
    for weight, curve, mean, median in zip(weights, curves, means, medians, strict=True):
        rows = np.concatenate([np.flatnonzero(people == k).repeat(int(w)) for k, w in enumerate(weight)])
        wanted = kaplan_meier(time[rows], seen[rows])
        assert curve == pytest.approx(wanted.at(counts.time), abs=1e-12)
        if wanted.time[-1] >= 4:
            assert mean == pytest.approx(wanted.restricted_mean(4.0))
        assert median == pytest.approx(np.inf if np.isnan(wanted.median) else wanted.median)


def test_a_median_that_some_draws_do_not_reach_has_no_upper_limit():
    rng = np.random.default_rng(7)
    time, seen = [1, 2, 3, 4, 9, 9, 9, 9], [1, 1, 1, 1, 0, 0, 0, 0]
    found = clustered_survival(time, seen, range(8), until=9, rng=rng)
    assert found.median == 4 and np.isnan(found.median_high) and found.median_low < 4


def test_a_group_that_ends_before_the_window_has_no_restricted_mean():
    rng = np.random.default_rng(15)
    assert usual_window([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [20.0] * 10) == 9
    assert usual_window([0.3] * 10, [5.0] * 10, [6.0] * 10, [0.0] * 10) == 5
    assert usual_window([0.0, 0.0]) == 1
    short = clustered_survival([1, 2, 2], [1, 0, 0], range(3), until=5, rng=rng)
    assert np.isnan(short.restricted_mean) and np.isnan(short.restricted_mean_low)
    at_once = clustered_survival([0, 0], [1, 1], range(2), rng=rng)
    assert at_once.restricted_mean == 0 and at_once.median == 0
    ends = ([1, 2, 2], [1, 0, 0], range(3))
    goes_on = ([1, 6, 7], [1, 1, 0], range(3, 6))
    assert np.isnan(restricted_mean_difference(ends, goes_on, until=5, rng=rng)[0])


def test_log_rank_of_independent_times_is_near_the_usual_one():
    rng = np.random.default_rng(8)
    a, b = rng.exponential(3, 150), rng.exponential(4, 150)
    out = rng.exponential(6, 300)
    time, seen = np.minimum(np.concatenate([a, b]), out), np.concatenate([a, b]) <= out
    in_a = np.arange(300) < 150
    z, p = clustered_log_rank(time, seen, in_a, np.arange(300))
    usual, usual_p = log_rank(time[in_a], seen[in_a], time[~in_a], seen[~in_a])
    assert z == pytest.approx(usual, rel=0.05) and p == pytest.approx(usual_p, rel=0.3)
    turned, _ = clustered_log_rank(time, seen, ~in_a, np.arange(300))
    assert turned == pytest.approx(-z)


def test_log_rank_score_is_observed_minus_expected():
    """Brute force: at each event, the hypergeometric expectation; each row's share of it."""
    rng = np.random.default_rng(9)
    time, seen, in_a = rng.integers(1, 9, 40).astype(float), rng.random(40) < 0.6, rng.random(40) < 0.5
    people = rng.integers(0, 10, 40)
    score = np.zeros(40)
    for moment in np.unique(time[seen]):
        risk = time >= moment
        share = in_a[risk].mean()
        died = seen & (time == moment)
        score[died] += in_a[died] - share
        score[risk] -= (in_a[risk] - share) * died.sum() / risk.sum()
    parts = np.array([score[people == k].sum() for k in np.unique(people)])
    n = len(parts)
    wanted = parts.sum() / np.sqrt(n / (n - 1) * ((parts - parts.mean()) ** 2).sum())
    assert clustered_log_rank(time, seen, in_a, people)[0] == pytest.approx(wanted)


def test_people_with_many_equal_times_do_not_count_as_many_people():
    rng = np.random.default_rng(10)
    people = np.repeat(np.arange(10), 20)
    time = np.repeat(rng.exponential(3, 10), 20) + rng.random(200) * 0.01
    in_a = people < 5
    _, clustered = clustered_log_rank(time, np.ones(200), in_a, people)
    _, naive = log_rank(time[in_a], np.ones(100), time[~in_a], np.ones(100))
    assert naive < clustered
    assert np.isnan(clustered_log_rank([1, 2], [0, 0], [1, 0], [1, 2])[0])


def test_restricted_mean_difference_within_people_is_narrower():
    rng = np.random.default_rng(11)
    people = np.repeat(np.arange(30), 6)
    slow = rng.gamma(3, 1, 30)[people]
    a, b = rng.exponential(slow), rng.exponential(slow)
    seen = np.ones(180, bool)
    window = usual_window(a, b)
    same = restricted_mean_difference((a, seen, people), (b, seen, people), rng=rng)
    other = restricted_mean_difference((a, seen, people), (b, seen, people + 50), rng=rng)
    assert same[3] == window and same[0] == other[0]
    assert same[2] - same[1] < other[2] - other[1]
    assert same[1] < 0 < same[2]


# -- models


def _cases(rng, people=60, placements=6, effect=1.0, between=0.7):
    who = np.repeat(np.arange(people), placements)
    table = pd.DataFrame(
        {
            "participant_id": [f"P{k}" for k in who],
            "placement_id": np.tile([f"ad{k}" for k in range(placements)], people),
            "hurry": np.repeat(rng.integers(0, 2, people), placements),
            "angle": rng.normal(0, 1, people * placements),
        }
    )
    level = rng.normal(0, between, people)[who]
    table["noticed"] = rng.random(len(table)) < 1 / (1 + np.exp(-(level - 1 + effect * table["angle"])))
    table["dwell_s"] = np.exp(level + 0.5 * table["angle"] + rng.normal(0, 0.5, len(table)))
    return table


def test_marginal_model_agrees_with_statsmodels_formula_and_recovers_the_effect():
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    table = _cases(np.random.default_rng(12)).assign(noticed=lambda t: t["noticed"].astype(int))
    fitted = share_model(table, "noticed", ["angle", "placement_id"])
    wanted = smf.gee(
        "noticed ~ angle + C(placement_id)",
        "participant_id",
        table,
        cov_struct=sm.cov_struct.Exchangeable(),
        family=sm.families.Binomial(),
    ).fit(cov_type="bias_reduced")
    found = fitted.table.set_index("term")
    assert found.loc["angle", "coefficient"] == pytest.approx(wanted.params["angle"], abs=1e-6)
    assert found.loc["angle", "standard_error"] == pytest.approx(wanted.bse["angle"], abs=1e-6)
    assert found.loc["angle", "low"] < np.exp(1) < found.loc["angle", "high"] * 1.3
    assert "placement_id: ad3, not ad0" in found.index
    assert (fitted.n_cases, fitted.n_participants, fitted.effect) == (360, 60, "odds ratio")
    assert 0 < fitted.correlation < 0.5 and not fitted.doubts


def test_duration_model_recovers_the_ratio_and_the_share_between_people():
    table = _cases(np.random.default_rng(13))
    fitted = duration_model(table, "dwell_s", ["angle"])
    row = fitted.table.set_index("term").loc["angle"]
    assert row["low"] < np.exp(0.5) < row["high"]
    assert fitted.correlation == pytest.approx(0.49 / (0.49 + 0.25), abs=0.15)
    zero = table.assign(dwell_s=table["dwell_s"].where(table["noticed"], 0.0))
    assert duration_model(zero, "dwell_s", ["angle"]).n_left_out == int((~table["noticed"]).sum())


def test_hazard_model_equals_partial_likelihood_and_sandwich_by_brute_force():
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(30), 5)
    x = rng.normal(size=150)
    happens = rng.exponential(1 / np.exp(0.5 * x + rng.normal(0, 0.7, 30)[person]))
    ends = rng.uniform(0.3, 3, 150)
    time, event = np.minimum(happens, ends), (happens <= ends).astype(float)
    table = pd.DataFrame({"participant_id": person.astype(str), "x": x, "time": time, "event": event})
    events = np.flatnonzero(event)
    at_risk = time[None, :] >= time[events, None]

    def negative(b):
        return -np.sum(b * x[events] - np.log((at_risk * np.exp(b * x)).sum(axis=1)))

    b = optimize.minimize_scalar(negative, bracket=(0, 1)).x
    risk = at_risk * np.exp(b * x)
    mean = (risk * x).sum(axis=1) / risk.sum(axis=1)
    information = np.sum((risk * x**2).sum(axis=1) / risk.sum(axis=1) - mean**2)
    score = -(risk / risk.sum(axis=1, keepdims=True) * (x - mean[:, None])).sum(axis=0)
    score[events] += x[events] - mean
    by_person = np.bincount(person, score)
    error = np.sqrt(np.sum(by_person**2) * 30 / 29) / information
    fitted = hazard_model(table, "time", "event", ["x"])
    row = fitted.table.iloc[0]
    assert row["coefficient"] == pytest.approx(b, abs=1e-6)
    assert row["standard_error"] == pytest.approx(error, rel=1e-5)
    assert row["low"] < np.exp(0.5) < row["high"]
    assert (fitted.effect, fitted.n_participants, fitted.table["term"].tolist()) == (
        "hazard ratio",
        30,
        ["x"],
    )
    with pytest.raises(ParameterError, match="1 in some rows"):
        hazard_model(table.assign(event=0.0), "time", "event", ["x"])


def test_models_say_what_to_doubt_and_refuse_what_cannot_be_fitted():
    rng = np.random.default_rng(14)
    few = _cases(rng, people=8)
    assert any("8 people" in doubt for doubt in share_model(few, "noticed", ["angle"]).doubts)
    table = _cases(rng, people=30)
    told = table.assign(noticed=table["angle"] > 0, angle=np.where(table["angle"] > 0, 1.0, 0.0))
    assert share_model(told, "noticed", ["angle"]).doubts
    with pytest.raises(ParameterError, match="differ between rows"):
        share_model(table.assign(angle=1.0), "noticed", ["angle"])
    with pytest.raises(ParameterError, match="none follows"):
        share_model(table.assign(twice=table["angle"] * 2), "noticed", ["angle", "twice"])
    with pytest.raises(ParameterError, match="both 0 and 1"):
        share_model(table.assign(noticed=1), "noticed", ["angle"])
    with pytest.raises(ParameterError, match="several looks"):
        duration_model(table.iloc[::6], "dwell_s", ["angle"])
    gaps = table.assign(angle=table["angle"].where(rng.random(len(table)) < 0.9))
    fitted = share_model(gaps, "noticed", ["angle"])
    assert fitted.n_cases + fitted.n_left_out == len(table) and fitted.n_left_out > 0
