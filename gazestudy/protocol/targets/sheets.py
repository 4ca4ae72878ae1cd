"""Wide entry tables: what people type into, one table for each block."""

from __future__ import annotations

from dataclasses import dataclass, field

from gazestudy.protocol.blocks import FocalBlock, FormBlock, IntervalBlock, ItemBlock, PerAdBlock, ScanBlock
from gazestudy.protocol.canonical import WIDE_KEYS, is_per_placement, table_of
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.items import Item
from gazestudy.protocol.rules import Rule
from gazestudy.protocol.targets.registry import ExportOptions
from gazestudy.protocol.targets.words import word

_OPEN_ROWS = 30


@dataclass(slots=True)
class Sheet:
    """One entry table.

    Attributes
    ----------
    name : str
        Canonical table, with a number from the second on.
    columns : list of str
        Keys, then items.
    labels : dict of column to str
        Words for people.
    items : dict of column to Item
        Columns that are items.
    rows : list of dict
        Rows with what is known; columns that do not belong to a row are in `closed`.
    closed : list of set of str
        For each row, columns that are not to be filled.
    rules : list of (Rule, str)
        Rules between columns of one row, with their message.
    lists : dict of column to list of str
        Allowed codes.
    """

    name: str
    columns: list[str]
    labels: dict[str, str] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    rows: list[dict[str, str | int | float]] = field(default_factory=list)
    closed: list[set[str]] = field(default_factory=list)
    rules: list[tuple[Rule, str]] = field(default_factory=list)
    lists: dict[str, list[str]] = field(default_factory=dict)


def entry_sheets(protocol: Protocol, options: ExportOptions) -> list[Sheet]:
    """Return the entry tables of a protocol, with the rows that can be known beforehand."""
    sheets: list[Sheet] = []
    for block in protocol.blocks:
        table = table_of(block)
        same = next((sheet for sheet in sheets if sheet.name == table), None)
        if isinstance(block, FormBlock) and same is not None:
            _add_items(same, protocol, block, options)
            continue
        count = sum(sheet.name.split(" ")[0] == table for sheet in sheets)
        sheet = Sheet(table if not count else f"{table} {count + 1}", list(WIDE_KEYS[table]))
        sheets.append(sheet)
        if isinstance(block, FocalBlock):
            _focal(sheet, protocol, block)
        else:
            _add_items(sheet, protocol, block, options)
        for session in options.sessions or ("",):
            _rows(sheet, block, protocol, options, session)
    if not any(sheet.name == "sessions" for sheet in sheets):
        sheet = Sheet("sessions", list(WIDE_KEYS["sessions"]))
        for session in options.sessions or ("",):
            _session_row(sheet, protocol, options, session)
        sheets.insert(0, sheet)
    for sheet in sheets:
        _key_labels(sheet, options.language)
    return sheets


def _add_items(sheet: Sheet, protocol: Protocol, block: ItemBlock, options: ExportOptions) -> None:
    language = options.language
    for item in block.items:
        sheet.columns.append(item.id)
        sheet.items[item.id] = item
        unit = getattr(item, "unit", "")
        sheet.labels[item.id] = protocol.text(item.label, language) + (f" ({unit})" if unit else "")
        if item.type in ("choice", "multi"):
            codes = [choice.code for choice in protocol.choices[item.choices]]
            sheet.lists[item.id] = codes
        elif item.type == "bool":
            sheet.lists[item.id] = ["yes", "no"]
    for line in block.rules:
        sheet.rules.append((line.rule(), protocol.text(line.message, language)))


def _focal(sheet: Sheet, protocol: Protocol, block: FocalBlock) -> None:
    for modifier in block.modifiers:
        if modifier.type == "placement":
            continue  # has its key column
        sheet.columns.append(modifier.id)
        sheet.labels[modifier.id] = protocol.text(modifier.label)
        if modifier.choices and modifier.type == "single":
            sheet.lists[modifier.id] = [choice.code for choice in protocol.choices[modifier.choices]]
    sheet.columns.append("comment")
    sheet.lists["code"] = [behaviour.code for behaviour in block.behaviours]


def _rows(
    sheet: Sheet,
    block: ItemBlock | FocalBlock,
    protocol: Protocol,
    options: ExportOptions,
    session: str,
) -> None:
    if isinstance(block, FormBlock) and sheet.name == "sessions":
        _session_row(sheet, protocol, options, session)
    elif isinstance(block, (IntervalBlock, ScanBlock)):
        _slice_rows(sheet, block, options, session)
    elif isinstance(block, PerAdBlock) and options.placements:
        for placement in options.placements:
            _append(sheet, {"session_id": session, "placement_id": placement.code}, set())
    else:
        for _ in range(_OPEN_ROWS):
            _append(sheet, {"session_id": session}, set())


def _session_row(sheet: Sheet, protocol: Protocol, options: ExportOptions, session: str) -> None:
    row: dict[str, str | int | float] = {
        "session_id": session,
        "protocol_id": protocol.id,
        "protocol_version": protocol.version,
        **options.prefill,
    }
    _append(sheet, row, set())


def _slice_rows(sheet: Sheet, block: IntervalBlock | ScanBlock, options: ExportOptions, session: str) -> None:
    own = {item.id for item in block.items if is_per_placement(item)}
    whole = {item.id for item in block.items} - own
    placements = [placement.code for placement in options.placements]
    for number in range(options.slices(block.every_s)):
        start_s = number * block.every_s
        if isinstance(block, IntervalBlock):
            key: dict[str, str | int | float] = {
                "interval_no": number,
                "start_s": start_s,
                "end_s": min(start_s + block.every_s, options.length_s),
            }
        else:
            key = {"scan_no": number, "at_s": start_s}
        if not placements:
            _append(sheet, {"session_id": session, **key}, set())
            continue
        if whole:
            _append(sheet, {"session_id": session, **key}, own | {"placement_id"})
        for placement in placements if own else ():
            _append(sheet, {"session_id": session, **key, "placement_id": placement}, whole)


def _append(sheet: Sheet, row: dict[str, str | int | float], closed: set[str]) -> None:
    sheet.rows.append(row)
    sheet.closed.append(closed)


_KEY_WORDS = {
    "session_id": "session",
    "started_at": "started",
    "stopped_at": "stopped",
    "interval_no": "interval",
    "scan_no": "scan",
    "placement_id": "placement",
    "respondent_id": "respondent",
    "subject": "subject",
    "code": "behaviour",
    "comment": "comment",
}


def _key_labels(sheet: Sheet, language: str) -> None:
    seconds = word("seconds", language)
    for column in sheet.columns:
        if column in _KEY_WORDS:
            sheet.labels[column] = word(_KEY_WORDS[column], language)
        elif column in ("start_s", "t_s", "at_s"):
            sheet.labels[column] = f"{word('started' if column != 'at_s' else 'time', language)} ({seconds})"
        elif column in ("end_s", "t_end_s"):
            sheet.labels[column] = f"{word('to', language)} ({seconds})"
    if sheet.name == "sessions":
        for column in ("started_at", "stopped_at"):
            sheet.labels[column] += " 2026-11-22T08:00+07:00"
