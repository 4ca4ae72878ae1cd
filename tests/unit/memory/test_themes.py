import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.memory.themes import (
    MEASURES,
    mentions_of_answers,
    mentions_of_codings,
    themes_against_attention,
)
from gazestudy.model.interview import interview_table
from gazestudy.statistics.comparisons import benjamini_hochberg
from gazestudy.statistics.intervals import share_interval


def _talks(*people: str) -> pd.DataFrame:
    return interview_table(
        "interviews",
        [{"interview_id": f"i-{p}", "participant_id": p, "recording_id": f"r-{p}"} for p in people],
    )


def _cases(people: int, places: int, rng: np.random.Generator) -> pd.DataFrame:
    keys = pd.MultiIndex.from_product([range(people), range(places)]).to_frame(index=False)
    fixated = rng.random(len(keys)) < 0.5
    return pd.DataFrame(
        {
            "participant_id": [f"P{k:02d}" for k in keys[0]],
            "placement_id": [f"pl{k}" for k in keys[1]],
            "fixated": fixated,
            "dwell_s": np.where(fixated, rng.lognormal(0, 0.5, len(keys)), 0.0),
        }
    )


def test_codes_count_for_those_above_them_and_once_per_person() -> None:
    book = interview_table(
        "code_book",
        [
            {"code_id": "crowd", "name": "crowd"},
            {"code_id": "blocked", "name": "view blocked", "parent_id": "crowd"},
        ],
    )
    codings = interview_table(
        "codings",
        [
            {
                "coding_id": "1",
                "code_id": "blocked",
                "coder": "A",
                "interview_id": "i-P1",
                "placement_id": "hall",
            },
            {
                "coding_id": "2",
                "code_id": "blocked",
                "coder": "B",
                "interview_id": "i-P1",
                "placement_id": "hall",
            },
            {
                "coding_id": "3",
                "code_id": "crowd",
                "coder": "B",
                "recording_id": "r-P2",
                "start_ns": 1,
                "end_ns": 5,
            },
            {"coding_id": "4", "code_id": "crowd", "coder": "B", "interview_id": "i-unknown"},
        ],
    )
    found = mentions_of_codings(codings, book, _talks("P1", "P2"))
    assert set(found.itertuples(index=False, name=None)) == {
        ("P1", "blocked", "view blocked", "hall"),
        ("P1", "crowd", "crowd", "hall"),
        ("P2", "crowd", "crowd", ""),
    }
    assert len(mentions_of_codings(codings, book, _talks("P1", "P2"), coder="A")) == 2
    circle = book.assign(parent_id=["blocked", "crowd"])
    assert len(mentions_of_codings(codings, circle, _talks("P1"))) == 2
    with pytest.raises(ParameterError, match="one of A, B"):
        mentions_of_codings(codings, book, _talks("P1"), coder="Z")


def test_codes_of_answers_become_themes() -> None:
    codes = interview_table(
        "answer_codes",
        [{"interview_id": "i-P1", "item": "ur_any", "coder": c, "code": "only_category"} for c in "AB"],
    )
    found = mentions_of_answers(codes, _talks("P1"))
    assert found.to_numpy().tolist() == [["P1", "ur_any: only_category", "ur_any: only_category", ""]]


def test_shares_means_and_differences_are_those_counted_by_hand() -> None:
    cases = _cases(6, 3, np.random.default_rng(0))
    mentions = pd.DataFrame(
        {
            "participant_id": ["P00", "P01", "P02"],
            "theme": "phone",
            "name": "phone",
            "placement_id": ["pl0", "", ""],
        }
    )
    table = themes_against_attention(mentions, cases, people=[f"P{k:02d}" for k in range(5)])
    assert set(zip(table["unit"], table["measure"], strict=True)) == {
        (unit, measure) for unit in ("person", "case") for measure in MEASURES
    }
    row = table.query("unit == 'person' and measure == 'dwell_s'").iloc[0]
    coded = cases[cases["participant_id"] != "P05"]
    has = coded["participant_id"].isin(["P00", "P01", "P02"])
    assert row["with_theme"] == pytest.approx(coded.loc[has, "dwell_s"].mean())
    assert row["without_theme"] == pytest.approx(coded.loc[~has, "dwell_s"].mean())
    assert row["difference"] == pytest.approx(row["with_theme"] - row["without_theme"])
    assert (row["people"], row["people_coded"], row["cases_with"], row["cases_without"]) == (3, 5, 9, 6)
    assert (row["share_low"], row["share_high"]) == share_interval(3, 5)
    assert (row["people_with"], row["people_without"]) == (3, 2)
    case = table.query("unit == 'case' and measure == 'fixated'").iloc[0]
    assert (case["cases_with"], case["cases_without"]) == (1, 14)
    assert table["exploratory"].all()
    assert np.allclose(table["p_adjusted"], benjamini_hochberg(table["p_value"]), equal_nan=True)


def test_themes_without_relation_to_attention_are_seldom_found_and_real_ones_are() -> None:
    found, real = 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cases = _cases(24, 8, rng)
        people = cases["participant_id"].unique()
        chance = pd.DataFrame(
            [
                {"participant_id": person, "theme": f"t{k}", "name": f"t{k}", "placement_id": ""}
                for k in range(6)
                for person in people[rng.random(24) < 0.5]
            ]
        )
        looked = cases[cases["dwell_s"] > 1.0]
        liked = looked[["participant_id", "placement_id"]].assign(theme="liked", name="liked")
        table = themes_against_attention(pd.concat([chance, liked]), cases, people=people)
        found += bool((table.query("theme != 'liked'")["p_adjusted"] < 0.05).any())
        real += bool((table.query("theme == 'liked' and unit == 'case'")["p_adjusted"] < 0.05).all())
    assert found <= 7  # false discoveries in at most about 5 % of tables, 4 standard errors above
    assert real >= 39


def test_nobody_without_the_theme_leaves_no_difference() -> None:
    cases = _cases(4, 2, np.random.default_rng(1))
    mentions = pd.DataFrame(
        {"participant_id": [f"P{k:02d}" for k in range(4)], "theme": "x", "name": "x", "placement_id": ""}
    )
    table = themes_against_attention(mentions, cases)
    assert table["difference"].isna().all() and table["p_adjusted"].isna().all()
    assert themes_against_attention(mentions.iloc[:0], cases).empty
