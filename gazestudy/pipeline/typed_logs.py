"""Field logs that are typed or tapped here: entries by item become canonical tables and go into the study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gazestudy.errors import InputError
from gazestudy.model import SourceFile
from gazestudy.model.fieldwork import SESSIONS, FieldLog, field_table
from gazestudy.model.recording import Finding
from gazestudy.pipeline.fieldlogs import plan_of, without_personal
from gazestudy.protocol import FormBlock, IntervalBlock, Protocol, ScanBlock, is_per_placement
from gazestudy.store import FieldLogIntake, Study

Cells = Mapping[tuple[int, str, str], str]
"""Entries of a grid: column (interval or scan, from 0), item and placement to what was written."""

_NEVER_ASKED = {"session_id", "protocol_id", "protocol_version", "started_at", "stopped_at", "weekday", "tz",
                "study_id", "conditions_json"}  # fmt: skip


def session_row(
    protocol: Protocol, session_id: str, answers: Mapping[str, str], *, started: datetime, stopped: datetime
) -> dict[str, Any]:
    """Return the row of a session: answers called as a column fill it, others are conditions.

    Parameters
    ----------
    protocol : Protocol
        The document.
    session_id : str
        Its id.
    answers : mapping of str to str
        Answers of the forms, by item; empty ones were not given.
    started, stopped : datetime
        With their time zones.
    """
    own = [block for block in protocol.item_blocks() if isinstance(block, FormBlock) and not block.answers]
    kinds = {item.id: item.type for block in own for item in block.items}
    row: dict[str, Any] = {
        "session_id": session_id,
        "protocol_id": protocol.id,
        "protocol_version": protocol.version,
        "started_at": started.isoformat(timespec="milliseconds"),
        "stopped_at": stopped.isoformat(timespec="milliseconds"),
    }
    conditions: dict[str, str] = {}
    for item, written in answers.items():
        value = written.strip()
        if not value:
            continue
        if item not in SESSIONS.names or item in _NEVER_ASKED:
            conditions[item] = value
        elif item == "planned_start" and kinds.get(item) == "time":
            row[item] = started.replace(
                hour=int(value[:2]), minute=int(value[3:5]), second=0, microsecond=0
            ).isoformat(timespec="seconds")
        else:
            row[item] = float(value.replace(",", ".")) if kinds.get(item) == "decimal" else value
    row["conditions_json"] = json.dumps(conditions, ensure_ascii=False)
    return row


def grid_log(
    protocol: Protocol,
    session_id: str,
    answers: Mapping[str, str],
    *,
    started: datetime,
    stopped: datetime,
    cells: Mapping[str, Cells],
    source: str,
    notes: Sequence[tuple[float, str]] = (),
    events: Sequence[Mapping[str, Any]] = (),
    scan_times_s: Mapping[str, Sequence[float]] | None = None,
    strict: bool = True,
) -> FieldLog:
    """Return a session as canonical tables.

    Parameters
    ----------
    protocol : Protocol
        The document.
    session_id : str
        Its id.
    answers : mapping of str to str
        Answers of the forms.
    started, stopped : datetime
        Explicit start and stop, with their time zones.
    cells : mapping of str to Cells
        Entries of each interval and scan block, by its id. An empty entry was not watched for.
    source : str
        One of `LOG_SOURCES`.
    notes : sequence of (float, str)
        Seconds since the start, NaN for none, and text.
    events : sequence of mapping
        Rows of `EVENTS` without the session.
    scan_times_s : mapping of str to sequence of float, optional
        When the scans of a block were made, s since the start; by its rhythm where not given.
    strict : bool, default True
        Refuse entries that cannot be right; otherwise they are kept and told as findings, since what was
        counted as it happened cannot be looked up on a sheet.

    Raises
    ------
    InputError
        With every entry that is no number, that is outside of its item, or that breaks a rule, if `strict`.
    """
    length_s = (stopped - started).total_seconds()
    problems: list[str] = [] if length_s > 0 else ["the stop is not after the start"]
    counts: list[dict[str, Any]] = []
    scans: list[dict[str, Any]] = []
    said = [{"session_id": session_id, "at_s": at_s, "text": text} for at_s, text in notes]
    for block in protocol.item_blocks():
        if not isinstance(block, (IntervalBlock, ScanBlock)):
            continue
        own = cells.get(block.id, {})
        problems += find_breaches(protocol, block, own)
        times_s = (scan_times_s or {}).get(block.id, ())
        for (column, item, placement_id), written in own.items():
            value = written.strip()
            if not value:
                continue
            base = {"session_id": session_id, "item": item, "placement_id": placement_id, "source": source}
            kind = next(one.type for one in block.items if one.id == item)
            at_s = times_s[column] if column < len(times_s) else float(column * block.every_s)
            if isinstance(block, ScanBlock):
                number = _number(value)
                is_text = number is None
                scans.append({**base, "scan_no": column, "at_s": at_s,
                              "value": float("nan") if number is None else number,
                              "text": value if is_text else ""})  # fmt: skip
            elif kind in ("choice", "multi", "text", "bool"):
                said.append({"session_id": session_id, "at_s": at_s, "placement_id": placement_id,
                             "text": f"{item}: {value}"})  # fmt: skip
            else:
                end_s = min((column + 1) * block.every_s, length_s)
                if at_s < length_s:
                    counts.append({**base, "interval_no": column, "start_s": at_s, "end_s": end_s,
                                   "value": _number(value), "rule": "event_count"})  # fmt: skip
                else:
                    problems.append(f"{item}: interval {column + 1} begins after the stop")
    if problems and (strict or length_s <= 0):
        raise InputError(session_id, "the entries cannot be kept yet", found="; ".join(problems[:20]))
    row = session_row(protocol, session_id, answers, started=started, stopped=stopped)
    rows = {
        "sessions": [row],
        "interval_counts": counts,
        "scans": scans,
        "notes": said,
        "events": [{"session_id": session_id, **one} for one in events],
    }
    tables: dict[str, Any] = {name: field_table(name, one) for name, one in rows.items() if one}
    findings = tuple(
        Finding("warning", "field log", "doubtful_entry", f"{session_id}: {one}", 1) for one in problems
    )
    return FieldLog(**tables, findings=findings)


def find_breaches(protocol: Protocol, block: IntervalBlock | ScanBlock, cells: Cells) -> list[str]:
    """Return in words what cannot be right in the entries of a block.

    Parameters
    ----------
    protocol : Protocol
        The document.
    block : IntervalBlock or ScanBlock
        One of its blocks.
    cells : Cells
        What was written.
    """
    problems = []
    items = {item.id: item for item in block.items}
    for (column, item, placement_id), written in cells.items():
        problem = find_problem(protocol, items[item], written)
        if problem:
            about = f" ({placement_id})" if placement_id else ""
            problems.append(f"column {column + 1}, {item}{about}: {problem}")
    for rule in (line.rule() for line in block.rules):
        shared = {item for item in rule.items if item in items and not is_per_placement(items[item])}
        for column in sorted({key[0] for key in cells}):
            placements = {key[2] for key in cells if key[0] == column and key[1] in rule.items} - {""} or {""}
            for placement_id in sorted(placements):
                values = {
                    item: _number(
                        cells.get((column, item, "" if item in shared else placement_id), "").strip()
                    )
                    for item in rule.items
                }
                if rule.holds(values) is False:
                    about = f" ({placement_id})" if placement_id else ""
                    problems.append(f"column {column + 1}{about}: {rule.write()} does not hold")
    return problems


def find_problem(protocol: Protocol, item: Any, written: str) -> str:
    """Return what is wrong about one entry, empty if nothing is."""
    value = written.strip()
    if not value:
        return ""
    codes = getattr(item, "choices", "")
    if codes:
        known = [choice.code for choice in protocol.choices[codes]]
        strange = [one for one in value.split() if one not in known]
        return f"{' '.join(strange)!r} is none of {', '.join(known)}" if strange else ""
    return _number_problem(item, value) if item.numeric else ""


def _number_problem(item: Any, value: str) -> str:
    number = _number(value)
    if number is None:
        return f"{value!r} is no number"
    if item.type in ("count", "integer") and not number.is_integer():
        return f"{value!r} is no whole number"
    low = 0.0 if item.type == "count" else getattr(item, "min", None)
    high = getattr(item, "max", None)
    if (low is not None and number < low) or (high is not None and number > high):
        if high is None:
            return f"{value} is below {low:g}"
        return f"{value} is above {high:g}" if low is None else f"{value} is not from {low:g} to {high:g}"
    return ""


def keep_log(
    study: Study,
    protocol: Protocol,
    log: FieldLog,
    *,
    source: str,
    sources: Sequence[SourceFile] = (),
) -> FieldLogIntake:
    """Keep a typed or tapped log in the study; answers that tell who somebody is go apart.

    Parameters
    ----------
    study : Study
        Open for writing.
    protocol : Protocol
        What it was made with.
    log : FieldLog
        Its tables.
    source : str
        live or paper.
    sources : sequence of SourceFile, optional
        Files that it was kept in before.
    """
    public, private = without_personal(log, plan_of(protocol))
    name = str(log.sessions["session_id"].iloc[0])
    return study.add_field_log(
        public,
        name=name,
        importer=source,
        importer_version=1,
        sources=sources,
        provenance={"protocol": {"id": protocol.id, "version": protocol.version}, "columns": None, "tz": "",
                    "prefix": ""},
        private=private,
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
