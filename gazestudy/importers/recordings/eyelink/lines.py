"""The lines of an edf2asc file: samples by block, messages, and the tracker's own events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as pa_csv

from gazestudy.errors import InputError
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextFormat, TextTable
from gazestudy.model import Finding

EVENT_TABLES: dict[str, tuple[str, ...]] = {
    "fixations": ("eye", "start_ns", "end_ns", "duration_ms", "x_px", "y_px", "pupil"),
    "saccades": (
        "eye",
        "start_ns",
        "end_ns",
        "duration_ms",
        "start_x_px",
        "start_y_px",
        "end_x_px",
        "end_y_px",
        "amplitude_deg",
        "peak_velocity_deg_s",
    ),
    "blinks": ("eye", "start_ns", "end_ns", "duration_ms"),
    "inputs": ("t_ns", "value"),
    "buttons": ("t_ns", "button", "state"),
}
"""Vendor tables and their columns. `end_ns` is the last sample, so the duration is one step longer."""

_NS_PER_MS = 1_000_000
_CHUNK_BYTES = 16 * 2**20
_ENDS = {b"EFIX": "fixations", b"ESACC": "saccades", b"EBLINK": "blinks"}
_BEGINS = {b"SFIX": "fixations", b"SSACC": "saccades", b"SBLINK": "blinks"}
_EYES = {"L": "left", "R": "right"}
_RECCFG = re.compile(r"RECCFG \S+ \d+ \d+ \d+ (LR|RL|L|R)\b")
_TEXT = TextFormat("utf-8", "\t", ".")
_MISSING = [" " * count + "." for count in range(12)]
_MAX_FIELDS = 64
_LARGEST_TIME_MS = 2.0**43


@dataclass(eq=False)
class Samples:
    """Samples of one block: times, and columns by name (x, y and pupil for each eye, and others)."""

    t_ns: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]


@dataclass(eq=False)
class Block:
    """From one START line to its END.

    Attributes
    ----------
    eyes : tuple of str
        "left", "right" or both, in the order of the columns.
    kind : str
        GAZE, HREF or PUPIL: what the coordinates are.
    rate_hz : float
        As announced, 0 if it was not.
    options : tuple of str
        Further groups of columns that the line SAMPLES announces.
    t_ns : int or None
        Time of the START line.
    """

    eyes: tuple[str, ...]
    kind: str = "GAZE"
    rate_hz: float = 0.0
    options: tuple[str, ...] = ()
    t_ns: int | None = None
    samples: Samples = field(default_factory=lambda: Samples(np.zeros(0, np.int64), {}))


@dataclass(eq=False)
class Lines:
    """All that a file holds."""

    blocks: list[Block] = field(default_factory=list)
    message_times: list[int] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    events: dict[str, pd.DataFrame] = field(default_factory=dict)
    event_findings: dict[str, list[Finding]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_lines(source: Source, name: str) -> Lines:
    """Read a file of edf2asc.

    Parameters
    ----------
    source : Source
        Where it lies.
    name : str
        The file.

    Returns
    -------
    Lines
        Samples by block, messages, events.

    Raises
    ------
    InputError
        If it is empty or no text.
    """
    data = source.read(name)
    place = source.place(name)
    if not data.strip(b"\0 \r\n\t"):
        raise InputError(place, "the file is empty", advice="Convert the .edf file again")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    return _Reader(place).read(data.removeprefix(b"\xef\xbb\xbf"))


class _Reader:
    """Goes through the lines once; sample lines are only cut out here and parsed block by block."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.lines = Lines()
        self.rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in EVENT_TABLES}
        self.open: dict[tuple[str, str], int] = {}
        self.unfinished = dict.fromkeys(EVENT_TABLES, 0)
        self.block: Block | None = None
        self.eyes: tuple[str, ...] = ()
        self.pending: list[bytes] = []
        self.pending_bytes = 0
        self.tables: list[pa.Table] = []
        self.skipped: list[bytes] = []
        self.counts = {"no_start": 0, "no_end": 0, "columns_differ": 0, "line_unreadable": 0}
        self.bad_cells: list[Finding] = []

    def read(self, data: bytes) -> Lines:
        for is_samples, start, stop in _runs(data):
            if is_samples:
                self._add_samples(data[start:stop])
            else:
                self._line(data[start:stop])
        self.counts["no_end"] += self.block is not None
        self._close()
        whole = data.endswith((b"\n", b"\r"))
        for kind, rows in self.rows.items():
            self.lines.events[kind] = _event_table(kind, rows)
            self.lines.event_findings[kind] = self._event_notes(kind)
        self._notes(whole, data[-200:])
        return self.lines

    def _add_samples(self, text: bytes) -> None:
        if self.block is None:
            self.block = Block(self.eyes)
            self.lines.blocks.append(self.block)
            self.counts["no_start"] += 1
        self.pending.append(text)
        self.pending_bytes += len(text)
        if self.pending_bytes >= _CHUNK_BYTES:
            self._parse()

    def _line(self, line: bytes) -> None:
        key = line[:8].split(None, 1)[0] if line[:8].strip() else b""
        if key == b"MSG":
            self._message(line)
        elif key in _ENDS or key in _BEGINS:
            self._event(key, line)
        elif key == b"START":
            self._start(line)
        elif key == b"END":
            self._close()
        elif key == b"SAMPLES":
            self._layout(line)
        elif key in (b"INPUT", b"BUTTON"):
            self._port(key, line)

    def _message(self, line: bytes) -> None:
        cells = line.split(None, 2)
        t_ns = _time_ns(cells[1]) if len(cells) > 1 else None
        if t_ns is None:
            self.counts["line_unreadable"] += 1
            return
        text = _text(cells[2]) if len(cells) > 2 else ""
        self.lines.message_times.append(t_ns)
        self.lines.messages.append(text)
        match = _RECCFG.search(text)
        if match:
            self.eyes = tuple(_EYES[one] for one in sorted(match.group(1)))

    def _start(self, line: bytes) -> None:
        self.counts["no_end"] += self.block is not None
        self._close()
        words = _text(line).split()
        eyes = tuple(eye for eye in ("left", "right") if eye.upper() in words)
        t_ns = _time_ns(line.split()[1]) if len(words) > 1 else None
        self.block = Block(eyes or self.eyes, t_ns=t_ns)
        self.lines.blocks.append(self.block)

    def _layout(self, line: bytes) -> None:
        words = _text(line).split()
        if self.block is None:
            self._start(b"START")
        assert self.block is not None
        if self.tables or self.pending:  # the columns change within a block
            before = self.block
            self._close()
            self.block = Block(before.eyes, t_ns=before.t_ns)
            self.lines.blocks.append(self.block)
        eyes = tuple(eye for eye in ("left", "right") if eye.upper() in words)
        self.block.eyes = eyes or self.block.eyes
        self.block.kind = next((word for word in words[1:] if word in ("GAZE", "HREF", "PUPIL")), "GAZE")
        rate = words[words.index("RATE") + 1 :] if "RATE" in words else []
        self.block.rate_hz = _float(rate[0]) if rate and np.isfinite(_float(rate[0])) else 0.0
        known = ("VEL", "RES", "INPUT", "BUTTONS", "HTARGET")
        self.block.options = tuple(word for word in words if word in known)

    def _event(self, key: bytes, line: bytes) -> None:
        cells = _text(line).split()
        eye = _EYES.get(cells[1]) if len(cells) > 1 else None
        times = [_time_ns(cell.encode()) for cell in cells[2 : 3 if key in _BEGINS else 4]]
        if eye is None or None in times or len(times) < (1 if key in _BEGINS else 2):
            self.counts["line_unreadable"] += 1
            return
        if key in _BEGINS:
            kind = _BEGINS[key]
            self.unfinished[kind] += self.open.pop((kind, eye), 0)
            self.open[kind, eye] = 1
            return
        kind = _ENDS[key]
        self.open.pop((kind, eye), None)
        wanted = len(EVENT_TABLES[kind]) - 3
        numbers = [_float(cell) for cell in cells[4 : 4 + wanted]]
        self.rows[kind].append((eye, *times, *numbers, *[np.nan] * (wanted - len(numbers))))

    def _port(self, key: bytes, line: bytes) -> None:
        cells = line.split()
        t_ns = _time_ns(cells[1]) if len(cells) > 1 else None
        numbers = [_float(_text(cell)) for cell in cells[2:4]]
        kind = "inputs" if key == b"INPUT" else "buttons"
        wanted = len(EVENT_TABLES[kind]) - 1
        if t_ns is None or len(numbers) < wanted:
            self.counts["line_unreadable"] += 1
        else:
            self.rows[kind].append((t_ns, *numbers[:wanted]))

    def _close(self) -> None:
        """End the block: parse what it still holds and put its tables together."""
        if self.block is None:
            return
        self._parse()
        if self.tables:
            self.block.samples = _samples(self._take(), self.block)
        elif self.lines.blocks:
            self.lines.blocks.remove(self.block)  # a block of events alone is no part of the gaze
        self.block = None

    def _take(self) -> pa.Table:
        """Return the tables of the block as one, and keep none of them."""
        joined = pa.concat_tables(self.tables, promote_options="default")
        self.tables = []
        return joined

    def _parse(self) -> None:
        if not self.pending or self.block is None:
            return
        text = b"".join(self.pending)
        self.pending, self.pending_bytes = [], 0
        fields = _field_count(text)
        if not self.block.eyes:
            self.block.eyes = ("left", "right") if fields >= 8 else ("left",)
        names, as_announced = _columns(self.block, fields)
        self.counts["columns_differ"] += not as_announced
        table = _parse_samples(text, names, self.place, self.skipped, self.bad_cells)
        if table.num_rows:
            self.tables.append(table)

    def _event_notes(self, kind: str) -> list[Finding]:
        count = self.unfinished[kind] + sum(1 for one, _ in self.open if one == kind)
        if not count:
            return []
        text = f"{count} {kind} begin and have no end in this file; they are left out"
        return [Finding("info", kind, "events_unfinished", text, count)]

    def _notes(self, whole: bool, tail: bytes) -> None:
        add = self.lines.findings.append
        name = self.place.name
        skipped = self.skipped
        if skipped and not whole and tail.endswith(skipped[-1][-100:]):
            text = f"{name}: the last line is cut off ({_text(skipped[-1])[:60]!r}) and was left out"
            add(Finding("warning", "gaze", "truncated_line", text, 1))
            skipped = skipped[:-1]
        if skipped:
            text = (
                f"{name}: {len(skipped)} sample lines cannot be read, the first is {_text(skipped[0])[:60]!r}"
            )
            add(Finding("warning", "gaze", "rows_skipped", text, len(skipped)))
        said = {
            "no_start": "{} runs of samples come without a START line; each is taken as a part",
            "no_end": "{} blocks have no line END: the recording or this file was cut off",
            "columns_differ": "{} blocks do not have the columns that their line SAMPLES says",
            "line_unreadable": "{} event or message lines cannot be read and were left out",
        }
        for code, count in self.counts.items():
            if count:
                add(Finding("warning", "gaze", code, said[code].format(count), count))
        self.lines.findings.extend(self.bad_cells)


