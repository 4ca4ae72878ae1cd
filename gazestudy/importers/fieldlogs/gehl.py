"""Public Life Data Protocol (Gehl Institute) in its CSV form, as public-life surveys publish it.

One row is one person, or one count. Header names may have blanks at their ends; empty means zero; times are
`MM/DD/YY HH:MM AM`. Rows of one place and time become one session: of modes (who moves past) counts of one
interval, of postures and activities (who stays) one scan.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.grids import TEXT_SUFFIXES, Record, find_header, read_grids, records
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import ITEMS, FieldLog

_FORMATS = ("%m/%d/%y %I:%M %p", "%m/%d/%Y %I:%M:%S%p", "%m/%d/%Y %I:%M %p", "%m/%d/%y, %I:%M%p")
_STAY = ("posture", "activity", "congregation", "gender", "age", "object")
_MOVE = ("mode", "bike")
_PEDESTRIAN = "modePedestrian"
_KNOWN = {item.pldp: item.name for item in ITEMS.values() if item.pldp} | {_PEDESTRIAN: "passed"}
_LENGTH_S = 600.0


@fieldlog_importer(name="gehl", version=1, title="Public Life Data Protocol (Gehl), CSV")
class GehlTable:
    """A table of movement or stationary counts."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for the names of the protocol."""
        names = source.names()
        if options.columns is not None or len(names) != 1 or not names[0].lower().endswith(TEXT_SUFFIXES):
            return Refusal("no single CSV file")
        if source.size_bytes(names[0]) == 0:
            return Refusal("the file is empty")
        grid = read_grids(source, names[0], rows=3)[0]
        if find_header(grid, ("id",), ("startedAt",), ("location", "name"), rows=1) is None:
            return Refusal("no columns id, startedAt and location")
        counted = [name for name in grid.rows[0][1] if name.startswith((*_STAY, *_MOVE))]
        return (
            f"columns startedAt and {counted[0]}" if counted else Refusal("no columns mode... or posture...")
        )

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read the table, place by place and time by time."""
        name = source.names()[0]
        grid = read_grids(source, name)[0]
        builder = LogBuilder(name, options.plan, "gehl", tz=options.tz, prefix=options.prefix)
        builder.clock.formats = _FORMATS
        builder.add_findings(grid.findings)
        columns, rows = records(grid, builder.mistakes)
        counted = [one for one in columns if one.startswith((*_STAY, *_MOVE))]
        stays = any(one.startswith(_STAY) for one in counted)
        values = _Sums(builder, counted, stays)
        for row in rows:
            values.add(row, has_end="endedAt" in columns)
        values.write()
        return builder.build()


class _Sums:
    """Adds up the rows of one place and time."""

    def __init__(self, builder: LogBuilder, counted: list[str], stays: bool) -> None:
        self.builder, self.counted, self.stays = builder, counted, stays
        self.groups: dict[tuple[str, str, datetime, datetime], list[Record]] = defaultdict(list)
        self.largest = 0.0

    def add(self, row: Record, has_end: bool) -> None:
        """Put a row where it belongs."""
        clock = self.builder.clock
        start = clock.read(row.get("startedAt"), row.at("startedAt"))
        end = clock.read(row.get("endedAt"), row.at("endedAt"))
        if not has_end and start is not None:
            start = start.replace(minute=start.minute // 10 * 10, second=0, microsecond=0)
            end = start + timedelta(seconds=_LENGTH_S)
        if start is None or end is None:
            if not row.get("startedAt") or (has_end and not row.get("endedAt")):
                self.builder.mistakes.problem("no_time", row.where, "startedAt and endedAt are needed")
            return
        place = row.get("name") or row.get("location")
        self.groups[place, row.get("surveyor"), start, end].append(row)

    def write(self) -> None:
        """Hand the sums to the builder."""
        without_end = False
        for (place, surveyor, start, end), rows in self.groups.items():
            parts = [
                "stay" if self.stays else "move",
                place,
                *([surveyor] if surveyor else []),
                start.strftime("%Y-%m-%dT%H%M"),
            ]
            session_id = " ".join(parts)
            values = {
                "point_id": place, "observer": surveyor, "counted_geometry": "area" if self.stays else "line",
                "location": rows[0].get("location"),
            }  # fmt: skip
            without_end |= not rows[0].get("endedAt")
            first = rows[0].where
            if self.builder.session(session_id, first, started=start, stopped=end, values=values):
                self._notes(session_id, rows)
                self._sums(session_id, rows, (end - start) / timedelta(seconds=1))
        if without_end:
            text = "there is no endedAt: rows are put together into whole intervals of 10 minutes"
            self.builder.mistakes.warn("no_stop", None, text)
        if self.groups and self.largest == 1 and not self.stays:
            text = "no count is more than 1: each row is one person, or the numbers were lost on the way"
            self.builder.mistakes.warn("all_ones", None, text)

    def _notes(self, session_id: str, rows: list[Record]) -> None:
        for text in dict.fromkeys(row.get("notes") for row in rows):
            self.builder.note(session_id, rows[0].at("notes"), text)

    def _sums(self, session_id: str, rows: list[Record], length_s: float) -> None:
        where = rows[0].where
        for column in self.counted:
            total = 0.0
            for row in rows:
                value = self.builder.number(row.get(column), row.at(column), low=0) or 0.0
                self.largest = max(self.largest, value)
                total += value
            item = _KNOWN.get(column, column)
            if self.stays:
                self.builder.scan(session_id, where.at(column), item, f"{total:g}", scan_no=0, at_s=0.0)
            else:
                self.builder.count(
                    session_id,
                    where.at(column),
                    item,
                    f"{total:g}",
                    interval_no=0,
                    start_s=0.0,
                    end_s=length_s,
                )
        if self.stays:
            self._present(session_id, rows)

    def _present(self, session_id: str, rows: list[Record]) -> None:
        """Add how many people were there: each has one posture, and may have none written down."""
        postures = [one for one in self.counted if one.startswith("posture")]
        people = 0.0
        for row in rows:
            own = [float(row.get(one)) for one in postures if row.get(one).replace(".", "", 1).isdigit()]
            people += max(1.0, sum(own))
        self.builder.scan(session_id, rows[0].where, "present", f"{people:g}", scan_no=0, at_s=0.0)
