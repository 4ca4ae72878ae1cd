import csv

import openpyxl
import pytest

from gazestudy.errors import InputError, ParameterError
from gazestudy.model.fieldwork import FIELD_CONTRACTS, field_table
from gazestudy.protocol import list_templates, load_protocol
from gazestudy.protocol.targets import TARGETS, export_protocol, target_path

TEMPLATES = [template.name for template in list_templates()]


def rows_of(path):
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


FILES = ["csv", "xlsx", "xlsform", "boris"]


@pytest.mark.parametrize("target", FILES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_becomes_every_target_and_says_what_is_lost(name, target, tmp_path):
    done = export_protocol(
        load_protocol(name), target, tmp_path / f"x{TARGETS[target].suffix}", language="th"
    )
    assert done.path.exists()
    assert all(isinstance(text, str) and text for text in done.dropped)
    assert done.dropped or target == "xlsform"
    assert [path.name for path in tmp_path.iterdir()] == [done.path.name]


def test_nothing_is_overwritten_unless_asked(point, tmp_path):
    out = tmp_path / "sheet.xlsx"
    out.write_text("filled in by hand")
    with pytest.raises(InputError, match="is there already"):
        export_protocol(point, "xlsx", out)
    assert out.read_text() == "filled in by hand"
    export_protocol(point, "xlsx", out, overwrite=True)
    assert openpyxl.load_workbook(out).sheetnames[0] == "sessions"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"target": "docx"}, "one of boris, csv"),
        ({"language": "ja"}, "one of en, th, vi, zh"),
        ({"paper": "A3"}, "A4 or Letter"),
        ({"length_s": 5}, "60 to 86400"),
        ({"placements": ("A 1",)}, "without blanks"),
        ({"sessions": ("a", "a")}, "all different"),
        ({"prefill": {"passed": "3"}}, "an item of a form"),
    ],
)
def test_impossible_wishes_are_refused(point, tmp_path, change, text):
    wish = {"target": "csv", "out": tmp_path / "x", **change}
    with pytest.raises(ParameterError, match=text):
        export_protocol(point, **wish)
    assert list(tmp_path.iterdir()) == []


def test_entry_sheets_are_wide_tables_of_the_canonical_columns(point, tmp_path):
    export_protocol(
        point,
        "csv",
        tmp_path / "s",
        sessions=("S1", "S2"),
        placements=("A1", "A2"),
        prefill={"station_id": "SIAM"},
    )
    tables = {path.stem: rows_of(path) for path in (tmp_path / "s").glob("*")}
    assert set(tables) == {"sessions", "audits", "interval_counts", "scans", "notes"}
    assert set(tables) <= set(FIELD_CONTRACTS)
    assert all(rows[1][0].startswith("# ") for rows in tables.values())
    counts = [
        dict(zip(tables["interval_counts"][0], row, strict=True)) for row in tables["interval_counts"][2:]
    ]
    # two sessions of twelve intervals, each with one row for the point and one for each placement
    assert len(counts) == 2 * 12 * 3
    assert counts[3]["interval_no"] == "1" and counts[3]["start_s"] == "300" and counts[3]["end_s"] == "600"
    assert [row["placement_id"] for row in counts[:4]] == ["", "A1", "A2", ""]
    session = dict(zip(tables["sessions"][0], tables["sessions"][2], strict=True))
    assert session["station_id"] == "SIAM"
    assert session["protocol_id"] == "station_point_observation"
    # a filled row can be turned into rows that keep their contract
    keys = ["session_id", "interval_no", "start_s", "end_s", "placement_id"]
    long = [
        {
            **{key: row[key] for key in keys},
            "item": "passed",
            "value": 0,
            "rule": "event_count",
            "source": "paper",
        }
        for row in counts
    ]
    frame = field_table("interval_counts", long)
    assert frame["end_s"].max() == 3600


def test_last_interval_may_be_shorter(point, tmp_path):
    export_protocol(point, "csv", tmp_path / "s", length_s=1000)
    header, _, *rows = rows_of(tmp_path / "s" / "interval_counts.csv")
    assert [row[header.index("end_s")] for row in rows] == ["300", "600", "900", "1000"]


def test_workbook_checks_numbers_lists_and_rules(point, tmp_path):
    export_protocol(point, "xlsx", tmp_path / "s.xlsx", placements=("A1",), language="zh")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    page = book["interval_counts"]
    header = [cell.value for cell in page[1]]
    column = header.index("glanced")
    assert page.cell(2, column + 1).value == "看了一眼"
    grey = [page.cell(row, column + 1).fill.fgColor.rgb for row in (3, 4)]
    assert grey == ["FFD9D9D9", "00000000"]  # the row of the whole point has no glances, that of A1 has
    kinds = {check.type for check in page.data_validations.dataValidation}
    assert kinds == {"whole", "list"}
    formulas = [rule.formula[0] for one in page.conditional_formatting for rule in one.rules]
    assert any(">" in formula and "AND(" in formula for formula in formulas)
    assert book["lists"].sheet_state == "hidden"


def test_codes_of_every_list_are_in_the_workbook(follow, tmp_path):
    done = export_protocol(follow, "xlsx", tmp_path / "s.xlsx")
    page = openpyxl.load_workbook(done.path)["lists"]
    cells = {cell.value for row in page.iter_rows() for cell in row}
    assert {"walk", "glance", "look", "towards", "alone", "primary"} <= cells
    assert any("states end each other" in text for text in done.dropped)


@pytest.mark.parametrize(
    ("target", "name", "written"),
    [
        ("pdf", "sheet", "sheet.pdf"),
        ("pdf", "sheet.PDF", "sheet.PDF"),
        ("xlsform", "form v1.2", "form v1.2.xlsx"),
        ("csv", "sheets", "sheets"),
    ],
)
def test_a_file_gets_the_ending_of_its_target(tmp_path, target, name, written):
    assert target_path(target, tmp_path / name) == tmp_path / written


def test_the_ending_of_another_target_is_refused(point, tmp_path):
    with pytest.raises(ParameterError, match=r"sheet\.xlsx.*ends in \.pdf.*--to xlsform or xlsx"):
        export_protocol(point, "pdf", tmp_path / "sheet.xlsx")
    assert not list(tmp_path.iterdir())
