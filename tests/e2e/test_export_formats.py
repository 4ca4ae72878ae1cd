"""Every export format of one study: nobody's name leaves it, and hostile text is harmless in all of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

import gazestudy as gs
from gazestudy.exporters.tidy import plain_text
from gazestudy.importers.interviews import read_interviews
from gazestudy.model import Stream
from gazestudy.model.correction import GazeCorrection
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.model.interview import Interviews, interview_table
from gazestudy.pipeline.exporting import FORMATS
from gazestudy.pipeline.metrics import study_metrics
from gazestudy.store import PersonalData, PrivateAnswer
from gazestudy.store.interviews import PersonalAnswer
from tests.e2e.small_study import write_picture, write_recording
from tests.e2e.test_export import made_up

NAME, OBSERVER = "Zebulon Quackenbush", "Wilhelmina Ostrander"
EMAIL, PHONE, LABEL, MAKER = "zq@quackery.example", "+66812345678", "Neon of Quackenbush", "qwertzuser"
STAFF = "Ignatius Pfefferkorn"
SECRETS = (
    "ignatius",
    "pfefferkorn",
    "zebulon",
    "quack",
    "wilhelmina",
    "ostrander",
    "0812345678",
    "66812345678",
    MAKER,
)
SCRIPT, FORMULA = "<script>alert(1)</script>", '=HYPERLINK("http://evil.example","x")'
SCHEMAS = Path(__file__).parents[2] / ".." / "shared" / "data" / "field" / "refi_qda_standard"
TEXT = f"{FORMULA}\nQuackenbush said: {SCRIPT} 🚇 ป้ายสวย, wrote {NAME} ({EMAIL}).\nEnd"
QUOTE = "ป้ายสวย"


def field_log():
    session = {
        "session_id": "s1", "station_id": "สยาม", "point_id": "p3", "observer": OBSERVER,
        "started_at": "2026-11-22T08:00:00+07:00", "stopped_at": "2026-11-22T09:00:00+07:00",
    }  # fmt: skip
    notes = [
        {"session_id": "s1", "note_no": 0, "text": FORMULA},
        {"session_id": "s1", "note_no": 1, "text": f"{SCRIPT} {OBSERVER} met ZEBULON, {PHONE}"},
    ]
    return FieldLog(sessions=field_table("sessions", [session]), notes=field_table("notes", notes)).check()


def talks():
    start = TEXT.index(QUOTE)
    coding = {
        "coding_id": "k1", "code_id": "liked", "coder": "K1", "document_id": "zebulon-notes", "interview_id": "i1",
        "start_char": start, "end_char": start + len(QUOTE), "placement_id": "poster-1", "memo": FORMULA,
    }  # fmt: skip
    moment = {
        "coding_id": "k2", "code_id": "liked", "coder": STAFF, "recording_id": "p01-1", "interview_id": "i1",
        "start_ns": 200_000_000, "end_ns": 900_000_000,  "memo": f"{SCRIPT} {NAME}",
    }  # fmt: skip
    document = {"document_id": "zebulon-notes", "interview_id": "i1", "name": f"{NAME}.docx", "text": TEXT}
    answers = [
        {"interview_id": "i1", "participant_id": "P01", "item": "ur_any", "value": f"{FORMULA} by Zebulon"},
        {"interview_id": "i1", "participant_id": "P01", "item": "fam", "stimulus": "poster-1", "value": "4"},
        {"interview_id": "i1", "participant_id": "P01", "item": "walk", "value": f"{SCRIPT} {EMAIL}"},
    ]
    said = {"interview_id": "i1", "item": "ur_any"}
    codes = [
        {**said, "coder": "K1", "code": "correct_ad", "placement_id": "poster-1"},
        {**said, "coder": STAFF, "code": "invented"},
        {**said, "item": "fam", "stimulus": "poster-1", "coder": "K1", "code": "4"},
    ]
    book = [
        {"code_id": "liked", "name": FORMULA, "color": "#2CA02C", "description": f"{SCRIPT} as {NAME} did"},
        {"code_id": "below", "name": SCRIPT, "parent_id": "liked"},
    ]
    return Interviews(
        interviews=interview_table(
            "interviews",
            [{"interview_id": "i1", "participant_id": "P01", "recording_id": "p01-1", "interviewer": STAFF}],
        ),
        interview_answers=interview_table("interview_answers", answers),
        answer_codes=interview_table("answer_codes", codes),
        code_book=interview_table("code_book", book),
        codings=interview_table("codings", [coding, moment]),
        documents=interview_table("documents", [document]),
        transcript_marks=interview_table(
            "transcript_marks", [{"document_id": "zebulon-notes", "position": start, "t_ns": 500_000_000}]
        ),
    )


def with_event(recording):
    """The recording with a hostile event, and one with a name."""
    events = recording.events
    more = pd.DataFrame({"t_ns": events["t_ns"].to_numpy() + 1, "name": [FORMULA, NAME], "source": "user"})
    table = pd.concat([events, more]).sort_values("t_ns", ignore_index=True)
    recording._streams["events"] = Stream(table.astype({"name": "str", "source": "str"}))
    return recording


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A study with results, field notes, interviews and codings, and names wherever a name can be."""
    from gazestudy.pipeline.analysis import Settings
    from gazestudy.pipeline.importing import import_path
    from gazestudy.pipeline.run import run_study

    folder = tmp_path_factory.mktemp("formats")
    path = folder / "study"
    with gs.create_study(path, name=f"=1+1 of {NAME}") as study:
        study.add_placement("poster-1", [write_picture(folder / "poster.png", 1)], name="Sảnh & ga")
        study.add_placement("poster-2", [write_picture(folder / "other.png", 2)], name="=1+1")
        study.add_aoi("poster-1", f"@{NAME}", [(0, 0), (200, 0), (200, 300), (0, 300)])
        import_path(study, write_recording(folder / "walk", 1), participant_id="P01", segment="regular")
        run_study(study, Settings())
        study.add_recording(with_event(made_up(offset_ns=7)), participant_id="P01")
        correction = GazeCorrection("offset", (0,), (0.01,), (0.0,), {"target": NAME, "made_by": MAKER})
        study.add_correction("p01-2", correction, made_by=MAKER, note=f"as {NAME} said")
        study.set_personal_data(
            "P01", PersonalData(NAME, {"email": EMAIL, "tel": [PHONE], "device_labels": [LABEL]})
        )
        study.add_participant("P01", notes={"met by": NAME, "mood": FORMULA})
        study.add_field_log(
            field_log(), name="day1.csv", importer="table", importer_version=1, sources=[], provenance={},
            private=[PrivateAnswer("s1", "R1", "email", EMAIL)],
        )  # fmt: skip
        study.add_interviews(talks(), private=[PersonalAnswer("i1", "phone", PHONE)], made_by=MAKER)
    return path


