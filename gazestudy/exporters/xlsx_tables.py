"""Tables as one XLSX workbook: a sheet each, typed cells, a data dictionary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy.exporters.folders import new_file
from gazestudy.exporters.tidy import TidyTable, contents_of, dictionary_of, is_risky

MAX_ROWS = 1_048_575
"""Rows of a sheet below its header."""

MAX_CELL = 32_767
"""Characters of a cell."""

MAX_EXACT = 10**15
"""Whole numbers from here on are written as text: the program keeps 15 digits."""

_MAX_NAME = 31


def write_xlsx_tables(tables: Sequence[TidyTable], path: Path, *, notes: Sequence[str] = ()) -> list[str]:
    """Write tables, their list and their dictionary as one workbook, whole or not at all.

    Parameters
    ----------
    tables : sequence of TidyTable
        What to write; each becomes a sheet, or several where it is longer than a sheet may be.
    path : Path
        The file; replaced if it is there.
    notes : sequence of str, optional
        What else a reader has to know; a sheet of its own.

    Returns
    -------
    list of str
        What a workbook cannot hold, in words.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    lost: list[str] = []
    remarks = [*notes, "Whole numbers of more than 15 digits, such as times in ns, are text here."]
    told = pd.DataFrame({"note": remarks})
    for one in (TidyTable("notes", "a remark", told), contents_of(tables), dictionary_of(tables), *tables):
        for number, begin in enumerate(range(0, max(len(one.table), 1), MAX_ROWS), start=1):
            title = _title(one.name, number, book.sheetnames)
            cut = _write_sheet(book.create_sheet(title), one.table.iloc[begin : begin + MAX_ROWS])
            if cut:
                lost.append(f"sheet {title}: {cut} texts are longer than {MAX_CELL:,} characters and are cut")
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as partial:
        book.save(partial)
    return lost


def write_xlsx_table(table: pd.DataFrame, path: Path, *, title: str = "table") -> None:
    """Write one table as a workbook with nothing else in it, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        What to write; rows beyond `MAX_ROWS` and characters beyond `MAX_CELL` are cut.
    path : Path
        The file; replaced if it is there.
    title : str
        Name of the sheet.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _write_sheet(book.create_sheet(_title(title, 1, ())), table.iloc[:MAX_ROWS])
    with new_file(path) as partial:
        book.save(partial)


def _title(name: str, number: int, taken: Sequence[str]) -> str:
    end = "" if number == 1 else f" {number}"
    title, count = f"{name[: _MAX_NAME - len(end)]}{end}", 1
    while title.casefold() in (one.casefold() for one in taken):
        count += 1
        title = f"{name[: _MAX_NAME - 4]}~{count}"
    return title


def _write_sheet(sheet: Any, table: pd.DataFrame) -> int:
    """Write a table below a header that stays in view; return how many texts were cut."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    names = [str(name) for name in table.columns]
    for number, name in enumerate(names, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = min(max(len(name) + 2, 10), 40)
    header = []
    for name in names:
        cell = WriteOnlyCell(sheet, name)
        cell.data_type, cell.font = "s", Font(bold=True)
        header.append(cell)
    sheet.append(header)
    cut = 0
    columns = [_values(values) for _, values in table.items()]
    for row in zip(*columns, strict=True):
        cells = []
        for value in row:
            if isinstance(value, str):
                cut += len(value) > MAX_CELL
                cells.append(_text_cell(sheet, value[:MAX_CELL]))
            else:
                cells.append(value)
        sheet.append(cells)
    if names:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{len(table) + 1}"
    return cut


def _values(values: pd.Series) -> Iterator[object]:
    """Yield numbers, truth values, text, or None for what is not known."""
    kind = values.dtype.kind
    as_text = kind in "iu" and bool((values.abs() >= MAX_EXACT).any())
    for value in values.astype(object):
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            yield None
        elif isinstance(value, bool):
            yield value
        elif isinstance(value, int) and not as_text:
            yield value if abs(value) < MAX_EXACT else str(value)
        elif isinstance(value, float) and math.isfinite(value):
            yield value
        else:
            yield str(value)


def _text_cell(sheet: Any, text: str) -> object:
    """Return text as a cell that is never taken for a formula or an error, also after it was edited."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", text).encode("utf-8", "replace").decode("utf-8")
    if not (is_risky(text) or text.startswith("#")):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.quotePrefix = "s", True
    return cell
