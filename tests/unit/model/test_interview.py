"""Tables of interviews keep their contracts, and the question bank keeps the order that spares memory."""

from __future__ import annotations

import re

import pytest

from gazestudy.errors import TableError
from gazestudy.model.interview import (
    INTERVIEW_CONTRACTS,
    QUESTION_BANK,
    STAGES,
    STARTER_CODES,
    Interviews,
    interview_table,
    stage_of,
    starter_code_book,
)


def test_empty_interviews_keep_every_contract():
    assert set(Interviews().check().tables()) == set(INTERVIEW_CONTRACTS)


def test_what_is_not_given_is_empty_and_extra_columns_stay_behind():
    table = interview_table("codings", [{"mood": 3, "coding_id": "c1", "code_id": "liked", "coder": "a"}])
    assert list(table.columns) == [*INTERVIEW_CONTRACTS["codings"].names, "mood"]
    assert table.loc[0, ["start_char", "end_char", "start_ns", "end_ns"]].tolist() == [-1, -1, -1, -1]
    assert table.loc[0, "document_id"] == ""


def test_an_unknown_stage_is_refused_with_those_that_exist():
    with pytest.raises(TableError, match="unaided"):
        interview_table("interview_answers", [{"interview_id": "i1", "item": "x", "stage": "dreams"}])


def test_stages_follow_the_items_of_the_bank():
    table = interview_table("interview_answers", [{"item": "ar_cat"}, {"item": "favourite"}])
    assert table["stage"].tolist() == ["aided", "other"]
    assert stage_of("rta") == "replay"


def test_every_memory_question_comes_before_the_replay_and_in_the_order_of_the_stages():
    order = [STAGES.index(question.stage) for question in QUESTION_BANK.values()]
    assert order[-1] == STAGES.index("replay")
    memory = {"unaided", "aided", "recognition"}
    stages = [question.stage for question in QUESTION_BANK.values()]
    last_memory = max(index for index, stage in enumerate(stages) if stage in memory)
    assert "evaluation" not in stages[:last_memory]
    assert order == sorted(order)


def test_a_scale_has_points_and_a_choice_has_answers():
    for question in QUESTION_BANK.values():
        assert (question.points > 0) == (question.kind == "scale"), question.item
        assert bool(question.choices) == (question.kind in ("choice", "multi", "yes_no", "code")), (
            question.item
        )


def test_starter_codes_are_distinct_and_make_a_code_book():
    book = starter_code_book()
    assert book["code_id"].is_unique and book["name"].is_unique and book["color"].is_unique
    assert len(book) == len(STARTER_CODES) == 18
    assert all(re.fullmatch(r"#[0-9A-F]{6}", color) for color in book["color"])
