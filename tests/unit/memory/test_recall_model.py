import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazestudy.errors import ParameterError
from gazestudy.memory.recall_model import BACKGROUND, TERMS, recall_model, separating_terms
from gazestudy.simulate.remembering import RecallTruth, Remembering, remember


def _cases(people: int, places: int, seed: int, model: RecallTruth | None = None) -> pd.DataFrame:
    """Attention that follows familiarity, so that a model without it is wrong."""
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product([range(people), range(places)]).to_frame(index=False)
    n = len(keys)
    familiarity = rng.integers(1, 6, n).astype(float)
    fixated = rng.random(n) < 1 / (1 + np.exp(-0.5 * (familiarity - 3)))
    exposed = rng.lognormal(1.8, 0.5, n)
    cases = pd.DataFrame(
        {
            "participant_id": [f"P{k:03d}" for k in keys[0]],
            "placement_id": [f"pl{k}" for k in keys[1]],
            "fixated": fixated,
            "dwell_s": np.where(fixated, rng.lognormal(-0.1, 0.8, n), 0.0),
            "exposed_s": exposed,
            "max_angle_deg": rng.lognormal(2.4, 0.4, n),
            "visible_share": rng.uniform(0.3, 1.0, n),
            "familiarity": familiarity,
            "prior_exposure": rng.integers(0, 2, n).astype(float),
            "daypart": np.where(keys[0] % 2, "midday", "peak"),
        }
    )
    settings = Remembering(recall=model or RecallTruth(), foils_per_target=0)
    return remember(cases, settings=settings, talk=False, rng=rng).cases


def test_recovers_the_true_odds_as_often_as_promised() -> None:
    truth = RecallTruth()
    expected = {
        "fixated": truth.fixated,
        "log1p_dwell": truth.log1p_dwell,
        "familiarity": truth.familiarity,
        "prior_exposure": truth.prior,
        "exposed_10s": 0.0,
        "blocked_10pct": 0.0,
    }
    inside, errors = dict.fromkeys(expected, 0), []
    n = 40
    for seed in range(n):
        table = recall_model(_cases(50, 8, seed)).table.set_index("term")
        for term, value in expected.items():
            inside[term] += table.loc[term, "low"] <= np.exp(value) <= table.loc[term, "high"]
        errors.append(table.loc[list(expected), "coefficient"].to_numpy() - list(expected.values()))
    least = stats.binom.ppf(0.001, n, 0.93)
    assert all(count >= least for count in inside.values()), inside
    mean, spread = np.mean(errors, axis=0), np.std(errors, axis=0)
    assert (np.abs(mean) < 4 * spread / np.sqrt(n) + 0.1 * spread).all()


def test_background_is_always_in_the_model() -> None:
    found = recall_model(_cases(30, 6, 1), terms=["fixated"])
    assert {*found.table["term"]} == {"intercept", "fixated", *BACKGROUND}
    assert found.adjusted and not found.left_out


def test_without_familiarity_looking_takes_its_credit_and_that_is_said() -> None:
    cases = _cases(150, 8, 2, RecallTruth(familiarity=0.9, fixated=0.0, log1p_dwell=0.0))
    adjusted = recall_model(cases, terms=["fixated"]).table.set_index("term")
    assert adjusted.loc["fixated", "low"] < 1 < adjusted.loc["fixated", "high"]
    blind = recall_model(cases.assign(familiarity=np.nan), terms=["fixated"], without_background=True)
    assert blind.table.set_index("term").loc["fixated", "low"] > 1
    assert not blind.adjusted
    assert any("familiarity" in doubt and "not adjusted" in doubt for doubt in blind.doubts)


def test_refuses_where_background_was_not_asked() -> None:
    cases = _cases(20, 5, 3)
    with pytest.raises(ParameterError, match="familiarity: not asked of anybody"):
        recall_model(cases.assign(familiarity=np.nan))
    with pytest.raises(ParameterError, match="prior_exposure"):
        recall_model(cases.drop(columns="prior_exposure"))
    same = recall_model(cases.assign(prior_exposure=0.0))
    assert same.adjusted and "the same in every case" in same.left_out["prior_exposure"]


def test_separation_is_found_and_told_in_words() -> None:
    cases = _cases(30, 6, 4)
    cases.loc[~cases["fixated"], "recalled_unaided"] = 0.0
    found = recall_model(cases.drop(columns="dwell_s"), terms=["fixated", "exposed_10s"])
    assert "nothing without it was remembered" in found.left_out["fixated"]
    assert any("fixated is not in the model" in doubt for doubt in found.doubts)
    assert {"familiarity", "prior_exposure", "exposed_10s"} < set(found.table["term"])
    assert np.isfinite(found.table["effect"]).all()


def test_separation_of_a_number_is_found_as_by_hand() -> None:
    y = np.array([0, 0, 0, 1, 1, 1.0])
    apart = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6.0], "z": [0, 1, 0, 1, 0, 1.0]})
    assert separating_terms(apart, y, ["x", "z"])[0] == "x"
    assert separating_terms(apart, y, ["z"]) == []
    assert separating_terms(apart.assign(x=[1, 2, 4, 3, 5, 6.0]), y, ["x"]) == []
    touching = apart.assign(x=[1, 2, 3, 3, 5, 6.0])  # quasi-complete: equal at the border
    assert separating_terms(touching, y, ["x"]) == ["x"]


def test_terms_that_go_together_are_told() -> None:
    cases = _cases(40, 8, 5)
    rng = np.random.default_rng(0)
    cases["max_angle_deg"] = cases["exposed_s"] * 2 + rng.normal(0, 0.2, len(cases))
    found = recall_model(cases)
    assert found.inflation["angle_10deg"] > 5
    assert found.inflation["exposed_10s"] == pytest.approx(found.inflation["angle_10deg"], rel=0.05)
    assert any("exposed_10s and angle_10deg go together" in doubt for doubt in found.doubts)


def test_terms_that_do_not_vary_are_left_out_and_few_cases_are_said() -> None:
    cases = _cases(12, 5, 6).assign(max_angle_deg=np.nan, daypart="midday")
    found = recall_model(cases)
    assert found.left_out["angle_10deg"] == "not known of any case"
    assert "the same in every case" in found.left_out["daypart"]
    assert any("fewer than 10 per term" in doubt for doubt in found.doubts)
    assert found.cases == 60


def test_what_cannot_be_fitted_is_refused() -> None:
    cases = _cases(10, 4, 7)
    with pytest.raises(ParameterError, match="some remembered"):
        recall_model(cases.assign(recalled_unaided=0.0))
    with pytest.raises(ParameterError, match="one of " + next(iter(TERMS))):
        recall_model(cases, terms=["mood"])


def test_cases_with_unknown_terms_are_counted() -> None:
    cases = _cases(30, 6, 8)
    cases.loc[cases.index[:60], "familiarity"] = np.nan
    found = recall_model(cases)
    assert found.cases == 120 and found.fitted.n_left_out == 60
    assert any(doubt.startswith("60 of 180 cases are left out") for doubt in found.doubts)
