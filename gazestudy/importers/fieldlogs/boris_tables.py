"""Tables exported by BORIS: tabular and aggregated events, of the present and of older layouts.

The columns are found by their names, wherever the header stands. Present tabular events have one row for each
START, STOP and POINT; aggregated events one for each bout. Older tabular events put facts of one observation
above the header and say `Status` instead of `Behavior type`. Aggregated events without their header, as
BORIS's own functions return them, are recognised by their cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.boris import PLACEMENT_SETS
from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.grids import (
    BOOK_SUFFIXES,
    PAGE_SUFFIXES,
    TEXT_SUFFIXES,
    Grid,
    Record,
    find_header,
    read_grids,
    records,
)
from gazestudy.importers.fieldlogs.moments import later, number_of
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FieldLog

_SUFFIXES = (*TEXT_SUFFIXES, *BOOK_SUFFIXES, *PAGE_SUFFIXES)
_NO_SUBJECT = ("", "No focal subject")
_TYPES = ("Behavior type", "Status")
_LENGTHS = ("Observation duration", "Coding duration", "Total length", "Media duration (s)")
_FIXED = frozenset(
    (
        "Observation id",
        "Observation date",
        "Description",
        "Observation duration",
        "Observation type",
        "Source",
        "FPS",
        "FPS (frame/s)",
        "Time offset (s)",
        "Media duration (s)",
        "Coding duration",
        "Media file",
        "Media file path",
        "Total length",
        "Subject",
        "Behavior",
        "Observation duration by subject by observation",
        "Behavioral category",
        "Modifiers",
        "Behavior type",
        "Status",
        "Time",
        "Start (s)",
        "Stop (s)",
        "Duration (s)",
        "Media file name",
        "Image index",
        "Image file path",
        "Comment",
        "Comment start",
        "Comment stop",
        "Image index start",
        "Image index stop",
        "Image file path start",
        "Image file path stop",
    )
)


@fieldlog_importer(
    name="boris-table", version=1, title="BORIS tabular and aggregated events (TSV, CSV, XLSX, HTML)"
)
class BorisTable:
    """A table of events that BORIS exported."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for the header."""
        names = source.names()
        if options.columns is not None or len(names) != 1 or not names[0].lower().endswith(_SUFFIXES):
            return Refusal("no single table")
        if source.size_bytes(names[0]) == 0:
            raise InputError(source.place(names[0]), "the file is empty", advice="Export it again")
        for grid in read_grids(source, names[0], rows=200):
            if _tabular(grid) is not None:
                return "columns Time, Behavior and Behavior type (or Status)"
            if _aggregated(grid) is not None:
                return "columns Start (s), Stop (s) and Behavior"
            if _type_column(grid) is not None:
                return "aggregated events without a header"
        return Refusal("no columns Behavior and Time, or Start (s)")

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read all observations of the table."""
        name = source.names()[0]
        builder = LogBuilder(name, options.plan, "boris", tz=options.tz, prefix=options.prefix)
        for grid in read_grids(source, name):
            builder.add_findings(grid.findings)
            header = _tabular(grid)
            if header is not None:
                facts, variables = _preamble(grid, header)
                names, rows = records(grid, builder.mistakes, header)
                _Observations(builder, names, facts, variables).tabular(rows)
                continue
            header = _aggregated(grid)
            whole = grid if header is not None else _with_header(grid, builder, source, name)
            names, rows = records(whole, builder.mistakes, header or 0)
            _Observations(builder, names, {}, {}).aggregated(rows)
        if not builder.rows["sessions"]:
            text = "no events: a table of events does not name observations in which nothing happened"
            builder.mistakes.warn("no_events", None, f"{name}: {text}; import the project (.boris) for those")
        return builder.build()


def _tabular(grid: Grid) -> int | None:
    return find_header(grid, ("Time",), ("Behavior",), _TYPES)


def _aggregated(grid: Grid) -> int | None:
    return find_header(grid, ("Start (s)",), ("Stop (s)",), ("Behavior",))


def _preamble(grid: Grid, header: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return what stands above the header: facts, and independent variables."""
    facts: dict[str, str] = {}
    variables: dict[str, str] = {}
    found = facts
    for _, cells in grid.rows[:header]:
        key, value = cells[0], cells[1] if len(cells) > 1 else ""
        if key == "variable" and value == "value":
            found = variables
        elif key:
            found[key] = value
    return facts, variables


@dataclass(slots=True)
class _Open:
    """A state that has started."""

    record: Record
    start_s: float


