"""REFI-QDA code books and projects: valid by the schemas, spans are those of the texts, hostile text stays text."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError
from gazestudy.exporters.refi_qda import (
    PROJECT_NAMESPACE,
    QdaCase,
    QdaProject,
    QdaVideo,
    relative_url,
    write_code_book,
    write_project,
)
from gazestudy.model.interview import interview_table, starter_code_book

SCHEMAS = Path(__file__).parents[3] / ".." / "shared" / "data" / "field" / "refi_qda_standard"
NS = {"q": PROJECT_NAMESPACE}
TEXT = '=1+1 <script>alert(1)</script>\r\nผมเห็น 🚇 ป้าย & "x"\n#00:01:02.5# Sảnh\x00 end'


def schema(name):
    etree = pytest.importorskip("lxml.etree")
    if not (SCHEMAS / name).is_file():
        pytest.skip(f"the schemas of REFI-QDA are not on this machine ({SCHEMAS})")
    return etree.XMLSchema(etree.parse(str(SCHEMAS / name)))


def tree_of(content):
    etree = pytest.importorskip("lxml.etree")
    return etree.fromstring(content)


def span(word):
    start = TEXT.index(word)
    return start, start + len(word)


def made_project(tmp_path, **changes):
    video = tmp_path / "study" / "scene-0.mp4"
    video.parent.mkdir(exist_ok=True)
    video.write_bytes(b"a video")
    book = interview_table(
        "code_book",
        [
            {"code_id": "a", "name": "=cmd|'/c calc'!A0", "color": "#ff0000", "description": "<b>&\x01</b>"},
            {"code_id": "b", "name": "ห้าม", "parent_id": "a", "color": "red"},
            {"code_id": "c", "name": "loop", "parent_id": "d"},
            {"code_id": "d", "name": "loop too", "parent_id": "c"},
            {"code_id": "e", "name": "orphan", "parent_id": "gone", "color": "#abc"},
        ],
    )
    codings = interview_table(
        "codings",
        [
            {
                "coding_id": "1", "code_id": "b", "coder": "K1", "document_id": "d1", "interview_id": "i1",
                "start_char": span("🚇 ป้าย")[0], "end_char": span("🚇 ป้าย")[1], "placement_id": "hall",
                "memo": "=why\n<i>", "made_utc": "2026-11-22T08:00:00+07:00",
            },
            {
                "coding_id": "2", "code_id": "a", "coder": "K2", "recording_id": "r1",
                "start_ns": 5_000_000_000, "end_ns": 6_500_000_000, "placement_id": "unknown",
            },
            {"coding_id": "3", "code_id": "a", "document_id": "d1", "start_char": 5, "end_char": 5000},
            {"coding_id": "4", "code_id": "gone", "document_id": "d1", "start_char": 0, "end_char": 4},
            {"coding_id": "5", "code_id": "a", "recording_id": "r1", "start_ns": 1, "end_ns": 2},
        ],
    )  # fmt: skip
    documents = interview_table(
        "documents",
        [
            {
                "document_id": "d1",
                "interview_id": "i1",
                "name": "talk.txt",
                "kind": "transcript",
                "text": TEXT,
            },
            {"document_id": "d2", "interview_id": "", "name": "", "kind": "notes", "text": ""},
            {
                "document_id": "d3",
                "interview_id": "i2",
                "name": "no video",
                "kind": "transcript",
                "text": "abc",
            },
        ],
    )
    marks = interview_table(
        "transcript_marks",
        [
            {"document_id": "d1", "position": span("#00")[0], "t_ns": 6_250_000_000},
            {"document_id": "d1", "position": 0, "t_ns": 0},
            {"document_id": "d3", "position": 0, "t_ns": 0},
        ],
    )
    values = {
        "name": "ga Bến Thành",
        "origin": "test 1",
        "code_book": book,
        "codings": codings,
        "documents": documents,
        "transcript_marks": marks,
        "interviews": {"i1": ("P01", "r1"), "i2": ("P02", "")},
        "cases": [QdaCase("P01", "", {"segment": "regular", "familiarity": 3.5}), QdaCase("สมชาย")],
        "variables": {"segment": ("Text", "group"), "familiarity": ("Float", "mean of fam")},
        "placements": {"hall": "Sảnh <script>"},
        "videos": [QdaVideo("r1", "P01", 0, 1_000_000_000, 9_000_000_000, video, "relative:///scene-0.mp4")],
    }
    return QdaProject(**(values | changes))


def written(tmp_path, **changes):
    path = tmp_path / "out.qdpx"
    lost = write_project(made_project(tmp_path, **changes), path)
    archive = zipfile.ZipFile(path)
    return archive, tree_of(archive.read("project.qde")), lost


def test_code_book_is_valid_and_keeps_its_tree(tmp_path):
    book = made_project(tmp_path).code_book
    write_code_book(book, tmp_path / "out.qdc", name="s", origin="test")
    content = (tmp_path / "out.qdc").read_bytes()
    assert content.startswith(b"<?xml")
    tree = tree_of(content)
    schema("Codebook.xsd").assertValid(tree)
    below = tree.xpath("//*[@name='ห้าม']/..")[0]
    assert below.get("name") == "=cmd|'/c calc'!A0"
    assert len(tree.xpath("//*[local-name()='Code']")) == len(book)
    assert tree.xpath("//*[local-name()='Description']")[0].text == "<b>&\ufffd</b>"


def test_starter_codes_are_valid(tmp_path):
    write_code_book(starter_code_book(), tmp_path / "out.qdc", name="s", origin="test")
    schema("Codebook.xsd").assertValid(tree_of((tmp_path / "out.qdc").read_bytes()))


def test_an_empty_code_book_is_refused(tmp_path):
    with pytest.raises(InputError, match="empty"):
        write_code_book(interview_table("code_book", []), tmp_path / "out.qdc", name="s", origin="x")
    assert not list(tmp_path.iterdir())


def test_project_is_valid(tmp_path):
    archive, tree, _ = written(tmp_path)
    schema("Project.xsd").assertValid(tree)
    names = archive.namelist()
    assert names[0] == "project.qde" and all(name.startswith("sources/") for name in names[1:])
    assert len(names) == 4  # three texts, no video


@pytest.mark.parametrize("left_out", ["code_book", "codings", "documents", "transcript_marks"])
def test_project_without_a_table_is_valid(tmp_path, left_out):
    _, tree, _ = written(tmp_path, **{left_out: interview_table(left_out, [])})
    schema("Project.xsd").assertValid(tree)


def test_project_of_nothing_is_valid(tmp_path):
    empty = {
        name: interview_table(name, []) for name in ("code_book", "codings", "documents", "transcript_marks")
    }
    _, tree, _ = written(tmp_path, **empty, cases=[], videos=[], variables={})
    schema("Project.xsd").assertValid(tree)
    assert len(tree) == 0


def test_ids_are_unique_and_references_hold(tmp_path):
    _, tree, _ = written(tmp_path)
    ids = tree.xpath("//@guid")
    assert len(ids) == len(set(ids))
    assert set(tree.xpath("//@targetGUID | //@creatingUser")) <= set(ids)


def test_spans_are_those_of_the_texts(tmp_path):
    archive, tree, lost = written(tmp_path)
    selections = tree.xpath("//q:PlainTextSelection[q:Coding]", namespaces=NS)
    assert len(selections) == 1
    source = selections[0].getparent()
    raw = archive.read("sources/" + source.get("plainTextPath").removeprefix("internal://"))
    assert not raw.startswith(b"\xef\xbb\xbf")
    text = raw.decode("utf-8")
    assert text == TEXT  # to the code point, with its line ends
    start, end = (int(selections[0].get(key)) for key in ("startPosition", "endPosition"))
    assert text[start:end] == "🚇 ป้าย" == selections[0].get("name")
    assert selections[0].get("creationDateTime") == "2026-11-22T01:00:00Z"
    about = {one.get("guid"): one for one in tree.iter() if one.get("guid")}
    targets = [about[ref] for ref in selections[0].xpath("q:Coding/q:CodeRef/@targetGUID", namespaces=NS)]
    assert [one.get("name") for one in targets] == ["ห้าม", "Sảnh <script>"]
    assert targets[1][0].text == "placement_id: hall"
    note = about[selections[0].xpath("q:Coding/q:NoteRef/@targetGUID", namespaces=NS)[0]]
    assert note[0].text == "=why\n<i>"
    assert sorted(lost) == [
        "1 codings that have neither a span of a text nor a time in a video",
        "1 codings whose span is not in their text",
        "1 codings with a code that is not in the code book",
        "1 time marks of transcripts without a scene video",
    ]


def test_times_are_those_of_the_video(tmp_path):
    _, tree, _ = written(tmp_path)
    video = tree.xpath("//q:VideoSource", namespaces=NS)[0]
    selection = video.xpath("q:VideoSelection", namespaces=NS)
    assert [(one.get("begin"), one.get("end")) for one in selection] == [("4000", "5500")]
    points = [
        (one.get("position"), one.get("timeStamp")) for one in video.xpath(".//q:SyncPoint", namespaces=NS)
    ]
    assert points == [("0", "0"), (str(TEXT.index("#00")), "6250")]
    assert video.get("path") == "relative:///scene-0.mp4"


def test_marks_of_a_longer_media_file_are_told(tmp_path):
    marks = made_project(tmp_path).transcript_marks.assign(t_ns=[9_000_000_000, 0, 0])
    _, tree, lost = written(tmp_path, transcript_marks=marks)
    assert not tree.xpath("//q:Transcript", namespaces=NS)
    assert any(text.startswith("2 time marks of transcripts that go on") for text in lost)


def test_cases_are_participants_with_their_sources(tmp_path):
    _, tree, _ = written(tmp_path)
    case = tree.xpath("//q:Case[@name='P01']", namespaces=NS)[0]
    assert [one.text for one in case.xpath("q:VariableValue/*[2]", namespaces=NS)] == ["regular", "3.5"]
    about = {one.get("guid"): one for one in tree.iter() if one.get("guid")}
    sources = [about[ref].get("name") for ref in case.xpath("q:SourceRef/@targetGUID", namespaces=NS)]
    assert sources == ["talk.txt", "r1 scene-0.mp4"]


def test_video_goes_inside_when_asked(tmp_path):
    project = made_project(tmp_path)
    one = project.videos[0]
    inside = QdaVideo(one.recording_id, one.participant_id, 0, one.start_ns, one.end_ns, one.file, "internal")
    archive, tree, _ = written(tmp_path, videos=[inside])
    path = tree.xpath("//q:VideoSource/@path", namespaces=NS)[0]
    assert archive.read("sources/" + path.removeprefix("internal://")) == b"a video"
    schema("Project.xsd").assertValid(tree)


def test_the_same_study_gives_the_same_bytes(tmp_path):
    written(tmp_path)
    first = (tmp_path / "out.qdpx").read_bytes()
    written(tmp_path)
    assert (tmp_path / "out.qdpx").read_bytes() == first


def test_a_missing_video_leaves_nothing_behind(tmp_path):
    project = made_project(tmp_path)
    one = project.videos[0]
    gone = QdaVideo(one.recording_id, one.participant_id, 0, 0, 1, tmp_path / "gone.mp4", "internal")
    with pytest.raises(InputError, match="gone"):
        written(tmp_path, videos=[gone])
    assert not (tmp_path / "out.qdpx").exists()


def test_relative_paths():
    assert relative_url(Path("/a/b/study/x.mp4"), Path("/a/b/study/exports")) == "relative:///../x.mp4"


def test_positions_of_any_coding_hold(tmp_path):
    rng = np.random.default_rng(5)
    starts = rng.integers(0, len(TEXT) - 1, 60)
    ends = [int(rng.integers(start + 1, len(TEXT) + 1)) for start in starts]
    rows = pd.DataFrame({"coding_id": [f"x{n}" for n in range(60)], "code_id": "a", "document_id": "d1"})
    codings = interview_table("codings", rows.assign(start_char=starts, end_char=ends))
    archive, tree, lost = written(tmp_path, codings=codings)
    for selection in tree.xpath("//q:PlainTextSelection", namespaces=NS):
        file = selection.getparent().get("plainTextPath").removeprefix("internal://")
        text = archive.read(f"sources/{file}").decode("utf-8")
        start, end = int(selection.get("startPosition")), int(selection.get("endPosition"))
        shown = " ".join(text[start:end].split())[:80]
        assert selection.get("name") == "".join("\ufffd" if one == "\0" else one for one in shown)
    assert len(tree.xpath("//q:PlainTextSelection", namespaces=NS)) == 60 and len(lost) == 1
