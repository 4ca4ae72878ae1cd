"""Tables for other programs: values come back, formulas do not run, columns are explained."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from gazestudy.errors import InputError
from gazestudy.exporters.csv_tables import csv_text, write_csv_tables
from gazestudy.exporters.tidy import TidyTable, dictionary_of, is_risky, plain_text, safe_text, unit_of
from gazestudy.exporters.xlsx_tables import MAX_CELL, write_xlsx_tables
from gazestudy.model.tables import METRICS, Column, categorical

FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "  =1+1",
    "-2+3+cmd|' /C calc'!A0",
)
HARMLESS = (
    "a=b",
    "1-2",
    "-5",
    "+3.25",
    "2026-11-22T08:00:00+07:00",
    "ป้าย",
    "'quoted'",
    "<script>",
    "#N/A",
    "",
)
COLUMNS = (
    Column("note", "str", "what was said, may be empty"),
    Column("t_ns", "int", "when"),
    Column("dwell_ms", "float", "how long, NaN where never"),
    Column("noticed", "bool", "whether"),
    Column("kind", "category", "which", ("static", "digital")),
)


def table():
    """One row for each text, with extreme numbers beside it."""
    texts = [*FORMULAS, *HARMLESS, 'comma, "quote"\nline']
    n = len(texts)
    times = np.arange(n, dtype=np.int64) + 1_790_000_000_000_000_123
    dwell = np.where(np.arange(n) % 3 == 0, np.nan, -0.1 - np.arange(n) / 3)
    frame = pd.DataFrame({"note": pd.Series(texts, dtype="str"), "t_ns": times, "dwell_ms": dwell})
    frame["noticed"] = np.arange(n) % 2 == 0
    frame["kind"] = categorical(
        ["static", "digital"] * (n // 2) + ["static"] * (n % 2), ("static", "digital")
    )
    return TidyTable(
        "answers", "an answer", frame, COLUMNS, {"dwell_ms": "=sum of fixations"}, '{"step": "x"}'
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_defused(text):
    assert is_risky(text) and safe_text(text) == f"'{text}"
    assert plain_text(safe_text(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays(text):
    assert safe_text(text) == text == plain_text(text)


@given(st.text(alphabet="='+-@\t\r\n a1＝", max_size=6))
def test_escape_is_undone_exactly(text):
    escaped = safe_text(text)
    assert plain_text(escaped) == text
    stripped = escaped.lstrip(" ")
    assert stripped[:1] not in tuple("=@\t\r\n＝") or not is_risky(escaped)


def test_unreadable_characters_are_replaced():
    assert safe_text("a\0b\ud800c") == "a\ufffdb\ufffdc"


def test_csv_comes_back_exactly():
    made = table()
    read = pd.read_csv(io.StringIO(csv_text(made.table)), keep_default_na=False, na_values={"dwell_ms": ""})
    assert [plain_text(text) for text in read["note"].astype(str)] == made.table["note"].tolist()
    np.testing.assert_array_equal(read["t_ns"].to_numpy(), made.table["t_ns"].to_numpy())
    np.testing.assert_array_equal(read["dwell_ms"], made.table["dwell_ms"])
    assert read["noticed"].tolist() == made.table["noticed"].tolist()
    assert read["kind"].tolist() == made.table["kind"].astype(str).tolist()


def test_header_is_safe_too():
    assert csv_text(pd.DataFrame({"=cmd": [1]})).startswith("'=cmd\r\n")


def test_folder_holds_contents_and_dictionary(tmp_path):
    write_csv_tables([table()], tmp_path / "out", notes=["a remark"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.txt",
        "answers.csv",
        "contents.csv",
        "dictionary.csv",
    ]
    raw = (tmp_path / "out" / "answers.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf") and "ป้าย" in raw.decode("utf-8")
    with (tmp_path / "out" / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["column"]: row for row in csv.DictReader(file)}
    assert list(rows) == [column.name for column in COLUMNS]
    assert rows["dwell_ms"]["unit"] == "ms" and rows["dwell_ms"]["rule"] == "'=sum of fixations"
    assert rows["dwell_ms"]["meaning"] == "how long, empty where never"
    assert rows["kind"]["categories"] == "static | digital" and rows["kind"]["may_be_empty"] == "false"
    assert rows["note"]["may_be_empty"] == "true" and rows["note"]["empty_cells"] == "1"
    assert int(rows["dwell_ms"]["empty_cells"]) == int(table().table["dwell_ms"].isna().sum())
    assert "a remark" in (tmp_path / "out" / "README.txt").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="already"):
        write_csv_tables([table()], tmp_path / "out")


def test_workbook_has_typed_cells_and_no_formula(tmp_path):
    made = table()
    assert write_xlsx_tables([made], tmp_path / "out.xlsx") == []
    book = load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["notes", "contents", "dictionary", "answers"]
    sheet = book["answers"]
    assert sheet.freeze_panes == "A2"
    rows = list(sheet.iter_rows(min_row=2))
    assert not any(cell.data_type in ("f", "e") for page in book for row in page.iter_rows() for cell in row)
    for row, (_, told) in zip(rows, made.table.iterrows(), strict=True):
        note, t_ns, dwell, noticed, kind = row
        assert (note.value or "").replace("_x000D_", "\r").replace("\r\n", "\n") in (
            told["note"],
            told["note"].replace("\r", "\n"),
        )
        assert note.quotePrefix == (is_risky(told["note"]) or told["note"].startswith("#"))
        assert t_ns.value == str(told["t_ns"])  # more digits than a spreadsheet keeps
        if np.isnan(told["dwell_ms"]):
            assert dwell.value is None
        else:
            assert dwell.value == pytest.approx(told["dwell_ms"], rel=1e-15)  # 16 digits
        assert noticed.data_type == "b" and noticed.value == told["noticed"]
        assert kind.value == told["kind"]


def test_workbook_limits_are_told(tmp_path):
    long = TidyTable("n" * 40, "x", pd.DataFrame({"text": ["a" * (MAX_CELL + 1), "b\x01"], "n": [1, 2]}))
    lost = write_xlsx_tables([long, long], tmp_path / "out.xlsx")
    assert len(lost) == 2 and "1 texts" in lost[0]
    book = load_workbook(tmp_path / "out.xlsx")
    assert all(len(name) <= 31 for name in book.sheetnames) and len(set(book.sheetnames)) == 5
    assert book.worksheets[3]["A3"].value == "b\ufffd" and book.worksheets[3]["B2"].value == 1


def test_dictionary_of_a_contract_has_all_columns():
    told = dictionary_of([TidyTable("metrics", "x", METRICS.empty(), METRICS.columns)]).table
    assert told["column"].tolist() == METRICS.names
    assert (told.loc[told["column"].str.endswith("_ms"), "unit"] == "ms").all()


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("width_deg_max", "deg"),
        ("gyro_x_deg_s", "deg/s"),
        ("counted_area_m2", "m2"),
        ("reading_distance_m", "m"),
        ("effective_rate_hz", "Hz"),
        ("loss_share", "share, 0 to 1"),
        ("item", ""),
        ("words", ""),
    ],
)
def test_units(column, unit):
    assert unit_of(column) == unit
