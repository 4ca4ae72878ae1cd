"""Canonical tables of field observation: what every field log becomes, whatever it was written with.

One row of `SESSIONS` is one observer at one point from an explicit start to an explicit stop; it exists even
when nothing happened. Everything else refers to it by `session_id`. Times inside a session are seconds since
its start. A count that was watched for and did not happen is a row with 0; one that nobody watched for is
no row. Observers are codes, never names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

import pandas as pd

from gazestudy.errors import TableError
from gazestudy.model.recording import Finding
from gazestudy.model.table_sets import TableSet, stacked
from gazestudy.model.tables import Column, TableContract, fill_table

ROLES = ("primary", "second")
"""Who counts for the study, and who counts beside for observer agreement."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

GEOMETRIES = ("line", "area", "none")
"""What people are counted against: those who cross a line, those inside an area, or no counts at all."""

SAMPLING_RULES = ("event_count", "instantaneous", "focal", "one_zero", "whole_interval")
"""How a value was taken.

event_count: every event of an interval was counted. instantaneous: states at one instant. focal: one person
or place followed without a break. one_zero: did it happen at all in the interval. whole_interval: did it last
all of the interval.
"""

LOG_SOURCES = ("live", "paper", "table", "odk", "kobo", "boris", "gehl", "simulated")
"""What a value was written with: our phone page, our paper sheet, a plain table, another program."""

EVENT_FORMS = ("point", "state")
"""An event without duration, and one with a start and an end."""

CLOSINGS = ("observer", "session_end", "none")
"""Who ended a state: the observer, or the stop of the session; none for points."""

PAIR_KINDS = ("simultaneous", "repeat", "video")
"""Two observers at the same time, the same observer again, two codings of one video."""

_SESSION = Column("session_id", "str", "which observation session")
_PLACEMENT = Column("placement_id", "str", "which placement, empty where the row is about the whole point")

SESSIONS = TableContract(
    "sessions",
    (
        Column("session_id", "str", "unique in the study"),
        Column("study_id", "str", "which study, may be empty"),
        Column("protocol_id", "str", "protocol document, may be empty"),
        Column("protocol_version", "str", "its version, may be empty"),
        Column("station_id", "str", "which station"),
        Column("point_id", "str", "where the observer stood"),
        Column("observer", "str", "code of the observer"),
        Column("role", "category", "counts for the study, or beside for agreement", ROLES),
        Column("planned_start", "str", "ISO 8601 with offset, empty where there was no plan"),
        Column("started_at", "str", "explicit start, ISO 8601 with offset"),
        Column("stopped_at", "str", "explicit stop, ISO 8601 with offset"),
        Column("tz", "str", "IANA time zone, may be empty"),
        Column("zone", "str", "part of the station, such as platform or concourse, may be empty"),
        Column("daypart", "str", "such as am_peak, may be empty"),
        Column("weekday", "category", "of the start, local time", WEEKDAYS),
        Column("counted_geometry", "category", "line, area or none", GEOMETRIES),
        Column("counted_length_m", "float", "effective width of the counted line, NaN if none"),
        Column("counted_area_m2", "float", "usable area watched in scans, NaN if none"),
        Column("paused_s", "float", "time in which nothing was counted, 0 if none"),
        Column("conditions_json", "str", "JSON object: headway, disruption, weather, events; {} if none"),
    ),
)
"""One row per observer and session."""

INTERVAL_COUNTS = TableContract(
    "interval counts",
    (
        _SESSION,
        Column("interval_no", "int", "0, 1, ... in the session"),
        Column("start_s", "float", "start since the start of the session"),
        Column("end_s", "float", "end since the start of the session"),
        _PLACEMENT,
        Column("item", "str", "what was counted, such as passed or glanced"),
        Column("value", "float", "how many; 0 is a row, not watched is no row"),
        Column("rule", "category", "how the value was taken", SAMPLING_RULES),
        Column("source", "category", "what it was written with", LOG_SOURCES),
    ),
)
"""Tallies: one row per interval, item and placement."""

