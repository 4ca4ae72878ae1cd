from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError, TableError
from gazestudy.model import Recording, SourceFile
from gazestudy.model.interview import INTERVIEW_CONTRACTS, Interviews, interview_table
from gazestudy.store import Study, check_study, is_sound, open_study
from gazestudy.store.interviews import PersonalAnswer

THAI = "เห็นป้ายกาแฟตรงบันไดเลื่อน 😀 แล้วก็เดินต่อ"
MARKS = [(0, 0), (4, 1_500_000_000), (12, 90_000_000_000)]


def talk(interview_id: str = "i1", person: str = "P01", **answers: str) -> Interviews:
    """One interview with plain answers; keys are items, "__" parts a stimulus from an item."""
    said = answers or {"ur_any": "coffee ad", "rec__ad1": "yes", "rec__ad2": "no"}
    rows = []
    for key, value in said.items():
        item, _, stimulus = key.partition("__")
        rows.append(
            {
                "interview_id": interview_id, "participant_id": person, "item": item, "stimulus": stimulus,
                "shown": "target" if stimulus else "none", "value": value,
            }
        )  # fmt: skip
    head = {"interview_id": interview_id, "participant_id": person, "interviewer": "A", "language": "th",
            "started_at": "2026-11-22T08:30:00+07:00", "source": "table"}  # fmt: skip
    return Interviews(interview_table("interviews", [head]), interview_table("interview_answers", rows))


def with_text(document_id: str = "d1", text: str = THAI, interview_id: str = "i1") -> Interviews:
    row = {"document_id": document_id, "interview_id": interview_id, "name": "เสียง.srt", "kind": "transcript"}
    marks = [{"document_id": document_id, "position": at, "t_ns": t_ns} for at, t_ns in MARKS]
    return Interviews(
        documents=interview_table("documents", [{**row, "text": text}]),
        transcript_marks=interview_table("transcript_marks", marks),
    )


def code(
    coder: str, what: str, item: str = "ur_any", stimulus: str = "", placement: str = ""
) -> dict[str, object]:
    return {"interview_id": "i1", "item": item, "answer_no": 0, "stimulus": stimulus, "coder": coder,
            "placement_id": placement, "code": what}  # fmt: skip


def test_interviews_come_back_as_they_were_given(study: Study) -> None:
    given = talk()
    found = study.add_interviews(given, sources=[SourceFile("a.csv", 3, "f" * 64)], made_by="Anna", note="ดี")
    assert (found.added, found.changed, found.is_new) == (("i1",), (), True)
    study.add_interviews(with_text())
    with open_study(study.path, read_only=True) as again:
        kept = again.interviews()
        assert again.interview_sources() == {"i1": (SourceFile("a.csv", 3, "f" * 64),)}
        assert [person.id for person in again.participants()] == ["P01"]
    pd.testing.assert_frame_equal(kept.interviews, given.interviews)
    pd.testing.assert_frame_equal(kept.interview_answers, given.interview_answers)
    assert kept.documents.loc[0, "text"] == THAI
    assert kept.transcript_marks[["position", "t_ns"]].to_numpy().tolist() == [list(mark) for mark in MARKS]
    for name, table in kept.tables().items():
        INTERVIEW_CONTRACTS[name].check(table)


def test_the_same_again_changes_nothing_and_other_answers_are_refused_as_a_whole(study: Study) -> None:
    study.add_interviews(talk())
    assert study.add_interviews(talk()).unchanged == ("i1",)
    turned = talk().interview_answers.iloc[::-1].reset_index(drop=True)
    assert study.add_interviews(talk().with_tables(interview_answers=turned)).unchanged == ("i1",)
    both = [talk("i2", "P02"), talk(ur_any="an ad for tea")]
    other = Interviews(
        pd.concat([one.interviews for one in both], ignore_index=True),
        pd.concat([one.interview_answers for one in both], ignore_index=True),
    )
    with pytest.raises(StudyError, match=r"'i1' .*--replace"):
        study.add_interviews(other)
    assert study.interviews().interviews["interview_id"].tolist() == ["i1"]
    assert [person.id for person in study.participants()] == ["P01"]


def test_replacing_keeps_codes_of_answers_that_did_not_change(study: Study) -> None:
    study.add_interviews(talk(ur_any="coffee ad", attr__ad1="Kopi", walk="straight"))
    study.code_answers([code("A", "correct_ad"), code("B", "invented"), code("A", "wrong", "attr", "ad1")])
    found = study.add_interviews(talk(ur_any="coffee ads", attr__ad1="Kopi", mood="3"), replace=True)
    assert (found.changed, found.codes_lost) == (("i1",), 2)
    kept = study.interviews()
    assert sorted(kept.interview_answers["item"]) == ["attr", "mood", "ur_any"]
    assert kept.answer_codes[["item", "coder", "code"]].to_numpy().tolist() == [["attr", "A", "wrong"]]


