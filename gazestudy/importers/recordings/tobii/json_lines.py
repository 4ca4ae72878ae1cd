"""Gzipped files of one JSON object per line, as Tobii glasses write them, read block by block.

Whole blocks of lines are parsed at once into the columns of a schema. A block that does not parse is halved
until the broken lines are found; they are counted and left out. A file that was cut off (power loss, full
card) is read up to there.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.sources import MAX_RATIO, RATIO_COUNTS_FROM_BYTES, Source
from gazestudy.model import Finding

MAX_BROKEN_LINES = 1000
"""A file with more broken lines than this is refused."""

NUMBERS = pa.list_(pa.float64())

COMPILED_FROM_BYTES = 4 * 2**20
"""Smaller files are parsed sooner than the compiler is loaded."""

Quick = Callable[[NDArray[np.uint8], int], NDArray[np.int64] | None]
"""Reads the lines it knows from a text of so many lines; returns start, end and number of the others, or None
where it leaves all of them."""

_NEWLINE = 10
_FIRST = b"{}\n"  # the parser crashes if the first line is "null"
_MARK = b"\xef\xbb\xbf"  # byte order mark
_PIECE = 2**20
_BLOCK = 2**23
_PARSED_AT_ONCE = 2**20
_GZIP_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile)


class LineFile:
    """A gzipped file of JSON lines.

    Parameters
    ----------
    source : Source
        Where it lies.
    name : str
        Its name.
    stream : str
        Stream that findings are filed under.
    """

    def __init__(self, source: Source, name: str, stream: str) -> None:
        self.source, self.name, self.stream = source, name, stream
        self.findings: list[Finding] = []
        self._line = 0
        self._broken: list[int] = []

    @property
    def is_large(self) -> bool:
        """Whether lines are worth being read by compiled loops."""
        return self.source.has(self.name) and self.source.size_bytes(self.name) >= COMPILED_FROM_BYTES

    def tables(self, schema: pa.Schema, quick: Quick | None = None) -> Iterator[pa.Table]:
        """Yield the lines as tables with the columns of `schema`; other keys are left out.

        Parameters
        ----------
        schema : pyarrow.Schema
            Keys and their types.
        quick : callable, optional
            Is offered the lines first; those that it reads are in no table.

        Yields
        ------
        pyarrow.Table
            Some ten thousand lines; a key that a line does not have is null.

        Raises
        ------
        InputError
            If the file cannot be opened, is not plausible or has too many broken lines.
        """
        options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        blocks = self._blocks()
        with ThreadPoolExecutor(max_workers=1) as pool:  # unpacks one block while another is parsed
            pending = pool.submit(next, blocks, None)
            while (block := pending.result()) is not None:
                pending = pool.submit(next, blocks, None)
                before = len(self._broken)
                block, numbers = self._rest_of(block, quick)
                yield from self._parsed(block, numbers, options)
                if len(self._broken) > before and not block.endswith(b"\n"):
                    del self._broken[before:]
                    text = f"the last line of {self.name} is cut off (line {self._line}); it was left out"
                    self._note("problem", "truncated_line", text)
        if self._broken:
            shown = ", ".join(str(line) for line in self._broken[:5])
            more = ", ..." if len(self._broken) > 5 else ""
            text = (
                f"{self.name}: {len(self._broken)} lines are broken and were left out (lines {shown}{more})"
            )
            self._note("problem", "lines_skipped", text, len(self._broken))

    def head(self, count: int = 2**20) -> bytes:
        """Return the first bytes of the text; nothing where the file cannot be unpacked."""
        found = b""
        for piece in self._pieces():
            found += piece
            if len(found) >= count:
                break
        self.findings.clear()
        return found[:count]

    def _note(self, severity: str, code: str, text: str, count: int = 1) -> None:
        self.findings.append(Finding(severity, self.stream, code, text, count))  # type: ignore[arg-type]

    def _pieces(self) -> Iterator[bytes]:
        if not self.source.has(self.name):
            place = self.source.place(self.name)
            raise InputError(place, "this file is missing", advice="Copy the whole recording from the card")
        limit = max(MAX_RATIO * self.source.size_bytes(self.name), RATIO_COUNTS_FROM_BYTES)
        size = 0
        with self.source.open(self.name) as packed, gzip.GzipFile(fileobj=packed) as unpacked:
            while True:
                try:
                    piece = unpacked.read1(_PIECE)
                except _GZIP_ERRORS as error:
                    text = f"{self.name} is damaged after {size:,} bytes of text ({error}); read up to there"
                    self._note("problem", "truncated_file", text)
                    return
                if not piece:
                    return
                size += len(piece)
                if size > limit:
                    place = self.source.place(self.name)
                    found = f"{self.source.size_bytes(self.name):,} bytes grow to more than {size:,}"
                    raise InputError(place, "this gzip file is not plausible", found=found)
                yield piece

    def _blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines; a last line without an end is a block of its own."""
        held: list[bytes] = []
        size = 0
        for piece in self._pieces():
            size += len(piece)
            end = piece.rfind(b"\n") + 1 if size >= _BLOCK else 0
            if end:
                held.append(piece[:end])
                yield b"".join(held)
                held, size = [], len(piece) - end
            held.append(piece[end:])
        whole, newline, rest = b"".join(held).rpartition(b"\n")
        yield whole + newline
        yield rest

    def _rest_of(self, block: bytes, quick: Quick | None) -> tuple[bytes, NDArray[np.int64]]:
        """Return the lines that are left to be parsed, and their numbers in the file."""
        text = np.frombuffer(block, np.uint8)
        lines = (int(np.count_nonzero(text == _NEWLINE)) or 1) if block else 0
        first, self._line = self._line + 1, self._line + lines
        if not block.strip():  # millions of empty lines are looked at no further
            return b"", np.zeros(0, np.int64)
        if quick is None or not block.endswith(b"\n"):
            return block, np.arange(first, first + lines)
        left = quick(text, lines)
        if left is None:
            return block, np.arange(first, first + lines)
        return b"".join(block[start:end] for start, end in left[:, :2].tolist()), first + left[:, 2]

    def _parsed(
        self, block: bytes, numbers: NDArray[np.int64], options: pj.ParseOptions
    ) -> Iterator[pa.Table]:
        lines = len(numbers)
        if not block or block.isspace():
            return
        try:
            table = pj.read_json(
                pa.BufferReader(_FIRST + block.removeprefix(_MARK)),
                read_options=pj.ReadOptions(block_size=_PARSED_AT_ONCE),
                parse_options=options,
            )
            table = table.slice(1)
            whole = table.num_rows == lines
        except pa.ArrowException:
            whole = False
        # Fewer rows than lines: the parser stops at a zero byte without a word.
        if whole:
            yield table
        elif lines == 1:
            self._broken.append(int(numbers[0]))
            if len(self._broken) > MAX_BROKEN_LINES:
                shown = block[:60].decode("utf-8", "replace").strip()
                raise InputError(
                    self.source.place(self.name),
                    f"more than {MAX_BROKEN_LINES} lines are broken",
                    place=f"line {numbers[0]}",
                    expected="one JSON object per line",
                    found=repr(shown),
                    advice="Copy the recording from the card again",
                )
        else:
            middle = block.find(b"\n", len(block) // 2, len(block) - 1) + 1
            middle = middle or block.rfind(b"\n", 0, len(block) // 2) + 1
            before = block.count(b"\n", 0, middle)
            yield from self._parsed(block[:middle], numbers[:before], options)
            yield from self._parsed(block[middle:], numbers[before:], options)


class Scratch:
    """Arrays for one block after another: fresh memory for each would cost as much as reading it."""

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: type = float) -> NDArray[Any]:
        """Return an array of a shape, with anything in it; that of the block before is lost."""
        size = int(np.prod(shape))
        if name not in self._held or len(self._held[name]) < size:
            self._held[name] = np.empty(size, dtype)
        return self._held[name][:size].reshape(shape)


class Columns:
    """Columns that grow piece by piece, each in one array: many small arrays would leave memory in shreds."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[NDArray[Any], int]] = {}

    def add(self, name: str, values: NDArray[Any]) -> None:
        """Append `values`, shape (n,) or (n, width), to a column."""
        held, count = self._columns.get(name, (np.empty_like(values[:0]), 0))
        needed = count + len(values)
        if needed > len(held):
            # In place: the system moves pages of large arrays without copying them; nobody else has them.
            held.resize((max(needed, len(held) * 5 // 4), *values.shape[1:]), refcheck=False)
        held[count:needed] = values
        self._columns[name] = held, needed

    def ints(self, name: str) -> NDArray[np.int64]:
        """Take a column of whole numbers out, shape (n,)."""
        held, count = self._columns.pop(name, (np.zeros(0, np.int64), 0))
        return held[:count].astype(np.int64, copy=False)

    def floats(self, name: str, width: int = 0) -> NDArray[np.float64]:
        """Take a column of numbers out, shape (n,) or (n, width)."""
        held, count = self._columns.pop(name, (np.zeros((0, width) if width else 0), 0))
        return held[:count].astype(np.float64, copy=False)


def flat(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece."""
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)


