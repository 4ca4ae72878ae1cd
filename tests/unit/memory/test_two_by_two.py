from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazestudy.errors import ParameterError
from gazestudy.memory.in_view import cases_in_view
from gazestudy.memory.two_by_two import sign_flip_p, two_by_two, two_by_two_table
from gazestudy.simulate.attending import attend
from gazestudy.simulate.remembering import Remembering, remember
from gazestudy.statistics.comparisons import mcnemar_exact


def _cases(a: int, b: int, c: int, d: int, *, people: int | None = None) -> pd.DataFrame:
    n = a + b + c + d
    owner = np.arange(n) if people is None else np.arange(n) % people
    return pd.DataFrame(
        {
            "participant_id": [f"P{k}" for k in owner],
            "placement_id": "hall",
            "fixated": [True] * (a + b) + [False] * (c + d),
            "recalled_unaided": [1.0] * a + [0.0] * b + [1.0] * c + [0.0] * d,
        }
    )


def test_cells_and_shares_of_one_placement() -> None:
    found = two_by_two(_cases(15, 35, 10, 40), rng=np.random.default_rng(0))
    assert (found.a, found.b, found.c, found.d, found.n) == (15, 35, 10, 40, 100)
    assert found.remembered_if_fixated.value == 0.3
    assert found.remembered_if_not.value == 0.2
    risk = found.risk_difference
    assert (round(risk.low, 4), round(risk.high, 4)) == (-0.0699, 0.2630)  # Newcombe, published example
    odds = found.odds_ratio
    assert odds.value == pytest.approx(15 * 40 / (35 * 10))
    assert odds.yule_q == pytest.approx((15 * 40 - 35 * 10) / (15 * 40 + 35 * 10))
    error = np.sqrt(1 / 15 + 1 / 35 + 1 / 10 + 1 / 40)
    assert odds.low == pytest.approx(odds.value * np.exp(-stats.norm.ppf(0.975) * error))
    assert odds.yule_high == pytest.approx((odds.high - 1) / (odds.high + 1))


def test_odds_ratio_is_the_ratio_of_pairs() -> None:
    """Among pairs of a remembered and a forgotten case, those where only the remembered one was fixated over
    those where only the other was."""
    cases = _cases(7, 5, 3, 9)
    kept, lost = cases[cases["recalled_unaided"] == 1], cases[cases["recalled_unaided"] == 0]
    pairs = list(product(kept["fixated"], lost["fixated"]))
    ratio = sum(x and not y for x, y in pairs) / sum(y and not x for x, y in pairs)
    assert two_by_two(cases, rng=np.random.default_rng(0)).odds_ratio.value == pytest.approx(ratio)


@pytest.mark.parametrize("cells", [(3, 9, 1, 20), (5, 0, 4, 2), (2, 3, 3, 4), (1, 0, 0, 1)])
def test_one_placement_is_mcnemar_by_counting_all_arrangements(cells: tuple[int, int, int, int]) -> None:
    _, b, c, _ = cells
    found = two_by_two(_cases(*cells), rng=np.random.default_rng(0))
    arrangements = [sum(signs) for signs in product((-1, 1), repeat=b + c)]
    brute = sum(abs(total) >= abs(b - c) for total in arrangements) / len(arrangements)
    assert found.share_p_value == pytest.approx(brute)
    assert "McNemar" in found.share_method


def test_people_are_flipped_with_all_their_placements() -> None:
    differences = [3, -1, 2, 2, 0, -2, 1]
    sums = [np.dot(signs, differences) for signs in product((-1, 1), repeat=len(differences))]
    brute = np.mean(np.abs(sums) >= abs(sum(differences)))
    assert sign_flip_p(differences) == pytest.approx(float(brute))
    assert sign_flip_p([1] * 9 + [-1]) == pytest.approx(mcnemar_exact(9, 1))
    assert sign_flip_p([0, 0]) == 1.0