SCANS = TableContract(
    "scans",
    (
        _SESSION,
        Column("scan_no", "int", "0, 1, ... in the session"),
        Column("at_s", "float", "when, since the start of the session"),
        _PLACEMENT,
        Column("item", "str", "what was seen at that instant, such as present, on_phone, blocked_percent"),
        Column("value", "float", "number or percent, NaN where the answer is a code"),
        Column("text", "str", "code of the answer, empty where it is a number"),
        Column("source", "category", "what it was written with", LOG_SOURCES),
    ),
)
"""Instantaneous scans: one row per instant, item and placement."""

EVENTS = TableContract(
    "events",
    (
        _SESSION,
        Column("event_id", "int", "0, 1, ... in the session"),
        Column("subject", "str", "followed person by number or code, empty for no focal person"),
        Column("code", "str", "behaviour of the protocol"),
        _PLACEMENT,
        Column("form", "category", "point or state", EVENT_FORMS),
        Column("t_s", "float", "when, or start, since the start of the session"),
        Column("t_end_s", "float", "end of a state, NaN for points"),
        Column("modifiers_json", "str", "JSON object, {} if none"),
        Column("closed_by", "category", "who ended a state", CLOSINGS),
        Column("comment", "str", "free text, may be empty"),
    ),
)
"""Focal follows: one row per point event or whole state."""

AUDITS = TableContract(
    "placement audits",
    (
        _SESSION,
        Column("placement_id", "str", "which placement"),
        Column("station_id", "str", "which station"),
        Column("format", "str", "such as 6-sheet or cross-track, may be empty"),
        Column("kind", "str", "static, digital, or empty where not noted"),
        Column("loop_s", "float", "length of the loop, NaN if static"),
        Column("spot_s", "float", "length of one spot, NaN if static"),
        Column("width_m", "float", "width of the face"),
        Column("height_m", "float", "height of the face"),
        Column("bottom_m", "float", "lower edge above the floor"),
        Column("reading_distance_m", "float", "usual distance to people who pass"),
        Column(
            "orientation_deg", "float", "angle between the face and the main flow, 0 faces it, 90 along it"
        ),
        Column("brand", "str", "brand on show, may be empty"),
        Column("words", "float", "words on the creative, NaN if not counted"),
        Column("details_json", "str", "JSON object: every other item of the protocol"),
    ),
)
"""One row per audited placement; numbers that were not measured are NaN."""

NOTES = TableContract(
    "notes",
    (
        _SESSION,
        Column("note_no", "int", "0, 1, ... in the session"),
        Column("at_s", "float", "when, NaN where it has no time"),
        _PLACEMENT,
        Column("text", "str", "the note"),
    ),
)

ANSWERS = TableContract(
    "answers",
    (
        _SESSION,
        Column("respondent_id", "str", "pseudonym of the person asked"),
        _PLACEMENT,
        Column("item", "str", "question, such as passages_per_month or noticed"),
        Column("value", "str", "the answer as written; several codes are separated by a blank"),
    ),
)
"""Answers of people who were asked at the point, one row per question."""

MEDIA = TableContract(
    "media",
    (
        _SESSION,
        Column("path", "str", "file relative to the log, with /"),
        Column("at_s", "float", "when, NaN where it has no time"),
        _PLACEMENT,
        Column("item", "str", "question it answers, may be empty"),
    ),
)

RELIABILITY_PAIRS = TableContract(
    "reliability pairs",
    (
        Column("session_a", "str", "session of the primary observer"),
        Column("session_b", "str", "session of the second observer"),
        Column("kind", "category", "why they can be compared", PAIR_KINDS),
    ),
)

