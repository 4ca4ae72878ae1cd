"""Notes, transcripts with time marks, SRT and VTT become texts with positions in code points."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest

from gazestudy.errors import InputError
from gazestudy.importers.interviews import InterviewOptions, ReadInterviews, find_interviews, read_interviews
from gazestudy.importers.interviews.transcripts import marks_in

P01 = InterviewOptions(participant="P01")
SRT = """1
00:00:01,500 --> 00:00:03,000
ตรงนี้เห็นป้ายกาแฟ 😀
ใหญ่มาก

2
00:01:02,000 --> 00:01:04,250 X1:0 X2:9
<i>Then</i> I looked for the &amp; sign

"""
VTT = """\ufeffWEBVTT - replay

STYLE
::cue { color: red }

NOTE a remark
of two lines

intro
00:01.500 --> 00:03.000 align:start
<v Anna>I saw <c.loud>coffee</c>

01:00:00.000 --> 01:00:02.000
end
"""


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def spoken(found: ReadInterviews) -> list[tuple[float, str]]:
    """What is said after each mark."""
    text = found.talks.documents.loc[0, "text"]
    marks = found.talks.transcript_marks
    ends = [*marks["position"].tolist()[1:], len(text)]
    return [
        (t_ns / 1e9, text[start:end].strip())
        for start, end, t_ns in zip(marks["position"], ends, marks["t_ns"], strict=True)
    ]


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        ("[01:02]", 62.0),
        ("[1:02]", 62.0),
        ("[75:10]", 4510.0),
        ("[01:02:03]", 3723.0),
        ("[01.02]", 62.0),
        ("[01.02.03]", 3723.0),
        ("[01:02.5]", 62.5),
        ("[00:01:02,250]", 62.25),
        ("#00:01:02.250#", 62.25),
        ("#0:01:02-3#", 62.3),
        ("#00:01:02#", 62.0),
    ],
)
def test_every_kind_of_time_mark(mark: str, seconds: float) -> None:
    assert marks_in(f"กา {mark} x") == [(3, round(seconds * 1e9))]


@pytest.mark.parametrize(
    "text", ["[2026]", "[1:2]", "[12:99]", "#hash#", "12:30", "[ab:cd]", "(01:02)", "[1.5]"]
)
def test_what_is_no_time_mark(text: str) -> None:
    assert marks_in(text) == []


def test_subtitles_are_lines_with_times(tmp_path: Path) -> None:
    found = read_interviews(write(tmp_path, "p01.srt", SRT), options=P01)
    assert spoken(found) == [
        (1.5, "ตรงนี้เห็นป้ายกาแฟ 😀 ใหญ่มาก"),
        (62.0, "Then I looked for the & sign"),
        (64.25, ""),
    ]
    row = found.talks.documents.iloc[0]
    assert (row["kind"], row["name"], row["interview_id"]) == ("transcript", "p01.srt", "interview-P01")
    assert found.talks.interviews.loc[0, "participant_id"] == "P01"


def test_webvtt_with_styles_notes_speakers_and_short_times(tmp_path: Path) -> None:
    found = read_interviews(write(tmp_path, "p01.vtt", VTT), options=P01)
    assert spoken(found) == [(1.5, "Anna: I saw coffee"), (3600.0, "end"), (3602.0, "")]


def test_cues_without_empty_lines_between_them_and_with_empty_lines_inside(tmp_path: Path) -> None:
    text = (
        "1\n00:00:01,0 --> 00:00:02,0\none\n2\n00:00:03,0 --> 00:00:04,0\ntwo\n\nmore of two\n\n"
        "3\n00:00:05,0 --> 00:00:06,0\n\n\n4\n00:00:07,0 --> 00:00:08,0\n4 people\n\n5\n"
    )
    found = read_interviews(write(tmp_path, "p01.srt", text), options=P01)
    assert spoken(found)[:-1] == [(1.0, "one"), (3.0, "two more of two"), (7.0, "4 people")]
    assert found.talks.findings == ()


def test_unreadable_times_are_told_together_with_their_lines(tmp_path: Path) -> None:
    text = (
        "1\n00:00:01,0 --> soon\nha\n\n2\n00:00:02,0 --> 00:00:03,0\nhm\n\n3\n00:99:02,0 --> 00:00:03,0\nhm\n"
    )
    found = read_interviews(write(tmp_path, "p01.srt", text), options=P01)
    problems = [one.message for one in found.talks.findings if one.severity == "problem"]
    assert [message.split(":")[0] for message in problems] == ["p01.srt, row 2", "p01.srt, row 10"]


def test_a_transcript_keeps_its_marks_and_warns_where_time_goes_back(tmp_path: Path) -> None:
    text = "Interviewer: K\n[00:05] ผมเห็นป้าย\n[00:03] then the stairs [12:99]\n"
    found = read_interviews(
        write(tmp_path, "P01 talk.txt", text), options=InterviewOptions(participants=frozenset({"P01"}))
    )
    assert found.talks.documents.loc[0, "text"] == text.strip()
    assert spoken(found) == [(5.0, "[00:05] ผมเห็นป้าย"), (3.0, "[00:03] then the stairs [12:99]")]
    told = " ".join(one.message for one in found.talks.findings)
    assert "goes back to 3.0 s" in told
    assert "[12:99] is no time" in told
    assert found.talks.interviews.loc[0, "interviewer"] == "K"


def test_notes_with_items_become_answers_as_well(tmp_path: Path) -> None:
    text = (
        "Participant: P07\nInterviewer: K\nDate: 2026-11-22T08:30+07:00\n\n"
        "ur_any: coffee, a big cup\n1. a bank\n\nHe thought long.\n"
        "rec__hall: ใช่\nlike(hall): 4\n"
    )
    found = read_interviews(write(tmp_path, "notes.txt", text)).talks
    rows = found.interview_answers[["item", "answer_no", "stimulus", "value"]].to_numpy().tolist()
    assert rows == [
        ["ur_any", 0, "", "coffee, a big cup"],
        ["ur_any", 1, "", "a bank"],
        ["rec", 0, "hall", "yes"],
        ["like", 0, "hall", "4"],
    ]
    assert found.interviews.loc[0, ["participant_id", "started_at"]].tolist() == [
        "P07",
        "2026-11-22T08:30:00+07:00",
    ]
    assert found.documents.loc[0, "kind"] == "notes"


def test_a_speaker_called_participant_is_no_pseudonym(tmp_path: Path) -> None:
    path = write(tmp_path, "talk.txt", "Interview of Tuesday\nParticipant: yes\nInterviewer: why\n")
    found = read_interviews(path, options=P01)
    assert found.talks.interviews.loc[0, "participant_id"] == "P01"
    told = read_interviews(path).talks.findings[0]
    assert (told.severity, told.code) == ("problem", "no_participant")
    assert "--participant" in told.message


def test_docx_paragraphs_and_tables_in_their_order(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("participant: P02")
    document.add_paragraph("ur_any: ป้ายกาแฟ\nca phê")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "rec__hall: yes", "sure"
    document.add_paragraph("end")
    document.save(str(tmp_path / "notes.docx"))
    found = read_interviews(tmp_path / "notes.docx").talks
    assert found.documents.loc[0, "text"].split("\n") == [
        "participant: P02", "ur_any: ป้ายกาแฟ", "ca phê", "rec__hall: yes\tsure", "end",
    ]  # fmt: skip
    assert found.interview_answers.loc[0, "value"] == "ป้ายกาแฟ"


def test_a_docx_transcript(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("#00:00:01.000# one")
    document.add_paragraph("[00:02] two")
    document.save(str(tmp_path / "P02.docx"))
    found = read_interviews(tmp_path / "P02.docx", options=P01)
    assert [second for second, _ in spoken(found)] == [1.0, 2.0]


def test_letters_are_never_guessed(tmp_path: Path) -> None:
    thai = "[00:05] เห็นป้ายกาแฟตรงบันไดเลื่อน"
    path = write(tmp_path, "p01.txt", thai.encode("cp874"))
    with pytest.raises(InputError, match="--encoding cp874"):
        read_interviews(path, options=P01)
    found = read_interviews(path, options=InterviewOptions(participant="P01", encoding="cp874"))
    assert found.talks.documents.loc[0, "text"] == thai
    with pytest.raises(InputError, match="this text is not ascii"):
        read_interviews(path, options=InterviewOptions(participant="P01", encoding="ascii"))
    utf16 = write(tmp_path, "p02.txt", thai.encode("utf-16"))
    assert read_interviews(utf16, options=P01).talks.documents.loc[0, "text"] == thai


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b" " * (200 * 2**20))
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "empty"),
        ("a.srt", b"   \n", "empty"),
        ("a.srt", b"hello\n", "no cue"),
        ("a.docx", b"", "empty"),
        ("a.docx", b"hello", "no DOCX"),
        ("a.docx", b"PK\x05\x06" + bytes(18), "damaged"),
        ("a.txt", bytes(range(256)) * 40, "no text|not Unicode"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_interviews(write(tmp_path, name, content), options=P01)


def test_a_docx_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"64 MB|grows from"):
        read_interviews(write(tmp_path, "a.docx", bomb()), options=P01)


def test_older_word_files_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="save it as DOCX"):
        find_interviews(write(tmp_path, "a.doc", b"\xd0\xcf\x11\xe0 old"))
