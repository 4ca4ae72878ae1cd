"""Tables of text cells with their row numbers, from CSV, TSV, XLSX, ODS and HTML."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes
from gazestudy.importers.fieldlogs.ods import ods_sheets
from gazestudy.importers.sources import Source, ZipSource
from gazestudy.importers.text_tables import decode_text
from gazestudy.model.recording import Finding

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
BOOK_SUFFIXES = (".xlsx", ".xlsm", ".ods")
PAGE_SUFFIXES = (".html", ".htm")

MAX_BYTES = 512 * 2**20
MAX_BOOK_BYTES = 512 * 2**20
MAX_ROWS = 2_000_000
MAX_COLUMNS = 4_000
MAX_CELL = 100_000
HEAD_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it is written: rows of text.

    Attributes
    ----------
    name : str
        Name of the sheet, or of the file without its suffix.
    rows : list of (int, list of str)
        Row number as a spreadsheet counts, and the trimmed cells; empty rows are left out.
    findings : tuple of Finding
        What was found while reading.
    cut : bool
        Whether the text ends without a line end, as it does when it was cut off.
    """

    name: str
    rows: list[tuple[int, list[str]]]
    findings: tuple[Finding, ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One row under a header.

    Attributes
    ----------
    where : Cell
        Its place.
    cells : dict of str to str
        Cells by column name; empty ones are "".
    """

    where: Cell
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """Return a cell, "" where there is none."""
        return self.cells.get(column, "")

    def at(self, column: str) -> Cell:
        """Return the place of a cell."""
        return self.where.at(column)


def records(grid: Grid, mistakes: Mistakes, header: int = 0) -> tuple[list[str], list[Record]]:
    """Return the column names of a grid and its rows below.

    Parameters
    ----------
    grid : Grid
        The table.
    mistakes : Mistakes
        Hears of rows that do not fit the header.
    header : int, default 0
        Which of its rows holds the names.

    Returns
    -------
    tuple
        Names, and records; rows whose first cell begins with "#" are for people and left out.
    """
    if len(grid.rows) <= header:
        return [], []
    names = _unique(grid.rows[header][1])
    found = []
    last = grid.rows[-1][0]
    for number, cells in grid.rows[header + 1 :]:
        where = Cell(grid.name, number)
        if cells[0].startswith("#"):
            continue
        if grid.cut and number == last and len(cells) < len(names):
            mistakes.problem("cut_off", where, "the file ends in the middle of this row; copy it again")
            continue
        if any(cells[len(names) :]):
            text = f"more cells ({len(cells)}) than columns ({len(names)}); is a comma not quoted?"
            mistakes.problem("extra_cells", where, text)
            continue
        found.append(Record(where, dict(zip(names, cells, strict=False))))
    return names, found


def find_header(grid: Grid, *needed: Sequence[str], rows: int = 200) -> int | None:
    """Return which row holds the names, None if none does.

    Parameters
    ----------
    grid : Grid
        The table.
    *needed : sequence of str
        One spelling of each must be there.
    rows : int, default 200
        How far to look.
    """
    for number, (_, cells) in enumerate(grid.rows[:rows]):
        if all(any(one in cells for one in spellings) for spellings in needed):
            return number
    return None


def read_grids(source: Source, name: str, *, rows: int = MAX_ROWS) -> list[Grid]:
    """Return the tables of a file.

    Parameters
    ----------
    source : Source
        Where it lies.
    name : str
        A CSV, TSV, XLSX, ODS or HTML file.
    rows : int, default MAX_ROWS
        Read this many rows of each table at most.

    Raises
    ------
    InputError
        If it is empty, damaged, too large, or no table.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if source.size_bytes(name) > MAX_BYTES:
        raise InputError(source.place(name), "this file is too large for a field log", expected="512 MB")
    if suffix == ".ods":
        data = source.read(name)
        _check_zip(source, name, data)
        return [Grid(title, found) for title, found in ods_sheets(data, source.place(name), rows)]
    if suffix in BOOK_SUFFIXES:
        return list(_book(source, name, rows))
    data = source.read(name) if rows >= MAX_ROWS else _head(source, name)
    text, findings = decode_text(data, source.place(name), name)
    grid_name = PurePosixPath(name).stem
    if suffix in PAGE_SUFFIXES:
        return [Grid(grid_name, _html_rows(text, source, name), findings)]
    cut = not text.endswith(("\n", "\r"))
    return [Grid(grid_name, _text_rows(text, source, name, rows), findings, cut)]


def read_json(source: Source, name: str) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    InputError
        If it is damaged, too large or nested too deeply.
    """
    place = source.place(name)
    if source.size_bytes(name) > MAX_BYTES:
        raise InputError(place, "this file is too large for a field log", expected="at most 512 MB")
    data = source.unzipped(name) if name.lower().endswith(".gz") else source.read(name)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError as error:
        raise InputError(place, "this JSON is nested too deeply", advice="Export it again") from error
    except ValueError as error:
        raise InputError(
            place, "this JSON is damaged", found=str(error)[:200], advice="Copy or export it again"
        ) from error


def _head(source: Source, name: str) -> bytes:
    data = source.head(name, HEAD_BYTES)
    return data if len(data) < HEAD_BYTES else data[: data.rfind(b"\n") + 1] or data


def _text_rows(text: str, source: Source, name: str, limit: int) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    delimiter = _delimiter(text)
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1
        ):
            if len(cells) > MAX_COLUMNS:
                raise InputError(source.place(name), "too many columns", found=str(len(cells)))
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed):
                rows.append((number, trimmed))
            if len(rows) >= limit:
                break
    except csv.Error as error:
        raise InputError(
            source.place(name), "this is no text table", found=str(error), advice="Export it as UTF-8 CSV"
        ) from error
    return rows


def _delimiter(text: str) -> str:
    """Return the mark that most lines have in the same number."""
    lines = [line for line in text[:HEAD_BYTES].splitlines()[:60] if line.strip()]
    best, score = ",", 0
    for mark in ("\t", ";", ",", "|"):
        counts = [line.count(mark) for line in lines]
        usual = max(counts, key=counts.count, default=0)
        fitting = counts.count(usual) if usual else 0
        if fitting * min(usual, 50) > score:
            best, score = mark, fitting * min(usual, 50)
    return best


def _html_rows(text: str, source: Source, name: str) -> list[tuple[int, list[str]]]:
    page = _Page()
    page.feed(text)
    if not page.rows:
        raise InputError(source.place(name), "there is no table in this page")
    return [(number, row) for number, row in enumerate(page.rows, start=1) if any(row)]


class _Page(HTMLParser):
    """Takes the cells of all tables of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] = (self.rows[-1][-1] + data).strip()


