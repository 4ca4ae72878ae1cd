"""Robust reading of delimited text, in one place for all importers.

Every cell is first read as text, in parallel and without guessing; columns are then converted one by one:
whole numbers exactly (time stamps of 19 digits never pass through floating point), decimals with point or
comma. What could not be used is counted and reported, never silently dropped. Columns whose kind the importer
knows are converted while the file is parsed; where a single cell does not fit, all is read as text as before.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as pa_csv

from gazestudy.errors import InputError
from gazestudy.importers.sources import Source
from gazestudy.model import Finding

NULLS = ("", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A", "-", "inf", "-inf")

_DELIMITERS = (",", "\t", ";", "|")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_CONTROL_SHARE = 0.01
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_FLOAT_EXACT_NS = 2.0**51  # below, two roundings of a double stay under half a nanosecond
_INT64_DIGITS = 19
_HEAD_BYTES = 65536
_BLOCK_BYTES = 16 * 2**20

Kind = Literal["int", "float", "words"]
"""What a column is known to hold: whole numbers, decimals, or a few different words."""

_TYPES: dict[Kind, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "words": pa.dictionary(pa.int32(), pa.string()),
}


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text table is written.

    Attributes
    ----------
    encoding : str
        Python's name of the encoding; "auto" where it is to be found out.
    delimiter : str
        One character between cells.
    decimal : {".", ","}
        Decimal mark.
    """

    encoding: str
    delimiter: str
    decimal: str


def column_key(name: str) -> str:
    """Return a header name without case, brackets and odd spaces, for comparison.

    Examples
    --------
    >>> column_key(" Acceleration X [G]") == column_key("acceleration x (g)")
    True
    """
    return " ".join(re.sub(r"[\[\]()_\s]+", " ", name.lower().replace("μ", "u").replace("µ", "u")).split())


