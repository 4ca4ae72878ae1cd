"""Plain tables (CSV, TSV, XLSX) with a column mapping."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.fieldlogs.builder import SESSION_COLUMNS, LogBuilder
from gazestudy.importers.fieldlogs.columns import FieldColumns, ItemColumn
from gazestudy.importers.fieldlogs.grids import (
    BOOK_SUFFIXES,
    TEXT_SUFFIXES,
    Grid,
    Record,
    read_grids,
    records,
)
from gazestudy.importers.fieldlogs.moments import later
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FieldLog

_SUFFIXES = (*TEXT_SUFFIXES, *BOOK_SUFFIXES)


@fieldlog_importer(name="table", version=1, title="plain CSV or XLSX with a column mapping (--columns)")
class PlainTable:
    """Any table, once somebody has said what its columns mean."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Take any single table if there is a mapping."""
        names = source.names()
        if options.columns is None:
            return Refusal("needs a column mapping (--columns FILE)")
        if len(names) == 1 and names[0].lower().endswith(_SUFFIXES):
            return "column mapping"
        return Refusal(f"no single file named {', '.join(_SUFFIXES)}")

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read the table by its mapping."""
        mapping = options.mapping
        if mapping is None:
            raise ParameterError("columns", None, "a column mapping")
        name = source.names()[0]
        grid = _sheet(read_grids(source, name), mapping, source, name)
        builder = LogBuilder(name, options.plan, "table", tz=mapping.tz or options.tz, prefix=options.prefix)
        builder.clock.formats = (mapping.time_format,) if mapping.time_format else ()
        builder.add_findings(grid.findings)
        names, rows = records(grid, builder.mistakes, header=mapping.skip_rows)
        missing = [one for one in (*mapping.columns.values(), *mapping.items) if one not in names]
        if missing:
            raise InputError(
                source.place(name), "columns of the mapping are not in the table", place="header",
                expected=", ".join(map(repr, missing)), found=", ".join(map(repr, names[:20])),
            )  # fmt: skip
        _Table(builder, mapping).read(rows)
        return builder.build()


def _sheet(grids: list[Grid], mapping: FieldColumns, source: Source, name: str) -> Grid:
    named = [grid for grid in grids if not mapping.sheet or grid.name == mapping.sheet]
    if not named or not named[0].rows:
        found = ", ".join(repr(grid.name) for grid in grids)
        expected = repr(mapping.sheet)
        raise InputError(
            source.place(name), "there is no such sheet, or it is empty", expected=expected, found=found
        )
    return named[0]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row with the moment it is about."""

    row: Record
    point: str
    start: datetime | None
    end: datetime | None