def test_a_dry_run_tells_and_leaves_nothing(study: Study) -> None:
    found = study.add_interviews(talk(), dry_run=True)
    assert found.added == ("i1",)
    assert study.interviews().interviews.empty
    assert study.participants() == ()


def test_personal_answers_are_apart(study: Study) -> None:
    study.add_interviews(talk(), private=[PersonalAnswer("i1", "phone_number", "081 234 5678")])
    assert study.personal_answers() == (PersonalAnswer("i1", "phone_number", "081 234 5678"),)
    everything = "".join(table.to_csv() for table in study.interviews().tables().values())
    assert "081" not in everything
    study.remove_interview("i1")
    assert study.personal_answers() == ()


def test_codes_of_answers_are_apart_by_coder_and_checked_together(
    study: Study, picture: Callable[..., Path]
) -> None:
    study.add_placement("hall", [picture(1)])
    study.add_interviews(talk(ur_any="coffee ad", comp__ad1="buy coffee"))
    done = study.code_answers([code("A", "correct_ad", placement="hall"), code("B", "wrong_station")])
    assert (done.added, done.changed) == (2, 0)
    again = study.code_answers([code("A", "correct_ad", placement="hall"), code("B", "invented")])
    assert (again.changed, again.unchanged) == (1, 1)
    assert study.answer_codes("A")["placement_id"].tolist() == ["hall"]
    assert study.coders() == ("A", "B")
    wrong = [
        code("A", "correct_ad", "dreams"),
        code("A", "3", "comp", "ad1"),
        code("", "correct_ad"),
        code("A", "correct_ad", placement="nowhere"),
        code("B", "none"),
    ]
    with pytest.raises(TableError) as caught:
        study.code_answers(wrong)
    told = str(caught.value)
    for piece in ("row 1 (i1, dreams", "none of 0, 1, 2", "row 3", "coder is missing", "'nowhere'"):
        assert piece in told
    assert study.answer_codes("B")["code"].tolist() == ["invented"]
    assert study.code_answers([code("B", "")]).changed == 1
    assert study.answer_codes("B").empty


def test_the_code_book_begins_with_starter_codes_and_has_no_circles(study: Study) -> None:
    assert study.add_starter_codes() == 18
    assert study.add_starter_codes() == 0
    top = study.add_code("ความจำ", color="#ff0000", description="memory")
    low = study.add_code("ความจำ สั้น", parent_id=top)
    assert (top, low) == ("code", "code_2")
    with pytest.raises(StudyError, match="below it"):
        study.change_code(top, parent_id=low)
    with pytest.raises(StudyError, match="already"):
        study.add_code("Liked")
    with pytest.raises(ParameterError, match="#RRGGBB"):
        study.change_code(top, color="red")
    study.change_code(low, parent_id="", name="short")
    study.remove_code(top)
    book = study.code_book().set_index("code_id")
    assert book.loc[low, ["name", "parent_id", "color"]].tolist() == ["short", "", "#808080"]


def test_codings_on_texts_count_code_points_and_on_times_need_a_recording(
    study: Study, recording: Callable[..., Recording]
) -> None:
    walk = study.add_recording(recording(1), participant_id="P01").id
    study.add_interviews(talk())
    study.add_interviews(with_text())
    study.add_starter_codes()
    at = THAI.index("😀")
    study.add_coding(
        "liked", "A", document_id="d1", start_char=at, end_char=at + 1, memo="ยิ้ม", made_by="Anna"
    )
    study.add_coding("phone", "A", recording_id=walk, start_ns=0, end_ns=2_000_000_000, interview_id="i1")
    found = study.codings().set_index("code_id")
    assert found.loc["liked", ["interview_id", "memo", "made_by"]].tolist() == ["i1", "ยิ้ม", "Anna"]
    start, end = found.loc["liked", ["start_char", "end_char"]]
    assert THAI[start:end] == "😀"
    assert found.loc["phone", ["start_char", "start_ns", "end_ns"]].tolist() == [-1, 0, 2_000_000_000]
    for wrong, why in (
        ({"document_id": "d1", "start_char": 3, "end_char": len(THAI) + 1}, "no span"),
        ({"document_id": "d2", "start_char": 0, "end_char": 1}, "no document"),
        ({"recording_id": "none", "start_ns": 0, "end_ns": 1}, "no recording"),
        ({"recording_id": walk, "start_ns": 2, "end_ns": 1}, "ends before"),
        ({}, "needs a document or a recording"),
    ):
        with pytest.raises(StudyError, match=why):
            study.add_coding("liked", "A", **wrong)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="has 1 codings"):
        study.remove_code("liked")
    with pytest.raises(StudyError, match="has 1 codings"):
        study.add_interviews(with_text(text="shorter"), replace=True)
    study.remove_coding(str(found.loc["liked", "coding_id"]))
    study.add_interviews(with_text(text="shorter"), replace=True)
    study.remove_document("d1")
    assert study.interviews().transcript_marks.empty