@pytest.fixture(scope="module")
def exported(root, tmp_path_factory):
    """Every format, once."""
    from gazestudy.pipeline.exporting import ExportOptions, export_study

    folder = tmp_path_factory.mktemp("exported")
    with gs.open_study(root, read_only=True) as study:
        for name, one in FORMATS.items():
            options = ExportOptions(fixations="fixations" in one.takes)
            done = export_study(study, name, folder / f"out-{name}{one.suffix}", options=options)
            assert done.parts, name
    return folder


def contents(path):
    """Name and bytes of every file, zips and gzips unpacked."""
    for file in sorted(path.rglob("*") if path.is_dir() else [path]):
        if not file.is_file():
            continue
        data = file.read_bytes()
        yield file.relative_to(path.parent).as_posix(), data
        if file.suffix == ".gz":
            yield file.name, gzip.decompress(data)
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    yield f"{file.name}/{member.filename}", archive.read(member)


@pytest.mark.parametrize("name", FORMATS)
def test_no_name_leaves_the_study(exported, name):
    seen = 0
    for file, data in contents(exported / f"out-{name}{FORMATS[name].suffix}"):
        seen += 1
        text = f"{file}\n{data.decode('utf-8', 'replace')}".lower()
        for secret in SECRETS:
            assert secret not in text, f"{secret} in {file}"
    assert seen


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_hostile_text_is_harmless_in_every_format(exported):
    """Formulas are no formulas, markup is text, and both can be read as what they were."""
    notes = rows_of(exported / "out-csv" / "field_notes.csv")
    assert plain_text(notes[0]["text"]) == FORMULA and notes[1]["text"].startswith(SCRIPT)
    for path in exported.rglob("*.csv"):
        if "out-csv" in path.parts:
            with path.open(encoding="utf-8", newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row]
            assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "@")]
    book = load_workbook(exported / "out-xlsx.xlsx")
    assert book["field_notes"]["E2"].value == FORMULA and book["field_notes"]["E2"].quotePrefix
    assert not [c for page in book for row in page.iter_rows() for c in row if c.data_type in ("f", "e")]
    for path in (exported / "out-bids").rglob("*.tsv"):
        cells = [cell for line in path.read_text(encoding="utf-8").split("\n") for cell in line.split("\t")]
        assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "@", "+")]
    for path in (exported / "out-bids").rglob("*.md"):
        assert "<script" not in path.read_text(encoding="utf-8")
    from gazestudy.importers.interviews.qda_xml import safe_xml

    code_book = (exported / "out-qdc.qdc").read_bytes()
    assert b"<script" not in code_book
    names = [one.get("name") for one in safe_xml(code_book, exported).iter() if one.get("color")]
    assert names[0] == FORMULA
    with zipfile.ZipFile(exported / "out-qdpx.qdpx") as archive:
        assert b"<script" not in archive.read("project.qde")
    for path in [*(exported / "out-cloud").rglob("*.csv"), *(exported / "out-glassestools").rglob("*.tsv")]:
        text = path.read_text(encoding="utf-8")
        separator = "," if path.suffix == ".csv" else "\t"
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
        assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "@")], path


