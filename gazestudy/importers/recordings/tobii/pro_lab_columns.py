"""Column names of Tobii Pro Lab exports, and which recordings a file holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gazestudy.importers.recordings.table_keys import distinct_keys
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextFormat, TextTable, sniff_header

TIME = "recording timestamp"
EYE_TRACKER = "eye tracker"
_BESIDE_TIME = ("sensor", "participant name", "recording name", "eye movement type", "gaze point x")
_UNIT = re.compile(r"^(.*?)\s*(?:\[([^\[\]]*)\]|\(([^()]*)\))$")
_LONGEST_NAME = 1000  # a longer one is damage, over which patterns take for ever
_OF_SNAPSHOT = re.compile(
    r"^((?:automatically |manually |assisted )?mapp(?:ed|ing) [^\[]+?) \[(.+)\]$", re.IGNORECASE
)
_FRAME = re.compile(r"^(mcs|dacs|adcs|hucs)\s*")
_TRAILING_UNIT = re.compile(r"\]\s*\[(MCS |DACS )?(px|norm|mm|ms)$", re.IGNORECASE)
_AOI = re.compile(r"^AOI hit \[(.+)\]$", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"(?:^|\t)-?\d+,\d+(?:\t|\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of an export, whatever its generation.

    Attributes
    ----------
    plain : dict
        Name in lower case without its unit to (unit, name as written), in the order of the file.
    snapshots : dict
        Snapshot to (name in lower case, name as written) of its mapping columns.
    aois : list of (snapshot, AOI, name as written)
        Columns of AOI hits.
    """

    plain: dict[str, list[tuple[str, str]]]
    snapshots: dict[str, dict[str, str]]
    aois: list[tuple[str, str, str]]

    def find(self, *names: str, units: tuple[str, ...] = ()) -> str | None:
        """Return the column of the first name that is there, in one of these units if any are given."""
        for name in names:
            found = self.plain.get(name, [])
            for unit in units or ("",):
                for its_unit, written in found:
                    if not units or its_unit == unit:
                        return written
        return None

    def unit(self, name: str) -> str:
        """Return the unit of the first column of that name, "" if it says none."""
        found = self.plain.get(name, [])
        return found[0][0] if found else ""


def parse_header(names: list[str]) -> Columns:
    """Return the columns of an export by what they are.

    Examples
    --------
    >>> columns = parse_header(["Recording timestamp [μs]", "Gaze point X [MCS px]", "AOI hit [wall - Ad]"])
    >>> columns.find("gaze point x", units=("mcs px",)), columns.unit("recording timestamp"), columns.aois
    ('Gaze point X [MCS px]', 'us', [('wall', 'Ad', 'AOI hit [wall - Ad]')])
    """
    columns = Columns({}, {}, [])
    for name in names:
        if match := _AOI.match(name):
            snapshot, dash, aoi = match.group(1).partition(" - ")
            columns.aois.append((snapshot, aoi, name) if dash else ("", snapshot, name))
        elif match := _OF_SNAPSHOT.match(name):
            snapshot = _TRAILING_UNIT.sub("", match.group(2))
            columns.snapshots.setdefault(snapshot, {})[match.group(1).lower()] = name
        else:
            match = _UNIT.match(name) if len(name) <= _LONGEST_NAME else None
            bare = match.group(1) if match else name
            unit = ((match.group(2) or match.group(3)) if match else "") or ""
            columns.plain.setdefault(bare.lower(), []).append((_unit(unit), name))
    return columns


def _unit(written: str) -> str:
    """Return a unit in plain letters: the micro sign is written in several ways, and often broken."""
    unit = _FRAME.sub(r"\1 ", written.strip().lower()).replace("adcs", "dacs").strip()
    if unit.endswith("s") and unit not in ("s", "ms", "ns", "deg/s", "°/s", "rad/s") and len(unit) <= 5:
        return "us"
    return unit


def export_header(source: Source, name: str) -> tuple[list[str], TextFormat] | None:
    """Return header names and format if a file is an export of Pro Lab, else None."""
    sniffed = sniff_header(source, name)
    if sniffed is None:
        return None
    names, form = sniffed
    plain = parse_header(names).plain
    known = TIME in plain and any(one in plain for one in _BESIDE_TIME)
    return sniffed if known and form.delimiter in ("\t", ";", ",") else None


def recordings_in(source: Source, name: str, names: list[str], form: TextFormat) -> list[tuple[str, ...]]:
    """Return (participant, recording) of every recording in a file."""
    plain = parse_header(names).plain
    columns = [plain[one][0][1] if one in plain else None for one in ("participant name", "recording name")]
    return distinct_keys(source, name, names, form, columns)


def text_of(table: TextTable, name: str) -> pa.ChunkedArray:
    """Return a column as Arrow text without spaces around."""
    return pc.utf8_trim_whitespace(table.cells.column(table.names.index(name))).fill_null("")


def equals(table: TextTable, name: str, wanted: str) -> pa.ChunkedArray:
    """Return where a column equals a text, whatever its case."""
    return pc.equal(pc.utf8_lower(text_of(table, name)), wanted.lower())


def first_text(table: TextTable, name: str | None) -> str:
    """Return the first cell of a column that is not empty, or ""."""
    if name is None or len(table) == 0:
        return ""
    cells = text_of(table, name)
    filled = cells.filter(pc.not_equal(cells, ""))
    return str(filled[0].as_py()) if len(filled) else ""
