"""Platform potential against arithmetic, and cost as money over it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from gazestudy.errors import ParameterError
from gazestudy.strategy import sources
from gazestudy.strategy.cost import COST_COLUMNS, COSTS, cost_table
from gazestudy.strategy.potential import MEASURES, POTENTIAL_COLUMNS, WHOLE_DAY, potential
from gazestudy.strategy.terms import assumed_term, fixed_term

VALUES = {
    "passages_per_min": 20.0,
    "minutes_per_day": 120.0,
    "exposed": 0.6,
    "clear": 0.8,
    "noticed": 0.5,
    "dwell_s": 1.5,
    "recalled": 0.25,
}


def chain(**changed):
    return [fixed_term(name, value, unit="", rule="") for name, value in {**VALUES, **changed}.items()]


def of(found, measure, daypart="peak", placement="wall"):
    table = found.table
    rows = table[(table["placement_id"] == placement) & (table["daypart"] == daypart)]
    return rows.set_index("measure").loc[measure]


def rng(seed=0):
    return np.random.default_rng(seed)


def test_values_are_products():
    found = potential({("wall", "peak"): chain()}, draws=10, rng=rng())
    assert of(found, "passages_per_day")["value"] == 2400
    assert of(found, "exposed_passages_per_day")["value"] == pytest.approx(2400 * 0.48)
    assert of(found, "looked_at_passages_per_day")["value"] == pytest.approx(2400 * 0.24)
    assert of(found, "attentive_s_per_1000_passages")["value"] == pytest.approx(360)
    assert of(found, "attentive_s_per_day")["value"] == pytest.approx(864)
    assert of(found, "recalled_viewers_per_day")["value"] == pytest.approx(2400 * 0.12)
    assert list(found.table.columns) == list(POTENTIAL_COLUMNS)


def test_a_day_adds_up_dayparts_and_rates_are_weighted_with_passages():
    chains = {("wall", "peak"): chain(), ("wall", "night"): chain(passages_per_min=5.0, noticed=0.25)}
    found = potential(chains, draws=10, rng=rng())
    assert of(found, "attentive_s_per_day", WHOLE_DAY)["value"] == pytest.approx(864 + 108)
    assert of(found, "attentive_s_per_1000_passages", WHOLE_DAY)["value"] == pytest.approx(1000 * 972 / 3000)


def test_limits_of_a_product_of_lognormal_terms_follow_the_formula():
    spread = {"noticed": None, "dwell_s": 0.30, "passages_per_min": 0.15, "clear": None}
    terms = [term for term in chain() if spread.get(term.name) is None]
    for name in ("dwell_s", "passages_per_min"):
        value, sd = VALUES[name], spread[name]
        z = norm.ppf(0.975)
        limits = {"low": value * np.exp(-z * sd), "high": value * np.exp(z * sd)}
        terms.append(assumed_term(name, value, **limits, unit="x", rule=""))
    row = of(potential({("wall", "peak"): terms}, draws=60_000, rng=rng(1)), "attentive_s_per_day")
    width = norm.ppf(0.975) * np.hypot(0.30, 0.15)
    assert np.log([row["low"] / 864, row["high"] / 864]) == pytest.approx([-width, width], abs=0.012)
    assert row["weakest_term"] == "dwell_s"
    assert row["weakest_share"] == pytest.approx(0.8, abs=0.02)


def test_people_who_are_keen_everywhere_widen_the_sum():
    """The same people in two dayparts: their uncertainty does not cancel."""
    keen = np.random.default_rng(2).uniform(0, 1, 30)

    def day(people):
        chains = {}
        for part in ("one", "two"):
            cases = pd.DataFrame(
                {
                    "participant_id": [f"{name}" for name in people[part]],
                    "placement_id": "wall",
                    "daypart": part,
                    "exposed": True,
                    "fixated": keen > 0.5,
                    "dwell_s": np.where(keen > 0.5, 1.0 + keen, 0.0),
                }
            )
            terms = [term for term in chain() if term.name not in ("noticed", "dwell_s")]
            chains["wall", part] = [
                *terms,
                sources.case_term("noticed", cases),
                sources.dwell_term([("", cases)]),
            ]
        row = of(potential(chains, draws=20_000, rng=rng(3)), "attentive_s_per_day", WHOLE_DAY)
        return row["high"] - row["low"]

    same = day({"one": range(30), "two": range(30)})
    other = day({"one": range(30), "two": range(30, 60)})
    assert same / other == pytest.approx(np.sqrt(2), rel=0.05)


def test_what_is_missing_is_said_and_the_rest_is_given():
    terms = [term for term in chain() if term.name not in ("dwell_s", "recalled")]
    found = potential({("wall", "peak"): terms}, draws=10, rng=rng())
    row = of(found, "attentive_s_per_day")
    assert np.isnan(row["value"])
    assert row["note"] == "no value: nothing is known of dwell_s"
    assert of(found, "looked_at_passages_per_day")["value"] == pytest.approx(576)
    assert "dwell_s in peak" in of(found, "attentive_s_per_day", WHOLE_DAY)["note"]


def test_a_screen_gives_a_spot_its_part():
    cases = pd.DataFrame(
        {
            "participant_id": list("abcd"),
            "placement_id": "wall",
            "daypart": "peak",
            "exposed": True,
            "fixated": [True, True, True, False],
            "dwell_s": [0.5, 2.0, 8.0, 0.0],
        }
    )
    terms = [*chain(), *sources.spot_terms(cases, spot_s=10, loop_s=60)]
    found = potential({("wall", "peak"): terms}, draws=10, rng=rng())
    assert of(found, "attentive_s_per_day")["value"] == pytest.approx(864 / 6)
    met = (0 + 10 / 60 + 16 / 60) / 3
    assert of(found, "looked_at_passages_per_day")["value"] == pytest.approx(576 * met)
    assert of(found, "exposed_passages_per_day")["value"] == pytest.approx(1152)  # time in view not known
    longer = sources.spot_terms(cases.assign(exposed_s=[4.0, 22.0, 100.0, 0.5]), spot_s=10, loop_s=60)
    found = potential({("wall", "peak"): [*chain(), *longer]}, draws=10, rng=rng())
    in_view = (12 / 60 + 30 / 60 + 1 + 0) / 4
    assert of(found, "exposed_passages_per_day")["value"] == pytest.approx(1152 * in_view)


def test_each_number_names_its_sources_and_the_smallest_n():
    cases = pd.DataFrame(
        {
            "participant_id": list("abcabc"),
            "placement_id": "wall",
            "daypart": "peak",
            "exposed": True,
            "fixated": [True, True, False, True, False, False],
            "dwell_s": [1.0, 2.0, 0.0, 1.5, 0.0, 0.0],
        }
    )
    terms = [term for term in chain() if term.name != "noticed"] + [sources.case_term("noticed", cases)]
    row = of(potential({("wall", "peak"): terms}, draws=200, rng=rng()), "attentive_s_per_day")
    assert (row["n"], row["n_of"]) == (3, "people (noticed)")
    assert "noticed gaze" in row["sources"]
    assert "noticed rests on 3 people" in row["note"]


@pytest.mark.parametrize("change", ["twice", "all"])
def test_chains_that_make_no_sense_are_refused(change):
    chains = {("wall", "peak"): [*chain(), *chain()]} if change == "twice" else {("wall", WHOLE_DAY): chain()}
    with pytest.raises(ParameterError):
        potential(chains, draws=10, rng=rng())


def test_costs_are_money_over_what_is_delivered():
    found = potential({("wall", "peak"): chain()}, draws=10, rng=rng())
    table = cost_table(found, {"wall": 432.0}, currency="THB").set_index("figure")
    assert table.loc["cost_per_1000_attentive_s", "value"] == pytest.approx(500)
    assert table.loc["cost_per_looked_at_passage", "value"] == pytest.approx(0.75)
    assert table.loc["cost_per_recalled_viewer", "value"] == pytest.approx(1.5)
    assert table.loc["cost_per_1000_exposed_passages", "value"] == pytest.approx(375)
    assert table.loc["cost_per_1000_attentive_s", "unit"] == "THB per 1,000 attentive seconds"
    assert (table["numerator"] == 432).all()
    assert not any("CPM" in str(cell) for cell in table.to_numpy().ravel())


def test_limits_of_a_cost_are_those_of_what_it_divides_by():
    terms = [term for term in chain() if term.name != "dwell_s"]
    terms.append(assumed_term("dwell_s", 1.5, low=1.0, high=3.0, unit="s", rule=""))
    found = potential({("wall", "peak"): terms}, draws=8001, rng=rng(4))
    seconds = of(found, "attentive_s_per_day", WHOLE_DAY)
    row = cost_table(found, {"wall": 100.0}).set_index("figure").loc["cost_per_1000_attentive_s"]
    assert [row["low"], row["high"]] == pytest.approx([1e5 / seconds["high"], 1e5 / seconds["low"]], rel=0.01)


def test_where_nobody_looked_a_cost_has_no_upper_limit():
    cases = pd.DataFrame(
        {
            "participant_id": [f"p{n}" for n in range(20)],
            "placement_id": "wall",
            "daypart": "peak",
            "exposed": True,
            "fixated": False,
            "dwell_s": 0.0,
        }
    )
    terms = [term for term in chain() if term.name != "noticed"] + [sources.case_term("noticed", cases)]
    found = potential({("wall", "peak"): terms}, draws=500, rng=rng())
    row = cost_table(found, {"wall": 10.0}).set_index("figure").loc["cost_per_1000_attentive_s"]
    assert np.isinf(row["value"])
    assert np.isinf(row["high"])
    assert 0 < row["low"] < np.inf


def test_a_price_must_be_money():
    found = potential({("wall", "peak"): chain()}, draws=10, rng=rng())
    with pytest.raises(ParameterError, match="cost of wall"):
        cost_table(found, {"wall": -1.0})
    assert cost_table(found, {}).columns.tolist() == list(COST_COLUMNS)
    assert all(measure in MEASURES for measure, _, _ in COSTS.values())
