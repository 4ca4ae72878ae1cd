"""OpenDocument spreadsheets (.ods) as rows of text, by the standard library alone."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from gazestudy.errors import InputError

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
_MOST_REPEATS = 4_000
MAX_CONTENT_BYTES = 64 * 2**20  # its tree takes many times that in memory

Rows = list[tuple[int, list[str]]]


def ods_sheets(data: bytes, place: Path, limit: int) -> Iterator[tuple[str, Rows]]:
    """Yield the sheets of a spreadsheet: their names, and rows with their numbers; empty rows are left out.

    Parameters
    ----------
    data : bytes
        The file, a zip that was checked.
    place : Path
        The file, for messages.
    limit : int
        Rows of each sheet at most.

    Raises
    ------
    InputError
        If it is no spreadsheet, or damaged. Documents that declare entities are refused.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.read("mimetype").strip().decode("ascii", "replace") != _SPREADSHEET:
                raise InputError(place, "this is no OpenDocument spreadsheet")
            size = archive.getinfo("content.xml").file_size
            if size > MAX_CONTENT_BYTES:
                raise InputError(place, "this spreadsheet is too large", found=f"{size:,} bytes inside")
            content = archive.read("content.xml")
        if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content:
            raise InputError(place, "this spreadsheet declares entities; it is refused")
        root = ElementTree.fromstring(content)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, OSError, EOFError) as error:
        raise InputError(place, "this spreadsheet is damaged", found=str(error)[:200]) from error
    except (ValueError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise InputError(place, "this spreadsheet is damaged", found=str(error)[:200]) from error
    for table in root.iter(f"{_TABLE}table"):
        yield table.get(f"{_TABLE}name", ""), _rows(table, limit)


def _rows(table: ElementTree.Element, limit: int) -> Rows:
    rows: Rows = []
    number = 1
    for row in table.iter(f"{_TABLE}table-row"):
        repeats = _repeats(row, "rows")
        cells = _cells(row)
        if any(cells):
            rows += [(number + step, cells) for step in range(min(repeats, _MOST_REPEATS))]
        number += repeats
        if len(rows) >= limit:
            break
    return rows[:limit]


def _cells(row: ElementTree.Element) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            text = _cell(cell)
            repeats = _repeats(cell, "columns")
            cells += [text] * min(repeats, _MOST_REPEATS if text else 16_384)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell(cell: ElementTree.Element) -> str:
    """Return the value of a cell as typed: dates in ISO 8601, numbers with a point."""
    for name in ("date-value", "time-value", "value"):
        value = cell.get(f"{_OFFICE}{name}")
        if value is not None:
            return value.strip()
    if cell.get(f"{_OFFICE}value-type") == "boolean":
        return "yes" if cell.get(f"{_OFFICE}boolean-value") == "true" else "no"
    return "\n".join("".join(part.itertext()) for part in cell.iter(f"{_TEXT}p")).strip()


def _repeats(element: ElementTree.Element, what: str) -> int:
    text = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 10 else 1