def test_the_cell_without_a_look_is_kept_and_said() -> None:
    found = two_by_two(_cases(4, 6, 3, 7, people=5), rng=np.random.default_rng(0))
    assert found.c == 3
    assert found.kept_without_looking == "3 of 7 remembered cases (recalled_unaided) were never fixated"
    table = two_by_two_table(_cases(4, 6, 0, 7), by=["placement_id"])
    assert table.loc[0, ["a", "b", "c", "d"]].tolist() == [4, 6, 0, 7]
    many = pd.concat([_cases(8, 2, 1, 9).assign(placement_id=f"p{k}") for k in range(4)])
    by_place = two_by_two_table(many, by=["placement_id"])
    assert by_place["risk_p_adjusted"].tolist() == pytest.approx(
        by_place["risk_p_value"].tolist()
    )  # all the same
    assert "risk_p_adjusted" not in two_by_two_table(many)
    assert "0 of 0" not in two_by_two(_cases(0, 3, 0, 3), rng=np.random.default_rng(0)).kept_without_looking


def test_empty_cells_have_an_interval_and_empty_rows_have_none() -> None:
    empty_c = two_by_two(_cases(6, 10, 0, 14), rng=np.random.default_rng(0)).odds_ratio
    half = np.array([6.5, 10.5, 0.5, 14.5])
    assert empty_c.value == pytest.approx(half[0] * half[3] / half[1] / half[2])
    assert 0 < empty_c.low < empty_c.value < empty_c.high < np.inf
    nobody_looked = two_by_two(_cases(0, 0, 3, 5), rng=np.random.default_rng(0))
    assert np.isnan(nobody_looked.odds_ratio.value)
    assert np.isnan(nobody_looked.risk_difference.difference)
    assert nobody_looked.remembered_if_not.value == 3 / 8


def test_not_asked_is_in_no_cell() -> None:
    cases = _cases(3, 3, 2, 4)
    cases.loc[[0, 11], "recalled_unaided"] = np.nan
    found = two_by_two(cases, rng=np.random.default_rng(0))
    assert (found.n, found.not_asked) == (10, 2)
    assert two_by_two(cases.iloc[:0], rng=np.random.default_rng(0)).n == 0


def test_answers_of_one_person_widen_the_intervals() -> None:
    wide = pd.concat(
        [_cases(8, 0, 8, 0, people=4), _cases(0, 8, 0, 8, people=4).replace({"participant_id": "P(.)"}, r"Q\1", regex=True)]
    )  # fmt: skip
    apart = wide.assign(participant_id=[f"P{k}" for k in range(len(wide))])
    rng = np.random.default_rng(0)
    together, single = two_by_two(wide, rng=rng), two_by_two(apart, rng=rng)
    assert together.remembered_share.high - together.remembered_share.low > 1.5 * (
        single.remembered_share.high - single.remembered_share.low
    )


def test_a_column_that_is_no_yes_and_no_is_refused() -> None:
    with pytest.raises(ParameterError, match="confidence"):
        two_by_two(
            _cases(1, 1, 1, 1).assign(confidence=[1.0, 2.0, 3.0, 1.0]),
            "confidence",
            rng=np.random.default_rng(0),
        )
    with pytest.raises(ParameterError, match="column"):
        two_by_two(_cases(1, 1, 1, 1), "recognised", rng=np.random.default_rng(0))


def _study(people: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    places = [f"pl{k}" for k in range(8)]
    metrics = attend([f"P{k}" for k in range(people)], places, rng=rng)
    return remember(
        cases_in_view(metrics), settings=Remembering(foils_per_target=0), talk=False, rng=rng
    ).cases.query("in_view")


def test_intervals_hold_the_true_difference_as_often_as_promised() -> None:
    """Placements and their appeal are fixed in the simulator's seed, so each study has its own truth: the
    difference among very many people at the same probabilities."""
    inside, n = 0, 60
    for seed in range(n):
        truth = _study(24, seed)
        weight = truth["fixated"].to_numpy()
        p = truth["p_unaided"].to_numpy()
        expected = p[weight].mean() - p[~weight].mean()  # given attention and background
        found = two_by_two(truth, draws=200, rng=np.random.default_rng(seed)).risk_difference
        inside += found.low <= expected <= found.high
    assert inside >= stats.binom.ppf(0.005, n, 0.93)
