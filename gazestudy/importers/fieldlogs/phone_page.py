"""Sessions counted on our phone page: its JSON, and its CSV.

Both hold rows of the canonical tables; `gazestudy.protocol.targets.phone` describes them. The JSON also holds
the journal of the session. Taps are counted from it once more and compared with the tables.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.entry_sheets import ENTRY_READERS
from gazestudy.importers.fieldlogs.grids import Record
from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import SAMPLING_RULES, FieldLog

FORMAT = "gazestudy-phone-log/1"
_KIND = "gazestudy-phone-log/"
_HEAD_BYTES = 4096


@fieldlog_importer(name="phone-page", version=1, title="sessions counted on our phone page (JSON, CSV)")
class PhonePage:
    """What the page of `gazestudy protocol export --to html` saves."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Look for the name of the format at the top of one file."""
        names = source.names()
        if len(names) != 1 or not names[0].lower().endswith((".json", ".csv")):
            return Refusal("not one JSON or CSV file")
        head = source.head(names[0], _HEAD_BYTES).decode("utf-8", errors="replace")
        if names[0].lower().endswith(".csv"):
            header = head.lstrip("\ufeff").split("\n", 1)[0]
            known = header.startswith("table,session_id,") and _KIND in header
        else:
            known = f'"format": "{_KIND}' in head[:200] or f'"format":"{_KIND}' in head[:200]
        return "format gazestudy-phone-log" if known else Refusal(f"does not say that it is {FORMAT}")

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read the rows of all tables, sessions first."""
        name = source.names()[0]
        builder = LogBuilder(name, options.plan, "live", tz=options.tz, prefix=options.prefix)
        try:
            text = source.read(name).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(source.place(name), "is not UTF-8 text", advice="Export it again") from error
        if name.lower().endswith(".csv"):
            tables, complete = _csv_tables(text, builder.mistakes)
        else:
            document = _document(text, source, name)
            tables, complete = _json_tables(document, builder.mistakes), document.get("complete") is True
            _check_journal(document, tables, builder.mistakes)
            _tell_personal(document, builder.mistakes)
        for table, read in ENTRY_READERS.items():
            rows = tables.get(table, [])
            columns = list(dict.fromkeys(column for row in rows for column in row.cells))
            read(builder, columns, rows)
        _set_rules(builder, tables.get("interval_counts", []))
        if not complete:
            where = Cell("sessions", 0, "stopped_at")
            text = "saved while the session was still running; it ends here with the moment of saving"
            builder.mistakes.warn("unfinished", where, text)
        return builder.build()


def _document(text: str, source: Source, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        problem = f"is not JSON, perhaps cut off: {error}"
        raise InputError(source.place(name), problem, advice="Save it from the page again") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = str(document.get("format"))[:60] if isinstance(document, dict) else "no object"
        raise InputError(
            source.place(name),
            "was written by another version of the page",
            place="format",
            expected=FORMAT,
            found=found,
            advice="Update gazestudy",
        )
    if not isinstance(document.get("tables"), dict):
        raise InputError(source.place(name), "has no tables", place="tables", advice="Export it again")
    return document


def _json_tables(document: dict[str, Any], mistakes: Mistakes) -> dict[str, list[Record]]:
    tables: dict[str, list[Record]] = {}
    for table, rows in document["tables"].items():
        if table not in ENTRY_READERS or not isinstance(rows, list):
            mistakes.problem("unknown_table", Cell(f"tables.{table[:40]}"), "is no list of a known table")
            continue
        found = tables[table] = []
        for number, row in enumerate(rows):
            where = Cell(f"tables.{table}[{number}]")
            if isinstance(row, dict):
                found.append(Record(where, {column: _text(value) for column, value in row.items()}))
            else:
                mistakes.problem("no_row", where, "is no row")
    return tables


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _csv_tables(text: str, mistakes: Mistakes) -> tuple[dict[str, list[Record]], bool]:
    lines = csv.reader(io.StringIO(text, newline=""))
    header = next(lines)
    columns, complete = header[:-2], "unfinished" not in header[-2:]
    tables: dict[str, list[Record]] = {}
    for number, cells in enumerate(lines, start=2):
        where = Cell("CSV", number)
        if len(cells) < len(columns):
            mistakes.problem("cut_off", where, "has too few cells; save the file from the page again")
            continue
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        table = row.pop("table")
        if table not in ENTRY_READERS:
            mistakes.problem("unknown_table", where.at("table"), f"{table[:40]!r} is no table")
            continue
        filled = {column: cell for column, cell in row.items() if cell}
        tables.setdefault(table, []).append(Record(where, filled))
    return tables, complete


def _set_rules(builder: LogBuilder, rows: list[Record]) -> None:
    """Take the sampling rule of each item from the file; the builder gives them that of a count."""
    rules = {row.get("item"): row.get("rule") for row in rows if row.get("rule") in SAMPLING_RULES}
    for row in builder.rows["interval_counts"]:
        row["rule"] = rules.get(row["item"], "event_count")


def _check_journal(document: dict[str, Any], tables: dict[str, list[Record]], mistakes: Mistakes) -> None:
    """Count the taps of the journal and compare them with the tables."""
    journal = document.get("journal")
    if not isinstance(journal, list) or not all(isinstance(one, dict) for one in journal):
        mistakes.warn("no_journal", Cell("journal"), "is missing; the counts cannot be checked by it")
        return
    missing = len(journal) - len({one.get("n") for one in journal} & set(range(len(journal))))
    if missing:
        mistakes.warn("journal_gap", Cell("journal"), f"{missing} entries are missing or there twice")
    undone = {one.get("of") for one in journal if one.get("kind") == "undo"}
    entries = [one for one in journal if one.get("n") not in undone]
    taps = Counter(_tally(one) for one in entries if one.get("kind") == "tap")
    switched = {_tally(one) for one in entries if one.get("kind") == "watch"}
    counted: Counter[tuple[str, str]] = Counter()
    for row in tables.get("interval_counts", []):
        value = row.get("value")
        counted[row.get("item"), row.get("placement_id")] += int(value) if value.isdecimal() else 0
    for (item, placement), count in sorted(taps.items()):
        if (item, placement) not in switched and counted[item, placement] != count:
            of = f" of {placement}" if placement else ""
            text = f"{item}{of} was tapped {count} times, the table says {counted[item, placement]}"
            mistakes.warn("taps_differ", Cell("journal"), text)


def _tally(entry: dict[str, Any]) -> tuple[str, str]:
    return str(entry.get("item") or ""), str(entry.get("placement") or "")


def _tell_personal(document: dict[str, Any], mistakes: Mistakes) -> None:
    personal = document.get("personal")
    if isinstance(personal, list) and personal:
        text = f"{len(personal)} personal answers stay in the file; they are not part of any table"
        mistakes.tell("personal", text, len(personal))
