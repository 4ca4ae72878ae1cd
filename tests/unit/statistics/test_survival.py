"""Kaplan-Meier, restricted mean, log-rank."""

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.statistics.survival import kaplan_meier, log_rank

TIME = [1.2, 3.4, 5, 5, 8, 8, 2.2, 0.7]
SEEN = [1, 1, 0, 1, 0, 0, 1, 1]


def test_golden_curve():
    curve = kaplan_meier(TIME, SEEN)
    assert curve.time.tolist() == [0.7, 1.2, 2.2, 3.4, 5, 8]
    assert curve.survival[:5].round(6).tolist() == [0.875, 0.75, 0.625, 0.5, 0.375]
    assert curve.low[:5].round(4).tolist() == [0.387, 0.3148, 0.2293, 0.152, 0.087]
    assert curve.at_risk.tolist() == [8, 7, 6, 5, 4, 2]
    assert curve.events.tolist() == [1, 1, 1, 1, 1, 0]
    assert curve.median == 3.4
    assert curve.restricted_mean(8) == pytest.approx(4.5625)


def test_golden_log_rank_and_its_direction():
    z, p = log_rank(TIME, SEEN, [2, 6, 9, 9, 9, 4, 9], [1, 1, 0, 0, 0, 1, 0])
    assert (round(z, 4), round(p, 5)) == (1.0208, 0.30736)
    assert log_rank([1, 2, 3], [1, 1, 1], [7, 8, 9], [1, 1, 1])[0] > 0
    assert log_rank([7, 8, 9], [1, 1, 1], [1, 2, 3], [1, 1, 1])[0] < 0


def test_median_that_is_not_reached():
    assert np.isnan(kaplan_meier([1, 5, 5], [1, 0, 0]).median)


def test_without_censoring_the_restricted_mean_is_the_mean():
    times = np.random.default_rng(0).exponential(3, 200)
    curve = kaplan_meier(times, np.ones(200))
    assert curve.restricted_mean(times.max()) == pytest.approx(times.mean())
    assert curve.at([0, times.max()]).tolist() == [1.0, 0.0]


def test_restricted_mean_does_not_reach_beyond_the_data():
    curve = kaplan_meier(TIME, SEEN)
    with pytest.raises(ParameterError, match="last observed time, 8"):
        curve.restricted_mean(9)
    with pytest.raises(ParameterError, match="positive"):
        curve.restricted_mean(0)


def test_nobody_looked():
    curve = kaplan_meier([4.0, 6.0], [0, 0])
    assert curve.restricted_mean(6.0) == 6.0
    with pytest.raises(ParameterError):
        kaplan_meier([], [])


def test_censored_times_recover_the_truth():
    rng = np.random.default_rng(5)
    look, leave = rng.exponential(4, 20000), rng.exponential(6, 20000)
    curve = kaplan_meier(np.minimum(look, leave), look <= leave)
    assert curve.median == pytest.approx(4 * np.log(2), rel=0.03)
    assert curve.restricted_mean(5) == pytest.approx(4 * (1 - np.exp(-5 / 4)), rel=0.02)