@dataclass(slots=True)
class TextTable:
    """A table of text cells with conversions.

    Attributes
    ----------
    place : Path
        The file, for messages.
    stream : str
        The stream it becomes, for findings.
    names : list of str
        Header names as written, without surrounding spaces.
    findings : list of Finding
        Grows while columns are converted.
    """

    place: Path
    stream: str
    names: list[str]
    format: TextFormat
    cells: pa.Table
    findings: list[Finding] = field(default_factory=list)

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    def find(self, *spellings: str) -> str | None:
        """Return the first header name that equals one of the spellings (see `column_key`), or None."""
        keys = {column_key(name): name for name in reversed(self.names)}
        return next((keys[column_key(one)] for one in spellings if column_key(one) in keys), None)

    @classmethod
    def of_names(cls, names: list[str]) -> Self:
        """Return a table without rows, to look names up in."""
        empty = pa.table({name: pa.array([], pa.string()) for name in names})
        return cls(Path(), "", names, TextFormat("utf-8", ",", "."), empty)

    def need(self, *spellings: str) -> str:
        """Return the header name for one of the spellings.

        Raises
        ------
        InputError
            If there is none.
        """
        name = self.find(*spellings)
        if name is None:
            raise InputError(
                self.place,
                "a column is missing",
                place="header",
                expected=repr(spellings[0]),
                found=", ".join(repr(one) for one in self.names[:12])
                + (" ..." if len(self.names) > 12 else ""),
                advice="Export the table again, or name the columns with a column mapping",
            )
        return name

    def text(self, name: str) -> pd.Series:
        """Return a column as text; empty cells are ''."""
        return pd.Series(self._column(name).fill_null("").to_numpy(zero_copy_only=False), dtype="str")

    def words(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """Return the different words of a column, in lower case and trimmed, and the number of each row's.

        Examples
        --------
        >>> table = TextTable.of_names(["worn"])
        >>> table.cells = pa.table({"worn": ["1", " 0", "1"]})
        >>> table.words("worn")
        (['1', '0'], array([0, 1, 0]))
        """
        column = self.cells.column(self.names.index(name))
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        column = column.unify_dictionaries().combine_chunks()
        words = [str(word).strip().lower() for word in column.dictionary.to_pylist()]
        return words, column.indices.to_numpy().astype(np.int64)

    def floats(self, name: str) -> NDArray[np.float64]:
        """Return a column as numbers; empty cells are NaN, unreadable ones too, with a finding."""
        column = self._nulls_out(name)
        if self.format.decimal == "," and pa.types.is_string(column.type):
            column = pc.replace_substring(column, ",", ".")
        try:
            numbers = pc.cast(column, pa.float64())
        except pa.ArrowInvalid:
            readable = pc.match_substring_regex(column, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
            self._unreadable(name, column, readable)
            numbers = pc.cast(pc.if_else(readable, column, pa.scalar(None, pa.string())), pa.float64())
        return np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)

    def ints(self, name: str, missing: int = -1) -> NDArray[np.int64]:
        """Return a column as exact whole numbers; empty and unreadable cells are `missing`."""
        numbers = self._exact(name, self._nulls_out(name))
        return np.array(numbers.fill_null(missing).to_numpy(zero_copy_only=False), dtype=np.int64)

    def times_ns(self, name: str, ns_per_unit: int = 1) -> NDArray[np.int64]:
        """Return a time column as exact ns and drop rows without a readable time from this table.

        Parameters
        ----------
        name : str
            Header name.
        ns_per_unit : int, default 1
            Nanoseconds per unit of the column; decimals are converted without floating point.

        Returns
        -------
        ndarray of int64, shape (n_rows,)
            Times; `len(self)` is the number of rows afterwards.
        """
        column = self._nulls_out(name)
        numbers = self._exact(name, column) if ns_per_unit == 1 else self._scaled(column, ns_per_unit)
        lost = int(numbers.null_count)
        if lost:
            keep = pc.is_valid(numbers)
            self.cells, numbers = self.cells.filter(keep), numbers.filter(keep)
            self._note("rows_skipped", f"{lost} rows without a readable time in {name!r} were left out", lost)
        return np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)

    def frame(self, leave_out: Sequence[str] = ()) -> pd.DataFrame:
        """Return all columns, each as whole numbers, decimals or text, whichever holds every cell."""
        return pd.DataFrame({name: self._best(name) for name in self.names if name not in leave_out})

    def _best(self, name: str) -> pd.Series:
        column = self._nulls_out(name)
        if column.null_count == len(column):
            return pd.Series(np.full(len(column), np.nan)) if len(column) else pd.Series([], dtype="float64")
        if column.type == _TYPES["float"]:
            return pd.Series(column.to_numpy(), dtype="float64")
        try:
            if not column.null_count:
                return pd.Series(pc.cast(column, pa.int64()).to_numpy(), dtype="int64")
        except pa.ArrowInvalid:
            pass
        try:
            points = pc.replace_substring(column, ",", ".") if self.format.decimal == "," else column
            return pd.Series(pc.cast(points, pa.float64()).to_numpy(zero_copy_only=False), dtype="float64")
        except pa.ArrowInvalid:
            return self.text(name)

    def _column(self, name: str) -> pa.ChunkedArray:
        column = self.cells.column(self.names.index(name))
        return pc.utf8_trim_whitespace(
            column if pa.types.is_string(column.type) else column.cast(pa.string())
        )

    def _nulls_out(self, name: str) -> pa.ChunkedArray:
        column = self.cells.column(self.names.index(name))
        if column.type in (_TYPES["int"], _TYPES["float"]):
            return column
        column = self._column(name)
        return pc.if_else(pc.is_in(column, pa.array(NULLS)), pa.scalar(None, pa.string()), column)

    def _exact(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        try:
            return pc.cast(column, pa.int64())
        except pa.ArrowInvalid:
            pass  # written with a decimal point or an exponent, or not a number
        values = [_exact_int(cell) for cell in column.to_pylist()]
        numbers = pa.chunked_array([pa.array(values, pa.int64())])
        self._unreadable(name, column, pc.is_valid(numbers))
        return numbers

    def _scaled(self, column: pa.ChunkedArray, ns_per_unit: int) -> pa.ChunkedArray:
        points = pc.replace_substring(column, ",", ".") if self.format.decimal == "," else column
        try:
            numbers = pc.cast(points, pa.float64())
            largest = pc.max(pc.abs(numbers)).as_py() or 0.0
            if largest * ns_per_unit < _FLOAT_EXACT_NS:
                return pc.cast(pc.round(pc.multiply(numbers, float(ns_per_unit))), pa.int64())
        except pa.ArrowInvalid:
            pass
        return pa.chunked_array(
            [pa.array([_times(cell, ns_per_unit) for cell in points.to_pylist()], pa.int64())]
        )

    def _unreadable(self, name: str, column: pa.ChunkedArray, readable: pa.ChunkedArray) -> None:
        bad = column.filter(pc.and_(pc.is_valid(column), pc.invert(readable)))
        if len(bad):
            text = f"{len(bad)} cells of {name!r} are no numbers, the first is {bad[0].as_py()!r}"
            self._note("cells_unreadable", text, len(bad))

    def _note(self, code: str, message: str, count: int) -> None:
        self.findings.append(Finding("warning", self.stream, code, f"{self.place.name}: {message}", count))


def sniff_header(source: Source, name: str) -> tuple[list[str], TextFormat] | None:
    """Return header names and format of a table after a look at its start, or None if it is no table."""
    head = source.head(name, _HEAD_BYTES)
    if not head.strip(b"\0 \r\n\t"):
        return None
    encoding = _encoding(head)
    text = head.decode(encoding, errors="replace")
    if "\0" in text.rstrip("\0"):
        return None
    text = text.rstrip("\0")
    form = _format(text, encoding)
    first = text.splitlines()[0] if text.splitlines() else ""
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=form.delimiter), [])]
    return header, form


