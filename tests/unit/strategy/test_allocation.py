"""Budget allocation against all plans on a grid, and against what everybody would choose."""

from __future__ import annotations

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.strategy.allocation import allocate, brute_force
from gazestudy.strategy.offers import Group, Offer, plan_value
from gazestudy.strategy.response import response, saturation
from gazestudy.strategy.robustness import robustness


def random_case(seed):
    rng = np.random.default_rng(seed)
    offers = [
        Offer(
            f"p{number}",
            float(rng.uniform(5, 20)),
            float(rng.uniform(10, 100)),
            whole=bool(rng.random() < 0.4),
            min_share=float(rng.choice([0.0, 0.3])),
            max_share=float(rng.choice([0.8, 1.0])),
            required=bool(rng.random() < 0.15),
            group="ab"[number % 2],
            half_brings=float(rng.uniform(0.5, 0.85)),
        )
        for number in range(4)
    ]
    groups = [
        Group("a", min_cost=float(rng.choice([0.0, 4.0])), half_brings=float(rng.choice([0.5, 0.7]))),
        Group("b", max_cost=float(rng.uniform(10, 30))),
    ]
    return offers, groups, float(rng.uniform(15, 45))


@pytest.mark.parametrize("seed", range(30))
def test_within_2_percent_of_brute_force(seed):
    offers, groups, budget = random_case(seed)
    best = brute_force(offers, budget=budget, groups=groups, steps=30)
    try:
        plan = allocate(offers, budget=budget, groups=groups)
    except ParameterError:
        assert np.isnan(best)
        return
    assert plan.value >= best * 0.999
    assert plan.value <= plan.best_possible + 1e-9
    keeps_constraints(plan, offers, groups, budget)


def keeps_constraints(plan, offers, groups, budget):
    assert plan.cost <= budget * (1 + 1e-6)
    for offer, share in zip(offers, plan.shares, strict=True):
        assert share == 0 or offer.whole or offer.min_share - 1e-9 <= share <= offer.max_share + 1e-9
        assert not offer.whole or share in (0, 1)
        assert not offer.required or share > 0 or offer.min_share == 0
    for group in groups:
        spent = sum(o.cost * s for o, s in zip(offers, plan.shares, strict=True) if o.group == group.id)
        assert group.min_cost * (1 - 1e-6) <= spent <= group.max_cost * (1 + 1e-6)


def test_without_diminishing_returns_the_best_ratio_is_bought_first():
    offers = [Offer("dear", 10, 50), Offer("cheap", 10, 80), Offer("poor", 10, 20)]
    plan = allocate(offers, budget=15)
    assert plan.shares == pytest.approx([0.5, 1, 0])
    assert plan.value == pytest.approx(105)


def test_diminishing_returns_spread_the_money():
    offers = [Offer("a", 10, 100, half_brings=0.8), Offer("b", 10, 100, half_brings=0.8)]
    plan = allocate(offers, budget=10)
    assert plan.shares == pytest.approx([0.5, 0.5], abs=0.03)
    assert plan.value == pytest.approx(160, rel=0.002)


def test_placements_that_meet_the_same_people_are_not_bought_twice():
    offers = [Offer("a1", 10, 100, group="hall"), Offer("a2", 10, 95, group="hall"), Offer("b", 10, 70)]
    assert allocate(offers, budget=20).shares == pytest.approx([1, 1, 0])
    overlapping = allocate(offers, budget=20, groups=[Group("hall", half_brings=0.85)])
    assert overlapping.shares == pytest.approx([1, 0, 1], abs=0.15)


def test_whole_faces_are_a_knapsack():
    rng = np.random.default_rng(4)
    offers = [
        Offer(f"p{n}", float(rng.integers(3, 15)), float(rng.integers(5, 60)), whole=True) for n in range(10)
    ]
    plan = allocate(offers, budget=40)
    assert plan.value == pytest.approx(brute_force(offers, budget=40))


def test_no_money_buys_nothing():
    plan = allocate([Offer("a", 10, 100)], budget=0)
    assert (plan.value, plan.cost) == (0, 0)


