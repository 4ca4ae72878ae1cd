"""What our own exports bring back: entry sheets, and forms as ODK Central and KoboToolbox return them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

from gazestudy.importers.fieldlogs import FieldOptions, read_field_log
from gazestudy.model.fieldwork import FieldLog
from gazestudy.pipeline.fieldlogs import plan_of
from gazestudy.protocol import Protocol, load_protocol
from gazestudy.protocol.targets import export_protocol

HEAD = {
    "station_id": "สยาม",
    "point_id": "p3",
    "observer": "A7",
    "role": "primary",
    "daypart": "am_peak",
    "counted_geometry": "line",
    "counted_length_m": "4.5",
    "weather": "rain",
}
TIMES = {"started_at": "2026-11-22T08:00:00+07:00", "stopped_at": "2026-11-22T08:10:00+07:00"}


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol("station_point_observation")


@pytest.fixture(scope="module")
def plan(protocol: Protocol) -> FieldOptions:
    return FieldOptions(plan=plan_of(protocol))


def problems(log: FieldLog) -> list[str]:
    return [finding.message for finding in log.findings if finding.severity == "problem"]


def filled(cells: dict[str, str]) -> dict[str, dict[tuple[str, ...], dict[str, str]]]:
    """Return what an observer typed, by sheet and key cells."""
    return {
        "sessions": {("K7",): {**HEAD, **TIMES}},
        "interval_counts": {
            ("K7", "0", ""): {"passed": "40", "trains_arrived": "2", "coverage": "full", **cells},
            ("K7", "0", "hall-east"): {"glanced": "5", "looked_2s": "1"},
            ("K7", "1", ""): {"passed": "0"},
            ("K7", "1", "hall-east"): {"glanced": "0"},
        },
        "scans": {
            ("K7", "0", ""): {"present": "30", "on_phone": "12"},
            ("K7", "0", "hall-east"): {"blocked_percent": "25"},
        },
        "notes": {},
        "audits": {("K7", "hall-east"): {"creative": "cola", "face_distance_m": "6"}},
    }


KEYS = {
    "sessions": ("session_id",),
    "interval_counts": ("session_id", "interval_no", "placement_id"),
    "scans": ("session_id", "scan_no", "placement_id"),
    "audits": ("session_id", "placement_id"),
    "notes": ("session_id",),
}


def fill_rows(
    table: str, rows: list[list[Any]], values: dict[tuple[str, ...], dict[str, str]]
) -> list[list[Any]]:
    header = rows[0]
    found = []
    for row in rows:
        by_name = {name: "" if cell is None else str(cell) for name, cell in zip(header, row, strict=False)}
        own = values.get(tuple(by_name.get(key, "") for key in KEYS[table]), {})
        unknown = set(own) - set(header)
        assert not unknown, unknown
        found.append([own.get(name, by_name[name]) for name in header])
    return found


def typed(protocol: Protocol, target: str, out: Path, cells: dict[str, str] | None = None) -> Path:
    """Export entry sheets and type into them, as an assistant would."""
    path = out / ("sheets.xlsx" if target == "xlsx" else "sheets")
    export_protocol(protocol, target, path, sessions=("K7",), placements=("hall-east",), length_s=600)
    values = filled(cells or {})
    if target == "csv":
        for file in path.glob("*.csv"):
            with file.open(encoding="utf-8-sig", newline="") as stream:
                rows = list(csv.reader(stream))
            with file.open("w", encoding="utf-8-sig", newline="") as stream:
                csv.writer(stream).writerows(fill_rows(file.stem, rows, values[file.stem]))
        return path
    book = load_workbook(path)
    for table, own in values.items():
        page = book[table]
        rows = fill_rows(table, [list(row) for row in page.iter_rows(values_only=True)], own)
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row, start=1):
                number_like = text.replace(".", "", 1).isdigit()
                page.cell(number, column).value = (float(text) if number_like else text) if text else None
    book.save(path)
    return path


EXPECTED_COUNTS = [
    *((0, "", "passed", 40.0), (0, "", "trains_arrived", 2.0), (0, "hall-east", "glanced", 5.0)),
    *((0, "hall-east", "looked_2s", 1.0), (1, "", "passed", 0.0), (1, "hall-east", "glanced", 0.0)),
]
EXPECTED_SCANS = [("", "on_phone", 12.0), ("", "present", 30.0), ("hall-east", "blocked_percent", 25.0)]


def check(log: FieldLog) -> None:
    assert problems(log) == []
    (session,) = log.sessions.to_dict("records")
    expected = {
        **HEAD,
        **TIMES,
        "counted_length_m": 4.5,
        "weekday": "sun",
        "protocol_id": "station_point_observation",
    }
    conditions = json.loads(session["conditions_json"])
    assert conditions.pop("weather") == expected.pop("weather")
    assert {name: session[name] for name in expected} == expected
    counts = log.interval_counts[["interval_no", "placement_id", "item", "value"]]
    assert sorted(map(tuple, counts.to_numpy().tolist())) == EXPECTED_COUNTS
    assert set(zip(log.interval_counts["start_s"], log.interval_counts["end_s"], strict=True)) == {
        (0.0, 300.0),
        (300.0, 600.0),
    }
    assert (
        sorted(map(tuple, log.scans[["placement_id", "item", "value"]].to_numpy().tolist())) == EXPECTED_SCANS
    )
    assert log.notes["text"].tolist() == ["coverage: full"]
    (audit,) = log.audits.to_dict("records")
    assert (audit["placement_id"], json.loads(audit["details_json"])["creative"]) == ("hall-east", "cola")


@pytest.mark.parametrize("target", ["csv", "xlsx"])
@pytest.mark.parametrize("with_protocol", [True, False])
def test_entry_sheets(
    target: str, with_protocol: bool, protocol: Protocol, plan: FieldOptions, tmp_path: Path
) -> None:
    path = typed(protocol, target, tmp_path)
    log = read_field_log(path, options=plan if with_protocol else None)
    check(log)
    assert set(log.interval_counts["source"]) == {"paper"}


@pytest.mark.parametrize("target", ["csv", "xlsx"])
def test_mistakes_are_shown_together_with_their_cells(
    target: str, protocol: Protocol, plan: FieldOptions, tmp_path: Path
) -> None:
    path = typed(
        protocol,
        target,
        tmp_path,
        {"passed": "4o", "hurrying": "-2", "coverage": "most", "trains_arrived": "1.5"},
    )
    log = read_field_log(path, options=plan)
    assert problems(log) == [
        "interval_counts, row 3, column passed: '4o' is no number; write it like 1234 or 12.5",
        "interval_counts, row 3, column trains_arrived: 1.5 is no whole number",
        "interval_counts, row 3, column hurrying: -2 is less than 0",
        "interval_counts, row 3, column coverage: 'most' is none of full, part, none",
    ]


def test_a_word_among_numbers_is_a_mistake(protocol: Protocol, tmp_path: Path) -> None:
    """Without a protocol the other cells of a column say whether it holds numbers."""
    folder = typed(protocol, "csv", tmp_path)
    text = "session_id,interval_no,start_s,end_s,dogs,mood\nK7,0,0,300,3,good\nK7,1,300,600,few,bad\n"
    (folder / "interval_counts.csv").write_text(text, encoding="utf-8")
    log = read_field_log(folder)
    assert problems(log) == [
        "interval_counts, row 3, column dogs: 'few' is no number; write it like 1234 or 12.5"
    ]
    assert log.notes["text"].tolist() == ["mood: good", "mood: bad"]
    assert log.interval_counts["value"].tolist() == [3.0]


@pytest.mark.parametrize("with_protocol", [True, False])
def test_broken_rules_are_warnings_with_their_cells(
    with_protocol: bool, protocol: Protocol, plan: FieldOptions, tmp_path: Path
) -> None:
    path = typed(protocol, "csv", tmp_path, {"passed": "3"})
    log = read_field_log(path, options=plan if with_protocol else None)
    warnings = [finding for finding in log.findings if finding.code == "rule"]
    assert [finding.message for finding in warnings] == [
        "interval_counts, row 4, column glanced: glanced <= passed does not hold in interval 0 of session K7"
        " of hall-east: glanced 5, passed 3"
    ]
    assert len(log.interval_counts) == 6


# --- forms


def answers(placements: bool = True) -> tuple[dict[str, str], list[dict[str, str]], list[dict[str, str]]]:
    """Return one submission of our form: top, rounds, faces; paths joined by "/"."""
    own = "__hall-east" if placements else ""
    top = {
        "start": "2026-11-22T07:58:00.000+07:00",
        "end": "2026-11-22T08:12:00.000+07:00",
        "session_id": "K7",
        "protocol_id": "station_point_observation",
        "protocol_version": "2026.11.1",
        **TIMES,
        **{f"header/{name}": text for name, text in HEAD.items()},
    }
    base = [
        {"counts/interval_no": "0", "counts/start_s": "0", "counts/end_s": "300", "counts/passed": "40",
         "counts/trains_arrived": "2", f"counts/glanced{own}": "5", f"counts/looked_2s{own}": "1", "counts/coverage": "full",
         "counts/stopped__hall-east": "0", "counts/hurrying": "0", "counts/counts_not_watched": "hurrying stopped",
         "scan/scan_no": "0", "scan/at_s": "2.5", "scan/present": "30", "scan/on_phone": "12", f"scan/blocked_percent{own}": "25"},
        {"counts/interval_no": "1", "counts/start_s": "300", "counts/end_s": "600", "counts/passed": "0", f"counts/glanced{own}": "0"},
    ]  # fmt: skip
    faces = [
        {
            "faces_row/placement_id": "hall-east",
            "faces_row/creative": "cola",
            "faces_row/face_distance_m": "6",
        }
    ]
    return top, base, faces


def odk_zip(path: Path) -> Path:
    top, rounds, faces = answers()
    tables = {
        "form.csv": [
            {"SubmissionDate": "2026-11-22T01:20:00.000Z", **top, "KEY": "uuid:1", "SubmitterName": "Anna"}
        ],
        "form-rounds.csv": [
            {**row, "PARENT_KEY": "uuid:1", "KEY": f"uuid:1/rounds[{n}]"}
            for n, row in enumerate(rounds, start=1)
        ],
        "form-faces.csv": [
            {**row, "PARENT_KEY": "uuid:1", "KEY": f"uuid:1/faces[{n}]"}
            for n, row in enumerate(faces, start=1)
        ],
        "form - audit.csv": [{"instance ID": "uuid:1", "event": "form start"}],
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in tables.items():
            header = list(dict.fromkeys(column for row in rows for column in row))
            text = io.StringIO()
            table = csv.writer(text)
            table.writerow([column.replace("/", "-") for column in header])
            table.writerows([[row.get(column, "") for column in header] for row in rows])
            archive.writestr(name, text.getvalue())
        archive.writestr("files/uuid1/photo.jpg", b"\xff\xd8")
    return path


def kobo_book(path: Path, groups: bool) -> Path:
    top, rounds, faces = answers()
    book = Workbook()
    book.remove(book.active)
    parent = {"_parent_table_name": "form", "_parent_index": 1}
    sheets = {
        "form": [
            {
                **top,
                "_id": 7,
                "_uuid": "u1",
                "_submission_time": "2026-11-22T01:20:00",
                "_index": 1,
                "_submitted_by": "anna",
            }
        ],
        "rounds": [{**row, **parent, "_index": n} for n, row in enumerate(rounds, start=1)],
        "faces": [{**row, **parent} for row in faces],
    }
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        header = list(dict.fromkeys(column for row in rows for column in row))
        page.append([column if groups else column.rpartition("/")[2] for column in header])
        for row in rows:
            values = [row.get(column) for column in header]
            page.append(
                [int(value) if isinstance(value, str) and value.isdigit() else value for value in values]
            )
    book.save(path)
    return path


def kobo_json(path: Path) -> Path:
    top, rounds, faces = answers()
    submission = {
        **top,
        "rounds": [{f"rounds/{name}": text for name, text in row.items()} for row in rounds],
        "faces": [{f"faces/{name}": text for name, text in row.items()} for row in faces],
        "_id": 7,
        "_uuid": "u1",
        "_attachments": [{"filename": "x"}],
        "_submitted_by": "anna",
    }
    path.write_text(json.dumps({"count": 1, "results": [submission]}), encoding="utf-8")
    return path


def odata_json(path: Path) -> Path:
    def tree(flat: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, text in flat.items():
            *groups, leaf = name.split("/")
            place = found
            for group in groups:
                place = place.setdefault(group, {})
            place[leaf] = text
        return found

    top, rounds, faces = answers()
    submission = {
        "__id": "uuid:1",
        "__system": {"submitterName": "Anna"},
        **tree(top),
        "rounds": list(map(tree, rounds)),
        "faces": list(map(tree, faces)),
    }
    path.write_text(json.dumps({"value": [submission], "@odata.context": "x"}), encoding="utf-8")
    return path


def same_log(path: Path, options: FieldOptions | None) -> FieldLog:
    log = read_field_log(path, options=options)
    check(log)
    assert log.scans["at_s"].tolist() == [2.5] * 3
    assert "anna" not in json.dumps([table.to_csv() for table in log.tables().values()]).lower()
    return log


@pytest.mark.parametrize("with_protocol", [True, False])
def test_forms_come_back_alike(with_protocol: bool, plan: FieldOptions, tmp_path: Path) -> None:
    options = plan if with_protocol else None
    logs = [
        same_log(odk_zip(tmp_path / "form.zip"), options),
        same_log(kobo_book(tmp_path / "form.xlsx", groups=True), options),
        same_log(kobo_json(tmp_path / "form.json"), options),
        same_log(odata_json(tmp_path / "odata.json"), options),
    ]
    assert [set(log.interval_counts["source"]) for log in logs] == [{"odk"}, {"kobo"}, {"kobo"}, {"odk"}]
    for log in logs[1:]:
        pd.testing.assert_frame_equal(log.sessions, logs[0].sessions)
        pd.testing.assert_frame_equal(log.audits, logs[0].audits)


def test_an_unpacked_zip_is_the_same(plan: FieldOptions, tmp_path: Path) -> None:
    odk_zip(tmp_path / "form.zip")
    with zipfile.ZipFile(tmp_path / "form.zip") as archive:
        archive.extractall(tmp_path / "folder")
    same_log(tmp_path / "folder", plan)


def test_kobo_without_groups_in_headers(plan: FieldOptions, tmp_path: Path) -> None:
    """Then only the protocol (or the meaning of an item) tells a scan from an interval."""
    log = read_field_log(kobo_book(tmp_path / "form.xlsx", groups=False), options=plan)
    check(log)


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("groups", [True, False])
def test_kobo_with_a_column_for_each_answer(
    both: bool, groups: bool, plan: FieldOptions, tmp_path: Path
) -> None:
    """Such a column is called as its question and answer, like an item in a group."""
    path = kobo_book(tmp_path / "form.xlsx", groups=groups)
    book = load_workbook(path)
    page = book["rounds"]
    header = [cell.value for cell in page[1]]
    column = next(n for n, name in enumerate(header, start=1) if str(name).endswith("counts_not_watched"))
    name = header[column - 1]
    for number, item in enumerate(("hurrying", "stopped", "passed")):
        page.cell(1, len(header) + 1 + number).value = f"{name}/{item}"
        page.cell(2, len(header) + 1 + number).value = int(item != "passed")
    if not both:
        page.delete_cols(column)
    book.save(path)
    log = read_field_log(path, options=plan)
    check(log)


def test_a_count_that_was_not_watched_is_no_row(plan: FieldOptions, tmp_path: Path) -> None:
    log = read_field_log(odk_zip(tmp_path / "form.zip"), options=plan)
    assert not {"hurrying", "stopped"} & set(log.interval_counts["item"])