def test_csv_says_what_the_study_says(root, exported):
    with gs.open_study(root, read_only=True) as study:
        wanted = study_metrics(study)
    read = pd.read_csv(exported / "out-csv" / "metrics.csv", keep_default_na=True)
    assert list(read.columns) == list(wanted.columns) and len(read) == len(wanted)
    for column in wanted.columns:
        if wanted[column].dtype.kind in "if":
            pd.testing.assert_series_equal(read[column], wanted[column], check_dtype=False, rtol=0, atol=0)
    told = {(row["table"], row["column"]): row for row in rows_of(exported / "out-csv" / "dictionary.csv")}
    files = {path.stem for path in (exported / "out-csv").glob("*.csv")} - {"dictionary", "contents"}
    assert (
        {table for table, _ in told}
        == files
        == {row["table"] for row in rows_of(exported / "out-csv" / "contents.csv")}
    )
    assert told["metrics", "dwell_ms"]["rule"] == "sum of the whole durations of these fixations"
    unknown = {table for (table, _), row in told.items() if row["meaning"].startswith("not described")}
    assert unknown <= {"memory_cases", "recognition_trials"}  # columns beside those of their contracts
    text = rows_of(exported / "out-csv" / "documents.csv")[0]["text"]
    coding = next(row for row in rows_of(exported / "out-csv" / "codings.csv") if row["document_id"])
    assert plain_text(text)[int(coding["start_char"]) : int(coding["end_char"])] == QUOTE
    assert {
        "memory_cases",
        "field_notes",
        "interview_answers",
        "codings",
        "documents",
        "participants",
        "quality",
    } <= files
    assert "personal_data" not in files
    book = load_workbook(exported / "out-xlsx.xlsx", read_only=True)
    assert set(book.sheetnames) == files | {"notes", "contents", "dictionary"}
    assert [row[0].value for row in book["metrics"].iter_rows()] == ["recording_id", *wanted["recording_id"]]


def test_qda_project_is_valid_and_comes_back_where_it_was(root, exported, gazestudy):
    etree = pytest.importorskip("lxml.etree")
    if SCHEMAS.is_dir():
        for file, schema in (("qdc", "Codebook.xsd"), ("qdpx", "Project.xsd")):
            path = exported / f"out-{file}.{file}"
            content = path.read_bytes()
            if file == "qdpx":
                content = zipfile.ZipFile(path).read("project.qde")
            etree.XMLSchema(etree.parse(str(SCHEMAS / schema))).assertValid(etree.fromstring(content))
    read = read_interviews(exported / "out-qdpx.qdpx").talks
    assert read.documents["name"].tolist() == ["P01.docx", "i1 answers"]
    assert read.documents["text"][1].startswith(
        "ur_any: which ads are remembered, in the order of naming\n=HYP"
    )
    text = read.documents["text"][0]
    spans = read.codings[read.codings["document_id"] != ""]
    assert [text[row.start_char : row.end_char] for row in spans.itertuples()] == [QUOTE]
    assert text.startswith(FORMULA + "\nP01 said: " + SCRIPT) and "wrote P01 (P01)" in text
    assert read.transcript_marks["position"].tolist() == [text.index(QUOTE)]
    moments = read.codings[read.codings["recording_id"] == "p01-1"]
    assert abs(int(moments["start_ns"].iloc[0]) - 200_000_000) < 1_000_000
    assert spans["placement_id"].tolist() == ["poster-1"]
    assert read.code_book["name"].tolist() == [FORMULA, SCRIPT]


