"""Damaged and hostile files: either interviews with findings, or an InputError; never anything else."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from pathlib import Path

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from gazestudy.errors import InputError
from gazestudy.importers.interviews import InterviewOptions, find_interviews
from gazestudy.importers.interviews.builder import InterviewBuilder
from gazestudy.importers.interviews.subtitles import cues_of
from gazestudy.importers.interviews.texts import answers_in, head_of, tidy_text
from gazestudy.importers.interviews.transcripts import marks_in

ROUNDS = int(os.environ.get("GAZESTUDY_FUZZ_ROUNDS", "40"))
OPTIONS = InterviewOptions(participant="P01")
LONG = "participant_id,item,stimulus,value\nP01,ur_any,,กาแฟ\nP01,rec,t1,yes\nP02,like,t1,3\n"
WIDE = "participant,ur_any,rec__t1,passages_per_month\nP01,a;b,ใช่,40\nP02,,no,3\n"
SRT = "1\n00:00:01,500 --> 00:00:03,000\nตรงนี้\n\n2\n00:00:04,000 --> 00:00:05,000\nend\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v A>ha</v>\n\nNOTE x\n\n01:00:00.000 --> 01:00:01.000\nb\n"
TEXT = "participant: P01\n\nur_any: coffee\na bank\n\nrec__t1: yes\n"
MARKED = "[00:01] ตรงนี้ #00:00:02.5# b\n[00:03.5] c\n"
ODK = "SubmissionDate,session_id,started_at,stopped_at,recall-respondent_id,recall-ur_any,KEY\n"
ODK += "2026-11-22T02:00:00Z,S1,2026-11-22T08:30:00+07:00,2026-11-22T08:55:00+07:00,P01,coffee,uuid:1\n"
TABLES = {
    "interviews.csv": "interview_id,participant_id\ni1,P01\n",
    "interview_answers.csv": "interview_id,participant_id,item,answer_no,value\ni1,P01,ur_any,0,x\n",
    "answer_codes.csv": "interview_id,item,answer_no,coder,code\ni1,ur_any,0,A,none\n",
    "documents.csv": "document_id,interview_id,kind,text\nd1,i1,notes,hello\n",
    "transcript_marks.csv": "document_id,position,t_ns\nd1,0,1000\n",
    "codings.csv": "coding_id,code_id,coder,document_id,start_char,end_char\nc1,liked,A,d1,0,2\n",
    "stimuli.csv": "stimulus,shown,placement_id\nt1,target,hall\n",
}


def workbook(text: str) -> bytes:
    book = Workbook()
    for line in text.splitlines():
        book.active.append(line.split(","))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def word(text: str) -> bytes:
    document = docx.Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "like__t1: 4"
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def zipped(members: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


GOOD: dict[str, bytes] = {
    "long.csv": LONG.encode(),
    "wide.xlsx": workbook(WIDE),
    "talk.srt": SRT.encode(),
    "talk.vtt": VTT.encode(),
    "notes.txt": TEXT.encode(),
    "marked.txt": MARKED.encode("utf-16"),
    "notes.docx": word(TEXT),
    "odk.zip": zipped({"form.csv": ODK}),
    "tables.zip": zipped(TABLES),
    "kobo.json": json.dumps(
        {"results": [{"_uuid": "u", "_submission_time": "2026-11-22T08:00:00", "start": "2026-11-22T08:00:00",
                      "recall/respondent_id": "P01", "recall/ur_any": "x"}]}
    ).encode(),
}  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(content) + 1) if content else 0
        what = rng.randrange(5)
        if what == 0:
            del content[at:]
        elif what == 1:
            content[at:at] = rng.randbytes(rng.randrange(1, 20))
        elif what == 2:
            del content[at : at + rng.randrange(1, 40)]
        elif what == 3 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        else:
            piece = rng.choice((b"\n", b",", b'"', b"[99:99]", b"-->", b"\x00", "ำ".encode(), b"=1+1", b"\r"))
            content[at:at] = piece * rng.randrange(1, 4)
    return bytes(content)


def survives(path: Path) -> bool:
    """Return whether something could be read; what is read keeps its contracts."""
    try:
        for one in find_interviews(path, options=OPTIONS):
            found = one.read(OPTIONS).talks.check()
            lengths = {row["document_id"]: len(row["text"]) for row in found.documents.to_dict("records")}
            for row in found.transcript_marks.to_dict("records"):
                assert 0 <= row["position"] <= lengths[row["document_id"]]
    except InputError as error:
        assert str(error).startswith(str(path)) or str(path.name) in str(error)
        return False
    return True


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(GOOD[name])
    assert survives(path)


@pytest.mark.parametrize("name", GOOD)
def test_damaged_files_end_in_an_error_that_names_them(name: str, tmp_path: Path) -> None:
    rng = random.Random(name)
    for number in range(ROUNDS):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(damaged(GOOD[name], rng))
        survives(path)


@pytest.mark.parametrize("name", GOOD)
def test_truncated_files(name: str, tmp_path: Path) -> None:
    data = GOOD[name]
    for share in (0.0, 0.01, 0.3, 0.7, 0.99):
        path = tmp_path / f"{share}-{name}"
        path.write_bytes(data[: int(len(data) * share)])
        survives(path)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"empty|no CSV|no reader"):
        find_interviews(tmp_path / name, options=OPTIONS)[0].read(OPTIONS)


def bomb(member: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open(member, "w") as stream:
            for _ in range(200):
                stream.write(b" " * 2**20)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "member"),
    [("a.xlsx", "xl/worksheets/sheet1.xml"), ("a.docx", "word/document.xml"), ("a.zip", "a.csv")],
)
def test_bombs_are_refused(name: str, member: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(bomb(member))
    assert not survives(path)


@pytest.mark.parametrize("suffix", ["docx", "xlsx", "zip"])
def test_members_that_climb_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(zipped({"[Content_Types].xml": "<Types/>", "../../evil.csv": LONG}))
    with pytest.raises(InputError, match=r"outside of its folder|another name|no workbook"):
        find_interviews(path, options=OPTIONS)[0].read(OPTIONS)


def test_entities_in_a_docx_are_not_expanded(tmp_path: Path) -> None:
    """Neither files of this computer nor endless texts come out of a document."""
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    source = io.BytesIO(GOOD["notes.docx"])
    path = tmp_path / "evil.docx"
    head = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "{"ha" * 50}"><!ENTITY z "{"&y;" * 50}">]>'
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "word/document.xml":
                start = data.index(b"?>") + 2
                data = data[:start] + head.encode() + data[start:].replace(b"coffee", b"&x;&z;&z;")
            new.writestr(member.filename, data)
    try:
        text = find_interviews(path, options=OPTIONS)[0].read(OPTIONS).talks.documents.loc[0, "text"]
    except InputError:
        return
    assert "SECRET" not in text
    assert "haha" not in text


HOSTILE = st.text(
    st.sampled_from("[]#:.,-> \n\r\t0123456789<v>&;=\"'กำ่\u0300\u200b\x00\ud7ff😀abNOTEWEBVTT_()"),
    max_size=200,
)


@given(HOSTILE)
@settings(max_examples=200, deadline=None)
def test_no_text_makes_the_readers_stumble(text: str) -> None:
    plain = tidy_text(text)
    assert tidy_text(plain) == plain
    for position, t_ns in marks_in(plain):
        assert plain[position] in "[#"
        assert 0 <= t_ns < 2**62
    builder = InterviewBuilder("x", OPTIONS, "transcript")
    for cue in cues_of(plain, builder, "x"):
        assert cue.start_ns <= cue.end_ns
    assert isinstance(head_of(plain), dict)
    assert all(item for _, item, _, _ in answers_in(plain))


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=20)), max_size=5))
@settings(max_examples=100, deadline=None)
def test_no_answer_makes_the_builder_stumble(pairs: list[tuple[str, str]]) -> None:
    builder = InterviewBuilder("x", OPTIONS, "table")
    from gazestudy.importers.fieldlogs.mistakes import Cell

    talk = builder.talk("", "P01", Cell("x"), {})
    for item in ("rec", "like", "ar_brand", "ur_any", "prior", "passages_per_month", "rec_sure"):
        for stimulus, text in pairs:
            builder.answer(talk, Cell("x"), item, text, stimulus=stimulus)
    found = builder.build().talks.check()
    scales = found.interview_answers[found.interview_answers["item"] == "like"]["value"]
    assert set(scales) <= {"1", "2", "3", "4", "5"}