FIELD_CONTRACTS: dict[str, TableContract] = {
    "sessions": SESSIONS,
    "interval_counts": INTERVAL_COUNTS,
    "scans": SCANS,
    "events": EVENTS,
    "audits": AUDITS,
    "notes": NOTES,
    "answers": ANSWERS,
    "media": MEDIA,
    "reliability_pairs": RELIABILITY_PAIRS,
}
"""Tables of a field log by the name of their attribute, which is also the name of their CSV file."""


@dataclass(frozen=True, slots=True)
class FieldItem:
    """A known item of a field log.

    Attributes
    ----------
    name : str
        Name in the `item` column (or `code` of an event).
    rule : str
        The sampling rule that gives an honest figure for it.
    unit : str
        people, percent, times, or words for other things.
    meaning : str
        A definition that an observer can apply.
    looking : bool
        Whether it is about looking at a placement; such items are never taken by one-zero sampling.
    pldp : str
        The nearest component of the Public Life Data Protocol, empty where there is none.
    """

    name: str
    rule: Literal["event_count", "instantaneous", "focal"]
    unit: str
    meaning: str
    looking: bool = False
    pldp: str = ""


ITEMS: dict[str, FieldItem] = {
    item.name: item
    for item in (
        FieldItem("passed", "event_count", "people", "crossed the counted line", pldp="total"),
        FieldItem("passed_facing", "event_count", "people", "crossed it walking towards the face"),
        FieldItem("glanced", "event_count", "people", "head or eyes clearly turned to the face", True),
        FieldItem("looked_2s", "event_count", "people", "kept looking at it for 2 s or longer", True),
        FieldItem("stopped", "event_count", "people", "stood still because of the face", True),
        FieldItem("photographed", "event_count", "people", "pointed at it or photographed it", True),
        FieldItem("hurrying", "event_count", "people", "walked faster than the flow, or ran"),
        FieldItem("trains_arrived", "event_count", "times", "trains that opened their doors"),
        FieldItem("present", "instantaneous", "people", "inside the watched area at the instant"),
        FieldItem(
            "waiting",
            "instantaneous",
            "people",
            "stands or sits until a train comes",
            pldp="activityWaitingTransport",
        ),
        FieldItem("on_phone", "instantaneous", "people", "eyes on a phone", pldp="activityElectronics"),
        FieldItem("earphones", "instantaneous", "people", "wears earphones"),
        FieldItem("train_looking", "instantaneous", "people", "looks for the train or at the train board"),
        FieldItem("talking", "instantaneous", "people", "talks with a person", pldp="activityConversing"),
        FieldItem("seated", "instantaneous", "people", "sits", pldp="postureSitting"),
        FieldItem("standing", "instantaneous", "people", "stands still", pldp="postureStanding"),
        FieldItem("facing", "instantaneous", "people", "body turned to the face", True),
        FieldItem("blocked_percent", "instantaneous", "percent", "part of the face hidden by people"),
    )
}
"""Items with a meaning for the analysis. Logs may hold others; those are kept and summarised by name."""

ITEM_RULES: tuple[tuple[str, str], ...] = (
    ("passed_facing", "passed"),
    ("glanced", "passed"),
    ("looked_2s", "glanced"),
    ("stopped", "passed"),
    ("photographed", "glanced"),
    ("waiting", "present"),
    ("on_phone", "present"),
    ("earphones", "present"),
    ("train_looking", "present"),
    ("talking", "present"),
    ("seated", "present"),
    ("standing", "present"),
    ("facing", "present"),
)
"""Pairs (part, whole): the first is never more than the second in the same interval or scan."""


