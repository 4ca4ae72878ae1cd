"""Puts a field log together: entries in, canonical tables and findings out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gazestudy.importers.fieldlogs.checks import check_rules, check_times
from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes
from gazestudy.importers.fieldlogs.moments import Clock, iso, number_of
from gazestudy.importers.fieldlogs.plan import FieldPlan
from gazestudy.model.fieldwork import (
    FIELD_CONTRACTS,
    GEOMETRIES,
    ITEMS,
    ROLES,
    FieldLog,
    field_table,
    weekday_of,
)
from gazestudy.model.recording import Finding

SESSION_COLUMNS = frozenset(FIELD_CONTRACTS["sessions"].names)
_NUMBERS_OF_SESSIONS = ("counted_length_m", "counted_area_m2", "paused_s")
_NUMBERS_OF_AUDITS = tuple(
    column.name for column in FIELD_CONTRACTS["audits"].columns if column.dtype == "float"
)
_AUDIT_COLUMNS = frozenset(FIELD_CONTRACTS["audits"].names)
_ALLOWED = {"role": ROLES, "counted_geometry": GEOMETRIES}

Row = dict[str, Any]


class LogBuilder:
    """Collects the entries of one field log.

    Parameters
    ----------
    stream : str
        The file, for findings.
    plan : FieldPlan
        What is known of the items.
    source : str
        One of `LOG_SOURCES`.
    tz : str, optional
        Time zone of times that do not say.
    prefix : str, optional
        Put before every session id.
    """

    def __init__(self, stream: str, plan: FieldPlan, source: str, *, tz: str = "", prefix: str = "") -> None:
        self.plan, self.source, self.prefix = plan, source, prefix
        self.mistakes = Mistakes(stream)
        self.clock = Clock(tz, self.mistakes)
        self.rows: dict[str, list[Row]] = {name: [] for name in FIELD_CONTRACTS}
        self.places: dict[str, list[Cell]] = {name: [] for name in FIELD_CONTRACTS}
        self.spans: dict[str, tuple[datetime, datetime]] = {}
        self._seen: set[tuple[Any, ...]] = set()
        self._unknown: Counter[str] = Counter()
        self._extra: list[Finding] = []

    def add_findings(self, findings: tuple[Finding, ...]) -> None:
        """Keep findings of the reader of the file."""
        self._extra += findings

    def number(self, text: str, where: Cell, *, low: float | None = None) -> float | None:
        """Return a number; None where the text is empty, or no number (which is a problem)."""
        if not text.strip():
            return None
        value = number_of(text)
        if value is None:
            self.mistakes.problem(
                "no_number", where, f"{text[:40]!r} is no number; write it like 1234 or 12.5"
            )
        elif low is not None and value < low:
            self.mistakes.problem("too_low", where, f"{text[:40]} is less than {low:g}")
            return None
        return value

    def session(
        self,
        session_id: str,
        where: Cell,
        *,
        started: datetime | None,
        stopped: datetime | None,
        values: Mapping[str, str],
        conditions: Mapping[str, Any] | None = None,
    ) -> bool:
        """Add a session; returns whether it could be used.

        Parameters
        ----------
        session_id : str
            Its id in the file.
        where : Cell
            Its place.
        started, stopped : datetime or None
            Explicit start and stop; None if not known.
        values : mapping of str to str
            Text of columns of the table; unknown ones become conditions.
        conditions : mapping, optional
            Further conditions.
        """
        session_id = session_id.strip()
        if not session_id:
            self.mistakes.problem("no_session", where.at("session_id"), "the session has no id")
            return False
        if self.prefix + session_id in self.spans:
            self.mistakes.problem("session_twice", where, f"session {session_id!r} is there twice")
            return False
        if started is None or stopped is None:
            missing = "started_at" if started is None else "stopped_at"
            text = "is missing: without explicit start and stop there is no time that was watched"
            self.mistakes.problem("no_time", where.at(missing), f"{missing} {text}")
            return False
        if stopped < started:
            text = f"stops ({iso(stopped)}) before it starts ({iso(started)})"
            self.mistakes.problem("stops_first", where.at("stopped_at"), text)
            return False
        row: Row = {"conditions_json": json.dumps(self._conditions(values, conditions), ensure_ascii=False)}
        for name in SESSION_COLUMNS & set(values):
            self._session_value(row, name, values[name].strip(), where.at(name), started)
        row |= {
            "session_id": self.prefix + session_id,
            "started_at": iso(started),
            "stopped_at": iso(stopped),
            "weekday": weekday_of(iso(started)),
        }
        for name in ("protocol_id", "protocol_version"):
            row[name] = row.get(name) or getattr(self.plan, name)
        self._add("sessions", row, where)
        self.spans[self.prefix + session_id] = (started, stopped)
        return True

    def _conditions(self, values: Mapping[str, str], conditions: Mapping[str, Any] | None) -> dict[str, Any]:
        known = {name: text for name, text in values.items() if name not in SESSION_COLUMNS and text != ""}
        return {**known, **{name: value for name, value in (conditions or {}).items() if value != ""}}

    def _session_value(self, row: Row, name: str, text: str, where: Cell, started: datetime) -> None:
        if name in ("session_id", "started_at", "stopped_at", "weekday", "conditions_json") or not text:
            return
        if name in _NUMBERS_OF_SESSIONS:
            row[name] = self.number(text, where, low=0)
        elif name in _ALLOWED:
            code = text.lower()
            if code in _ALLOWED[name]:
                row[name] = code
            else:
                expected = ", ".join(_ALLOWED[name])
                self.mistakes.problem("unknown_code", where, f"{text[:40]!r} is none of {expected}")
        elif name == "planned_start":
            day = f"{started.date().isoformat()}T{text}" if len(text) <= 8 else text
            planned = self.clock.read(day, where, str(started.tzinfo or ""))
            row[name] = (
                iso(planned.replace(tzinfo=started.tzinfo) if len(text) <= 8 else planned) if planned else ""
            )
        else:
            row[name] = text

    def length_s(self, session_id: str) -> float | None:
        """Return from start to stop of a session, s; None if it is not known."""
        span = self.spans.get(self.prefix + session_id)
        return None if span is None else (span[1] - span[0]).total_seconds()

    def count(
        self,
        session_id: str,
        where: Cell,
        item: str,
        text: str,
        *,
        interval_no: int,
        start_s: float,
        end_s: float,
        placement_id: str = "",
        is_code: bool | None = None,
    ) -> None:
        """Add what was counted in an interval; a code instead of a number becomes a note at its start.

        `is_code` tells which it is where the other cells of its column do; None: told by the item and cell.
        """
        if not text.strip():
            return
        if self._is_code(item, text) if is_code is None else is_code:
            code = self._code(item, text, where)
            self.note(session_id, where, f"{item}: {code}", at_s=start_s, placement_id=placement_id)
            return
        value = self._item_number(item, text, where)
        key = ("interval_counts", session_id, interval_no, placement_id, item)
        if value is None or self._is_second(key, where, f"{item} of interval {interval_no}"):
            return
        row = {"interval_no": interval_no, "start_s": start_s, "end_s": end_s, "item": item, "value": value}
        self._entry("interval_counts", session_id, row, placement_id, where)

    def scan(
        self,
        session_id: str,
        where: Cell,
        item: str,
        text: str,
        *,
        scan_no: int,
        at_s: float,
        placement_id: str = "",
    ) -> None:
        """Add what was seen at an instant, a number or a code."""
        if not text.strip():
            return
        row: Row = {"scan_no": scan_no, "at_s": at_s, "item": item}
        if self._is_code(item, text):
            row |= {"text": self._code(item, text, where)}
        else:
            row |= {"value": self._item_number(item, text, where)}
            if row["value"] is None:
                return
        key = ("scans", session_id, scan_no, placement_id, item)
        if not self._is_second(key, where, f"{item} of scan {scan_no}"):
            self._entry("scans", session_id, row, placement_id, where)

    def event(
        self,
        session_id: str,
        where: Cell,
        code: str,
        *,
        t_s: float,
        t_end_s: float | None = None,
        subject: str = "",
        placement_id: str = "",
        modifiers: Mapping[str, Any] | None = None,
        comment: str = "",
        closed_by: str | None = None,
    ) -> None:
        """Add a point event, or a whole state."""
        state = t_end_s is not None
        row: Row = {
            "subject": subject,
            "code": code,
            "form": "state" if state else "point",
            "t_s": t_s,
            "t_end_s": t_end_s,
            "modifiers_json": json.dumps(modifiers or {}, ensure_ascii=False),
            "closed_by": closed_by or ("observer" if state else "none"),
            "comment": comment,
        }
        if t_end_s is not None and t_end_s < t_s:
            self.mistakes.problem(
                "ends_first", where, f"{code} ends ({t_end_s:g} s) before it starts ({t_s:g} s)"
            )
            return
        if self.plan.given and code not in self.plan.states | self.plan.points:
            self._unknown[code] += 1
        self._entry("events", session_id, row, placement_id, where)

    def audit(self, session_id: str, where: Cell, placement_id: str, values: Mapping[str, str]) -> None:
        """Add what was noted about a placement."""
        row: Row = {}
        details = {}
        for name, text in values.items():
            if not text.strip() or name in ("session_id", "placement_id", "details_json"):
                continue
            if name in _NUMBERS_OF_AUDITS:
                row[name] = self.number(text, where.at(name), low=None)
            elif name in _AUDIT_COLUMNS:
                row[name] = text
            else:
                details[name] = text
        if not row and not details:
            return
        if not placement_id:
            self.mistakes.problem("no_placement", where.at("placement_id"), "which placement is this about?")
            return
        if self._is_second(("audits", session_id, placement_id), where, f"placement {placement_id!r}"):
            return
        row["details_json"] = json.dumps(details, ensure_ascii=False)
        self._entry("audits", session_id, row, placement_id, where)

    def note(
        self, session_id: str, where: Cell, text: str, *, at_s: float | None = None, placement_id: str = ""
    ) -> None:
        """Add a note."""
        if text.strip():
            self._entry("notes", session_id, {"at_s": at_s, "text": text.strip()}, placement_id, where)

    def answer(
        self,
        session_id: str,
        where: Cell,
        respondent_id: str,
        item: str,
        text: str,
        *,
        placement_id: str = "",
    ) -> None:
        """Add what somebody answered."""
        if not text.strip():
            return
        key = ("answers", session_id, respondent_id, placement_id, item)
        if not self._is_second(key, where, f"{item} of respondent {respondent_id!r}"):
            row = {"respondent_id": respondent_id, "item": item, "value": self._code(item, text, where)}
            self._entry("answers", session_id, row, placement_id, where)

    def media(
        self,
        session_id: str,
        where: Cell,
        path: str,
        *,
        item: str = "",
        at_s: float | None = None,
        placement_id: str = "",
    ) -> None:
        """Add a picture or sound."""
        if path.strip():
            row = {"path": path.strip().replace("\\", "/"), "at_s": at_s, "item": item}
            self._entry("media", session_id, row, placement_id, where)

    def pair(self, session_a: str, session_b: str, kind: str, where: Cell) -> None:
        """Add two sessions that can be compared."""
        row = {"session_a": self.prefix + session_a, "session_b": self.prefix + session_b, "kind": kind}
        self._add("reliability_pairs", row, where)

    def build(self) -> FieldLog:
        """Return the log with everything that was found.

        Returns
        -------
        FieldLog
            Entries without a usable session are left out, each with a problem.
        """
        self._drop_orphans()
        self._warn_of_observers()
        check_times(self.rows, self.places, self.spans, self.mistakes)
        check_rules(self.rows, self.places, self.plan, self.mistakes)
        for name, count in self._unknown.items():
            text = f"{name!r} is not in the protocol ({count} entries); it is kept"
            self.mistakes.warn("unknown_item", None, text)
        if not self.plan.given:
            self._tell_unknown()
        tables = {name: self._table(name) for name in FIELD_CONTRACTS}
        return FieldLog(**tables, findings=(*self._extra, *self.mistakes.findings()))

    def _warn_of_observers(self) -> None:
        without = [row["session_id"] for row in self.rows["sessions"] if not row.get("observer")]
        if without:
            shown = ", ".join(without[:3]) + (" ..." if len(without) > 3 else "")
            self.mistakes.warn("no_observer", None, f"{len(without)} sessions have no observer: {shown}")

    def _tell_unknown(self) -> None:
        used = {row["item"] for name in ("interval_counts", "scans") for row in self.rows[name]}
        other = sorted(used - set(ITEMS))
        if other:
            shown = ", ".join(other[:12]) + (" ..." if len(other) > 12 else "")
            self.mistakes.tell(
                "own_items", f"items without a known meaning are kept by name: {shown}", len(other)
            )

    def _table(self, name: str) -> Any:
        rows = self.rows[name]
        if not rows:
            return FIELD_CONTRACTS[name].empty()
        number = {"events": "event_id", "notes": "note_no"}.get(name)
        if number is not None:
            first_time = "t_s" if name == "events" else "at_s"
            sessions = list(dict.fromkeys(row["session_id"] for row in rows))
            place = {session: index for index, session in enumerate(sessions)}
            rows = sorted(rows, key=lambda row: (place[row["session_id"]], _sortable(row[first_time])))
            counter: Counter[str] = Counter()
            for row in rows:
                row[number] = counter[row["session_id"]]
                counter[row["session_id"]] += 1
        return field_table(name, rows)

    def _is_code(self, item: str, text: str) -> bool:
        if item in self.plan.items:
            return not self.plan.items[item].numeric
        return item not in ITEMS and number_of(text) is None

    def _code(self, item: str, text: str, where: Cell) -> str:
        """Return an answer as it is, after a look at the codes of the protocol."""
        known = self.plan.items.get(item)
        if known is not None and known.choices:
            codes = text.split() if known.type == "multi" else [text.strip()]
            wrong = [code for code in codes if code not in known.choices]
            if wrong:
                expected = ", ".join(known.choices)
                self.mistakes.problem("unknown_code", where, f"{wrong[0][:40]!r} is none of {expected}")
        return text.strip()

    def _item_number(self, item: str, text: str, where: Cell) -> float | None:
        known, meaning = self.plan.items.get(item), ITEMS.get(item)
        counted = (
            known.type == "count" if known else (meaning is not None and meaning.unit in ("people", "times"))
        )
        low = known.low if known and known.low is not None else (0.0 if counted or meaning else None)
        value = self.number(text, where, low=low)
        if value is None:
            return None
        whole = counted or (known is not None and known.type in ("integer", "scale"))
        if whole and value != int(value):
            self.mistakes.problem("not_whole", where, f"{text[:40]} is no whole number")
            return None
        if known and known.choices:
            self._code(item, f"{value:g}", where)
        high = known.high if known else (100.0 if meaning is not None and meaning.unit == "percent" else None)
        if high is not None and value > high:
            self.mistakes.problem("too_high", where, f"{text[:40]} is more than {high:g}")
            return None
        if self.plan.given and known is None:
            self._unknown[item] += 1
        return value

    def _is_second(self, key: tuple[Any, ...], where: Cell, what: str) -> bool:
        if key in self._seen:
            self.mistakes.problem("twice", where, f"{what} is there twice; the first one is kept")
            return True
        self._seen.add(key)
        return False

    def _entry(self, table: str, session_id: str, row: Row, placement_id: str, where: Cell) -> None:
        row |= {"session_id": self.prefix + session_id.strip(), "placement_id": placement_id.strip()}
        if table in ("interval_counts", "scans"):
            row.setdefault("source", self.source)
        self._add(table, row, where)

    def _add(self, table: str, row: Row, where: Cell) -> None:
        self.rows[table].append(row)
        self.places[table].append(where)

    def _drop_orphans(self) -> None:
        for name, rows in self.rows.items():
            if name in ("sessions", "reliability_pairs"):
                continue
            kept: list[int] = []
            for index, row in enumerate(rows):
                if row["session_id"] in self.spans:
                    kept.append(index)
                    continue
                session = row["session_id"].removeprefix(self.prefix)
                text = f"there is no usable session {session!r}" if session else "the row has no session"
                self.mistakes.problem("no_session", self.places[name][index].at("session_id"), text)
            if len(kept) < len(rows):
                self.rows[name] = [rows[index] for index in kept]
                self.places[name] = [self.places[name][index] for index in kept]


def _sortable(value: float | None) -> float:
    return float("inf") if value is None else value