class _Table:
    """Sorts rows into sessions, then reads them."""

    def __init__(self, builder: LogBuilder, mapping: FieldColumns) -> None:
        self.builder, self.mapping = builder, mapping
        self._without_stop = 0

    def read(self, rows: list[Record]) -> None:
        groups: dict[str, list[_Entry]] = defaultdict(list)
        points = sorted({one.point_id for one in self.mapping.items.values()}) or [""]
        for row in rows:
            for point in points:
                entry = self._entry(row, point or self.get(row, "point_id"))
                if entry is not None and (not point or self._has_items(row, point)):
                    groups[self._session_id(entry)].append(entry)
        for session_id, entries in groups.items():
            self._session(session_id, entries)
        if self._without_stop:
            text = "sessions have no explicit stop; they are taken from their first row to their last"
            self.builder.mistakes.tell(
                "session_from_rows", f"{self._without_stop} {text}", self._without_stop
            )

    def get(self, row: Record, name: str) -> str:
        """Return what a row says about something."""
        column = self.mapping.columns.get(name)
        text = row.get(column) if column else ""
        return text or self.mapping.values.get(name, "")

    def _has_items(self, row: Record, point: str) -> bool:
        return any(row.get(name) for name, one in self.mapping.items.items() if one.point_id == point)

    def _entry(self, row: Record, point: str) -> _Entry | None:
        start = self._moment(row, self._moment_name)
        end = self._moment(row, "ended_at")
        if start is not None and end is None and self.mapping.interval_s is not None:
            end = later(start, self.mapping.interval_s)
        timed = start is not None or any(self.get(row, name) for name in ("start_s", "at_s", "t_s"))
        if not timed:
            self.builder.mistakes.problem("no_time", row.where, "the row has no time and was left out")
            return None
        return _Entry(row, point, start, end)

    @property
    def _moment_name(self) -> str:
        """Return what holds the moment of a row; with seconds, `started_at` is that of the session."""
        if self.mapping.table != "interval_counts":
            return "at"
        return "" if "start_s" in self.mapping.columns else "started_at"

    def _moment(self, row: Record, name: str) -> datetime | None:
        column = self.mapping.columns.get(name)
        if column is None:
            return None
        return self.builder.clock.read(row.get(column), row.at(column))

    def _session_id(self, entry: _Entry) -> str:
        if self.mapping.session == "column":
            return self.get(entry.row, "session_id")
        place = "-".join(filter(None, (self.get(entry.row, "station_id"), entry.point)))
        if self.mapping.session == "row" or entry.start is None:
            return f"{place or 'row'}-{entry.row.where.row}"
        return f"{place or 'day'}-{entry.start.date().isoformat()}"

    def _session(self, session_id: str, entries: list[_Entry]) -> None:
        first = entries[0].row
        starts = [entry.start for entry in entries if entry.start is not None]
        ends = [entry.end or entry.start for entry in entries if entry.start is not None]
        started = self._given(first, "started_at") or (min(starts) if starts else None)
        given = self._given(first, "stopped_at")
        stopped = given or max((end for end in ends if end is not None), default=None)
        values = {name: self.get(first, name) for name in SESSION_COLUMNS if self.get(first, name)}
        values["point_id"] = entries[0].point or values.get("point_id", "")
        for name in ("started_at", "stopped_at"):
            values.pop(name, None)
        self.builder.mistakes.tell(
            "session_from_rows", f"session {session_id}: from its first row to its last", 1
        )
        if not self.builder.session(session_id, first.where, started=started, stopped=stopped, values=values):
            return
        assert started is not None
        number = {moment: index for index, moment in enumerate(sorted(set(starts)))}
        for entry in entries:
            read = {"interval_counts": self._counts, "scans": self._scans, "events": self._event}
            read[self.mapping.table](session_id, entry, started, number)

    def _given(self, row: Record, name: str) -> datetime | None:
        """Return an explicit start or stop of a session."""
        if name == self._moment_name:
            return None
        return self.builder.clock.read(self.get(row, name), row.at(self.mapping.columns.get(name, name)))

    def _items(self, entry: _Entry) -> list[tuple[str, ItemColumn, str]]:
        if not self.mapping.items:
            item = ItemColumn(item=self.get(entry.row, "item") or "item")
            return [(self.mapping.columns["value"], item, self.get(entry.row, "value"))]
        empty = "0" if self.mapping.blank == "zero" else ""
        return [
            (name, one, entry.row.get(name) or empty)
            for name, one in self.mapping.items.items()
            if one.point_id in ("", entry.point)
        ]

    def _seconds(self, entry: _Entry, name: str, moment: datetime | None, started: datetime) -> float | None:
        if moment is not None:
            return (moment - started) / timedelta(seconds=1)
        return self.builder.number(self.get(entry.row, name), entry.row.at(name))

    def _counts(self, session_id: str, entry: _Entry, started: datetime, number: dict[datetime, int]) -> None:
        start_s = self._seconds(entry, "start_s", entry.start, started)
        end_s = self._seconds(entry, "end_s", entry.end, started)
        if start_s is None or end_s is None or end_s <= start_s:
            text = "the interval has no end, or none after its start (give ended_at or interval_s)"
            self.builder.mistakes.problem("no_interval", entry.row.where, text)
            return
        given = self.builder.number(self.get(entry.row, "interval_no"), entry.row.where)
        index = int(given) if given is not None else number.get(entry.start or started, 0)
        for column, one, text in self._items(entry):
            self.builder.count(
                session_id, entry.row.at(column), one.item, text, interval_no=index, start_s=start_s,
                end_s=end_s, placement_id=one.placement_id or self.get(entry.row, "placement_id"),
            )  # fmt: skip

    def _scans(self, session_id: str, entry: _Entry, started: datetime, number: dict[datetime, int]) -> None:
        at_s = self._seconds(entry, "at_s", entry.start, started)
        index = number.get(entry.start or started, 0)
        for column, one, text in self._items(entry):
            self.builder.scan(
                session_id, entry.row.at(column), one.item, text, scan_no=index, at_s=at_s or 0.0,
                placement_id=one.placement_id or self.get(entry.row, "placement_id"),
            )  # fmt: skip

    def _event(self, session_id: str, entry: _Entry, started: datetime, number: dict[datetime, int]) -> None:
        at_s = self._seconds(entry, "t_s", entry.start, started)
        end_s = self._seconds(entry, "t_end_s", entry.end, started)
        modifiers = (
            {one.item: text for _, one, text in self._items(entry) if text} if self.mapping.items else {}
        )
        self.builder.event(
            session_id, entry.row.where, self.get(entry.row, "code"), t_s=at_s or 0.0, t_end_s=end_s,
            subject=self.get(entry.row, "subject"), placement_id=self.get(entry.row, "placement_id"),
            modifiers=modifiers, comment=self.get(entry.row, "comment"),
        )  # fmt: skip