@dataclass(frozen=True, slots=True)
class FieldLog(TableSet):
    """Everything that observers brought home: canonical tables, and what was found wrong on the way.

    Attributes
    ----------
    sessions, interval_counts, scans, events, audits, notes, answers, media, reliability_pairs : DataFrame
        Tables that keep the contracts of the same name in `FIELD_CONTRACTS`; empty by default.
    findings : tuple of Finding
        What was checked, skipped or doubtful.

    Examples
    --------
    >>> log = FieldLog()
    >>> log.check() is log
    True
    >>> len(log.sessions), log.interval_counts.columns[4]
    (0, 'placement_id')
    """

    contracts: ClassVar[Mapping[str, TableContract]] = FIELD_CONTRACTS

    sessions: pd.DataFrame = field(default_factory=SESSIONS.empty)
    interval_counts: pd.DataFrame = field(default_factory=INTERVAL_COUNTS.empty)
    scans: pd.DataFrame = field(default_factory=SCANS.empty)
    events: pd.DataFrame = field(default_factory=EVENTS.empty)
    audits: pd.DataFrame = field(default_factory=AUDITS.empty)
    notes: pd.DataFrame = field(default_factory=NOTES.empty)
    answers: pd.DataFrame = field(default_factory=ANSWERS.empty)
    media: pd.DataFrame = field(default_factory=MEDIA.empty)
    reliability_pairs: pd.DataFrame = field(default_factory=RELIABILITY_PAIRS.empty)
    findings: tuple[Finding, ...] = ()


def field_table(name: str, rows: Any) -> pd.DataFrame:
    """Return rows as a table that keeps its contract, with empty values where a column is not given.

    Parameters
    ----------
    name : str
        A key of `FIELD_CONTRACTS`.
    rows : DataFrame, or what DataFrame() takes
        Some or all columns; extra columns stay behind those of the contract.

    Returns
    -------
    DataFrame
        Text is "" where missing ("{}" for JSON), numbers are NaN, `paused_s` 0, row numbers count up and
        the weekday follows from the start. Categories have a default only where one is safe: role primary,
        rule event_count, counted_geometry and closed_by none.

    Raises
    ------
    TableError
        If a value does not fit its column, such as an unknown category.

    Examples
    --------
    >>> table = field_table("notes", [{"session_id": "s1", "text": "train late"}])
    >>> table.loc[0, ["session_id", "placement_id", "text"]].tolist()
    ['s1', '', 'train late']
    """
    contract = FIELD_CONTRACTS[name]
    given = pd.DataFrame(rows).reset_index(drop=True)
    if name == "sessions" and "started_at" in given:
        given = given.assign(weekday=_weekdays(given))
    return fill_table(contract, given, _SAFE_DEFAULTS)


def weekday_of(started_at: str) -> str:
    """Return the weekday of an ISO 8601 time by its own offset.

    Examples
    --------
    >>> weekday_of("2026-11-22T08:00:00+07:00")
    'sun'
    """
    return WEEKDAYS[datetime.fromisoformat(started_at).weekday()]


def _weekdays(sessions: pd.DataFrame) -> list[str]:
    """Return the weekdays as given, or from the start."""
    given = sessions.get("weekday", pd.Series([None] * len(sessions), dtype="object"))
    found, breaches = [], []
    for day, start in zip(given, sessions["started_at"], strict=True):
        try:
            found.append(weekday_of(str(start)) if pd.isna(day) else str(day))
        except ValueError:
            breaches.append(f"started_at {start!r} is no ISO 8601 time")
    if breaches:
        raise TableError("sessions", breaches)
    return found


def join_logs(logs: list[FieldLog]) -> FieldLog:
    """Return several field logs as one, rows in the given order.

    Raises
    ------
    TableError
        If two logs have a session of the same id.
    """
    tables = {name: field_table(name, stacked(logs, name)) for name in FIELD_CONTRACTS}
    ids = tables["sessions"]["session_id"]
    twice = sorted(set(ids[ids.duplicated()]))
    if twice:
        raise TableError("sessions", [f"session {name!r} is in more than one log" for name in twice])
    return FieldLog(**tables, findings=tuple(finding for log in logs for finding in log.findings))


_SAFE_DEFAULTS = {
    "role": "primary",
    "rule": "event_count",
    "counted_geometry": "none",
    "closed_by": "none",
    "paused_s": 0.0,
}
