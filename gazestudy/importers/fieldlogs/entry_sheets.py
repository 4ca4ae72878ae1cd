"""Our entry sheets, typed in from paper, and our canonical tables: CSV files in a folder, or one workbook.

A wide sheet has key columns and one column for each item; a long one has `item` and `value`. The name of a
sheet or file is that of its table, with a number from the second on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from gazestudy.importers.fieldlogs.builder import SESSION_COLUMNS, LogBuilder
from gazestudy.importers.fieldlogs.grids import BOOK_SUFFIXES, Grid, Record, read_grids, records
from gazestudy.importers.fieldlogs.json_cells import object_in
from gazestudy.importers.fieldlogs.moments import number_of
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FIELD_CONTRACTS, ITEMS, PAIR_KINDS, FieldLog

_NAME = re.compile(r"(?P<table>[a-z_]+?)(?:[ _]\d+)?")
_KEYS = {name: frozenset(contract.names) for name, contract in FIELD_CONTRACTS.items()}
_MEDIA = ("photo", "audio")


@fieldlog_importer(name="entry-sheets", version=1, title="entry sheets and canonical tables (CSV, XLSX)")
class EntrySheets:
    """Entry sheets of `gazestudy protocol export`, and tables as `gazestudy` writes them."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for a table of sessions."""
        names = source.names()
        if len(names) == 1 and names[0].lower().endswith(BOOK_SUFFIXES):
            grids = read_grids(source, names[0], rows=3)
            if _sessions(grids):
                return "sheet sessions"
            return Refusal("no sheet named sessions with session_id and started_at")
        if "sessions.csv" not in names:
            return Refusal("no table named sessions (sessions.csv)")
        return (
            "sessions.csv"
            if _sessions(read_grids(source, "sessions.csv", rows=3))
            else Refusal("sessions.csv has no columns session_id and started_at")
        )

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read all tables, sessions first."""
        names = [name for name in source.names() if name.lower().endswith((".csv", *BOOK_SUFFIXES))]
        grids = [grid for name in names if table_named(PurePosixPath(name).stem) or len(names) == 1
                 for grid in read_grids(source, name)]  # fmt: skip
        label = names[0] if len(names) == 1 else source.label
        builder = LogBuilder(label, options.plan, "paper", tz=options.tz, prefix=options.prefix)
        known = [(table_named(grid.name), grid) for grid in grids]
        for table in FIELD_CONTRACTS:
            for name, grid in known:
                if name == table:
                    builder.add_findings(grid.findings)
                    columns, rows = records(grid, builder.mistakes)
                    ENTRY_READERS[table](builder, columns, [row for row in rows if _filled(row, columns)])
        return builder.build()


def table_named(name: str) -> str:
    """Return the canonical table of a sheet or file name, "" if there is none.

    Examples
    --------
    >>> table_named("interval_counts 2"), table_named("definitions")
    ('interval_counts', '')
    """
    found = _NAME.fullmatch(name.strip().lower())
    return found["table"] if found and found["table"] in FIELD_CONTRACTS else ""


def _sessions(grids: list[Grid]) -> bool:
    return any(
        table_named(grid.name) == "sessions"
        and grid.rows
        and {"session_id", "started_at"} <= set(grid.rows[0][1])
        for grid in grids
    )


_PREFILLED = frozenset(
    ("session_id", "protocol_id", "protocol_version", "tz", "interval_no", "scan_no", "start_s", "end_s")
) | {"placement_id", "at_s"}


def _filled(row: Record, columns: list[str]) -> bool:
    """Return whether somebody wrote into a row: sheets come with ids and times filled in."""
    return any(row.get(name) for name in columns if name not in _PREFILLED)


def _session_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        tz = row.get("tz")
        values = {name: text for name, text in row.cells.items() if name != "conditions_json"}
        builder.session(
            row.get("session_id"),
            row.where,
            started=builder.clock.read(row.get("started_at"), row.at("started_at"), tz),
            stopped=builder.clock.read(row.get("stopped_at"), row.at("stopped_at"), tz),
            values={name: text for name, text in values.items() if name in SESSION_COLUMNS or text},
            conditions=object_in(row.get("conditions_json"), row.at("conditions_json"), builder.mistakes),
        )


def _interval_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    coded = _coded_columns(builder, columns, rows, "interval_counts")
    for row in rows:
        number = _number(builder, row, "interval_no")
        start = builder.number(row.get("start_s"), row.at("start_s"))
        end = builder.number(row.get("end_s"), row.at("end_s"))
        if number is None or start is None or end is None or end <= start:
            text = "interval_no, start_s and end_s are needed, and end_s after start_s"
            builder.mistakes.problem("no_interval", row.where, text)
            continue
        for item, text in _items(row, columns, "interval_counts"):
            builder.count(
                row.get("session_id"), row.at(item), item, text, interval_no=int(number), start_s=start,
                end_s=end, placement_id=row.get("placement_id"),
                is_code=None if "item" in columns else item in coded,
            )  # fmt: skip


def _scan_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        number = _number(builder, row, "scan_no")
        at_s = builder.number(row.get("at_s"), row.at("at_s"))
        if number is None or at_s is None:
            builder.mistakes.problem("no_scan", row.where, "scan_no and at_s are needed")
            continue
        for item, text in _items(row, columns, "scans"):
            builder.scan(
                row.get("session_id"), row.at(item), item, text, scan_no=int(number), at_s=at_s,
                placement_id=row.get("placement_id"),
            )  # fmt: skip


def _items(row: Record, columns: list[str], table: str) -> list[tuple[str, str]]:
    """Return the items of a row, from a long or a wide table."""
    if "item" in columns and "value" in columns:
        return [(row.get("item"), row.get("value") or row.get("text"))]
    return [(name, row.get(name)) for name in columns if name not in _KEYS[table] and row.get(name)]


def _coded_columns(builder: LogBuilder, columns: list[str], rows: list[Record], table: str) -> set[str]:
    """Return columns of answers that are codes: those of the protocol, else those without any number."""
    own = [name for name in columns if name not in _KEYS[table] and name not in ITEMS]
    found = set()
    for name in own:
        if name in builder.plan.items:
            if not builder.plan.items[name].numeric:
                found.add(name)
        else:
            texts = {row.get(name) for row in rows if row.get(name)}
            if texts and all(number_of(text) is None for text in texts):
                found.add(name)
    return found if "item" not in columns else set()


def _event_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        start = builder.number(row.get("t_s"), row.at("t_s"))
        end = builder.number(row.get("t_end_s"), row.at("t_end_s"))
        code = row.get("code")
        if start is None or not code:
            builder.mistakes.problem("no_event", row.where, "code and t_s are needed")
            continue
        closed = row.get("closed_by") or None
        if end is None and (row.get("form") == "state" or code in builder.plan.states):
            end = builder.length_s(row.get("session_id"))
            closed = "session_end"
            builder.mistakes.warn(
                "unpaired", row.at("t_end_s"), f"{code} has no end; it ends with the session"
            )
        modifiers = {name: row.get(name) for name in columns if name not in _KEYS["events"] and row.get(name)}
        modifiers |= object_in(row.get("modifiers_json"), row.at("modifiers_json"), builder.mistakes)
        builder.event(
            row.get("session_id"), row.where, code, t_s=start, t_end_s=end, subject=row.get("subject"),
            placement_id=row.get("placement_id"), modifiers=modifiers, comment=row.get("comment"),
            closed_by=closed if closed in ("observer", "session_end") and end is not None else None,
        )  # fmt: skip


def _audit_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        details = object_in(row.get("details_json"), row.at("details_json"), builder.mistakes)
        values = {**row.cells, **{name: str(value) for name, value in details.items()}}
        for name in [name for name in values if _is_media(builder, name)]:
            builder.media(row.get("session_id"), row.at(name), values.pop(name), item=name,
                          placement_id=row.get("placement_id"))  # fmt: skip
        builder.audit(row.get("session_id"), row.where, row.get("placement_id"), values)


def _note_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    own = [name for name in columns if name not in _KEYS["notes"]]
    for row in rows:
        words = [row.get("text"), *(row.get(name) for name in own if not _is_media(builder, name))]
        at_s = builder.number(row.get("at_s"), row.at("at_s"))
        placement = row.get("placement_id")
        for name in own:
            if _is_media(builder, name):
                builder.media(row.get("session_id"), row.at(name), row.get(name), item=name, at_s=at_s,
                              placement_id=placement)  # fmt: skip
        builder.note(row.get("session_id"), row.where, ": ".join(filter(None, words)), at_s=at_s,
                     placement_id=placement)  # fmt: skip


def _answer_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        for item, text in _items(row, columns, "answers"):
            builder.answer(
                row.get("session_id"), row.at(item), row.get("respondent_id"), item, text,
                placement_id=row.get("placement_id"),
            )  # fmt: skip


def _media_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        builder.media(
            row.get("session_id"), row.where, row.get("path"), item=row.get("item"),
            at_s=builder.number(row.get("at_s"), row.at("at_s")), placement_id=row.get("placement_id"),
        )  # fmt: skip


def _pair_rows(builder: LogBuilder, columns: list[str], rows: list[Record]) -> None:
    for row in rows:
        kind = row.get("kind") or "simultaneous"
        if kind not in PAIR_KINDS:
            expected = ", ".join(PAIR_KINDS)
            builder.mistakes.problem("unknown_code", row.at("kind"), f"{kind[:40]!r} is none of {expected}")
            continue
        builder.pair(row.get("session_a"), row.get("session_b"), kind, row.where)


def _number(builder: LogBuilder, row: Record, column: str) -> float | None:
    value = builder.number(row.get(column), row.at(column), low=0)
    if value is not None and value != int(value):
        builder.mistakes.problem("not_whole", row.at(column), f"{row.get(column)} is no whole number")
        return None
    return value


def _is_media(builder: LogBuilder, item: str) -> bool:
    return item in builder.plan.items and builder.plan.items[item].type in _MEDIA


ENTRY_READERS: dict[str, Callable[[LogBuilder, list[str], list[Record]], None]] = {
    "sessions": _session_rows,
    "interval_counts": _interval_rows,
    "scans": _scan_rows,
    "events": _event_rows,
    "audits": _audit_rows,
    "notes": _note_rows,
    "answers": _answer_rows,
    "media": _media_rows,
    "reliability_pairs": _pair_rows,
}
"""For each canonical table, what puts its rows into a builder."""