def test_qda_project_has_the_codes_of_answers_on_their_words(exported):
    from gazestudy.importers.interviews.qda_xml import local, safe_xml

    with zipfile.ZipFile(exported / "out-qdpx.qdpx") as archive:
        project = safe_xml(archive.read("project.qde"), exported)
        (text,) = (
            one for one in project.iter() if local(one) == "TextSource" and "answers" in one.get("name")
        )
        words = archive.read(f"sources/{text.get('plainTextPath').removeprefix('internal://')}").decode(
            "utf-8"
        )
    names = {one.get("guid"): one.get("name") for one in project.iter() if local(one) in ("Code", "User")}
    found = []
    for one in text:
        span = words[int(one.get("startPosition")) : int(one.get("endPosition"))]
        codes = [names[ref.get("targetGUID")] for ref in one.iter() if local(ref) == "CodeRef"]
        found.append((names[one.get("creatingUser")], span, codes))
    said = f"{FORMULA} by P01"
    assert sorted(found) == [
        ("K1", "4", ["4"]),
        ("K1", said, ["correct_ad", "Sảnh & ga"]),
        ("O02", said, ["invented"]),
    ]
    back = read_interviews(exported / "out-qdpx.qdpx").talks
    assert any("3 codes of answers" in finding.message for finding in back.findings)


def test_qda_project_refers_to_the_video_beside_it(exported):
    with zipfile.ZipFile(exported / "out-qdpx.qdpx") as archive:
        document = archive.read("project.qde").decode("utf-8")
        assert not [name for name in archive.namelist() if name.endswith(".mp4")]
    path = document.split('path="relative:///', 1)[1].split('"', 1)[0]
    assert (exported / path).resolve().is_file()
    assert "basePath" not in document


def test_bids_is_accepted(exported):
    tool = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("the official BIDS validator is not installed (pip install bids-validator-deno)")
    words = [tool, str(exported / "out-bids"), "--format", "json", "--max-rows", "-1"]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    found = json.loads(done.stdout)["issues"]["issues"]
    assert [one for one in found if one.get("severity") == "error"] == []
    events = pd.read_csv(
        exported / "out-bids" / "sub-P01" / "beh" / "sub-P01_task-walk_run-1_events.tsv", sep="\t", quoting=3
    )
    marks = events[events["trial_type"] == "interview_mark"]
    assert marks["onset"].tolist() == [0.2] and plain_text(marks["message"].iloc[0]) == FORMULA
    assert (events["trial_type"] == "exposure").sum() == 1


def test_names_leave_only_when_asked(root, tmp_path, gazestudy):
    for name in ("csv", "xlsx", "qdpx", "bids"):
        out = tmp_path / f"{name}{FORMATS[name].suffix}"
        done = gazestudy("export", root, "--format", name, "--out", out, "--with-personal-data")
        assert done.code == 0, done.err
        text = "\n".join(data.decode("utf-8", "replace") for _, data in contents(out))
        assert (NAME in text) == (name != "bids"), name
        assert "personal data" in done.out or name == "bids"
    people = rows_of(tmp_path / "csv" / "personal_data.csv")
    assert people[0]["name"] == NAME and EMAIL in people[0]["details_json"]
    assert rows_of(tmp_path / "csv" / "observer_names.csv")[0]["name"] == OBSERVER