def read_table(
    source: Source,
    name: str,
    stream: str,
    *,
    form: TextFormat | None = None,
    skip_rows: int = 0,
    head_only: bool = False,
    kinds: Mapping[str, Kind] | None = None,
) -> TextTable:
    """Read a delimited text file.

    Parameters
    ----------
    source : Source
        Where it lies.
    name : str
        The file.
    stream : str
        The stream it becomes, for findings.
    form : TextFormat, optional
        How it is written; None: found out.
    skip_rows : int, default 0
        Lines before the header.
    head_only : bool, default False
        Read only the first 64 kB, up to the last whole line.
    kinds : mapping of str to Kind, optional
        What columns are known to hold, by header name (see `column_key`); this makes long files fast.

    Returns
    -------
    TextTable
        All cells, as text where their kind is not known.

    Raises
    ------
    InputError
        If it is empty, binary, or has no header.

    Notes
    -----
    The encoding is taken from a byte order mark, else UTF-8, else Windows-1252 with a finding. A last line
    that was cut off, lines with too few or too many cells and lines with NUL bytes are left out with a
    finding.
    """
    place = source.place(name)
    data = _whole_lines(source.head(name, _HEAD_BYTES)) if head_only else source.read(name)
    findings: list[Finding] = []
    given = form.encoding if form is not None and form.encoding != "auto" else None
    data, encoding = _as_utf8(data, place, stream, given, findings)
    for _ in range(skip_rows):
        data = data.partition(b"\n")[2]
    data = _without_nuls(data, place, stream, findings)
    if not data[:_HEAD_BYTES].strip() and not data.strip():
        raise InputError(place, "the table is empty", advice="Copy or export it again")
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    head = data[:_HEAD_BYTES].decode("utf-8", errors="replace")
    if len(_CONTROL.findall(head)) > _CONTROL_SHARE * len(head):
        raise InputError(
            place, "this is no text table", found="binary data", advice="Choose the exported table"
        )
    found = _format(head, encoding)
    form = TextFormat(
        encoding, form.delimiter if form else found.delimiter, form.decimal if form else found.decimal
    )
    try:
        header = next(csv.reader(io.StringIO(head), delimiter=form.delimiter))
    except (csv.Error, StopIteration) as error:
        raise InputError(place, "the header of this table cannot be read", found=str(error)) from error
    names = _unique([cell.strip() for cell in header])
    known = {column_key(name): kind for name, kind in (kinds or {}).items()}
    types = {name: _TYPES[known[key]] for name in names if (key := column_key(name)) in known}
    cells = _parse(data, names, form, types if form.decimal == "." else {}, place, stream, findings)
    return TextTable(place, stream, names, form, cells, findings)


