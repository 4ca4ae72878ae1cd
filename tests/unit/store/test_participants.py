from __future__ import annotations

import pytest

from gazestudy.errors import ParameterError, StudyError
from gazestudy.model import Participant
from gazestudy.store import PersonalData, Study


def test_participant_is_made_once_and_completed(study: Study) -> None:
    study.add_participant(" ผู้โดยสาร 1 ", notes={"age": "30-39"})
    study.add_participant("ผู้โดยสาร 1", segment="regular", notes={"glasses": "no"})
    study.add_participant("ผู้โดยสาร 1")
    assert study.participants() == (Participant("ผู้โดยสาร 1", "regular", {"age": "30-39", "glasses": "no"}),)


def test_other_segment_is_a_contradiction(study: Study) -> None:
    study.add_participant("P01", segment="regular")
    with pytest.raises(StudyError, match="'P01' is in segment 'regular', not 'visitor'"):
        study.add_participant("P01", segment="visitor")
    study.set_segment("P01", "visitor")
    assert study.participants()[0].segment == "visitor"


@pytest.mark.parametrize("bad", ["", "  ", "a/b", "a\\b", "a\nb", "..\\x", "a:b", "x" * 121])
def test_pseudonym_that_is_no_file_name_is_refused(study: Study, bad: str) -> None:
    with pytest.raises(ParameterError, match="participant id"):
        study.add_participant(bad)
    assert study.participants() == ()


def test_personal_data_is_apart_and_can_be_deleted(study: Study) -> None:
    study.add_participant("P01")
    assert study.personal_data("P01") == PersonalData()
    data = PersonalData("Anna", {"phone": "1"})
    study.set_personal_data("P01", data)
    assert study.personal_data("P01") == data
    assert "Anna" not in repr(study.participants())
    study.set_personal_data("P01", PersonalData())
    assert study.personal_data("P01") == PersonalData()
    for call in (lambda: study.set_personal_data("X", data), lambda: study.set_segment("X", "a")):
        with pytest.raises(StudyError, match="no participant 'X'"):
            call()


def test_one_spelling_of_a_name_is_one_person(study: Study) -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    study.add_participant(composed)
    study.add_participant(decomposed, segment="regular")
    study.set_personal_data(decomposed, PersonalData("x"))
    assert study.participants() == (Participant(composed, "regular"),)
    assert study.personal_data(composed) == study.personal_data(decomposed) == PersonalData("x")