class _Observations:
    """Reads the rows of one table."""

    def __init__(
        self, builder: LogBuilder, names: list[str], facts: Mapping[str, str], variables: Mapping[str, str]
    ) -> None:
        self.builder, self.facts, self.variables = builder, facts, dict(variables)
        self.own = [
            name for name in names if name not in _FIXED and not name.startswith(("Modifier #", "# "))
        ]
        self.modifiers = [name for name in names if name.startswith("Modifier #") or name == "Modifiers"]

    def tabular(self, rows: list[Record]) -> None:
        """Read rows of START, STOP and POINT."""
        for session_id, own in self._sessions(rows, ("Time",)).items():
            running: dict[tuple[str, ...], _Open] = {}
            for row in own:
                at_s = self.builder.number(row.get("Time"), row.at("Time"))
                kind = next((row.get(name).upper() for name in _TYPES if row.get(name)), "")
                key = (row.get("Subject"), row.get("Behavior"), *(row.get(one) for one in self.modifiers))
                if at_s is None:
                    self.builder.mistakes.problem("no_time", row.at("Time"), "the event has no time")
                elif kind == "POINT":
                    self._add(session_id, row, at_s, None, row.get("Comment"))
                elif kind == "START" and key not in running:
                    running[key] = _Open(row, at_s)
                elif kind == "STOP" and key in running:
                    first = running.pop(key)
                    comment = "; ".join(filter(None, (first.record.get("Comment"), row.get("Comment"))))
                    self._add(session_id, first.record, first.start_s, at_s, comment)
                else:
                    text = f"{row.get('Behavior')}: {kind or 'no type'!r} does not follow what is above it"
                    self.builder.mistakes.problem("order", row.where, text)
            self._close(session_id, running)

    def aggregated(self, rows: list[Record]) -> None:
        """Read rows of whole bouts."""
        for session_id, own in self._sessions(rows, ("Stop (s)", "Start (s)")).items():
            for row in own:
                start_s = self.builder.number(row.get("Start (s)"), row.at("Start (s)"))
                kind = row.get("Behavior type").upper()
                if start_s is None or kind not in ("POINT", "STATE"):
                    text = f"a bout needs a start and a type (STATE, POINT), found {kind[:40]!r}"
                    self.builder.mistakes.problem("no_event", row.where, text)
                    continue
                end_s = None
                if kind == "STATE":
                    end_s = self.builder.number(row.get("Stop (s)"), row.at("Stop (s)"))
                    if end_s is None:
                        self._close(session_id, {(): _Open(row, start_s)})
                        continue
                comment = "; ".join(filter(None, (row.get("Comment start"), row.get("Comment stop"))))
                self._add(session_id, row, start_s, end_s, comment)

    def _sessions(self, rows: list[Record], times: tuple[str, ...]) -> dict[str, list[Record]]:
        groups: dict[str, list[Record]] = {}
        for row in rows:
            key = row.get("Observation id") or self.facts.get("Observation id", "")
            groups.setdefault(key, []).append(row)
        found = {}
        for key, own in groups.items():
            session_id = self._session(key, own, times)
            if session_id:
                found[session_id] = own
        return found

    def _session(self, key: str, rows: list[Record], times: tuple[str, ...]) -> str:
        first, clock = rows[0], self.builder.clock
        values = {**self.variables, **{name: first.get(name) for name in self.own}}
        tz = values.get("tz", "")
        date = first.get("Observation date") or self.facts.get("Observation date", "")
        where = first.at("Observation date")
        started = clock.read(values.get("started_at", ""), where, tz) or clock.read(date, where, tz)
        stopped = clock.read(values.get("stopped_at", ""), where, tz)
        if started is not None and stopped is None:
            stopped = later(started, self._length_s(first, rows, times))
        session_id = values.get("session_id") or key
        conditions = {
            "observation": key if session_id != key else "",
            "description": first.get("Description") or self.facts.get("Description", ""),
        }
        added = self.builder.session(
            session_id, first.where, started=started, stopped=stopped, values=values, conditions=conditions
        )
        return session_id if added else ""

    def _length_s(self, first: Record, rows: list[Record], times: tuple[str, ...]) -> float:
        written = [number_of(row.get(name)) for row in rows for name in times if row.get(name)]
        last_s = max((value for value in written if value is not None), default=0.0)
        live = not any(row.get(name) not in ("", "NA") for row in rows for name in ("Media file name",
                       "Media file path", "Media file"))  # fmt: skip
        live = live or first.get("Media file") == "LIVE"
        if not live:
            for name in _LENGTHS:
                length_s = sum(number_of(part) or 0.0 for part in first.get(name).split("|")[:1])
                if length_s >= last_s > 0:
                    return length_s
        text = (
            f"no stop is written: the last event, {last_s:g} s, is taken; time watched after it is lost, and"
            " rates come out too high (set the variable stopped_at)"
        )
        self.builder.mistakes.warn("no_stop", first.where, text)
        return last_s

    def _close(self, session_id: str, running: Mapping[tuple[str, ...], _Open]) -> None:
        for one in running.values():
            row, start_s = one.record, one.start_s
            text = f"{row.get('Behavior')} starts at {start_s:g} s and never stops; it ends with the session"
            self.builder.mistakes.warn("unpaired", row.where, text)
            end_s = max(self.builder.length_s(session_id) or 0.0, start_s)
            self._add(session_id, row, start_s, end_s, row.get("Comment"), "session_end")

    def _add(
        self,
        session_id: str,
        row: Record,
        start_s: float,
        end_s: float | None,
        comment: str,
        closed_by: str | None = None,
    ) -> None:
        modifiers: dict[str, str] = {}
        for column in self.modifiers:
            parts = row.get(column).split("|") if column == "Modifiers" else [row.get(column)]
            for number, part in enumerate(parts, start=1):
                name = (
                    column.replace("Modifier #", "modifier ")
                    if column != "Modifiers"
                    else f"modifier {number}"
                )
                if part.strip() not in ("", "None"):
                    modifiers[name] = part.strip()
        placement = next((modifiers.pop(name) for name in PLACEMENT_SETS if name in modifiers), "")
        subject = row.get("Subject")
        self.builder.event(
            session_id, row.where, row.get("Behavior"), t_s=start_s, t_end_s=end_s,
            subject="" if subject in _NO_SUBJECT else subject, placement_id=placement, modifiers=modifiers,
            comment=comment, closed_by=closed_by,
        )  # fmt: skip


