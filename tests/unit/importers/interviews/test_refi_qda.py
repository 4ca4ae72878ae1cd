"""Code books and projects of other programs: what comes in, what is told, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gazestudy.errors import InputError
from gazestudy.exporters.refi_qda import QdaCase, QdaProject, QdaVideo, write_code_book, write_project
from gazestudy.importers.interviews.builder import InterviewOptions
from gazestudy.importers.interviews.qda_joining import joined_to
from gazestudy.importers.interviews.qda_xml import safe_xml
from gazestudy.importers.interviews.registry import find_interviews, read_interviews
from gazestudy.model.interview import Interviews, interview_table, starter_code_book

SAMPLES = Path(__file__).parents[4] / ".." / "shared" / "data" / "field" / "refi_qda_samples"
TEXT = "Xin chào 🚇\nผมเห็นป้าย, then =1+1\n#00:01# Sảnh <b> 🚶 end\n"
CODE, USER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


def guid(number):
    return f"{number:08x}-aaaa-bbbb-cccc-000000000000"


def selection(number, start, end, name="", tag="PlainTextSelection"):
    return (
        f'<{tag} guid="{guid(number)}" startPosition="{start}" endPosition="{end}" name="{name}">'
        f'<Coding guid="{guid(1000 + number)}" creatingUser="{USER}"><CodeRef targetGUID="{CODE}"/></Coding></{tag}>'
    )


def qde(sources="", codes=f'<Code guid="{{{CODE}}}" name="seen" isCodable="true" color="#f0a"/>', more=""):
    return (
        '<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="x" origin="y">'
        f'<Users><User guid="{USER}" name="Friederike Beispiel"/></Users><CodeBook><Codes>{codes}</Codes></CodeBook>'
        f"<Sources>{sources}</Sources>{more}</Project>"
    )


def packed(path, document, files=(), *, name="project.qde", folder="sources"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, document)
        for one, data in dict(files).items():
            archive.writestr(f"{folder}/{one}", data)
    return path


def text_project(tmp_path, data, selections, **how):
    source = (
        f'<TextSource guid="{guid(1)}" name="talk" plainTextPath="internal://T.txt">{selections}</TextSource>'
    )
    return packed(tmp_path / "p.qdpx", qde(source), {"T.txt": data}, **how)


def coded(talks):
    """What each coding covers, in the text that was kept."""
    texts = dict(zip(talks.documents["document_id"], talks.documents["text"], strict=True))
    return [texts[row.document_id][row.start_char : row.end_char] for row in talks.codings.itertuples()]


def told(talks):
    return "\n".join(finding.message for finding in talks.findings)


def read(path, **options):
    return read_interviews(path, options=InterviewOptions(**options)).talks


@pytest.mark.parametrize(
    ("data", "change", "said"),
    [
        (TEXT.encode(), lambda place: place, ""),
        (b"\xef\xbb\xbf" + TEXT.encode(), lambda place: place, ""),
        (b"\xef\xbb\xbf" + TEXT.encode(), lambda place: place + 1, "byte order mark"),
        (TEXT.encode("utf-16"), lambda place: place, ""),
        (TEXT.replace("\n", "\r\n").encode(), lambda place: place + TEXT[:place].count("\n"), ""),
        (TEXT.replace("\n", "\r\n").encode(), lambda place: place, "CR LF as one"),
        (TEXT.encode(), lambda place: place + TEXT[:place].count("\n"), "line ends as two"),
        (TEXT.encode(), lambda place: place + sum(ord(one) > 0xFFFF for one in TEXT[:place]), "UTF-16"),
    ],
)
def test_positions_however_they_are_counted(tmp_path, data, change, said):
    words = ["chào 🚇", "ผมเห็นป้าย", "Sảnh", "🚶 end"]
    places = [(TEXT.index(word), TEXT.index(word) + len(word)) for word in words]
    selections = "".join(
        selection(10 + number, change(start), change(end), words[number])
        for number, (start, end) in enumerate(places)
    )
    talks = read(text_project(tmp_path, data, selections))
    assert coded(talks) == words
    assert talks.documents["text"].tolist() == [TEXT]
    assert ("counted" in told(talks)) == bool(said) and said in told(talks)


@pytest.mark.parametrize(("name", "folder"), [("Project.qde", "Sources"), ("PROJECT.QDE", "SOURCES")])
def test_names_in_any_case(tmp_path, name, folder):
    path = text_project(tmp_path, TEXT.encode(), selection(10, 0, 3), name=name, folder=folder)
    assert coded(read(path)) == ["Xin"]


def test_a_selection_beside_its_text_is_moved_and_told(tmp_path):
    start = TEXT.index("then")
    selections = selection(10, start + 3, start + 7, "then") + selection(11, 0, 3, "Xin")
    talks = read(text_project(tmp_path, TEXT.encode(), selections))
    assert coded(talks) == ["then", "Xin"] and "-3 characters" in told(talks)


def test_names_of_people_become_codes(tmp_path):
    talks = read(text_project(tmp_path, TEXT.encode(), selection(10, 0, 3)))
    assert talks.codings["coder"].tolist() == ["coder-1"]
    assert "Friederike" not in told(talks) + talks.codings.to_csv()
    assert talks.code_book[["code_id", "name", "color"]].values.tolist() == [["seen", "seen", "#FF00AA"]]


def test_what_is_left_out_is_counted(tmp_path):
    more = (
        f'<Notes><Note guid="{guid(7)}" plainTextPath="internal://N.txt"/></Notes>'
        f'<Sets><Set guid="{guid(8)}" name="s"/></Sets>'
    )
    sources = (
        f'<TextSource guid="{guid(1)}" plainTextPath="internal://gone.txt"/>'
        f'<TextSource guid="{guid(2)}" plainTextPath="internal://empty.txt"/>'
        f'<TextSource guid="{guid(3)}" plainTextPath="internal://latin.txt"/>'
        f'<TextSource guid="{guid(4)}"><PlainTextContent>inline text</PlainTextContent>'
        f"{selection(10, 0, 6)}{selection(11, 5, 99)}{selection(12, 4, 2)}</TextSource>"
        f'<PDFSource guid="{guid(5)}"/><PictureSource guid="{guid(6)}"/>'
        f'<VideoSource guid="{guid(9)}" path="relative:///a.mp4"><VideoSelection guid="{guid(13)}" begin="1" end="2">'
        f'<Coding guid="{guid(14)}"><CodeRef targetGUID="{CODE}"/></Coding></VideoSelection></VideoSource>'
    )
    files = {"empty.txt": b"\n", "latin.txt": "né".encode("latin-1")}
    talks = read(packed(tmp_path / "p.qdpx", qde(sources, more=more), files))
    assert coded(talks) == ["inline"]
    for text in (
        "1 texts that are not in the project",
        "1 texts that are empty",
        "1 texts that are not UTF-8",
        "2 codes on spans that are not in their text",
        "1 codes on times of videos",
        "1 notes",
        "1 sets",
        "1 PDF documents",
        "1 pictures",
    ):
        assert text in told(talks), text


def test_code_book_with_empty_sets_and_equal_names(tmp_path):
    codes = (
        f'<Code guid="{guid(1)}" name="train"><Code guid="{guid(2)}" name="Seen"><Description>d</Description></Code></Code>'
        f'<Code guid="{guid(3)}" name="ป้าย" isCodable="true"><Code guid="{guid(4)}" name="seen"/></Code>'
    )
    path = tmp_path / "book.qdc"
    path.write_text(
        f'\ufeff<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="z"><Codes>{codes}</Codes><Sets/></CodeBook>',
        encoding="utf-8",
    )
    book = read(path).code_book
    assert book["name"].tolist() == ["train", "Seen", "ป้าย", "ป้าย: seen"]
    assert book["code_id"].tolist() == ["train", "seen", "code", "seen_2"]
    assert book["parent_id"].tolist() == ["", "train", "", "code"] and book["description"][1] == "d"


def test_starter_codes_come_back(tmp_path):
    write_code_book(starter_code_book(), tmp_path / "b.qdc", name="s", origin="x")
    book = read(tmp_path / "b.qdc").code_book
    wanted = starter_code_book()
    assert book[["name", "color", "description"]].equals(wanted[["name", "color", "description"]])


BOMB = '<!DOCTYPE lolz [<!ENTITY a "{}"><!ENTITY b "&a;&a;&a;&a;">]>'.format("x" * 1000)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (BOMB, "document type"),
        ('<!DOCTYPE Project SYSTEM "file:///etc/passwd">', "document type"),
        ('<!DOCTYPE Project [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "document type"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_hostile_xml_is_refused(tmp_path, head, said, encoding):
    document = qde().replace("?><Project", f"?>{head}<Project").replace('"utf-8"', f'"{encoding}"')
    path = packed(tmp_path / "p.qdpx", document.encode(encoding))
    with pytest.raises(InputError, match=said):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"<Project", b"\0\xff", b"<Project>" + b"<a>" * 5000, b"<CodeBook></Project>"]
)
def test_damaged_xml_is_refused(tmp_path, content):
    with pytest.raises(InputError):
        safe_xml(content, tmp_path / "x.qde")


def test_paths_that_climb_out_are_refused(tmp_path):
    path = packed(tmp_path / "p.qdpx", qde(), {"../../evil.txt": b"x"})
    with pytest.raises(InputError, match="outside of its folder"):
        find_interviews(path)
    # a path in the document reaches no file outside of the project's own sources
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    for where in (
        "internal://../../secret.txt",
        f"absolute:///{tmp_path}/secret.txt",
        "relative:///secret.txt",
    ):
        source = f'<TextSource guid="{guid(1)}" plainTextPath="{where}"/>'
        talks = read(packed(tmp_path / "q.qdpx", qde(source)))
        assert talks.documents.empty and "not in the project" in told(talks)


def test_zip_bombs_are_refused(tmp_path):
    path = tmp_path / "p.qdpx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.qde", qde())
        with archive.open("sources/T.txt", "w", force_zip64=True) as out:
            for _ in range(200):
                out.write(bytes(2**20))
    with pytest.raises(InputError, match="grows from"):
        find_interviews(path)


def our_talks():
    start = TEXT.index("ผมเห็นป้าย")
    words = {"coder": "K1", "code_id": "seen"}
    codings = [
        {"coding_id": "1", "document_id": "d1", "interview_id": "i1", "start_char": start, "end_char": start + 10,
         "placement_id": "hall-a", "memo": "why\nnot", **words},
        {"coding_id": "2", "recording_id": "p01-1", "start_ns": 1_790_000_000_123_456_789,
         "end_ns": 1_790_000_001_500_000_000, **words},
    ]  # fmt: skip
    return Interviews(
        interviews=interview_table("interviews", [{"interview_id": "i1", "participant_id": "P01"}]),
        code_book=interview_table(
            "code_book",
            [{"code_id": "seen", "name": "Seen"}, {"code_id": "x", "name": "x", "parent_id": "seen"}],
        ),
        codings=interview_table("codings", codings),
        documents=interview_table(
            "documents",
            [{"document_id": "d1", "interview_id": "i1", "name": "talk", "kind": "transcript", "text": TEXT}],
        ),
        transcript_marks=interview_table(
            "transcript_marks", [{"document_id": "d1", "position": TEXT.index("#00"), "t_ns": 1_250_000_000}]
        ),
    )


def our_project(tmp_path):
    talks, start = our_talks(), 1_789_999_999_000_000_000
    (tmp_path / "scene.mp4").write_bytes(b"x")
    video = QdaVideo(
        "p01-1", "P01", 0, start, start + 10**10, tmp_path / "scene.mp4", "relative:///scene.mp4"
    )
    project = QdaProject(
        "s", "gazestudy", talks.code_book, talks.codings, talks.documents, talks.transcript_marks,
        interviews={"i1": ("P01", "p01-1")}, cases=[QdaCase("P01")], placements={"hall-a": "Hall"}, videos=[video],
    )  # fmt: skip
    assert write_project(project, tmp_path / "p.qdpx") == []
    return tmp_path / "p.qdpx"


def test_what_we_write_comes_back(tmp_path):
    talks, wanted = read(our_project(tmp_path)), our_talks()
    assert talks.documents["text"].tolist() == [TEXT] and talks.documents["kind"].tolist() == ["transcript"]
    assert talks.interviews["participant_id"].tolist() == ["P01"]
    assert talks.transcript_marks[["position", "t_ns"]].equals(wanted.transcript_marks[["position", "t_ns"]])
    assert talks.code_book["name"].tolist() == ["Seen", "x"]
    rows = talks.codings.sort_values("start_char", ascending=False, ignore_index=True)
    assert coded(talks.__class__(codings=rows[:1], documents=talks.documents)) == ["ผมเห็นป้าย"]
    assert rows["coder"].tolist() == ["K1", "K1"] and rows["memo"].tolist() == ["why\nnot", ""]
    assert rows["placement_id"].tolist() == ["hall-a", ""] and rows["recording_id"].tolist() == ["", "p01-1"]
    for name in ("start_ns", "end_ns"):
        assert abs(int(rows[name][1]) - int(wanted.codings[name][1])) < 1_000_000  # milliseconds
    assert "left out" not in told(talks)


def test_nothing_is_new_in_the_study_it_came_from(tmp_path):
    joined = joined_to(read(our_project(tmp_path)), our_talks())
    assert all(table.empty for table in joined.tables().values())


def test_work_of_another_coder_finds_texts_and_codes_of_the_study(tmp_path):
    known = our_talks()
    known = Interviews(**(known.tables() | {"codings": interview_table("codings", [])}))
    joined = joined_to(read(our_project(tmp_path)), known)
    assert joined.documents.empty and joined.code_book.empty and joined.interviews.empty
    assert sorted(joined.codings["document_id"]) == ["", "d1"] and set(joined.codings["code_id"]) == {"seen"}


def test_texts_that_an_export_made_come_in_only_with_codes(tmp_path):
    known, read_back = our_talks(), read(our_project(tmp_path))
    without = known.with_tables(
        documents=interview_table("documents", []), codings=interview_table("codings", [])
    )
    made = known.documents.assign(document_id="i1/answers", text="\n\n" + TEXT)
    joined = joined_to(read_back, without, made=made)
    assert joined.documents["document_id"].tolist() == ["i1/answers"] and joined.interviews.empty
    row = joined.codings[joined.codings["document_id"] == "i1/answers"].iloc[0]
    assert joined.documents["text"][0][row["start_char"] : row["end_char"]] == "ผมเห็นป้าย"
    assert row["interview_id"] == "i1"
    bare = joined_to(read_back.with_tables(codings=interview_table("codings", [])), without, made=made)
    assert bare.documents.empty


def test_cases_that_are_no_participants_bring_no_people(tmp_path):
    talks = read(our_project(tmp_path), participants=frozenset({"P07"}))
    assert talks.interviews.empty and talks.documents["interview_id"].tolist() == [""]
    assert "1 cases that are no participants" in told(talks)
    mine = read(our_project(tmp_path), participants=frozenset({"P07"}), participant="P07")
    assert mine.interviews["participant_id"].tolist() == ["P07"]


def sample(name):
    if not (SAMPLES / name).is_file():
        pytest.skip(f"sample projects are not on this machine ({SAMPLES})")
    return SAMPLES / name


def test_projects_of_other_programs_are_read(tmp_path):
    """ATLAS.ti's document without its texts, and with one text made to fit its selections."""
    document = sample("Project.qde").read_text(encoding="utf-8")
    talks = read(packed(tmp_path / "bare.qdpx", document))
    names = [one.rsplit(": ", 1)[-1] for one in talks.code_book["name"]]
    assert "happiness" in names and "Feelings" in names and len(talks.code_book) == document.count("<Code ")
    assert "texts that are not in the project" in told(talks) and "sets" in told(talks)
    said = "Oh, that was great. See you tomorrow? Eleven thirty. Mm."
    file = "230B768E-5A3D-42B7-BE92-2A3721177944.txt"
    text = ("x" * 139 + said + " end").encode()
    talks = read(packed(tmp_path / "one.qdpx", document, {file: text}, folder="Sources"))
    assert coded(talks) == [said]
    assert len(talks.transcript_marks) == 11  # of the same text in its video
    assert set(talks.documents["kind"]) == {"transcript"}


def test_a_packed_sample_is_read():
    talks = read(sample("TestProject.qdpx"))
    assert len(talks.code_book) > 10 and talks.documents.empty
