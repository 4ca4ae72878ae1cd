"""Answers that are typed one question at a time."""

from __future__ import annotations

import pytest

from gazestudy.errors import StudyError
from gazestudy.model.interview import Interviews, interview_table
from gazestudy.store import create_study


@pytest.fixture
def study(tmp_path):
    with create_study(tmp_path / "study", name="x") as made:
        head = interview_table(
            "interviews", [{"interview_id": "i1", "participant_id": "P1", "source": "live"}]
        )
        made.add_interviews(Interviews(interviews=head))
        made.add_stimulus("dog", brand="Wuff")
        yield made


def said(study, item="ur_any"):
    table = study.interviews().interview_answers
    own = table[table["item"] == item].sort_values("answer_no")
    return list(zip(own["answer_no"], own["value"], strict=True))


def test_order_is_kept_and_empty_answers_are_none(study):
    study.put_answers("i1", "ur_any", ["a", " ", "b "])
    assert said(study) == [(0, "a"), (1, "b")]
    study.put_answers("i1", "ur_any", ["b", "c", "a"])
    assert said(study) == [(0, "b"), (1, "c"), (2, "a")]
    study.put_answers("i1", "ur_any", [])
    assert said(study) == []


def test_the_same_words_twice_are_two_answers(study):
    study.put_answers("i1", "ur_any", ["a", "a"])
    study.put_answers("i1", "ur_any", ["a", "a", "a"])
    assert said(study) == [(0, "a"), (1, "a"), (2, "a")]


def test_codes_follow_their_words(study):
    study.put_answers("i1", "ur_any", ["a", "b"])
    row = {"interview_id": "i1", "item": "ur_any", "stimulus": "", "coder": "A"}
    study.code_answers([{**row, "answer_no": 0, "code": "invented"}, {**row, "answer_no": 1, "code": "none"}])
    study.put_answers("i1", "ur_any", ["b", "new", "a"])
    codes = study.answer_codes().sort_values("answer_no")
    assert codes[["answer_no", "code"]].to_numpy().tolist() == [[0, "none"], [2, "invented"]]


def test_what_is_asked_about_a_foil_is_known_as_such(study):
    study.put_answers("i1", "rec", ["no"], stimulus="dog")
    study.put_answers("i1", "ar_brand", ["no"], stimulus="Wuff")
    study.put_answers("i1", "own_question", ["?"])
    table = study.interviews().interview_answers.set_index("item")
    assert table["stage"].astype(str).to_dict() == {
        "rec": "recognition", "ar_brand": "aided", "own_question": "other",
    }  # fmt: skip
    assert table["shown"].astype(str).to_dict() == {"rec": "foil", "ar_brand": "foil", "own_question": "none"}


def test_an_edit_is_taken_back_as_a_whole(study):
    study.put_answers("i1", "ur_any", ["a", "b"])
    with study.recorded() as change:
        study.put_answers("i1", "ur_any", ["b", "c"])
    study.revert(change)
    assert said(study) == [(0, "a"), (1, "b")]


def test_an_unknown_interview_is_refused(study):
    with pytest.raises(StudyError, match="i1"):
        study.put_answers("i2", "ur_any", ["a"])