def test_what_cannot_be_exported_is_said(root, tmp_path, gazestudy):
    gs.create_study(tmp_path / "empty", name="x").close()
    for name in ("csv", "xlsx", "bids", "qdc"):
        done = gazestudy("export", tmp_path / "empty", "--format", name, "--out", tmp_path / f"{name}.x")
        assert done.code == 1 and "error" in done.err, name
        assert not (tmp_path / f"{name}.x").exists()
    taken = tmp_path / "taken.xlsx"
    taken.write_bytes(b"mine")
    done = gazestudy("export", root, "--format", "xlsx", "--out", taken)
    assert done.code == 1 and "already" in done.err and taken.read_bytes() == b"mine"
    for name, word, able in (
        ("csv", "--video", "bids, qdpx, cloud"),
        ("bids", "--fixations", "csv, xlsx"),
        ("qdc", "--corrected", "bids, cloud, glassestools"),
    ):
        done = gazestudy("export", root, "--format", name, "--out", tmp_path / "y", word)
        assert done.code == 1 and able in done.err and not (tmp_path / "y").exists()
    done = gazestudy("export", root, "--format", "spss", "--out", tmp_path / "x")
    assert done.code == 1 and "csv, xlsx, bids, qdc, qdpx, cloud, glassestools" in done.err
    done = gazestudy("export", root, "--format", "qdc", "--out", tmp_path / "book", "--json")
    assert json.loads(done.out)["path"].endswith("book.qdc") and (tmp_path / "book.qdc").is_file()


def test_work_of_a_coder_comes_back_into_the_study(tmp_path, gazestudy):
    """Out as a project, coded elsewhere, in again: texts and codes are those of the study, twice is once."""
    root = tmp_path / "study"
    text = "Line one\nผมเห็นป้าย 🚇 and more"
    with gs.create_study(root, name="s") as study:
        study.add_participant("P01")
        study.add_interviews(
            Interviews(
                interviews=interview_table("interviews", [{"interview_id": "i1", "participant_id": "P01"}]),
                code_book=interview_table("code_book", [{"code_id": "liked", "name": "Liked"}]),
                documents=interview_table(
                    "documents", [{"document_id": "d1", "interview_id": "i1", "name": "talk", "text": text}]
                ),
            )
        )
    assert gazestudy("export", root, "--format", "qdpx", "--out", tmp_path / "out.qdpx").code == 0
    with zipfile.ZipFile(tmp_path / "out.qdpx") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = members.pop("project.qde").decode("utf-8")
    code = document.split('<Code guid="', 1)[1].split('"', 1)[0]
    start = text.index("🚇")
    coding = (
        f'><PlainTextSelection guid="{"a" * 8}-aaaa-aaaa-aaaa-{"a" * 12}" startPosition="{start}" '
        f'endPosition="{start + 1}" name="🚇"><Coding guid="{"b" * 8}-bbbb-bbbb-bbbb-{"b" * 12}">'
        f'<CodeRef targetGUID="{{{code.lower()}}}"/></Coding></PlainTextSelection></TextSource>'
    )
    head, source = document.split("<TextSource", 1)
    document = f"{head}<TextSource{source.replace(' />', coding, 1)}"
    with zipfile.ZipFile(tmp_path / "back.qdpx", "w") as archive:
        archive.writestr("Project.qde", "\ufeff" + document)
        for name, data in members.items():  # with a byte order mark and other line ends
            lines = data.decode("utf-8").replace("\n", "\r\n")
            archive.writestr(name.replace("sources", "Sources"), b"\xef\xbb\xbf" + lines.encode("utf-8"))
    for _ in range(2):
        done = gazestudy("interview", "import", root, tmp_path / "back.qdpx", "--coder", "K2")
        assert done.code == 0, done.err
    with gs.open_study(root, read_only=True) as study:
        talks = study.interviews()
    assert talks.documents["document_id"].tolist() == ["d1"] and len(talks.interviews) == 1
    row = talks.codings.iloc[0]
    assert len(talks.codings) == 1 and (row["code_id"], row["coder"]) == ("liked", "K2")
    assert text[row["start_char"] : row["end_char"]] == "🚇" and row["interview_id"] == "i1"
    done = gazestudy("export", root, "--format", "qdc", "--out", tmp_path / "book.qdc")
    assert done.code == 0
    gs.create_study(tmp_path / "other", name="o").close()
    assert gazestudy("interview", "import", tmp_path / "other", tmp_path / "book.qdc").code == 0
    with gs.open_study(tmp_path / "other", read_only=True) as study:
        assert study.code_book()["name"].tolist() == ["Liked"]