def _runs(data: bytes) -> Iterator[tuple[bool, int, int]]:
    """Yield runs of sample lines (True) and single other lines (False) with their place in the data."""
    start = 0
    while start < len(data):
        stop = min(start + _CHUNK_BYTES, len(data))
        if stop < len(data):
            cut = data.rfind(b"\n", start, stop)
            stop = cut + 1 if cut >= 0 else (data.find(b"\n", stop) + 1 or len(data))
        chunk = np.frombuffer(data, np.uint8, stop - start, start)
        ends = np.flatnonzero(chunk == ord("\n")) + 1
        if not len(ends) or ends[-1] != len(chunk):
            ends = np.append(ends, len(chunk))
        begins = np.concatenate([[0], ends[:-1]])
        first = chunk[begins]
        other = np.flatnonzero((first < ord("0")) | (first > ord("9")))
        position = 0
        for begin, end in zip(begins[other].tolist(), ends[other].tolist(), strict=True):
            if begin > position:
                yield True, start + position, start + begin
            if end - begin > 2:
                yield False, start + begin, start + end
            position = end
        if position < len(chunk):
            yield True, start + position, stop
        start = stop


def _field_count(text: bytes) -> int:
    """Return how many cells most of the first lines have."""
    counts = [line.rstrip(b"\r").count(b"\t") + 1 for line in text[:16384].split(b"\n")[:50] if line.strip()]
    return min(max(set(counts), key=counts.count), _MAX_FIELDS) if counts else 1