def test_offers_without_value_or_price():
    plan = allocate(
        [Offer("worthless", 10, 0), Offer("gift", 0, 5), Offer("good", 10, 50, whole=True)], budget=10
    )
    assert plan.shares[1:] == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("offers", "groups", "budget", "words"),
    [
        ([Offer("a", 50, 1, whole=True, required=True)], [], 10, "at least 50"),
        ([Offer("a", 5, 1, group="g")], [Group("g", min_cost=9)], 20, "at most 5, all its placements"),
        ([Offer("a", 5, 1, group="g")], [Group("g", min_cost=4, max_cost=3)], 20, "max_cost"),
        ([Offer("a", 5, 1, group="g")], [Group("g", min_cost=4)], 3, "sum of min_cost"),
        ([Offer("a", 5, 1), Offer("a", 5, 1)], [], 3, "each placement once"),
        ([], [], 3, "at least one placement"),
        ([Offer("a", 5, 1)], [], -1, "amount of money"),
        ([Offer("a", 6, 1, whole=True, group="g")], [Group("g", min_cost=2, max_cost=5)], 9, "all be kept"),
    ],
)
def test_what_cannot_be_says_why(offers, groups, budget, words):
    with pytest.raises(ParameterError, match=words):
        allocate(offers, budget=budget, groups=groups)


@pytest.mark.parametrize("wrong", [{"cost": -1}, {"value": np.nan}, {"min_share": 0.8, "max_share": 0.5}])
def test_offers_that_make_no_sense(wrong):
    with pytest.raises(ParameterError):
        Offer(**{"placement_id": "a", "cost": 1.0, "value": 1.0, **wrong})


def test_large_and_small_numbers_choose_the_same():
    offers, groups, budget = random_case(3)
    huge = [
        Offer(**{**{f: getattr(o, f) for f in o.__slots__}, "cost": o.cost * 1e6, "value": o.value * 1e9})
        for o in offers
    ]
    big = [Group(g.id, g.min_cost * 1e6, g.max_cost * 1e6, g.half_brings) for g in groups]
    small, large = (
        allocate(offers, budget=budget, groups=groups),
        allocate(huge, budget=budget * 1e6, groups=big),
    )
    assert large.value == pytest.approx(small.value * 1e9, rel=1e-4)


def test_a_clear_choice_is_robust_and_a_close_one_is_not():
    rng = np.random.default_rng(5)
    clear = [Offer("good", 10, 100, whole=True), Offer("bad", 10, 20, whole=True)]
    close = [Offer("good", 10, 100, whole=True), Offer("bad", 10, 98, whole=True)]
    for offers, firm in ((clear, True), (close, False)):
        plan = allocate(offers, budget=10)
        drawn = np.array([o.value for o in offers]) * rng.lognormal(0, 0.2, (150, 2))
        found = robustness(offers, plan, drawn, budget=10)
        chosen = found.table.set_index("placement_id")["bought_in"]
        expected = float(np.mean(drawn[:, 0] > drawn[:, 1]))
        assert found.same_choice == pytest.approx(expected)
        assert chosen["good"] == pytest.approx(expected)
        assert (found.same_choice > 0.97) == firm
        lost = np.maximum(0, 1 - drawn[:, 0] / drawn.max(axis=1))
        assert found.regret == pytest.approx(lost.mean(), abs=1e-6)


def test_robustness_needs_draws_of_each_offer():
    offers = [Offer("a", 10, 100)]
    with pytest.raises(ParameterError):
        robustness(offers, allocate(offers, budget=5), np.ones((4, 2)), budget=5)


def test_the_response_curve():
    shares = np.linspace(0, 1, 50)
    for half in (0.5, 0.6, 0.9):
        curve = response(shares, half_brings=half)
        assert curve[0] == 0
        assert curve[-1] == pytest.approx(1)
        assert np.all(np.diff(curve, 2) <= 1e-12)
        assert float(response(0.5, half_brings=half)) == pytest.approx(half)
    slopes = np.diff(response([0, 1e-6, 1 - 1e-6, 1], half_brings=0.7))[[0, 2]] / 1e-6
    assert slopes[1] / slopes[0] == pytest.approx(np.exp(-saturation(0.7)), rel=1e-3)
    with pytest.raises(ParameterError):
        saturation(0.4)
    with pytest.raises(ParameterError):
        response([1.2], half_brings=0.6)


def test_the_value_of_a_plan_counts_overlap_once():
    offers = [Offer("a", 1, 60, group="g"), Offer("b", 1, 40, group="g")]
    groups = {"g": Group("g", half_brings=0.8)}
    assert plan_value(offers, np.array([1.0, 1.0]), groups=groups) == pytest.approx(100)
    expected = 100 * float(response(0.6, half_brings=0.8))
    assert plan_value(offers, np.array([1.0, 0.0]), groups=groups) == pytest.approx(expected)
