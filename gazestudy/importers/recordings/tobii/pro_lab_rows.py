"""Rows of one recording in a Pro Lab export, parted by sensor.

Exports repeat the names of project, participant and recording on every row and are many times larger than
what they hold, so they are read in pieces, of which only the needed rows and columns are kept.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from gazestudy.errors import InputError
from gazestudy.importers.recordings.text_pieces import TextPiece
from gazestudy.importers.recordings.tobii.pro_lab_columns import (
    EYE_TRACKER,
    TIME,
    Columns,
    export_header,
    first_text,
    parse_header,
    text_of,
)
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextFormat, TextTable, read_table
from gazestudy.model import Finding

MOTION = {"gyroscope": "gyro", "accelerometer": "accelerometer", "magnetometer": "magnetometer"}
FACTS = (
    "project name",
    "recording date",
    "recording date utc",
    "recording start time",
    "recording start time utc",
    "recording duration",
    "recording software version",
    "recording fixation filter name",
    "recording media name",
    "recording media width",
    "recording media height",
    "recording resolution width",
    "recording resolution height",
    "timeline name",
    "export date",
)

_PIECE_BYTES = 32 * 2**20
_HEAD_BYTES = 2**20
_DECIMAL_COMMA = re.compile(r"(?:^|\t)-?\d+,\d+(?:\t|\r?$)", re.MULTILINE)


@dataclass
class Rows:
    """What a file holds of one recording.

    Attributes
    ----------
    eye, events : TextTable
        Rows of the eye tracker, and rows that say an event.
    motion : dict of str to TextTable
        Rows of each motion sensor, by its name in lower case.
    columns : Columns
        The header.
    findings : list of Finding
        What was found while reading.
    facts : dict of str to str
        What is said on every row.
    others : int
        Other recordings in the file.
    """

    eye: TextTable
    events: TextTable
    motion: dict[str, TextTable]
    columns: Columns
    findings: list[Finding]
    facts: dict[str, str]
    others: int


def read_rows(source: Source, name: str, participant: str, recording: str) -> Rows:
    """Read the rows of one recording.

    Parameters
    ----------
    source : Source
        Where the file lies.
    name : str
        The file.
    participant, recording : str
        Which recording, as its rows say.

    Returns
    -------
    Rows
        Its rows by sensor, in the order of the file.

    Raises
    ------
    InputError
        If it is no export of Pro Lab.
    """
    header = export_header(source, name)
    if header is None:
        raise _foreign(source, name)
    columns, keep = Columns({}, {}, []), dict[str, list[str]]()
    parts: dict[str, list[TextTable]] = {key: [] for key in ("eye", "events", *MOTION)}
    facts: dict[str, str] = {}
    findings: list[Finding] = []
    others: set[str] = set()
    for table in _pieces(source, name, header[1]):
        if not columns.plain:
            columns = parse_header(table.names)
            keep = _kept(columns, table.names)
        if columns.find(TIME) is None:
            raise _foreign(source, name)
        findings.extend(table.findings)
        mine = _own(table, columns, participant, recording, others)
        if not facts:
            facts = {one: text for one in FACTS if (text := first_text(mine, columns.find(one)))}
        for key, rows in _by_sensor(mine, columns).items():
            if len(rows) or not parts[key]:
                kept = list(dict.fromkeys(keep[key]))
                parts[key].append(replace(rows, names=kept, cells=rows.cells.select(kept), findings=[]))
    joined = {key: _joined(tables) for key, tables in parts.items()}
    motion = {key: joined[key] for key in MOTION if len(joined[key])}
    return Rows(joined["eye"], joined["events"], motion, columns, _merged(findings), facts, len(others))


def _foreign(source: Source, name: str) -> InputError:
    return InputError(
        source.place(name),
        "this is no export of Tobii Pro Lab",
        place="header",
        expected="'Recording timestamp' and 'Sensor' or 'Recording name'",
    )


def _kept(columns: Columns, names: list[str]) -> dict[str, list[str]]:
    """Return the columns that are needed of the rows of each sensor."""
    found = {what: columns.find(what) for what in (TIME, "event", "event value")}
    kept = {"events": [one for one in found.values() if one is not None]}
    values = {}
    for sensor, short in MOTION.items():
        values[sensor] = [one for axis in "xyz" if (one := columns.find(f"{short} {axis}")) is not None]
        kept[sensor] = [found[TIME] or "", *values[sensor]]
    constant = {
        columns.find(one) for one in (*FACTS, "participant name", "recording name", "sensor", "event")
    }
    unneeded = constant | {one for its in values.values() for one in its}
    kept["eye"] = [name for name in names if name not in unneeded]
    return kept


def _pieces(source: Source, name: str, form: TextFormat) -> Iterator[TextTable]:
    """Yield the file as tables of about 32 MB, all with the same decimal mark."""
    if form.delimiter != "," and form.decimal != ",":
        # The first rows may hold no decimals at all.
        start = source.head(name, _HEAD_BYTES).decode(form.encoding, "replace")
        if _DECIMAL_COMMA.search(start.replace(form.delimiter, "\t")):
            form = replace(form, decimal=",")
    whole = form.encoding.startswith("utf-16") or source.size_bytes(name) <= _PIECE_BYTES
    for data in [source.read(name)] if whole else _cut(source, name):
        table = read_table(TextPiece(source.place(name), data), name, "gaze")
        table.format = replace(table.format, decimal=form.decimal)
        yield table


def _cut(source: Source, name: str) -> Iterator[bytes]:
    header, rest = b"", b""
    for piece in _read_on(source, name):
        data = rest + piece
        if not header:
            header, _, data = data.partition(b"\n")
            header += b"\n"
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if end:
            yield header + data[:end]
    if rest:
        yield header + rest


def _read_on(source: Source, name: str) -> Iterator[bytes]:
    try:
        with source.open(name) as stream:
            while data := stream.read(_PIECE_BYTES):
                yield data
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        advice = "Copy or export it again"
        raise InputError(
            source.place(name), "this file cannot be read", found=str(error), advice=advice
        ) from error


def _own(table: TextTable, columns: Columns, participant: str, recording: str, others: set[str]) -> TextTable:
    """Return the rows of a recording, and collect the names of the others."""
    mine = None
    keys = []
    for what, wanted in (("participant name", participant), ("recording name", recording)):
        name = columns.find(what)
        if name is not None:
            cells = pc.replace_substring(text_of(table, name), '"', "")
            keys.append(cells)
            equal = pc.equal(cells, wanted)
            mine = equal if mine is None else pc.and_(mine, equal)
    if mine is None or pc.all(mine).as_py():
        return table
    foreign = [key.filter(pc.invert(mine)) for key in keys]
    others.update(pc.unique(pc.binary_join_element_wise(*foreign, "\n")).to_pylist())
    return _rows_of(table, mine)


def _rows_of(table: TextTable, mask: pa.ChunkedArray) -> TextTable:
    return replace(table, cells=table.cells.filter(mask), findings=[])


def _by_sensor(table: TextTable, columns: Columns) -> dict[str, TextTable]:
    sensor, event = columns.find("sensor"), columns.find("event")
    nothing = replace(table, cells=table.cells.slice(0, 0), findings=[])
    said = pc.not_equal(text_of(table, event), "") if event else None
    found = {"events": nothing if said is None else _rows_of(table, said)}
    if sensor is None:
        eye = table if said is None else _rows_of(table, pc.invert(said))
        return found | {"eye": eye} | dict.fromkeys(MOTION, nothing)
    words = pc.utf8_lower(text_of(table, sensor))
    found["eye"] = _rows_of(table, pc.equal(words, EYE_TRACKER))
    return found | {one: _rows_of(table, pc.equal(words, one)) for one in MOTION}


def _joined(tables: Sequence[TextTable]) -> TextTable:
    cells = pa.concat_tables([table.cells for table in tables])
    return replace(tables[0], cells=cells, findings=[])


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """Return one finding for each code, with its count over all pieces."""
    merged: dict[str, Finding] = {}
    for one in findings:
        before = merged.get(one.code)
        merged[one.code] = one if before is None else replace(before, count=before.count + one.count)
    first = {one.code: one.count for one in reversed(findings)}
    return [
        one
        if one.count == first[code]
        else replace(one, message=f"{one.message}; {one.count} in the whole file")
        for code, one in merged.items()
    ]