def decode_text(data: bytes, place: Path, stream: str) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of a file and how it was read: by its mark, as UTF-8, else as Windows-1252.

    Raises
    ------
    InputError
        If it is empty or no text.
    """
    findings: list[Finding] = []
    data, _ = _as_utf8(data, place, stream, None, findings)
    data = _without_nuls(data, place, stream, findings)
    if not data.strip():
        raise InputError(place, "the file is empty", advice="Copy or export it again")
    text = data.decode("utf-8")
    head = text[:_HEAD_BYTES]
    if len(_CONTROL.findall(head)) > _CONTROL_SHARE * len(head):
        raise InputError(place, "this is no text", found="binary data", advice="Choose the exported file")
    return text, tuple(findings)


def _encoding(head: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return encoding
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    half = min(len(head), 4096) // 2
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.1 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # else a character was merely cut in two
            return "cp1252"
    return "utf-8"


def _whole_lines(head: bytes) -> bytes:
    """Return the start of a file up to its last line end, in any encoding."""
    if len(head) < _HEAD_BYTES:
        return head  # this is the whole file
    encoding = _encoding(head)
    line_end = b"\n"
    if encoding.startswith("utf-16"):
        line_end = b"\0\n" if encoding.endswith("be") or head.startswith(b"\xfe\xff") else b"\n\0"
    cut = head.rfind(line_end)
    return head if cut < 0 else head[: cut + len(line_end)]


def _as_utf8(
    data: bytes, place: Path, stream: str, given: str | None, findings: list[Finding]
) -> tuple[bytes, str]:
    encoding = given or _encoding(data[:_HEAD_BYTES])
    if encoding in ("utf-8", "utf-8-sig"):
        data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            _check_utf8(data)
        except UnicodeDecodeError:
            if given is not None:
                raise InputError(place, "this is no UTF-8 text", advice="Give the right encoding") from None
            encoding = "cp1252"
        else:
            return data, "utf-8"
    try:
        text = data.decode(encoding, errors="replace" if encoding == "cp1252" and given is None else "strict")
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(
            place, f"this text is not {encoding}", found=str(error), advice="Export it as UTF-8"
        ) from error
    message = f"{place.name} is not UTF-8; it was read as {encoding}"
    findings.append(Finding("info" if encoding.startswith("utf") else "warning", stream, "encoding", message))
    return text.removeprefix("\ufeff").encode("utf-8"), encoding


def _check_utf8(data: bytes) -> None:
    """Raise UnicodeDecodeError if this is no UTF-8; in pieces, since text takes up to four times the room."""
    if data.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _BLOCK_BYTES):
        decoder.decode(data[start : start + _BLOCK_BYTES])
    decoder.decode(b"", final=True)


def _without_nuls(data: bytes, place: Path, stream: str, findings: list[Finding]) -> bytes:
    if b"\0" not in data:
        return data
    whole = len(data)
    data = data.rstrip(b"\0")
    if whole != len(data):
        text = (
            f"{place.name} ends in {whole - len(data)} zero bytes, as after a power loss; they were cut off"
        )
        findings.append(Finding("warning", stream, "zero_bytes", text, whole - len(data)))
    if b"\0" in data:
        lines = data.splitlines(keepends=True)
        kept = [line for line in lines if b"\0" not in line]
        if len(kept) < len(lines) / 2 or b"\0" in lines[0]:
            raise InputError(
                place, "this is no text table", found="zero bytes", advice="Choose the exported table"
            )
        lost = len(lines) - len(kept)
        findings.append(
            Finding(
                "warning",
                stream,
                "rows_skipped",
                f"{place.name}: {lost} lines with zero bytes were left out",
                lost,
            )
        )
        data = b"".join(kept)
    return data


def _format(text: str, encoding: str) -> TextFormat:
    lines = [line for line in text.splitlines()[:20] if line]
    delimiter = ","
    if lines:
        counts = {mark: lines[0].count(mark) for mark in _DELIMITERS}
        # The comma is the weakest sign: it is also a decimal mark.
        delimiter = max(counts, key=lambda mark: (counts[mark], mark != ","))
    decimal = "."
    if delimiter != ",":
        cells = [cell.strip().strip('"') for line in lines[1:] for cell in line.split(delimiter)]
        if any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells):
            decimal = ","
    return TextFormat(encoding, delimiter, decimal)


def _unique(names: list[str]) -> list[str]:
    """Return header names made unique: empty and repeated ones get their number."""
    found: list[str] = []
    for number, name in enumerate(names):
        found.append(f"{name or 'column'}.{number}" if not name or name in found else name)
    return found


def _parse(
    data: bytes,
    names: list[str],
    form: TextFormat,
    types: dict[str, pa.DataType],
    place: Path,
    stream: str,
    findings: list[Finding],
) -> pa.Table:
    try:
        cells, skipped = _cells(data, names, form, types)
    except pa.ArrowInvalid as error:
        if types:  # some cell is not of its column's kind
            return _parse(data, names, form, {}, place, stream, findings)
        raise InputError(place, "this table cannot be parsed", found=str(error).splitlines()[0]) from error
    cut = bool(skipped) and not data.endswith((b"\n", b"\r")) and data.endswith(skipped[-1].encode()[-40:])
    if cut:
        text = f"{place.name}: the last line is cut off ({skipped[-1][:60]!r}) and was left out"
        findings.append(Finding("warning", stream, "truncated_line", text, 1))
        skipped.pop()
    if skipped:
        wrong = f"{len(skipped)} lines do not have {len(names)} cells and were left out"
        text = f"{place.name}: {wrong}, the first is {skipped[0][:60]!r}"
        findings.append(Finding("warning", stream, "rows_skipped", text, len(skipped)))
    return cells


def _cells(
    data: bytes, names: list[str], form: TextFormat, types: dict[str, pa.DataType]
) -> tuple[pa.Table, list[str]]:
    """Return the cells, and the lines that do not have as many as there are names."""
    skipped: list[str] = []

    def on_bad_line(line: pa_csv.InvalidRow) -> str:
        skipped.append(line.text)
        return "skip"

    cells = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(
            column_names=names, skip_rows_after_names=1, block_size=_BLOCK_BYTES, use_threads=True
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=form.delimiter, newlines_in_values=b'"' in data, invalid_row_handler=on_bad_line
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()) | types,
            strings_can_be_null=False,
            null_values=list(NULLS),
        ),
    )
    return cells, skipped


def _exact_int(cell: str | None) -> int | None:
    """Return a whole number written in any way, rounded half to even, or None."""
    return None if cell is None else _times(cell.replace(",", "."), 1)


def _times(cell: str | None, ns_per_unit: int) -> int | None:
    """Return a decimal cell times a factor, rounded to a whole number, or None."""
    try:
        value = Decimal(cell or "") * ns_per_unit
        # Looked at before it becomes an integer: one with a huge exponent would fill the memory.
        if not value.is_finite() or value.adjusted() > _INT64_DIGITS:
            return None
        whole = int(value.to_integral_value())
    except ArithmeticError:
        return None
    return whole if -(2**63) <= whole < 2**63 else None