def test_targets_and_foils_have_pictures_in_the_study(study: Study, picture: Callable[..., Path]) -> None:
    study.add_placement("hall", [picture(1)])
    study.add_stimulus("t1", placement_id="hall", brand="Kopi", category="coffee")
    study.add_stimulus("f1", name="ลวง", brand="Cha", category="tea", image=picture(2))
    found = study.stimuli().set_index("stimulus")
    assert found["shown"].to_dict() == {"t1": "target", "f1": "foil"}
    assert (study.path / found.loc["f1", "image"]).read_bytes() == picture(2).read_bytes()
    assert (study.path / found.loc["t1", "image"]).is_file()
    with pytest.raises(StudyError, match="already"):
        study.add_stimulus("f1")
    with pytest.raises(StudyError, match="no placement"):
        study.add_stimulus("t2", placement_id="nowhere")
    study.remove_stimulus("f1")
    assert not (study.path / "stimuli" / "f1.png").exists()
    assert study.stimuli()["stimulus"].tolist() == ["t1"]


def test_a_value_that_fits_no_table_is_told_as_damage(study: Study) -> None:
    study.add_interviews(talk())
    with closing(sqlite3.connect(study.path / "study.sqlite")) as connection:
        connection.execute("UPDATE interview_answer SET stage = 'dreams'")
        connection.commit()
    with pytest.raises(StudyDamagedError, match="dreams"):
        study.interviews()


def test_names_of_interviewers_become_codes_and_stay_apart(study: Study) -> None:
    given = talk()
    named = given.with_tables(interviews=given.interviews.assign(interviewer="Somchai Jaidee"))
    study.add_interviews(named)
    assert study.interviews().interviews.loc[0, "interviewer"] == "O01"
    assert study.observer_names() == {"O01": "Somchai Jaidee"}
    assert study.add_interviews(named).unchanged == ("i1",)


def test_every_edit_can_be_taken_back(study: Study) -> None:
    study.add_starter_codes()
    study.add_interviews(talk())
    before = study.interviews()
    with study.recorded() as change:
        study.add_interviews(with_text())
        study.code_answers([code("A", "correct_ad"), code("A", "wrong_station")])
        study.add_coding("liked", "A", document_id="d1", start_char=0, end_char=3)
        study.change_code("liked", name="pleased")
        study.add_code("below", parent_id="liked")
        study.remove_interview("i1")
    study.revert(change)
    after = study.interviews()
    for name, table in before.tables().items():
        pd.testing.assert_frame_equal(getattr(after, name), table)


def test_a_foil_comes_back_with_its_picture(study: Study, picture: Callable[..., Path]) -> None:
    study.add_stimulus("f1", image=picture(2))
    with study.recorded() as change:
        study.remove_stimulus("f1")
    assert study.stimuli().empty
    study.revert(change)
    assert (study.path / study.stimuli().loc[0, "image"]).read_bytes() == picture(2).read_bytes()


def test_the_check_finds_what_does_not_fit(study: Study, picture: Callable[..., Path]) -> None:
    study.add_placement("hall", [picture(1)])
    study.add_interviews(talk())
    study.add_interviews(with_text())
    study.add_starter_codes()
    study.add_coding("liked", "A", document_id="d1", start_char=0, end_char=len(THAI))
    study.add_stimulus("f1", image=picture(3))
    study.code_answers([code("A", "correct_ad", placement="hall")])
    assert is_sound(check_study(study.path))
    (study.path / "stimuli" / "f1.png").write_bytes(b"other")
    with closing(sqlite3.connect(study.path / "study.sqlite")) as connection:
        for change in (
            f"UPDATE coding SET end_char = {len(THAI) + 1}",
            "UPDATE transcript_mark SET position = 4000 WHERE position = 12",
            "UPDATE code SET parent_id = 'liked' WHERE id = 'phone'",
            "UPDATE code SET parent_id = 'phone' WHERE id = 'liked'",
            "UPDATE interview_answer SET placement_id = 'nowhere' WHERE item = 'rec'",
            "UPDATE interview SET recording_id = 'walk-9'",
        ):
            connection.execute(change)
        connection.commit()
    told = {problem.message.split(":")[0]: problem.severity for problem in check_study(study.path)}
    assert any("the picture 'f1' of recognition has 5 bytes" in message for message in told)
    assert {
        "codings without a place in a text or time": "problem",
        "time marks outside of the text": "problem",
        "codes that are below themselves": "problem",
        "interviews are about placements that the study does not have": "warning",
        "interviews name recordings that the study does not have": "info",
    }.items() <= told.items()
