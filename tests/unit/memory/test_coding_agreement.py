"""Agreement of coders against brute force over single characters, and what must not be left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from gazestudy.errors import ParameterError
from gazestudy.memory.coding_agreement import (
    answer_agreement,
    coding_agreement,
    disagreements,
    overlap_lengths,
)
from gazestudy.model.interview import interview_table

SPANS = st.lists(
    st.tuples(st.integers(-5, 45), st.integers(-5, 45)).map(lambda pair: tuple(sorted(pair))), max_size=6
)


@given(SPANS, SPANS)
@settings(max_examples=150, deadline=None)
def test_lengths_are_those_of_counting_every_character(
    spans_a: list[tuple[int, int]], spans_b: list[tuple[int, int]]
) -> None:
    bits = np.zeros((2, 40), dtype=bool)
    for row, spans in zip(bits, (spans_a, spans_b), strict=True):
        for start, end in spans:
            row[max(start, 0) : max(end, 0)] = True
    a, b = bits
    counted = ((a & b).sum(), (a & ~b).sum(), (~a & b).sum(), (~a & ~b).sum())
    assert overlap_lengths(spans_a, spans_b, (0, 40)) == counted


def codings(*rows: tuple[str, str, str, int, int]) -> pd.DataFrame:
    names = ["code_id", "coder", "document_id", "start_char", "end_char"]
    return interview_table("codings", pd.DataFrame(rows, columns=names))


def test_kappa_over_the_whole_text_is_that_of_statsmodels() -> None:
    rows = [
        ("c", "A", "d1", 0, 30),
        ("c", "B", "d1", 10, 40),
        ("c", "A", "d2", 5, 9),
        ("c", "B", "d2", 60, 70),
    ]
    found = coding_agreement(codings(*rows), {"d1": 100, "d2": 80}, "A", "B").iloc[0]
    table = [[found["both"], found["only_a"]], [found["only_b"], found["neither"]]]
    assert np.sum(table) == 180
    assert found["kappa"] == pytest.approx(cohens_kappa(np.array(table, dtype=float)).kappa)


def test_what_nobody_coded_counts() -> None:
    """Two coders who mark the same tenth agree on the other nine tenths as well: kappa is 1, not undefined."""
    same = [("c", "A", "d", 0, 10), ("c", "B", "d", 0, 10)]
    found = coding_agreement(codings(*same), {"d": 100}, "A", "B").iloc[0]
    assert (found["kappa"], found["neither"], found["percent"]) == (1.0, 90, 1.0)
    apart = [("c", "A", "d", 0, 10), ("c", "B", "d", 10, 20)]
    kappas = [
        coding_agreement(codings(*apart), {"d": n}, "A", "B").loc[0, "kappa"] for n in (20, 100, 10_000)
    ]
    # chance agreement: (a b + (1 - a)(1 - b)) with a = b = 10 / n
    expected = []
    for n in (20, 100, 10_000):
        share = 10 / n
        e = share**2 + (1 - share) ** 2
        expected.append(((n - 20) / n - e) / (1 - e))
    assert kappas == pytest.approx(expected)
    assert kappas[0] == -1.0


def test_random_coders_have_kappa_near_zero_with_limits_around_it() -> None:
    rng = np.random.default_rng(4)
    rows = []
    for document in range(40):
        for coder in "AB":
            for start in rng.integers(0, 950, 10):
                rows.append(("c", coder, f"d{document}", int(start), int(start) + 40))
    lengths = {f"d{document}": 1000 for document in range(40)}
    found = coding_agreement(codings(*rows), lengths, "A", "B", rng=np.random.default_rng(1)).iloc[0]
    assert abs(found["kappa"]) < 0.06
    assert found["kappa_low"] < 0 < found["kappa_high"]
    assert found["units"] == 40


def test_texts_that_one_coder_has_not_touched_are_left_out_unless_named() -> None:
    rows = [("c", "A", "d1", 0, 10), ("c", "B", "d1", 0, 10), ("c", "A", "d2", 0, 10)]
    lengths = {"d1": 100, "d2": 100}
    assert coding_agreement(codings(*rows), lengths, "A", "B").loc[0, ["units", "only_a"]].tolist() == [1, 0]
    named = coding_agreement(codings(*rows), lengths, "A", "B", units=lengths)
    assert named.loc[0, ["units", "only_a"]].tolist() == [2, 10]


def test_times_are_compared_on_the_clock_of_the_recording() -> None:
    second = 10**9
    start = 1_700_000_000 * second
    rows = [
        {
            "code_id": "c",
            "coder": who,
            "recording_id": "r",
            "start_ns": start + a * second,
            "end_ns": start + b * second,
        }
        for who, a, b in (("A", 0, 10), ("B", 5, 15))
    ]
    table = interview_table("codings", rows)
    found = coding_agreement(table, {"r": (start, start + 100 * second)}, "A", "B", of="recording_id").iloc[0]
    assert found[["both", "only_a", "only_b", "neither"]].tolist() == [n * second for n in (5, 5, 5, 85)]
    assert found["kappa"] == pytest.approx(4 / 9)


def answers(pairs: list[tuple[str, str]], item: str = "ur_any", placement: str = "") -> pd.DataFrame:
    rows = [
        {"interview_id": f"i{n}", "item": item, "coder": who, "code": code, "placement_id": placement}
        for n, pair in enumerate(pairs)
        for who, code in zip("AB", pair, strict=True)
        if code
    ]
    return interview_table("answer_codes", rows)


def test_answers_like_cohens_example() -> None:
    pairs = (
        [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15 + [("y", ""), ("", "n")]
    )
    found = answer_agreement(answers(pairs), "A", "B", rng=np.random.default_rng(0)).iloc[0]
    assert found[["answers", "only_a", "only_b", "agreed"]].tolist() == [50, 1, 1, 35]
    assert found["kappa"] == pytest.approx(0.4)
    assert found["kappa_low"] < 0.4 < found["kappa_high"]


def test_comprehension_is_ordinal_and_near_misses_count_less() -> None:
    near = answer_agreement(answers([("0", "0"), ("1", "1"), ("2", "1"), ("2", "2")], "comp"), "A", "B").iloc[
        0
    ]
    far = answer_agreement(answers([("0", "0"), ("1", "1"), ("2", "0"), ("2", "2")], "comp"), "A", "B").iloc[
        0
    ]
    assert near["measurement"] == "ordinal"
    assert near["kappa"] > far["kappa"]


def test_another_placement_is_another_answer() -> None:
    table = answers([("correct_ad", "correct_ad"), ("none", "none")])
    table["placement_id"] = ["hall", "gate", "", ""]
    assert answer_agreement(table, "A", "B").loc[0, "agreed"] == 1
    assert answer_agreement(table, "A", "B", with_placement=False).loc[0, "agreed"] == 2
    assert disagreements(table, "A", "B")[["a", "b"]].to_numpy().tolist() == [
        ["correct_ad → hall", "correct_ad → gate"]
    ]


def test_several_codes_of_one_answer_are_one_opinion() -> None:
    rows = [
        {"interview_id": "i1", "item": "ur_any", "coder": who, "code": "correct_ad", "placement_id": place}
        for who, place in (("A", "hall"), ("A", "gate"), ("B", "gate"), ("B", "hall"))
    ]
    found = answer_agreement(interview_table("answer_codes", rows), "A", "B").iloc[0]
    assert found[["answers", "agreed"]].tolist() == [1, 1]
    assert np.isnan(found["kappa"])


def test_coders_who_are_not_there_are_named() -> None:
    table = answers([("y", "y")])
    with pytest.raises(ParameterError, match="A, B"):
        answer_agreement(table, "A", "C")
    with pytest.raises(ParameterError, match="another coder"):
        answer_agreement(table, "A", "A")
