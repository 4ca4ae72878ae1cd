"""BORIS projects (.boris, .boris.gz), written by BORIS itself or from our protocol.

Facts about the format: source of BORIS 9.12 (config.py, project_functions.py, observation_operations.py).
State events carry no start or stop: earlier rows with the same subject, code and modifiers decide by parity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.builder import LogBuilder
from gazestudy.importers.fieldlogs.grids import read_json
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.fieldlogs.moments import later
from gazestudy.importers.fieldlogs.registry import FieldOptions, fieldlog_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.fieldwork import FieldLog

_SUFFIXES = (".boris", ".boris.gz")
_MULTIPLE = 1
_EMPTY = "None"
_LATEST_S = 1e11
PLACEMENT_SETS = ("placement", "placement_id")
"""Modifier sets that say which placement an event is about."""


@fieldlog_importer(name="boris", version=1, title="BORIS project (.boris, .boris.gz)")
class BorisProject:
    """A BORIS project with its observations."""

    def identify(self, source: Source, options: FieldOptions) -> str | Refusal:
        """Go by the file name."""
        names = source.names()
        if len(names) == 1 and names[0].lower().endswith(_SUFFIXES):
            return names[0].rsplit("/", 1)[-1]
        return Refusal("no file named .boris or .boris.gz")

    def read(self, source: Source, options: FieldOptions) -> FieldLog:
        """Read all observations of the project."""
        name = source.names()[0]
        project = read_json(source, name)
        if not isinstance(project, dict) or not isinstance(project.get("observations"), dict):
            raise InputError(
                source.place(name), "this is no BORIS project", expected="an object with 'observations'"
            )
        builder = LogBuilder(name, options.plan, "boris", tz=options.tz, prefix=options.prefix)
        behaviours = _behaviours(project.get("behaviors_conf"))
        for key, observation in project["observations"].items():
            if not isinstance(observation, dict):
                builder.mistakes.problem("no_observation", Cell(str(key)), "this observation is damaged")
                continue
            _observation(builder, str(key).strip(), observation, behaviours)
        if not project["observations"]:
            builder.mistakes.tell("no_observations", "the project holds no observations")
        return builder.build()


@dataclass(frozen=True, slots=True)
class _Behaviour:
    """What the ethogram says of a code."""

    state: bool
    sets: list[tuple[str, bool]] = field(default_factory=list)
    """Names of the modifier sets, and whether several values fit."""


def _behaviours(conf: Any) -> dict[str, _Behaviour]:
    found = {}
    for entry in conf.values() if isinstance(conf, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("code"), str):
            sets = entry.get("modifiers")
            names = [
                (str(one.get("name") or "").strip() or f"modifier {number}", one.get("type") == _MULTIPLE)
                for number, one in enumerate(sets.values() if isinstance(sets, dict) else (), start=1)
                if isinstance(one, dict)
            ]
            found[entry["code"]] = _Behaviour(str(entry.get("type", "")).startswith("State"), names)
    return found


def _observation(
    builder: LogBuilder, key: str, observation: Mapping[str, Any], behaviours: dict[str, _Behaviour]
) -> None:
    where = Cell(f"observation {key!r}")
    variables = observation.get("independent_variables")
    values = {
        str(name): str(value).strip()
        for name, value in (variables if isinstance(variables, dict) else {}).items()
    }
    tz = values.get("tz", "")
    started = builder.clock.read(values.get("started_at", ""), where.at("started_at"), tz)
    if started is None:
        started = builder.clock.read(str(observation.get("date") or ""), where.at("date"), tz)
    rows = _rows(builder, where, observation.get("events"))
    shift_s = _shift_s(builder, where, observation, rows, started)
    times = [row.time_s - shift_s for row in rows]
    stopped = builder.clock.read(values.get("stopped_at", ""), where.at("stopped_at"), tz)
    if stopped is None and started is not None:
        length_s = _length_s(builder, where, observation, times)
        stopped = later(started, length_s)
    session_id = values.get("session_id") or key
    conditions: dict[str, Any] = {
        "observation": key if session_id != key else "",
        "description": str(observation.get("description") or "").strip(),
        "boris_type": str(observation.get("type") or ""),
    }
    offset = _seconds(observation.get("time offset"))
    if offset:
        conditions["time_offset_s"] = offset
        builder.mistakes.warn("time_offset", where, f"a time offset of {offset:g} s is kept as a condition")
    if builder.session(
        session_id, where, started=started, stopped=stopped, values=values, conditions=conditions
    ):
        for path in _media_paths(observation.get("file")):
            builder.media(session_id, where, path)
        _events(builder, session_id, rows, times, behaviours)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of events as it is written."""

    where: Cell
    time_s: float
    subject: str
    code: str
    modifiers: str
    comment: str


def _rows(builder: LogBuilder, where: Cell, events: Any) -> list[_Row]:
    rows = []
    for number, event in enumerate(events if isinstance(events, list) else (), start=1):
        place = Cell(where.sheet, number)
        parts = event if isinstance(event, list) else []
        time_s = _seconds(parts[0]) if parts else None
        if len(parts) < 3:
            text = f"event {str(event)[:60]} is not [time, subject, behaviour, modifiers, comment]"
            builder.mistakes.problem("no_event", place, text)
        elif time_s is None:
            text = f"{str(parts[2])[:40]}: {str(parts[0])[:40]} is no time of an event"
            builder.mistakes.problem("no_time", place, text)
        else:
            rest = [str(part) if part is not None else "" for part in [*parts[1:5], "", ""]]
            rows.append(_Row(place, round(time_s, 3), *(text.strip() for text in rest[:4])))
    return rows


