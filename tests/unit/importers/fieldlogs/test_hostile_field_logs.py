"""Damaged and hostile files: either a log with findings, or an InputError; never anything else."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs import FieldOptions, find_field_logs, read_field_log
from gazestudy.importers.fieldlogs.columns import FieldColumns, load_field_columns
from gazestudy.model.fieldwork import FieldLog

SESSIONS = (
    "session_id,station_id,point_id,observer,started_at,stopped_at\n"
    "s1,siam,p3,A7,2026-11-22T08:00+07:00,2026-11-22T09:00+07:00\n"
)
COUNTS = "session_id,interval_no,start_s,end_s,placement_id,passed,glanced\ns1,0,0,300,,40,3\n"
BORIS = {
    "project_format_version": "7.0",
    "behaviors_conf": {"0": {"type": "State event", "code": "walk", "modifiers": {}}},
    "observations": {
        "o": {
            "type": "LIVE",
            "date": "2026-11-22T08:00:00",
            "events": [[1.0, "", "walk", "", ""], [2.0, "", "walk", "", ""]],
        }
    },
}
KOBO = {
    "results": [
        {
            "_uuid": "u",
            "_submission_time": "2026-11-22T08:00:00",
            "rounds": [{"rounds/counts/interval_no": "0"}],
        }
    ]
}


def workbook(**sheets: list[list[object]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def entry_book() -> bytes:
    return workbook(
        sessions=[line.split(",") for line in SESSIONS.splitlines()],
        interval_counts=[line.split(",") for line in COUNTS.splitlines()],
    )


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


GOOD: dict[str, bytes] = {
    "project.boris": json.dumps(BORIS).encode(),
    "project.boris.gz": gzip.compress(json.dumps(BORIS).encode()),
    "kobo.json": json.dumps(KOBO).encode(),
    "entry.xlsx": entry_book(),
    "odk.zip": zipped(
        {
            "form.csv": b"SubmissionDate,started_at,stopped_at,KEY\n2026-11-22T08:00:00Z,2026-11-22T08:00Z,2026-11-22T09:00Z,u\n",
            "form-rounds.csv": b"counts-interval_no,counts-start_s,counts-end_s,counts-passed,PARENT_KEY,KEY\n0,0,300,4,u,u/rounds[1]\n",
        }
    ),
    "boris.tsv": b"Observation id\tObservation date\tSubject\tBehavior\tBehavior type\tTime\no\t2026-11-22 08:00:00\t\tp\tPOINT\t1.5\n",
    "gehl.csv": b'id,name,startedAt,endedAt,modePedestrian ,location\n1,Square,09/22/17 07:00 PM,09/22/17 07:10 PM,3,"1, 2"\n',
}


def spreadsheet(rows: list[list[str]], extra: str = "") -> bytes:
    """An OpenDocument spreadsheet, written by the standard's own words."""
    cells = [
        "".join(
            f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
            if cell.replace(".", "", 1).isdigit()
            else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        for row in rows
    ]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    blank = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("table", "office", "text")
    )
    content = f'<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="events">{body}{blank}</table:table></office:spreadsheet></office:body></office:document-content>'
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": (extra + content).encode(),
        }
    )


BORIS_ROWS = [
    ["Observation id", "Observation date", "Subject", "Behavior", "Behavior type", "Time"],
    ["o", "2026-11-22 08:00:00", "", "p", "POINT", "1.5"],
]
GOOD["boris.ods"] = spreadsheet(BORIS_ROWS)


def test_a_spreadsheet_that_declares_entities_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ods").write_bytes(spreadsheet(BORIS_ROWS, '<!DOCTYPE x [<!ENTITY a "ha">]>'))
    assert "entities" in str(attempt(tmp_path / "x.ods"))


def attempt(path: Path) -> FieldLog | InputError:
    try:
        return read_field_log(path)
    except InputError as error:
        return error


@pytest.mark.parametrize("name", sorted(GOOD))
def test_the_whole_file_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(GOOD[name])
    log = attempt(path)
    assert isinstance(log, FieldLog)
    assert [finding for finding in log.findings if finding.severity == "problem"] == []
    assert len(log.sessions) == 1


