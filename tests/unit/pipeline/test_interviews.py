"""Interviews from all sides into a study, and out again: forms, tables, texts, coders, search, export."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError, ParameterError, StudyError, TableError
from gazestudy.importers.fieldlogs import FieldLogError
from gazestudy.model.interview import interview_table
from gazestudy.pipeline.fieldlogs import import_field_logs
from gazestudy.pipeline.interview_tables import (
    coders_agree,
    coding_sheet,
    export_interviews,
    interview_overview,
    search_study,
    take_coding_sheet,
)
from gazestudy.pipeline.interview_template import choose_pictures, write_interview_forms
from gazestudy.pipeline.interviews import import_interviews, options_of, read_pictures, take_from_field_logs
from gazestudy.protocol import load_protocol
from gazestudy.store import Study, create_study


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with create_study(tmp_path / "study", name="สัมภาษณ์") as made:
        for number, name in enumerate(("hall", "gate")):
            blocks = np.random.default_rng(number).integers(0, 255, (12, 16, 3), dtype=np.uint8)
            path = tmp_path / f"{name}.png"
            path.write_bytes(cv2.imencode(".png", cv2.resize(blocks, (200, 150)))[1].tobytes())
            made.add_placement(name, [path])
        made.add_stimulus("t1", name="Kopi", placement_id="hall", brand="Kopi", category="coffee")
        made.add_stimulus("f1", name="Cha", brand="Cha", category="tea")
        made.add_stimulus("f2", name="Tee", brand="Tee", category="coffee")
        made.add_participant("P01")
        made.add_participant("P02")
        yield made


ODK = {
    "interview.csv": (
        "SubmissionDate,session_id,protocol_id,started_at,header-station_id,header-observer,header-walk_ended,"
        "recall-respondent_id,recall-ur_any,recall-ar_brand,background-respondent_id,background-hurry,stopped_at,KEY\n"
        "2026-11-22T02:00:00Z,S1,post_task_interview,2026-11-22T08:30:00+07:00,Siam,K,08:21:00,P01,"
        '"กาแฟ\na bank","Kopi: ใช่\nCha: no",P01,3,2026-11-22T08:55:00+07:00,uuid:1\n'
    ),
    "interview-pictures.csv": (
        "pictures_row-placement_id,pictures_row-shown,pictures_row-rec,pictures_row-rec_sure,pictures_row-prior,"
        "PARENT_KEY,KEY\n"
        "t1,target,yes,sure,here street,uuid:1,uuid:1/pictures[1]\n"
        "f1,foil,no,guess,,uuid:1,uuid:1/pictures[2]\n"
    ),
    "interview-replay.csv": (
        "replay_row-at_s,replay_row-video_time,replay_row-rta,PARENT_KEY,KEY\n"
        "0,1:05,ตรงนี้หาทางออก,uuid:1,uuid:1/replay[1]\n"
        "9,0:02:10,then the coffee,uuid:1,uuid:1/replay[2]\n"
    ),
}
KOBO = {
    "results": [
        {
            "_uuid": "1", "_submission_time": "2026-11-22T02:00:00", "session_id": "S1",
            "protocol_id": "post_task_interview", "started_at": "2026-11-22T08:30:00+07:00",
            "stopped_at": "2026-11-22T08:55:00+07:00",
            "header/station_id": "Siam", "header/observer": "K", "header/walk_ended": "08:21:00",
            "recall/respondent_id": "P01", "recall/ur_any": "กาแฟ\na bank",
            "recall/ar_brand": "Kopi: ใช่\nCha: no", "background/respondent_id": "P01", "background/hurry": "3",
            "pictures": [
                {"pictures/pictures_row/placement_id": "t1", "pictures/pictures_row/shown": "target",
                 "pictures/pictures_row/rec": "yes", "pictures/pictures_row/rec_sure": "sure",
                 "pictures/pictures_row/prior": "here street"},
                {"pictures/pictures_row/placement_id": "f1", "pictures/pictures_row/shown": "foil",
                 "pictures/pictures_row/rec": "no", "pictures/pictures_row/rec_sure": "guess"},
            ],
            "replay": [
                {"replay/replay_row/at_s": "0", "replay/replay_row/video_time": "1:05",
                 "replay/replay_row/rta": "ตรงนี้หาทางออก"},
                {"replay/replay_row/at_s": "9", "replay/replay_row/video_time": "0:02:10",
                 "replay/replay_row/rta": "then the coffee"},
            ],
        }
    ]
}  # fmt: skip
WANTED = {
    ("ur_any", 0, "", "none", "", "กาแฟ"),
    ("ur_any", 1, "", "none", "", "a bank"),
    ("ar_brand", 0, "Kopi", "target", "hall", "yes"),
    ("ar_brand", 0, "Cha", "foil", "", "no"),
    ("hurry", 0, "", "none", "", "3"),
    ("rec", 0, "t1", "target", "hall", "yes"),
    ("rec_sure", 0, "t1", "target", "hall", "sure"),
    ("prior", 0, "t1", "target", "hall", "here street"),
    ("rec", 0, "f1", "foil", "", "no"),
    ("rec_sure", 0, "f1", "foil", "", "guess"),
}


def odk(folder: Path) -> Path:
    path = folder / "interview.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in ODK.items():
            archive.writestr(name, text)
    return path


def kobo(folder: Path) -> Path:
    path = folder / "interview.json"
    path.write_text(json.dumps(KOBO), encoding="utf-8")
    return path


def same_answers(study: Study) -> None:
    talks = study.interviews()
    names = ["item", "answer_no", "stimulus", "shown", "placement_id", "value"]
    assert set(talks.interview_answers[names].itertuples(index=False, name=None)) == WANTED
    head = talks.interviews.iloc[0]
    assert head[["interview_id", "participant_id", "interviewer", "protocol_id"]].tolist() == [
        "S1", "P01", "K", "post_task_interview",
    ]  # fmt: skip
    assert head["walk_ended_at"] == "2026-11-22T08:21:00+07:00"
    text = talks.documents.loc[0, "text"]
    assert text == "[00:01:05] ตรงนี้หาทางออก\n[00:02:10] then the coffee"
    assert talks.transcript_marks["t_ns"].tolist() == [65 * 10**9, 130 * 10**9]


@pytest.mark.parametrize("form", [odk, kobo])
def test_submissions_of_the_form(study: Study, tmp_path: Path, form: object) -> None:
    found = import_interviews(study, form(tmp_path))  # type: ignore[operator]
    assert found.files[0][1] == "form"
    assert found.intake.added == ("S1",)
    same_answers(study)


def test_what_a_field_log_holds_is_not_asked_for_twice(study: Study, tmp_path: Path) -> None:
    assert take_from_field_logs(study) is None
    import_field_logs(study, odk(tmp_path), protocol=load_protocol("post_task_interview"))
    found = take_from_field_logs(study)
    assert found is not None
    assert found.intake.added == ("S1",)
    same_answers(study)
    again = take_from_field_logs(study)
    assert again is not None
    assert not again.intake.is_new


def test_answers_of_passers_by_are_no_interviews(study: Study, tmp_path: Path) -> None:
    texts = {name: text.replace("P01", "17") for name, text in ODK.items()}
    with zipfile.ZipFile(tmp_path / "intercept.zip", "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    import_field_logs(study, tmp_path / "intercept.zip", protocol=load_protocol("post_task_interview"))
    assert take_from_field_logs(study) is None


def fill(path: Path, person: str) -> None:
    book = load_workbook(path)

    def put(sheet: str, row: int, **values: object) -> None:
        page = book[sheet]
        header = [cell.value for cell in page[1]]
        for name, value in values.items():
            page.cell(row, header.index(name) + 1).value = value

    put("sessions", 3, started_at="2026-11-22T08:30+07:00", stopped_at="2026-11-22T08:55+07:00",
        station_id="Siam", observer="K")  # fmt: skip
    put("answers", 3, ur_any="coffee", hurry=2)
    header = [cell.value for cell in book["answers 2"][1]]
    for row in range(3, book["answers 2"].max_row + 1):
        picture = book["answers 2"].cell(row, header.index("placement_id") + 1).value
        if picture:
            put("answers 2", row, rec="yes" if picture == "t1" else "no", rec_sure="sure", like=4)
    book.save(path)
    assert person in path.name


def test_forms_go_out_in_an_order_of_their_own_and_come_back(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "forms"
    people = ["P01", "P02", *(f"P{n:02}" for n in range(3, 12))]
    done = write_interview_forms(study, out, target="xlsx", participants=people)
    assert [path.name for path in done.paths][:2] == ["P01.xlsx", "P02.xlsx"]
    orders = done.pictures.groupby("participant_id")["stimulus"].agg(tuple)
    assert {frozenset(order) for order in orders} == {frozenset(("t1", "gate", "f1", "f2"))}
    assert len(set(orders)) > 5
    again = write_interview_forms(study, tmp_path / "P02.xlsx", target="xlsx", participants=["P02"])
    assert tuple(again.pictures["stimulus"]) == orders["P02"]
    fill(out / "P01.xlsx", "P01")
    options = options_of(
        study, protocol=load_protocol("post_task_interview"), pictures=read_pictures(done.key)
    )
    found = import_interviews(study, out / "P01.xlsx", options=options)
    assert found.intake.added == ("interview-P01",)
    answers = study.interviews().interview_answers
    rec = answers[answers["item"] == "rec"].set_index("stimulus")
    assert rec["shown"].to_dict() == {"t1": "target", "gate": "target", "f1": "foil", "f2": "foil"}
    assert rec["value"].to_dict() == {"t1": "yes", "gate": "no", "f1": "no", "f2": "no"}


@pytest.mark.parametrize(
    ("target", "name"), [("pdf", "form.pdf"), ("xlsform", "form.xlsx"), ("html", "form.html")]
)
def test_every_target_takes_the_pictures(study: Study, tmp_path: Path, target: str, name: str) -> None:
    done = write_interview_forms(study, tmp_path / name, target=target, participants=["P01"], language=None)
    assert done.paths[0].stat().st_size > 1000
    assert done.key.name == "form-pictures.csv"
    assert done.doubts == ()
    shared = write_interview_forms(study, tmp_path / f"all-{name}", target=target)
    assert "one order of pictures" in shared.doubts[0]


def test_pictures_of_other_stations_are_foils_here() -> None:
    rows = [
        {"stimulus": f"{place}-{n}", "shown": "target", "placement_id": f"{place}{n}", "brand": f"b{place}{n}",
         "category": "coffee" if n else "tea"}
        for place in "ab" for n in range(3)
    ]  # fmt: skip
    stimuli = interview_table("stimuli", rows)
    stations = {row["placement_id"]: row["placement_id"][0] for row in rows}
    for station, other in ("ab", "ba"):
        shown, doubts = choose_pictures(stimuli, stations, station=station, rng=np.random.default_rng(0))
        targets = shown[shown["shown"] == "target"]
        foils = shown[shown["shown"] == "foil"]
        assert {name[0] for name in targets["stimulus"]} == {station}
        assert {name[0] for name in foils["stimulus"]} == {other}
        assert set(foils["placement_id"]) == {""}
        assert (len(targets), len(foils), doubts) == (3, 3, [])
    _, doubts = choose_pictures(stimuli, stations, rng=np.random.default_rng(0))
    assert "0 foils for 6 targets" in doubts[0]
    twins = stimuli.assign(brand="same")
    shown, doubts = choose_pictures(twins, stations, station="a", rng=np.random.default_rng(0))
    assert set(shown["shown"]) == {"target"}


def test_every_place_in_the_order_is_taken_by_every_picture() -> None:
    rows = [{"stimulus": f"t{n}", "shown": "target", "placement_id": f"p{n}"} for n in range(3)]
    rows += [{"stimulus": f"f{n}", "shown": "foil"} for n in range(3)]
    counts = np.zeros((6, 6))
    for seed in range(120):
        shown, _ = choose_pictures(interview_table("stimuli", rows), {}, rng=np.random.default_rng(seed))
        for position, name in enumerate(shown["stimulus"]):
            counts[[row["stimulus"] for row in rows].index(name), position] += 1
    # 120 draws, 1/6 each: mean 20, standard deviation 4.1
    assert counts.min() > 3
    assert counts.max() < 37


def test_a_folder_of_answers_notes_and_transcripts_is_one_import(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "interviews"
    folder.mkdir()
    (folder / "answers.csv").write_text(
        "interview_id,participant_id,ur_any,rec__t1\nA-1,P01,coffee,yes\nA-2,P02,none,no\n", encoding="utf-8"
    )
    (folder / "P01 replay.srt").write_text(
        "1\n00:00:05,000 --> 00:00:06,000\nตรงนี้เห็นกาแฟ\n", encoding="utf-8"
    )
    (folder / "p02.txt").write_text("[00:10] ไม่เห็นอะไรเลย\n", encoding="utf-8")
    document = docx.Document()
    document.add_paragraph("participant: P02")
    document.add_paragraph("was in a hurry")
    document.save(str(folder / "notes P02.docx"))
    found = import_interviews(study, folder)
    assert found.intake.added == ("A-1", "A-2")
    assert [one.severity for one in found.findings] == []
    documents = study.interviews().documents
    assert dict(zip(documents["name"], documents["interview_id"], strict=True)) == {
        "P01 replay.srt": "A-1", "p02.txt": "A-2", "notes P02.docx": "A-2",
    }  # fmt: skip
    assert not import_interviews(study, folder).intake.is_new
    overview = interview_overview(study).set_index("interview_id")
    assert overview["documents"].to_dict() == {"A-1": 1, "A-2": 2}
    hits = search_study(study, "กาแฟ")
    assert hits[["participant_id", "t_ns"]].to_numpy().tolist() == [["P01", 5 * 10**9]]


def test_a_text_of_someone_with_two_interviews_says_which_are_there(study: Study, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "interview_id,participant_id,walk\nA-1,P01,x\nA-2,P01,y\n", encoding="utf-8"
    )
    import_interviews(study, tmp_path / "a.csv")
    (tmp_path / "P01.txt").write_text("[00:01] hm\n", encoding="utf-8")
    with pytest.raises(FieldLogError, match=r"A-1, A-2.*--interview"):
        import_interviews(study, tmp_path / "P01.txt")
    import_interviews(study, tmp_path / "P01.txt", options=options_of(study, interview="A-2"))
    assert study.interviews().documents["interview_id"].tolist() == ["A-2"]


def test_mistakes_stop_everything_unless_the_rest_is_wanted(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("participant_id,rec__t1,like__t1\nP01,perhaps,9\nP02,yes,3\n", encoding="utf-8")
    with pytest.raises(FieldLogError) as caught:
        import_interviews(study, path)
    assert len(caught.value.findings) == 2
    assert study.interviews().interviews.empty
    dry = import_interviews(study, path, dry_run=True)
    assert dry.intake.added == ("interview-P01", "interview-P02")
    assert study.interviews().interviews.empty
    import_interviews(study, path, salvage=True)
    assert len(study.interviews().interview_answers) == 2
    path.write_text("participant_id,rec__t1,like__t1\nP02,no,3\n", encoding="utf-8")
    with pytest.raises(StudyError, match="--replace"):
        import_interviews(study, path)
    import_interviews(study, path, replace_interviews=True)
    assert "no" in study.interviews().interview_answers["value"].tolist()


def test_two_coders_work_apart_and_their_agreement_is_told(study: Study, tmp_path: Path) -> None:
    rows = "".join(f"P{n:02},coffee {n},nice\n" for n in range(1, 13))
    (tmp_path / "a.csv").write_text(f"participant_id,ur_any,attr__t1\n{rows}", encoding="utf-8")
    import_interviews(study, tmp_path / "a.csv")
    for coder, wrong in (("A", ()), ("B", (3, 5))):
        sheet = coding_sheet(study, coder, items=["ur_any"])
        assert (sheet["code"] == "").all()
        sheet["code"] = ["invented" if n in wrong else "correct_ad" if n % 2 else "none" for n in range(12)]
        sheet["placement_id"] = ["hall" if code == "correct_ad" else "" for code in sheet["code"]]
        path = tmp_path / f"{coder}.csv"
        sheet.to_csv(path, index=False)
        assert take_coding_sheet(study, path, coder).added == 12
    assert set(coding_sheet(study, "A", items=["ur_any"])["code"]) == {"correct_ad", "none"}
    assert coding_sheet(study, "B", items=["ur_any"], open_only=True).empty
    found = coders_agree(study)
    row = found["answers"].iloc[0]
    assert row[["item", "answers", "agreed"]].tolist() == ["ur_any", 12, 10]
    # a: none 6, ad 6; b: none 6, ad 4, invented 2: e = (36 + 24) / 144
    assert row["kappa"] == pytest.approx((10 / 12 - 60 / 144) / (1 - 60 / 144))
    assert len(found["differences"]) == 2
    bad = tmp_path / "bad.csv"
    bad.write_text("interview_id,item,answer_no,code\nnone,ur_any,0,none\ninterview-P01,ur_any,0,liked\n")
    with pytest.raises(TableError, match=r"row 1 .*no such answer(.|\n)*none of"):
        take_coding_sheet(study, bad, "A")
    with pytest.raises(ParameterError, match="coder"):
        coding_sheet(study, " ")
    with pytest.raises(InputError):
        take_coding_sheet(study, tmp_path / "missing.csv", "A")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_is_harmless_nameless_and_comes_back(study: Study, tmp_path: Path, form: str) -> None:
    (tmp_path / "a.csv").write_text(
        'participant_id,email,walk,ur_any,comp__t1\nP01,nok@example.org,"Nok, nok@example.org",=1+1,"<script>x</script>"\n',
        encoding="utf-8",
    )
    (tmp_path / "P01.txt").write_text("[00:01] =cmd กาแฟ\n", encoding="utf-8")
    import_interviews(study, tmp_path / "a.csv")
    import_interviews(study, tmp_path / "P01.txt")
    study.add_starter_codes()
    study.add_coding(
        "liked",
        "A",
        document_id=study.interviews().documents.loc[0, "document_id"],
        start_char=8,
        end_char=12,
    )
    out = tmp_path / ("out" if form == "csv" else "out.xlsx")
    counts, _ = export_interviews(study, out, form=form)
    assert counts["interview_answers"] == 3
    if form == "csv":
        everything = "".join(path.read_text(encoding="utf-8") for path in out.iterdir())
        assert "nok@example.org" not in everything
        table = pd.read_csv(out / "interview_answers.csv", dtype=str, keep_default_na=False)
        assert "'=1+1" in table["value"].tolist()
        assert not any(value[:1] in "=+-@" for value in table["value"])
    with create_study(tmp_path / "again", name="Again") as again:
        import_interviews(again, out)
        was, now = study.interviews(), again.interviews()
        assert "=1+1" in now.interview_answers["value"].tolist()
        for name in ("documents", "transcript_marks", "code_book", "stimuli"):
            pd.testing.assert_frame_equal(
                getattr(now, name).drop(columns="image", errors="ignore"),
                getattr(was, name).drop(columns="image", errors="ignore"),
            )
        assert now.codings.loc[0, ["start_char", "end_char"]].tolist() == [8, 12]


def test_the_phone_page(study: Study, tmp_path: Path) -> None:
    session = {"session_id": "S1", "protocol_id": "post_task_interview", "observer": "K",
               "started_at": "2026-11-22T08:30:00+07:00", "stopped_at": "2026-11-22T08:55:00+07:00",
               "conditions_json": json.dumps({"walk_ended": "08:21"})}  # fmt: skip
    said = [
        ("P01", "", "ur_any", "กาแฟ\na bank"), ("P01", "", "ar_brand", "Kopi: ใช่\nCha: no"), ("P01", "", "hurry", 3),
        ("", "t1", "rec", "yes"), ("", "t1", "rec_sure", "sure"), ("", "t1", "prior", "here street"),
        ("", "t1", "shown", "target"), ("", "f1", "rec", "no"), ("", "f1", "rec_sure", "guess"),
        ("", "f1", "shown", "foil"),
    ]  # fmt: skip
    rows = [
        {"session_id": "S1", "respondent_id": who, "placement_id": picture, "item": item, "value": value}
        for who, picture, item, value in said
    ]
    notes = [
        {"session_id": "S1", "at_s": at_s, "placement_id": "", "text": text}
        for at_s, text in ((900, "1:05: ตรงนี้หาทางออก"), (930, "2:10: then the coffee"))
    ]
    log = {"format": "gazestudy-phone-log/1", "protocol": {"id": "post_task_interview", "version": "1"},
           "complete": True, "tables": {"sessions": [session], "answers": rows, "notes": notes},
           "journal": [{"session": "S1", "n": 0, "t": 0, "kind": "session"}]}  # fmt: skip
    path = tmp_path / "S1.json"
    path.write_text(json.dumps(log, indent=1), encoding="utf-8")
    found = import_interviews(study, path)
    assert found.files[0][2].startswith("phone-page")
    same_answers(study)
