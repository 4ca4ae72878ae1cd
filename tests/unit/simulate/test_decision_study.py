"""The simulated decision study: its truth against formulas, its tables against their contracts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import roots_hermitenorm

from gazestudy.model.fieldwork import FIELD_CONTRACTS
from gazestudy.simulate.decision_study import DecisionStudy, simulate_decision_study
from gazestudy.simulate.decision_truth import decision_truth

STUDY = DecisionStudy()


@pytest.fixture(scope="module")
def truth():
    return decision_truth(STUDY, people=20_000)


@pytest.mark.parametrize("number", [0, 4, 11])
@pytest.mark.parametrize("part", [0, 1])
def test_noticing_and_waiting_follow_from_rates(truth, number, part):
    """Gamma time in view, exponential first look with a lognormal rate over people: by quadrature."""
    site, period = STUDY.sites[number], STUDY.periods[part]
    nodes, weights = roots_hermitenorm(60)
    weights = weights / weights.sum()
    rate = site.looks_per_s * period.looks_factor * np.exp(STUDY.person_looks_sd * nodes)
    scale = site.view_s * period.view_factor / STUDY.view_shape
    noticed = np.sum(weights * (1 - (1 + rate * scale) ** -STUDY.view_shape))
    waited = np.sum(weights * (1 - np.exp(-rate * truth.until_s)) / rate)
    cell = truth.cells.loc[(site.placement_id, period.name)]
    assert cell["noticed"] == pytest.approx(noticed, abs=0.012)
    assert cell["restricted_mean_s"] == pytest.approx(waited, abs=0.03)
    assert cell["exposed"] == pytest.approx(site.facing_share * STUDY.clear_share(site, period))


def test_potential_is_the_product_of_its_terms(truth):
    cells = truth.cells
    product = cells["passages_per_min"] * cells["minutes_per_day"] * cells["facing"] * cells["clear"]
    assert cells["attentive_s_per_day"].to_numpy() == pytest.approx(
        (product * cells["noticed"] * cells["dwell_s"]).to_numpy()
    )
    by_hand = cells["attentive_s_per_day"].groupby(level=0).sum()
    assert truth.days["attentive_s_per_day"].to_numpy() == pytest.approx(
        by_hand.loc[truth.days.index].to_numpy()
    )
    site = STUDY.sites[3]
    day = truth.days.loc[site.placement_id]
    assert day["cost_per_1000_attentive_s"] == pytest.approx(
        1000 * site.cost_per_day / day["attentive_s_per_day"]
    )


def test_memory_is_drawn_from_what_is_true():
    """Interviews of many people against the averaged chances."""
    study = replace(STUDY, people=500, sessions=1)
    truth = decision_truth(study, people=20_000, look_s=1.0)
    cases = simulate_decision_study(study, rng=np.random.default_rng(2)).remembered.cases
    seen = cases[cases["in_view"]]
    assert seen["recalled_unaided"].mean() == pytest.approx(truth.funnel["recalled"], abs=0.02)
    assert seen["attributed"].mean() == pytest.approx(truth.funnel["attributed"], abs=0.02)
    assert (seen["comprehension"] >= 2).mean() == pytest.approx(truth.funnel["understood"], abs=0.02)
    by_look = seen.groupby("fixated")["recalled_unaided"].mean()
    assert by_look[True] - by_look[False] == pytest.approx(truth.recall_difference, abs=0.03)


def test_tables_keep_their_contracts_and_the_size_of_the_study():
    data = simulate_decision_study(replace(STUDY, people=6, sessions=2), rng=np.random.default_rng(3))
    assert len(data.metrics) == 6 * 12 * 2
    data.log.check()
    assert len(data.log.sessions) == 12 * 2 * 2
    assert set(FIELD_CONTRACTS) == set(data.log.tables())
    assert data.remembered.interviews.interviews["participant_id"].nunique() == 6


def test_the_same_seed_gives_the_same_study():
    small = replace(STUDY, people=3, sessions=1)
    one, other = (simulate_decision_study(small, rng=np.random.default_rng(4)) for _ in range(2))
    assert one.metrics.equals(other.metrics)
    assert one.log.interval_counts.equals(other.log.interval_counts)
    assert one.remembered.interviews.interview_answers.equals(other.remembered.interviews.interview_answers)