@pytest.mark.parametrize("name", sorted(GOOD))
def test_any_part_of_a_file(name: str, tmp_path: Path) -> None:
    path, whole = tmp_path / name, GOOD[name]
    for end in sorted({0, 1, 2, 10, *range(0, len(whole), max(1, len(whole) // 15)), len(whole) - 1}):
        path.write_bytes(whole[:end])
        attempt(path)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_flipped_bytes(name: str, tmp_path: Path) -> None:
    path, rng = tmp_path / name, random.Random(7)
    for _ in range(25):
        data = bytearray(GOOD[name])
        for _ in range(rng.choice((1, 3, 30))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        attempt(path)


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, b"\xff\xfe\xfa" * 999, bytes(range(256)) * 40, b"\n" * 100, b"," * 9000]
)
def test_other_content_under_the_name(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert isinstance(attempt(path), InputError)


@pytest.mark.parametrize("name", ["deep.boris", "deep.json"])
@pytest.mark.parametrize("text", ["[" * 200_000, '{"results":[' + '{"a":' * 100_000, "[" * 900 + "]" * 900])
def test_deep_json(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert isinstance(attempt(tmp_path / name), InputError)


def test_deep_submissions_end_somewhere(tmp_path: Path) -> None:
    inner: dict[str, object] = {"answer": "1"}
    for _ in range(300):
        inner = {"again": [inner]}
    data = {"results": [{"_uuid": "u", "start": "2026-11-22T08:00Z", "end": "2026-11-22T09:00Z", **inner}]}
    (tmp_path / "k.json").write_text(json.dumps(data), encoding="utf-8")
    assert isinstance(attempt(tmp_path / "k.json"), FieldLog)


@pytest.mark.parametrize(
    "events",
    [
        [None, 3, "x", [], [1], ["1", "", "walk"], [True, "", "walk"], [1e300, "", "walk"], [{}, [], ()]],
        {"0": [1, "", "walk", "", ""]},
        [[1.0, None, None, None, None], [1.0, ["a"], {"b": 1}, 7, 8, 9, 10, 11]],
    ],
)
def test_boris_events_of_any_kind(events: object, tmp_path: Path) -> None:
    data = {
        **BORIS,
        "observations": {"o": {"date": "2026-11-22T08:00:00", "events": events}, "p": 3, "q": []},
    }
    (tmp_path / "x.boris").write_text(json.dumps(data), encoding="utf-8")
    assert isinstance(attempt(tmp_path / "x.boris"), FieldLog)


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e300, 1e12, True, "1e400"])
def test_numbers_of_any_size(number: object, tmp_path: Path) -> None:
    data = json.loads(json.dumps(BORIS))
    one = data["observations"]["o"]
    one["events"][0][0] = number
    one |= {"time offset": number, "observation time interval": [0, number]}
    one |= {"file": {"1": ["v", ["w"]]}, "media_info": {"length": {"v": number}}}
    (tmp_path / "x.boris").write_text(json.dumps(data), encoding="utf-8")
    assert isinstance(attempt(tmp_path / "x.boris"), FieldLog)
    (tmp_path / "x.boris").unlink()
    table = GOOD["boris.tsv"].replace(b"1.5", str(number).encode())
    (tmp_path / "x.tsv").write_bytes(table)
    assert isinstance(attempt(tmp_path / "x.tsv"), FieldLog)


@pytest.mark.parametrize("value", [None, 3, [], {}, "x", {"0": 1}, {"0": {"code": 3}}, [[]]])
@pytest.mark.parametrize(
    "key", ["behaviors_conf", "observations", "independent_variables", "file", "media_info"]
)
def test_boris_keys_of_any_kind(key: str, value: object, tmp_path: Path) -> None:
    data = json.loads(json.dumps(BORIS))
    (data if key in ("behaviors_conf", "observations") else data["observations"]["o"])[key] = value
    (tmp_path / "x.boris").write_text(json.dumps(data), encoding="utf-8")
    attempt(tmp_path / "x.boris")


def test_a_zip_that_grows_or_climbs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "climb.zip").write_bytes(zipped({"../form.csv": b"SubmissionDate,KEY\n"}))
    assert "outside" in str(attempt(tmp_path / "climb.zip"))
    (tmp_path / "bomb.zip").write_bytes(zipped({"form.csv": b"SubmissionDate,KEY\n" + b"0" * (120 * 2**20)}))
    assert "grows" in str(attempt(tmp_path / "bomb.zip"))
    (tmp_path / "bomb.boris.gz").write_bytes(gzip.compress(b" " * (120 * 2**20)))
    assert "not plausible" in str(attempt(tmp_path / "bomb.boris.gz"))


def test_a_workbook_that_grows_or_climbs_is_refused(tmp_path: Path) -> None:
    book = entry_book()
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    (tmp_path / "climb.xlsx").write_bytes(zipped({**members, "../../x": b"1"}))
    assert "outside" in str(attempt(tmp_path / "climb.xlsx"))
    (tmp_path / "bomb.xlsx").write_bytes(
        zipped({**members, "xl/worksheets/sheet9.xml": b"<a/>" * (40 * 2**20)})
    )
    assert "grows" in str(attempt(tmp_path / "bomb.xlsx"))
    sheet = members["xl/worksheets/sheet1.xml"]
    laughs = (
        b'<!DOCTYPE x [<!ENTITY a "ha">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b"]>"
    )
    (tmp_path / "laughs.xlsx").write_bytes(
        zipped(
            {
                **members,
                "xl/worksheets/sheet1.xml": sheet.replace(b"<worksheet", laughs + b"<worksheet", 1).replace(
                    b"s1", b"&j;"
                ),
            }
        )
    )
    attempt(tmp_path / "laughs.xlsx")


def test_a_workbook_that_claims_a_huge_sheet(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(entry_book())) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    assert b'<dimension ref="A1:F2"' in sheet
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"A1:F2", b"A1:XFD1048576")
    (tmp_path / "huge.xlsx").write_bytes(zipped(members))
    log = attempt(tmp_path / "huge.xlsx")
    assert isinstance(log, FieldLog)
    assert len(log.sessions) == 1


def test_formulas(tmp_path: Path) -> None:
    """A formula whose result was never stored has no value; text that looks like one stays text."""
    rows = [line.split(",") for line in COUNTS.splitlines()]
    rows[1][5] = "=SUM(1,2)"
    data = workbook(sessions=[line.split(",") for line in SESSIONS.splitlines()], interval_counts=rows)
    (tmp_path / "f.xlsx").write_bytes(data)
    log = attempt(tmp_path / "f.xlsx")
    assert isinstance(log, FieldLog)
    (problem,) = [finding for finding in log.findings if finding.severity == "problem"]
    assert problem.message.startswith("interval_counts, row 2, column passed: a formula")
    (tmp_path / "sessions.csv").write_text(SESSIONS.replace("siam", "=cmd|' /C calc'!A0"), encoding="utf-8")
    found = read_field_log(tmp_path, importer="entry-sheets")
    assert found.sessions["station_id"].tolist() == ["=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_bytes(
        SESSIONS.replace("siam", "Gare de l'Est, été".replace(",", "")).encode(encoding)
    )
    log = read_field_log(tmp_path)
    assert log.sessions["station_id"].tolist() == ["Gare de l'Est été"]
    assert ("encoding" in [finding.code for finding in log.findings]) == (encoding in ("utf-16", "cp1252"))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_line_ends_and_delimiters(line_end: str, delimiter: str, tmp_path: Path) -> None:
    for name, text in (("sessions.csv", SESSIONS), ("interval_counts.csv", COUNTS)):
        (tmp_path / name).write_bytes(text.replace(",", delimiter).replace("\n", line_end).encode())
    log = read_field_log(tmp_path)
    assert log.interval_counts["value"].tolist() == [40.0, 3.0]


def test_a_cell_of_megabytes(tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text(SESSIONS.replace("siam", "x" * 3_000_000), encoding="utf-8")
    assert "no text table" in str(attempt(tmp_path))


def test_a_row_that_was_cut_off(tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text(SESSIONS, encoding="utf-8")
    (tmp_path / "interval_counts.csv").write_text(COUNTS + "s1,1,300,6", encoding="utf-8")
    log = read_field_log(tmp_path)
    assert [finding.code for finding in log.findings if finding.severity == "problem"] == ["cut_off"]
    assert len(log.interval_counts) == 2


def test_many_mistakes_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"s1,{n},{300 * n},{300 * n + 300},,many,3\n" for n in range(1000))
    (tmp_path / "sessions.csv").write_text(SESSIONS, encoding="utf-8")
    (tmp_path / "interval_counts.csv").write_text(
        COUNTS + rows.replace("s1,0,", "s1,1000,"), encoding="utf-8"
    )
    log = read_field_log(tmp_path)
    problems = [finding for finding in log.findings if finding.code == "no_number"]
    assert sum(finding.count for finding in problems) == 1000
    assert len(problems) == 21


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"columns": 3}',
        '{"columns": {"at": "x"}, "table": "scans"}',
        '{"columns": {"nonsense": "x"}, "items": {"a": "b"}}',
        "[" * 100_000,
    ],
)
def test_column_mappings_that_are_not_right(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        load_field_columns(tmp_path / "c.json")


def test_a_mapping_for_another_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    mapping = FieldColumns.model_validate(
        {"columns": {"started_at": "when"}, "items": {"n": "passed"}, "interval_s": 60}
    )
    with pytest.raises(InputError, match=r"'when', 'n'.*found 'a', 'b'"):
        read_field_log(tmp_path / "t.csv", options=FieldOptions(columns=mapping))


def test_what_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError):
            find_field_logs(path)


def test_unknown_files_say_why_each_reader_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("went for lunch\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"boris: no file named .boris.*entry-sheets: no table named sessions"
    ):
        find_field_logs(tmp_path)