def _shift_s(
    builder: LogBuilder,
    where: Cell,
    observation: Mapping[str, Any],
    rows: list[_Row],
    started: datetime | None,
) -> float:
    """Return what to take off the times so that they count from the start."""
    if started is None or not rows:
        return 0.0
    if observation.get("start_from_current_time"):
        midnight = started.replace(hour=0, minute=0, second=0, microsecond=0)
        return (started - midnight).total_seconds()
    if observation.get("start_from_current_epoch_time"):
        shift_s = started.astimezone(UTC).timestamp()
        if abs(rows[0].time_s - shift_s) > 86400 / 2:
            text = "Unix times do not fit the start; the first event is taken as the start (give --tz)"
            builder.mistakes.warn("epoch", where, text)
            return rows[0].time_s
        return shift_s
    return 0.0


def _length_s(
    builder: LogBuilder, where: Cell, observation: Mapping[str, Any], times_s: list[float]
) -> float:
    last_s = max([0.0, *times_s])
    interval = observation.get("observation time interval")
    if isinstance(interval, list) and len(interval) == 2:
        begin, end = map(_seconds, interval)
        if begin is not None and end is not None and end > begin >= 0:
            return end
    media_s = _media_length_s(observation)
    if media_s:
        return max(media_s, last_s)
    text = (
        f"no stop is written: the last event, {last_s:g} s, is taken; time watched after it is lost, and"
        " rates come out too high (set the variable stopped_at)"
    )
    builder.mistakes.warn("no_stop", where, text)
    return last_s


def _media_length_s(observation: Mapping[str, Any]) -> float:
    """Return the length of the first player's files, which play one after the other."""
    files, info = observation.get("file"), observation.get("media_info")
    lengths = info.get("length") if isinstance(info, dict) else None
    if not isinstance(files, dict) or not isinstance(lengths, dict):
        return 0.0
    sums = []
    for some in files.values():
        names = [one for one in some if isinstance(one, str)] if isinstance(some, list) else []
        sums.append(sum(_seconds(lengths.get(name)) or 0.0 for name in names))
    return max(sums, default=0.0)


def _seconds(value: Any) -> float | None:
    """Return a number of a project, None for anything else; JSON may hold integers of any length."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LATEST_S
    return float(value) if known else None


def _media_paths(files: Any) -> list[str]:
    lists = files.values() if isinstance(files, dict) else ()
    return [str(path) for some in lists if isinstance(some, list) for path in some]


def _events(
    builder: LogBuilder,
    session_id: str,
    rows: list[_Row],
    times_s: list[float],
    behaviours: dict[str, _Behaviour],
) -> None:
    running: dict[tuple[str, str, str], tuple[_Row, float]] = {}
    for row, at_s in zip(rows, times_s, strict=True):
        known = behaviours.get(row.code)
        if known is None:
            text = f"behaviour {row.code[:40]!r} is not in the ethogram; it is read as a point"
            builder.mistakes.warn("unknown_behaviour", row.where, text)
            known = _Behaviour(False)
        if not known.state:
            _add(builder, session_id, row, at_s, None, known, row.comment)
            continue
        key = (row.subject, row.code, row.modifiers)
        if key not in running:
            running[key] = (row, at_s)
        else:
            first, start_s = running.pop(key)
            comment = "; ".join(dict.fromkeys(text for text in (first.comment, row.comment) if text))
            _add(builder, session_id, first, start_s, at_s, known, comment)
    length_s = builder.length_s(session_id) or 0.0
    for row, start_s in running.values():
        text = f"{row.code} starts at {start_s:g} s and never stops; it ends with the session"
        builder.mistakes.warn("unpaired", row.where, text)
        end_s = max(length_s, start_s)
        _add(builder, session_id, row, start_s, end_s, behaviours[row.code], row.comment, "session_end")


def _add(
    builder: LogBuilder,
    session_id: str,
    row: _Row,
    start_s: float,
    end_s: float | None,
    known: _Behaviour,
    comment: str,
    closed_by: str | None = None,
) -> None:
    modifiers = modifiers_of(row.modifiers, known.sets)
    if row.modifiers and len(row.modifiers.split("|")) != max(len(known.sets), 1):
        text = f"{row.modifiers!r} does not fit the {len(known.sets)} modifier sets of {row.code}; it is kept"
        builder.mistakes.warn("modifiers", row.where, text)
    placement = next((str(modifiers.pop(name)) for name in PLACEMENT_SETS if name in modifiers), "")
    builder.event(
        session_id,
        row.where,
        row.code,
        t_s=start_s,
        t_end_s=end_s,
        subject=row.subject,
        placement_id=placement,
        modifiers=modifiers,
        comment=comment,
        closed_by=closed_by,
    )


def modifiers_of(text: str, sets: list[tuple[str, bool]]) -> dict[str, Any]:
    """Return the modifiers of an event by the name of their set.

    Parameters
    ----------
    text : str
        Values of the sets, joined by "|"; "None" where a set was left empty.
    sets : list of (str, bool)
        Names of the sets, and whether several values fit.

    Examples
    --------
    >>> modifiers_of("near|None|a,b", [("distance", False), ("side", False), ("with", True)])
    {'distance': 'near', 'with': ['a', 'b']}
    """
    found: dict[str, Any] = {}
    for number, part in enumerate(text.split("|"), start=1):
        value = part.strip()
        name, several = sets[number - 1] if number <= len(sets) else (f"modifier {number}", False)
        if value and value != _EMPTY:
            found[name] = [one.strip() for one in value.split(",")] if several else value
    return found