def _type_column(grid: Grid) -> int | None:
    """Return which column says STATE or POINT in every row, with start, stop and duration after it."""
    if not grid.rows:
        return None
    rows = [cells for _, cells in grid.rows]
    for column in range(len(rows[0])):
        if all(_is_bout(cells, column) for cells in rows):
            return column
    return None


def _is_bout(cells: list[str], column: int) -> bool:
    if len(cells) < column + 4 or cells[column] not in ("STATE", "POINT"):
        return False
    return all(number_of(cell) is not None or cell == "NA" for cell in cells[column + 1 : column + 4])


def _with_header(grid: Grid, builder: LogBuilder, source: Source, name: str) -> Grid:
    """Return aggregated events with the header that belongs above them."""
    column = _type_column(grid)
    rows = grid.rows
    if column is None or len({len(cells) for _, cells in rows}) != 1:
        raise InputError(source.place(name), "this is no table of BORIS events")
    width, present = len(rows[0][1]), len(rows[0][1]) - column - 4 > 2
    count = 0 if present else 1
    if present:  # the duration by subject stands before behaviour and category, modifiers after them
        while column - count - 3 > 0 and not all(
            number_of(cells[column - count - 3]) is not None for _, cells in rows
        ):
            count += 1
    names = [f"column {number + 1}" for number in range(width)]
    names[0:2] = ["Observation id", "Observation date"]
    names[column : column + 4] = ["Behavior type", "Start (s)", "Stop (s)", "Duration (s)"]
    names[column - count : column] = (
        [f"Modifier #{number + 1}" for number in range(count)] if present else ["Modifiers"]
    )
    left = column - count
    fixed = ["Subject", "Observation duration by subject by observation"] if present else ["Subject"]
    fixed += ["Behavior", "Behavioral category"]
    if left < len(fixed) + 2:
        raise InputError(source.place(name), "this is no table of BORIS events", found="too few columns")
    names[left - len(fixed) : left] = fixed
    names[-2:] = ["Comment start", "Comment stop"]
    if present:
        names[column + 4 : column + 5] = ["Media file name"]
        names[6:7] = ["Coding duration"]
    else:
        media = left - len(fixed)
        found = next((at for at in range(2, media) if _is_media(rows[0][1], at)), None)
        if found is not None:
            names[found : found + 2] = ["Media file", "Total length"]
    builder.mistakes.warn("no_header", None, f"{grid.name}: no header; the columns were told by their cells")
    known = {"Observation id", "Observation date"} | _FIXED
    names = [one if one in known or one.startswith("Modifier #") else f"# {one}" for one in names]
    return Grid(grid.name, [(0, names), *rows], grid.findings, grid.cut)


def _is_media(cells: list[str], at: int) -> bool:
    return number_of(cells[at]) is None and number_of(cells[at + 1]) is not None and cells[at] != ""