def _book(source: Source, name: str, limit: int) -> Iterator[Grid]:
    from openpyxl import load_workbook

    place = source.place(name)
    data = source.read(name)
    formulas = _check_book(source, name, data)
    if not formulas:
        book, shown = None, _opened(load_workbook, data, place, data_only=True)
    else:
        book = _opened(load_workbook, data, place, data_only=False)
        shown = _opened(load_workbook, data, place, data_only=True)
    for title in shown.sheetnames:
        page = shown[title]
        if not hasattr(page, "iter_rows") or page.sheet_state != "visible":
            continue  # a chart, or lists that belong to the form
        try:
            rows = _sheet_rows(page, limit)
            blank = _unsaved_formulas(book[title], rows) if book is not None else []
        except InputError:
            raise
        except Exception as error:  # a damaged workbook raises whatever its reader stumbles over
            raise _damaged(place, error) from error
        findings = tuple(
            Finding(
                "problem", title, "formula", f"{cell}: a formula without a stored value; type the value", 1
            )
            for cell in blank
        )
        yield Grid(title, rows, findings)


def _opened(load_workbook: Any, data: bytes, place: Any, *, data_only: bool) -> Any:
    try:
        return load_workbook(io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False)
    except Exception as error:  # likewise
        raise _damaged(place, error) from error


def _damaged(place: Any, error: Exception) -> InputError:
    found = f"{type(error).__name__}: {error}"[:200]
    return InputError(place, "this workbook is damaged", found=found, advice="Save it again as XLSX")


def _check_zip(source: Source, name: str, data: bytes) -> None:
    """Refuse workbooks that are no zip, climb, are encrypted, or unpack to too much."""
    place = source.place(name)
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InputError(place, "this is no workbook", advice="Save it again as XLSX")
    if isinstance(source, ZipSource):
        raise InputError(place, "a workbook inside a zip", advice="Unpack the zip and import the workbook")
    ZipSource(source.local(name))  # refuses bombs, climbing names and encryption
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_BOOK_BYTES:
            raise InputError(place, "this workbook unpacks to more than 512 MB")


def _check_book(source: Source, name: str, data: bytes) -> bool:
    """Refuse unsafe workbooks; returns whether some sheet holds formulas."""
    _check_zip(source, name, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        try:
            for member in archive.infolist():
                if member.filename.startswith("xl/worksheets/") and _holds(archive, member, b"<f"):
                    return True
        except Exception as error:  # zlib.error and others of damaged members
            raise _damaged(source.place(name), error) from error
    return False


def _holds(archive: zipfile.ZipFile, member: zipfile.ZipInfo, sign: bytes) -> bool:
    tail = b""
    with archive.open(member) as stream:
        while piece := stream.read(1 << 20):
            if sign + b">" in tail + piece or sign + b" " in tail + piece:
                return True
            tail = piece[-4:]
    return False


def _sheet_rows(page: Any, limit: int) -> list[tuple[int, list[str]]]:
    page.reset_dimensions()  # what the file claims may be anything
    rows: list[tuple[int, list[str]]] = []
    for number, values in enumerate(page.iter_rows(values_only=True), start=1):
        cells = [_cell_text(value) for value in values[:MAX_COLUMNS]]
        if any(cells):
            rows.append((number, cells))
        if len(rows) >= limit or number > MAX_ROWS:
            break
    return rows


def _unsaved_formulas(page: Any, rows: list[tuple[int, list[str]]]) -> list[Cell]:
    """Return formulas that the program which wrote them never worked out."""
    page.reset_dimensions()
    shown = dict(rows)
    header = rows[0][1] if rows else []
    found = []
    for number, cells in enumerate(page.iter_rows(), start=1):
        for column, cell in enumerate(cells[:MAX_COLUMNS]):
            if cell.data_type == "f" and not (shown.get(number, [])[column : column + 1] or [""])[0]:
                name = header[column] if column < len(header) else str(column + 1)
                found.append(Cell(page.title, number, name))
        if number > MAX_ROWS or len(found) > 1000:
            break
    return found


def _cell_text(value: Any) -> str:
    """Return a value of a spreadsheet as the text of a field log."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, datetime):
        return value.isoformat(sep="T", timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    return "" if value is None else str(value).strip()[:MAX_CELL]


def _unique(names: list[str]) -> list[str]:
    """Return names made unique; nameless columns get their number."""
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        plain = name.lstrip("\ufeff").strip()
        found.append(plain if plain and plain not in found else f"{plain or 'column'}.{number}")
    return found