def _columns(block: Block, fields: int) -> tuple[list[str], bool]:
    """Return the names of the columns of a sample line, and whether they are as announced."""
    core = ["t"]
    for eye in block.eyes:
        core += [f"x_{eye}", f"y_{eye}", f"pupil_{eye}"]
    more: list[str] = []
    if "VEL" in block.options:
        more += [f"velocity_{axis}_{eye}" for eye in block.eyes for axis in "xy"]
    if "RES" in block.options:
        more += ["resolution_x_px_deg", "resolution_y_px_deg"]
    if "INPUT" in block.options:
        more.append("input")
    if "BUTTONS" in block.options:
        more.append("buttons")
    target = ["target_x", "target_y", "target_distance", "target_flags"] if "HTARGET" in block.options else []
    for extra in ([*more, "flags", *target], [*more, *target], [*more, "flags"], more, ["flags"], []):
        if len(core) + len(extra) == fields:
            return core + extra, "HTARGET" not in block.options or extra[-1:] == ["target_flags"]
    if fields > len(core):
        return core + [f"unknown_{number}" for number in range(fields - len(core))], False
    return core, False


def _parse_samples(
    text: bytes, names: list[str], place: Path, skipped: list[bytes], findings: list[Finding]
) -> pa.Table:
    """Return a table of floats (and text for flags); unreadable cells are counted."""
    texts = [name for name in names if name.endswith("flags") or name.startswith("unknown")]
    numeric = {name: pa.string() if name in texts else pa.float64() for name in names}
    if not text.isascii() or b"\0" in text:
        text = _clean(text)
    before = len(skipped)
    try:
        return _csv(text, names, numeric, skipped)
    except pa.ArrowInvalid:
        del skipped[before:]
    try:
        cells = _csv(text, names, dict.fromkeys(names, pa.string()), skipped)
    except pa.ArrowInvalid as error:
        raise InputError(place, "the samples cannot be read", found=str(error).splitlines()[0]) from error
    table = TextTable(place, "gaze", names, _TEXT, cells)
    arrays = [table.text(name) if name in texts else _dotless(table, name).floats(name) for name in names]
    findings.extend(table.findings)
    return pa.table(
        {
            name: pa.array(values, numeric[name], from_pandas=True)
            for name, values in zip(names, arrays, strict=True)
        }
    )


