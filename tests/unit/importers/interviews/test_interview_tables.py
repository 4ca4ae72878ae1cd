"""Tables of answers, long and wide, CSV and XLSX; all mistakes are told together with their cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.plan import FieldPlan, PlanItem
from gazestudy.importers.interviews import InterviewOptions, find_interviews, read_interviews
from gazestudy.model.interview import interview_table

STIMULI = interview_table(
    "stimuli",
    [
        {"stimulus": "t1", "name": "Kopi", "shown": "target", "placement_id": "hall", "brand": "Kopi", "category": "coffee"},
        {"stimulus": "f1", "name": "Cha", "shown": "foil", "brand": "Cha", "category": "tea"},
    ],
)  # fmt: skip
KNOWN = InterviewOptions(
    stimuli=STIMULI, placements=frozenset({"hall"}), participants=frozenset({"P01", "P02"})
)
LONG = """participant_id,item,stimulus,value
P01,ur_any,,1. coffee with a cup
P01,ur_any,,a bank
P01,ar_brand,Kopi,ใช่
P01,ar_brand,Cha,no
P01,rec,t1,Yes
P01,rec,f1,ไม่ใช่
P01,rec_sure,t1,3
P01,prior,t1,"here, street"
P01,passages_per_month,,"40,0"
"""
WIDE = """Participant,Interviewer,started_at,ur_any,ar_cat,rec__hall,rec__f1,like__t1,fam[f1],passages_per_month
P01,K,2026-11-22T08:30+07:00,"coffee
a bank","coffee: Kopi
tea: no",yes,no,4,2,40
P02,L,2026-11-22T09:30+07:00,none,,no,no,,,
"""


def write(folder: Path, text: str, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def book(folder: Path, name: str = "answers.xlsx", **sheets: str) -> Path:
    made = Workbook()
    made.remove(made.active)
    for title, text in sheets.items():
        page = made.create_sheet(title)
        for row in pd.read_csv(
            __import__("io").StringIO(text), header=None, dtype=str, keep_default_na=False
        ).to_numpy():
            page.append(list(row))
    made.save(folder / name)
    return folder / name


def rows(table: pd.DataFrame, *names: str) -> list[list[object]]:
    return [list(row) for row in table[list(names)].itertuples(index=False)]


def test_a_long_table(tmp_path: Path) -> None:
    found = read_interviews(write(tmp_path, LONG), options=KNOWN).talks
    assert found.findings == ()
    assert rows(
        found.interview_answers, "item", "answer_no", "stimulus", "shown", "placement_id", "value"
    ) == [
        ["ur_any", 0, "", "none", "", "coffee with a cup"],
        ["ur_any", 1, "", "none", "", "a bank"],
        ["ar_brand", 0, "Kopi", "target", "hall", "yes"],
        ["ar_brand", 0, "Cha", "foil", "", "no"],
        ["rec", 0, "t1", "target", "hall", "yes"],
        ["rec", 0, "f1", "foil", "", "no"],
        ["rec_sure", 0, "t1", "target", "hall", "sure"],
        ["prior", 0, "t1", "target", "hall", "here street"],
        ["passages_per_month", 0, "", "none", "", "40"],
    ]
    assert found.interview_answers["stage"].tolist()[:3] == ["unaided", "unaided", "aided"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_wide_table(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, WIDE) if form == "csv" else book(tmp_path, Answers=WIDE)
    found = read_interviews(path, options=KNOWN).talks
    assert found.findings == ()
    assert rows(found.interviews, "interview_id", "participant_id", "interviewer", "started_at") == [
        ["interview-P01", "P01", "K", "2026-11-22T08:30:00+07:00"],
        ["interview-P02", "P02", "L", "2026-11-22T09:30:00+07:00"],
    ]
    first = found.interview_answers[found.interview_answers["participant_id"] == "P01"]
    assert rows(first, "item", "answer_no", "stimulus", "placement_id", "value") == [
        ["ur_any", 0, "", "", "coffee"],
        ["ur_any", 1, "", "", "a bank"],
        ["ar_cat", 0, "coffee", "", "Kopi"],
        ["ar_cat", 0, "tea", "", "no"],
        ["rec", 0, "t1", "hall", "yes"],
        ["rec", 0, "f1", "", "no"],
        ["like", 0, "t1", "hall", "4"],
        ["fam", 0, "f1", "", "2"],
        ["passages_per_month", 0, "", "", "40"],
    ]


def test_one_row_for_each_person_and_picture(tmp_path: Path) -> None:
    text = "participant,picture,rec,like,walk\nP01,t1,yes,5,straight\nP01,f1,no,1,\n"
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    assert rows(found.interview_answers, "item", "stimulus", "value") == [
        ["rec", "t1", "yes"], ["like", "t1", "5"], ["walk", "", "straight"], ["rec", "f1", "no"], ["like", "f1", "1"],
    ]  # fmt: skip


def test_columns_of_others_can_be_named(tmp_path: Path) -> None:
    options = InterviewOptions(
        columns={"Q0": "participant_id", "Q1": "ur_any", "Q7a": "rec__t1"}, stimuli=STIMULI
    )
    found = read_interviews(write(tmp_path, "Q0,Q1,Q7a\nP01,coffee,1\n"), options=options).talks
    assert rows(found.interview_answers, "item", "stimulus", "value") == [
        ["ur_any", "", "coffee"],
        ["rec", "t1", "yes"],
    ]


def test_all_mistakes_are_told_at_once_with_their_cells(tmp_path: Path) -> None:
    text = (
        "participant_id,rec__t1,like__t1,rec_sure__t1,passages_per_month,hurry\n"
        "P01,perhaps,6,very,often,8\n,yes,,,,\nP02,no,2,sure,3,1\nP01,yes,,,,\nP/3,yes,,,,\n"
    )
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    told = [one.message for one in found.findings if one.severity == "problem"]
    assert sorted(message.partition(":")[0] for message in told) == [
        "answers, row 2, column hurry",
        "answers, row 2, column like__t1",
        "answers, row 2, column passages_per_month",
        "answers, row 2, column rec__t1",
        "answers, row 2, column rec_sure__t1",
        "answers, row 3, column participant_id",
        "answers, row 6, column participant_id",
    ]
    assert found.interview_answers["participant_id"].tolist() == ["P02"] * 5 + ["P01"]


def test_a_target_may_be_a_foil_for_one_person(tmp_path: Path) -> None:
    path = write(tmp_path, "participant_id,item,stimulus,shown,value\nP01,rec,t1,foil,yes\n")
    found = read_interviews(path, options=KNOWN).talks
    assert [(one.severity, one.code) for one in found.findings] == [("warning", "other_kind")]
    assert rows(found.interview_answers, "shown", "placement_id") == [["foil", ""]]
    told = replace(KNOWN, pictures={("P01", "t1"): ("foil", "")})
    found = read_interviews(path, options=told).talks
    assert found.findings == ()
    assert rows(found.interview_answers, "shown", "placement_id") == [["foil", ""]]


def test_twice_answered_and_contradicting_the_study(tmp_path: Path) -> None:
    text = "participant_id,item,stimulus,shown,answer_no,value\nP01,rec,f1,target,,yes\nP01,like,t1,,0,4\nP01,like,t1,,0,5\n"
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    told = [one.code for one in found.findings if one.severity == "problem"]
    assert told == ["other_kind", "twice"]


def test_what_tells_who_somebody_is_stays_apart(tmp_path: Path) -> None:
    plan = FieldPlan(items={"nickname": PlanItem("nickname", "answers", "text", personal=True)})
    text = "participant_id,email,nickname,ur_any\nP01,a@b.c,Nok,coffee\n"
    found = read_interviews(write(tmp_path, text), options=InterviewOptions(plan=plan))
    assert found.private == (
        ("interview-P01", "email", "a@b.c"),
        ("interview-P01", "nickname", "Nok"),
    )
    assert found.talks.interview_answers["item"].tolist() == ["ur_any"]


def test_unknown_items_placements_and_people_are_warnings(tmp_path: Path) -> None:
    text = "participant_id,item,placement_id,value\nP09,favourite,,blue\nP09,like,nowhere,3\n"
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    assert {one.code for one in found.findings} == {"unknown_item", "unknown_placement", "new_participant"}
    assert len(found.interview_answers) == 2


def test_codes_of_a_coder_come_with_the_answers(tmp_path: Path) -> None:
    text = (
        "interview_id,participant_id,item,answer_no,value,coder,code\ni1,P01,ur_any,0,coffee,A,correct_ad\n"
    )
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    assert rows(found.answer_codes, "interview_id", "item", "coder", "code") == [
        ["i1", "ur_any", "A", "correct_ad"]
    ]


def test_the_same_interview_of_two_people_is_a_mistake(tmp_path: Path) -> None:
    text = "interview_id,participant_id,walk\ni1,P01,a\ni1,P02,b\n"
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    assert [one.code for one in found.findings if one.severity == "problem"] == ["two_people"]


def test_the_end_of_the_walk_may_be_a_time_of_day(tmp_path: Path) -> None:
    text = "participant_id,started_at,walk_ended_at,walk\nP01,2026-11-22T00:10+07:00,23:58,x\n"
    found = read_interviews(write(tmp_path, text), options=KNOWN).talks
    assert found.interviews.loc[0, "walk_ended_at"] == "2026-11-21T23:58:00+07:00"


def test_own_tables_come_back_from_a_folder_and_from_a_workbook(tmp_path: Path) -> None:
    head = "interview_id,participant_id,language\ni1,P01,th\n"
    said = (
        "interview_id,participant_id,stage,item,answer_no,stimulus,shown,placement_id,value\n"
        "i1,P01,unaided,ur_any,1,,none,,second\ni1,P01,recognition,rec,0,t1,target,hall,yes\n"
    )
    codes = "interview_id,item,answer_no,stimulus,coder,placement_id,code\ni1,ur_any,1,,A,hall,correct_ad\n"
    book_ = "code_id,name,parent_id,color,description\nliked,liked,,#2CA02C,\n"
    document = "document_id,interview_id,name,kind,text\nd1,i1,a.txt,transcript,[00:01] กา\n"
    marks = "document_id,position,t_ns\nd1,0,1000000000\n"
    spans = "coding_id,code_id,coder,document_id,start_char,end_char,start_ns\nc1,liked,A,d1,8,10,\n"
    tables = {
        "interviews": head, "interview_answers": said, "answer_codes": codes, "code_book": book_,
        "documents": document, "transcript_marks": marks, "codings": spans,
    }  # fmt: skip
    folder = tmp_path / "export"
    folder.mkdir()
    for name, text in tables.items():
        write(folder, text, f"{name}.csv")
    write(folder, "# for people\n", "README.txt")
    for path in (folder, book(tmp_path, "export.xlsx", **tables)):
        (one,) = find_interviews(path, options=KNOWN)
        assert one.info.name == "tables"
        found = one.read(KNOWN).talks
        assert found.findings == ()
        assert rows(found.interview_answers, "item", "answer_no", "value") == [
            ["ur_any", 1, "second"],
            ["rec", 0, "yes"],
        ]
        assert rows(found.codings, "code_id", "start_char", "end_char", "start_ns") == [["liked", 8, 10, -1]]
        assert rows(found.transcript_marks, "position", "t_ns") == [[0, 1_000_000_000]]
        assert found.answer_codes.loc[0, "placement_id"] == "hall"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "no column participant_id"),
        ("participant_id,walk\n", "no answer"),
        ("participant_id\nP01\n", "no column participant_id with item"),
    ],
)
def test_tables_without_answers_say_what_is_missing(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_interviews(write(tmp_path, text), options=KNOWN)


def test_letters_of_tables_are_never_guessed(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_bytes("participant_id,ur_any\nP01,กาแฟ\n".encode("cp874"))
    with pytest.raises(InputError, match="--encoding cp874"):
        read_interviews(path, options=KNOWN)
    found = read_interviews(path, options=replace(KNOWN, encoding="cp874")).talks
    assert found.interview_answers["value"].tolist() == ["กาแฟ"]


def test_a_row_that_is_cut_off_is_a_mistake(tmp_path: Path) -> None:
    found = read_interviews(write(tmp_path, LONG + "P02,rec"), options=KNOWN).talks
    assert [one.code for one in found.findings if one.severity == "problem"] == ["cut_off"]
