"""Tables of times with names: an observer's log, marks in an interview, pulses of a logger."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.sources import FolderSource
from gazestudy.importers.text_tables import TextTable, column_key, read_table
from gazestudy.model import Finding

UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
}
"""Units of numeric times."""

TWO_PARTS = ("mm:ss", "hh:mm")
"""What 12:34 may mean; it has to be said."""

_TIME_KEYS = (
    "time",
    "timestamp",
    "t",
    "datetime",
    "date time",
    "clock",
    "start",
    "start time",
    "onset",
    "at",
)
_NAME_KEYS = ("name", "event", "label", "behavior", "behaviour", "code", "mark", "what", "note", "question")
_UNIT_WORDS = {"ns": "ns", "us": "us", "ms": "ms", "s": "s", "sec": "s", "seconds": "s", "min": "min"}
_S, _DAY = 1_000_000_000, 86_400_000_000_000
_LONGEST_NS = 2**62
_EPOCH = date(1970, 1, 1)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,](\d+))?(?:[eE][-+]?\d+)?")
_STAMP = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)[T ]+)?(?P<parts>\d{1,4}(?::\d\d){1,2})(?:[.,](?P<fraction>\d{1,9})\d*)?"
    r"\s*(?P<zone>Z|UTC|[-+]\d\d:?\d\d)?"
)


@dataclass(frozen=True, slots=True)
class TimeMarks:
    """Times with names.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times, ns: Unix time if `is_unix`, else from a zero of their own (midnight for times of day).
    names : tuple of str
        What happened, "" where that is not said.
    unit_ms : float
        Unit the times were written in.
    is_unix : bool
        True if the times are Unix times.
    origin : dict
        Where they came from; JSON-ready.
    findings : tuple of Finding
        Rows that could not be read.
    """

    t_ns: NDArray[np.int64]
    names: tuple[str, ...]
    unit_ms: float = 0.0
    is_unix: bool = False
    origin: dict[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


def read_time_marks(
    path: Path,
    *,
    time_column: str | None = None,
    name_column: str | None = None,
    unit: str | None = None,
    zone: str | None = None,
    day: date | None = None,
) -> TimeMarks:
    """Read a table of times with names.

    Parameters
    ----------
    path : Path
        A CSV or other delimited text file with a header.
    time_column, name_column : str, optional
        Header names; None: a usual one ("time", "timestamp", ...; "name", "event", ...).
    unit : {"ns", "us", "ms", "s", "min", "mm:ss", "hh:mm"}, optional
        Unit of numbers, or what 12:34 means; None: from the header, such as "time [ms]".
    zone : str, optional
        Time zone of times without one: a name such as "Asia/Bangkok", or +07:00.
    day : date, optional
        Day of times of day without a date.

    Returns
    -------
    TimeMarks
        Rows in the order of the file; rows without a readable time are left out and reported.

    Raises
    ------
    InputError
        If the file, a column or every time cannot be used.
    ParameterError
        For an unknown unit or time zone.
    """
    if not path.is_file():
        raise InputError(path, "there is no such table")
    if unit is not None and unit not in (*UNITS_NS, *TWO_PARTS):
        raise ParameterError("unit", unit, ", ".join((*UNITS_NS, *TWO_PARTS)))
    table = read_table(FolderSource(path, only=path.name), path.name, "time_marks")
    column = _chosen(table, time_column, _TIME_KEYS, "time")
    words = table.text(column)
    filled = words[words != ""]
    if len(filled) == 0:
        raise InputError(path, "there is not one time", place=f"column {column!r}")
    if _NUMBER.fullmatch(str(filled.iloc[0])):
        t_ns, kept, unit_ns = _numbers(table, column, unit, path)
        is_unix = bool(len(t_ns)) and 9 * 10**17 < int(np.median(t_ns)) < 41 * 10**17
    else:
        t_ns, kept, unit_ns, is_unix = _stamps(table, column, unit, _zone(zone), day)
    if not len(t_ns):
        raise InputError(
            path,
            "not one time can be read",
            place=f"column {column!r}",
            expected="numbers, 2026-05-01 12:30:00, or 12:30:00",
            found=repr(str(filled.iloc[0])[:40]),
        )
    named = _chosen(table, name_column, _NAME_KEYS, "name") if name_column else _usual(table, _NAME_KEYS)
    texts = table.text(named).tolist() if named else [""] * len(table)
    return TimeMarks(
        t_ns,
        tuple(texts[k] for k in kept),
        unit_ns / 1e6,
        is_unix,
        {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "time_column": column,
            "name_column": named,
            "unit": unit,
            "zone": zone,
            "day": day.isoformat() if day else None,
            "rows": len(t_ns),
        },
        tuple(table.findings),
    )


def _usual(table: TextTable, keys: tuple[str, ...]) -> str | None:
    """Return the first column that has a usual name, with or without a unit behind it."""
    for key in keys:
        for name in table.names:
            words = column_key(name).split()
            if " ".join(words) == key or (words and words[-1] in _UNIT_WORDS and " ".join(words[:-1]) == key):
                return name
    return None


def _chosen(table: TextTable, given: str | None, keys: tuple[str, ...], what: str) -> str:
    if given is not None:
        return table.need(given)
    found = _usual(table, keys)
    if found is None:
        raise InputError(
            table.place,
            f"it is not clear which column is the {what}",
            place="header",
            found=", ".join(repr(name) for name in table.names[:12]),
            advice=f"Name it (--{what}-column)",
        )
    return found


def _numbers(
    table: TextTable, column: str, unit: str | None, path: Path
) -> tuple[NDArray[np.int64], list[int], float]:
    chosen = unit or _UNIT_WORDS.get(column_key(column).split()[-1] if column_key(column) else "")
    if chosen not in UNITS_NS:
        raise InputError(
            path,
            "the unit of the times is not known",
            place=f"column {column!r}",
            advice="Give it (--unit s, ms, us, ns or min)",
        )
    decimals = [
        len(match[1] or "") for word in table.text(column) if (match := _NUMBER.fullmatch(word.strip()))
    ]
    t_ns = table.times_ns(column, UNITS_NS[chosen])  # leaves rows without a time out of the table
    return t_ns, list(range(len(t_ns))), UNITS_NS[chosen] / 10 ** max(decimals, default=0)


def _stamps(
    table: TextTable, column: str, unit: str | None, zone: tzinfo | None, day: date | None
) -> tuple[NDArray[np.int64], list[int], float, bool]:
    """Return times of day or dates, their rows, their unit in ns, and whether they are Unix times."""
    times: list[int] = []
    kept: list[int] = []
    finest, absolute, carried = 60 * _S, True, 0
    for row, word in enumerate(table.text(column).tolist()):
        match = _STAMP.fullmatch(word.strip())
        parsed = _parsed(match, table.place, unit, zone, day) if match else None
        if parsed is None:
            continue
        t_ns, unit_ns, is_unix, has_date = parsed
        if not has_date and unit != "mm:ss":
            # Times of day go on after midnight.
            if times and times[-1] - (t_ns + carried) > _DAY // 2:
                carried += _DAY
            t_ns += carried
        times.append(t_ns)
        kept.append(row)
        finest, absolute = min(finest, unit_ns), absolute and is_unix
    lost = len(table) - len(times)
    if lost:
        text = f"{table.place.name}: {lost} rows without a readable time in {column!r} were left out"
        table.findings.append(Finding("warning", "time_marks", "rows_skipped", text, lost))
    return np.array(times, np.int64), kept, float(finest), absolute and bool(times)


def _parsed(
    match: re.Match[str], place: Path, unit: str | None, zone: tzinfo | None, day: date | None
) -> tuple[int, int, bool, bool] | None:
    parts = [int(part) for part in match["parts"].split(":")]
    if len(parts) == 2 and unit not in TWO_PARTS and not match["date"]:
        raise InputError(
            place,
            "it is not clear what these times are",
            found=match[0],
            advice="Say whether they are minutes and seconds or hours and minutes (--unit mm:ss or hh:mm)",
        )
    seconds = len(parts) == 3 or (unit == "mm:ss" and not match["date"])
    hours, minutes, rest = (
        (parts[0], parts[1], parts[2])
        if len(parts) == 3
        else ((0, parts[0], parts[1]) if seconds else (parts[0], parts[1], 0))
    )
    if rest > 60 or (minutes > 59 and unit != "mm:ss") or hours > 9999:
        return None
    fraction = match["fraction"] or ""
    since_midnight = (hours * 3600 + minutes * 60 + rest) * _S + int(fraction.ljust(9, "0") or 0)
    unit_ns = 10 ** (9 - len(fraction)) if seconds else 60 * _S
    try:
        on = date.fromisoformat(match["date"]) if match["date"] else day
        if on is None or (unit == "mm:ss" and not match["date"]):
            return since_midnight, unit_ns, False, False
        local = int((on - _EPOCH).days) * _DAY + since_midnight
        if abs(local) > _LONGEST_NS:
            return None
        place_zone = _zone(match["zone"]) or zone
        if place_zone is None:
            return local, unit_ns, False, bool(match["date"])
        noted = datetime.combine(on, datetime.min.time(), place_zone) + timedelta(
            microseconds=since_midnight // 1000
        )
        ahead = noted.utcoffset() or timedelta(0)
    except (ValueError, OverflowError, ParameterError):
        return None
    return local - round(ahead.total_seconds() * _S), unit_ns, True, bool(match["date"])


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text.upper() in ("Z", "UTC"):
        return UTC
    if match := re.fullmatch(r"([-+])(\d\d):?(\d\d)", text):
        ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if ahead < timedelta(hours=24):
            return timezone(-ahead if match[1] == "-" else ahead)
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ParameterError("zone", text, "a time zone such as Asia/Bangkok, or +07:00") from error


def parse_moment(text: str, zone: str | None = None) -> int:
    """Return a date and time as Unix time, ns.

    Parameters
    ----------
    text : str
        Such as "2026-05-01T08:00+07:00".
    zone : str, optional
        Time zone where the text has none.

    Raises
    ------
    ParameterError
        If it is no date and time, or its zone is not known.

    Examples
    --------
    >>> parse_moment("1970-01-02 07:00:00.5+07:00")
    86400500000000
    """
    match = _STAMP.fullmatch(text.strip())
    expected = "a date, time and zone such as 2026-05-01T08:00:00+07:00"
    if match is None or not match["date"]:
        raise ParameterError("moment", text, expected)
    parsed = _parsed(match, Path(), "hh:mm", _zone(zone), None)
    if parsed is None or not parsed[2]:
        raise ParameterError("moment", text, expected)
    return parsed[0]