def _dotless(table: TextTable, name: str) -> TextTable:
    number = table.names.index(name)
    column = pc.utf8_trim_whitespace(table.cells.column(number))
    column = pc.if_else(pc.equal(column, "."), pa.scalar(None, pa.string()), column)
    table.cells = table.cells.set_column(number, name, column)
    return table


def _clean(text: bytes) -> bytes:
    """Return text that the parser takes whatever was in it."""
    return text.replace(b"\0", b"?").decode("utf-8", "replace").encode()


def _csv(text: bytes, names: list[str], types: dict[str, pa.DataType], skipped: list[bytes]) -> pa.Table:
    def on_bad_line(line: pa_csv.InvalidRow) -> str:
        skipped.append(line.text.encode())
        return "skip"

    return pa_csv.read_csv(
        pa.BufferReader(text),
        read_options=pa_csv.ReadOptions(column_names=names, block_size=_CHUNK_BYTES),
        parse_options=pa_csv.ParseOptions(delimiter="\t", quote_char=False, invalid_row_handler=on_bad_line),
        convert_options=pa_csv.ConvertOptions(column_types=types, null_values=["", *_MISSING]),
    )


def _samples(table: pa.Table, block: Block) -> Samples:
    columns: dict[str, NDArray[Any]] = {}
    count = table.num_rows
    for name in table.column_names:
        if not pa.types.is_string(table.schema.field(name).type):
            columns[name] = table.column(name).cast(pa.float64()).to_numpy()
        elif (texts := _flags(table.column(name))) is not None:
            columns[name] = texts
        table = table.drop_columns([name])  # its memory is free before the next one needs more
    for eye in block.eyes:  # a line too short for its block has no such columns
        for name in (f"x_{eye}", f"y_{eye}", f"pupil_{eye}"):
            columns.setdefault(name, np.full(count, np.nan))
    times = columns.pop("t")
    usable = np.isfinite(times) & (np.abs(times) < _LARGEST_TIME_MS)
    if not usable.all():
        times, columns = times[usable], {name: values[usable] for name, values in columns.items()}
    # Halves of a ms are exact in floating point, so these are the written times.
    t_ns = np.round(times * 1000).astype(np.int64) * 1000
    if block.rate_hz == 2000 and len(times) > 1 and not (times % 1).any():
        # 2000 Hz written with whole ms: every time comes twice, the second stands for half a ms later.
        t_ns[1:][t_ns[1:] == t_ns[:-1]] += _NS_PER_MS // 2
    return Samples(t_ns, columns)


def _flags(column: pa.ChunkedArray) -> NDArray[Any] | None:
    """Return flags as text, None if no sample has any: a dot stands for each that is not set."""
    encoded = pa.chunked_array(column).combine_chunks().fill_null("").dictionary_encode()
    words = [word.strip() for word in encoded.dictionary.to_pylist()]
    if not any(word.strip(".") for word in words):
        return None
    return np.asarray(np.array(words, dtype=object)[encoded.indices.to_numpy()])


def _event_table(kind: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(EVENT_TABLES[kind]))
    kinds: dict[str, str] = {
        name: "str" if name == "eye" else "int64" if name.endswith("_ns") else "float64"
        for name in table.columns
    }
    return table.astype(kinds)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace").strip()


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _time_ns(text: bytes) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return round(value * 1000) * 1000 if abs(value) < _LARGEST_TIME_MS else None