def floats(column: pa.Array) -> NDArray[np.float64]:
    """Return numbers, NaN for null."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def ints(column: pa.Array, missing: int) -> NDArray[np.int64]:
    """Return whole numbers, `missing` for null."""
    return np.asarray(column.fill_null(missing).to_numpy(zero_copy_only=False), dtype=np.int64)


def vectors(column: pa.Array, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Return the rows of a column of lists that have the right length.

    Parameters
    ----------
    column : pyarrow.Array
        Lists of numbers, null where a line has none.
    width : int
        How many numbers a list must have.

    Returns
    -------
    rows : ndarray of int64, shape (n,)
        Which rows.
    values : ndarray of float64, shape (n, width)
        Their numbers, NaN for null inside of a list.
    wrong : int
        Lists of another length, left out.
    """
    lengths = ints(pc.list_value_length(column), -1)
    right = lengths == width
    wrong = int(np.count_nonzero((lengths >= 0) & ~right))
    kept = column.filter(pa.array(right)) if wrong else column
    return np.flatnonzero(right), floats(kept.flatten()).reshape(-1, width), wrong


def dense(column: pa.Array, width: int) -> tuple[NDArray[np.float64], int]:
    """Return a column of lists as an array of shape (n, width), and how many have a wrong length.

    A row is NaN as a whole where there is no list, or one of wrong length, or one that is not all numbers.
    """
    rows, values, wrong = vectors(column, width)
    whole = np.isfinite(values).all(axis=1)
    if len(rows) == len(column) and whole.all():
        return values, wrong
    filled = np.full((len(column), width), np.nan)
    filled[rows[whole]] = values[whole]
    return filled, wrong


def texts(column: pa.Array) -> list[str]:
    """Return texts, "" for null; bytes that are no UTF-8 are replaced."""
    return [(value or b"").decode("utf-8", "replace") for value in column.cast(pa.binary()).to_pylist()]
