"""Proof-of-play logs: what the player of a screen wrote down about what it showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.sources import FolderSource
from gazestudy.importers.text_tables import TextTable, column_key, read_table
from gazestudy.importers.time_marks import parse_moment
from gazestudy.model import Finding
from gazestudy.model.schedule import SHOWINGS

_START = ("start", "start time", "started", "played at", "time", "timestamp", "begin", "from")
_END = ("end", "end time", "ended", "stop", "until", "to")
_SECONDS = ("duration s", "duration", "seconds", "length s", "duration sec")
_CREATIVE = ("creative", "creative id", "content", "file", "asset", "media", "spot", "name", "title")
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True, eq=False)
class PlayLog:
    """What a log says.

    Attributes
    ----------
    showings : DataFrame
        Contract `SHOWINGS`.
    others : tuple of str
        Contents that are none of the creatives asked for, and count as pictures of others.
    findings : tuple of Finding
        Rows that were not used, and why.
    """

    showings: pd.DataFrame
    others: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_play_log(path: Path, creatives: Mapping[str, str], *, zone: str | None = None) -> PlayLog:
    """Read what a screen showed.

    Parameters
    ----------
    path : Path
        A CSV or other delimited text file with a header: start, end or duration in seconds, and the content.
    creatives : mapping of str to str
        Names that the log may use for our creatives (ids, names, file names), to their ids.
    zone : str, optional
        Time zone of times without one, such as "Asia/Bangkok".

    Returns
    -------
    PlayLog
        Showings in order of time.

    Raises
    ------
    InputError
        If the file or a column is missing, a time cannot be read or has no zone, or showings overlap; every
        such row is named, up to five.
    """
    if not path.is_file():
        raise InputError(path, "there is no such log")
    table = read_table(FolderSource(path, only=path.name), path.name, "play_log")
    table.need(*_CREATIVE)
    starts = _moments(table, table.need(*_START), zone)
    ends = _ends(table, starts, zone)
    known = {column_key(name): creative_id for name, creative_id in creatives.items()}
    words = table.text(table.need(*_CREATIVE)).str.strip()
    found = [known.get(column_key(word), known.get(column_key(_stem(word)), "")) for word in words]
    order = np.argsort(starts, kind="stable")
    showings = pd.DataFrame(
        {
            "creative_id": pd.Series(np.array(found, dtype=object)[order], dtype="str"),
            "start_unix_ns": starts[order],
            "end_unix_ns": ends[order],
        }
    )
    _refuse_overlaps(table, showings, order)
    others = tuple(sorted({word for word, one in zip(words, found, strict=True) if not one}))
    return PlayLog(SHOWINGS.check(showings, str(path)), others, tuple(table.findings))


def _stem(word: str) -> str:
    """Return the name of a file without folders and ending, whatever system the player runs on."""
    return PurePosixPath(word.replace("\\", "/")).stem


def _ends(table: TextTable, starts: np.ndarray, zone: str | None) -> np.ndarray:
    column = table.find(*_END)
    if column is not None:
        ends = _moments(table, column, zone)
    else:
        seconds = table.floats(table.need(*_SECONDS, *_END))
        _refuse(table, np.flatnonzero(~np.isfinite(seconds)), "a duration in seconds", table.need(*_SECONDS))
        ends = starts + np.rint(seconds * 1e9).astype(np.int64)
    _refuse(table, np.flatnonzero(ends <= starts), "an end after the start", column or table.need(*_SECONDS))
    return ends


def _moments(table: TextTable, column: str, zone: str | None) -> np.ndarray:
    """Return the Unix times of a column, ns."""
    times, wrong = np.zeros(len(table), dtype=np.int64), []
    for row, word in enumerate(table.text(column).tolist()):
        try:
            times[row] = parse_moment(word, zone)
        except ParameterError:
            wrong.append(row)
    _refuse(
        table,
        wrong,
        "dates and times such as 2026-05-01T08:00:10+07:00, or without +07:00 where a time zone is given",
        column,
    )
    return times


def _refuse_overlaps(table: TextTable, showings: pd.DataFrame, order: np.ndarray) -> None:
    start, end = showings["start_unix_ns"].to_numpy(), showings["end_unix_ns"].to_numpy()
    wrong = np.flatnonzero(start[1:] < end[:-1]) + 1
    _refuse(table, order[wrong], "one picture at a time; it begins before the one before it ends", "")


def _refuse(table: TextTable, rows: np.ndarray | list[int], expected: str, column: str) -> None:
    """Refuse a log with wrong rows, naming the first of them."""
    if len(rows) == 0:
        return
    first = [int(row) for row in rows[:_SHOWN_ROWS]]
    lines = ", ".join(str(row + 2) for row in first) + (" ..." if len(rows) > _SHOWN_ROWS else "")
    cells = table.text(column).iloc[first].tolist() if column else []
    raise InputError(
        table.place,
        f"{len(rows)} of {len(table)} rows cannot be used",
        place=f"line {lines}" + (f", column {column!r}" if column else ""),
        expected=expected,
        found=", ".join(repr(cell[:40]) for cell in cells) or "overlapping rows",
        advice="Correct the log; nothing of it was taken",
    )
