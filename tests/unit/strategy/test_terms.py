"""Terms: draws give back the interval of the term, and terms of the same people vary together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gazestudy.errors import ParameterError
from gazestudy.statistics.intervals import clustered_ratio, clustered_share, share_interval
from gazestudy.strategy.terms import (
    TERM_COLUMNS,
    Term,
    assumed_term,
    draw_terms,
    fixed_term,
    ratio_term,
    share_term,
    term_row,
    term_table,
)

PEOPLE = [f"person {n}" for n in range(12)]
Z95 = norm.ppf(0.975)


def share(counts, trials, clusters=PEOPLE, **more) -> Term:
    return share_term("s", counts, trials, clusters=clusters, source="gaze", rule="", n_of="people", **more)


def ratio(top, bottom, clusters=PEOPLE) -> Term:
    return ratio_term("r", top, bottom, clusters=clusters, unit="s", source="gaze", rule="", n_of="people")


@pytest.mark.parametrize("seed", range(4))
def test_a_share_at_the_limits_of_95_percent_is_its_interval(seed):
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, 9, 12)
    counts = rng.binomial(trials, 0.3)
    found, term = clustered_share(counts, trials), share(counts, trials)
    assert term.at([-Z95, 0, Z95]) == pytest.approx([found.low, found.value, found.high])


def test_one_observation_each_is_the_plain_wilson_interval():
    term = share([1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0], np.ones(12))
    low, high = share_interval(3, 12)
    assert term.at([-Z95, Z95]) == pytest.approx([low, high])
    z90 = norm.ppf(0.95)
    assert term.at([-z90, z90]) == pytest.approx(share_interval(3, 12, level=0.9))


@pytest.mark.parametrize("count", [0, 12])
def test_nobody_or_everybody_stays_between_0_and_1(count):
    term = share(np.full(12, count / 12), np.ones(12))
    low, high = share_interval(count, 12)
    assert term.at([-Z95, Z95]) == pytest.approx([low, high])
    assert np.all((term.at(np.linspace(-6, 6, 50)) >= 0) & (term.at(np.linspace(-6, 6, 50)) <= 1))


def test_a_ratio_of_sums_gives_back_its_interval():
    rng = np.random.default_rng(3)
    minutes, people = rng.uniform(5, 30, 12), rng.poisson(80, 12)
    found, term = clustered_ratio(people, minutes), ratio(people, minutes)
    assert term.at([-Z95, 0, Z95]) == pytest.approx([found.low, found.value, found.high])


def test_nothing_counted_has_the_poisson_limit():
    term = ratio(np.zeros(12), np.full(12, 10.0))
    assert term.at(Z95) == pytest.approx(clustered_ratio(np.zeros(12), np.full(12, 10.0)).high)
    assert term.value == 0


def test_an_assumption_has_its_value_in_the_middle_and_its_range_around():
    term = assumed_term("exposed", 0.6, low=0.5, high=0.9, unit="share", rule="a guess")
    assert term.at([-Z95, 0, Z95]) == pytest.approx([0.5, 0.6, 0.9])
    assert term.at(8.0) < 1
    length = assumed_term("dwell_s", 2.0, low=1.0, high=3.0, unit="s", rule="a guess")
    assert length.at([-Z95, 0, Z95]) == pytest.approx([1, 2, 3])


def test_without_a_range_an_assumption_is_certain():
    assert assumed_term("x", 3.0, unit="s", rule="").at([-5, 5]).tolist() == [3, 3]
    assert fixed_term("x", 3.0, unit="s", rule="").shape == "fixed"


@pytest.mark.parametrize(
    ("value", "low", "high", "unit"), [(0.5, 0.6, 0.9, "share"), (0.5, 0.4, 1.2, "share"), (1, -1, 2, "s")]
)
def test_a_range_that_makes_no_sense_is_refused(value, low, high, unit):
    with pytest.raises(ParameterError):
        assumed_term("x", value, low=low, high=high, unit=unit, rule="")


def test_one_person_gives_a_value_without_interval_and_draws_that_say_so():
    term = share([2], [5], clusters=["person 0"])
    assert term.value == 0.4
    assert not term.is_known
    assert np.isnan(term.at([0.0, 1.0])).all()


def test_terms_of_the_same_people_vary_together_as_the_people_do():
    """Correlation of draws against that of means over many repeated studies."""
    rng = np.random.default_rng(5)
    keen = rng.normal(size=12)
    a = 1.0 + 0.3 * keen + 0.3 * rng.normal(size=12)
    b = 1.0 + 0.3 * keen + 0.3 * rng.normal(size=12)
    drawn = np.log(draw_terms([ratio(a, np.ones(12)), ratio(b, np.ones(12))], draws=20_000, rng=rng))
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=0.06)


def test_terms_of_other_people_vary_apart():
    rng = np.random.default_rng(6)
    values = rng.uniform(1, 2, 12)
    other = [f"session {n}" for n in range(12)]
    drawn = draw_terms([ratio(values, np.ones(12)), ratio(values, np.ones(12), other)], draws=20_000, rng=rng)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03


def test_draws_have_the_interval_as_their_quantiles():
    rng = np.random.default_rng(7)
    term = share(rng.binomial(6, 0.4, 12), np.full(12, 6))
    drawn = draw_terms([term], draws=40_000, rng=rng)[:, 0]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([term.low, term.high], abs=0.01)


def test_the_same_seed_gives_the_same_draws():
    term = share([1, 2, 3], [4, 4, 4], clusters=["a", "b", "c"])
    one, other = (draw_terms([term], draws=9, rng=np.random.default_rng(1)) for _ in range(2))
    assert one.tolist() == other.tolist()


def test_a_term_is_a_row_with_numerator_denominator_n_and_source():
    row = term_table([term_row("wall", "peak", share([1, 0, 2], [2, 2, 2], clusters=list("abc")))]).iloc[0]
    assert list(row.index) == list(TERM_COLUMNS)
    assert (row["numerator"], row["denominator"], row["n"], row["source"]) == (3, 6, 3, "gaze")


def test_each_cluster_needs_a_name():
    with pytest.raises(ParameterError, match="clusters"):
        share([1, 2], [3, 3], clusters=["a"])
