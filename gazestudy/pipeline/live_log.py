"""An observation session as it happens: every tap is on the disk before it is shown, and can be taken back.

The journal is a text file with one JSON object on each line; nothing in it is ever changed. Taking back is an
entry of its own. What the session looks like follows from the journal alone, so that a session that was
interrupted goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gazestudy.errors import InputError, ParameterError
from gazestudy.model import SourceFile
from gazestudy.model.fieldwork import FieldLog
from gazestudy.pipeline.typed_logs import grid_log
from gazestudy.protocol import (
    Behaviour,
    FocalBlock,
    IntervalBlock,
    Protocol,
    is_per_placement,
)
from gazestudy.protocol.blocks import ModifierSet

JOURNALS = "live"
"""Folder of a study in which the journals of live sessions lie."""

FORMAT = "gazestudy-live-log/1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes
    ----------
    n : int
        0, 1, ... in the journal.
    at : datetime
        When, with its time zone.
    kind : {"start", "tap", "state", "point", "modify", "scan", "note", "undo", "stop"}
        What.
    data : mapping
        What the kind needs.
    """

    n: int
    at: datetime
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


class LiveSession:
    """A session of one observer.

    Parameters
    ----------
    protocol : Protocol
        What is counted.
    journal : Path
        File of the journal; one that is there is gone on with.

    Raises
    ------
    InputError
        If the journal is of another protocol, or cannot be read.
    """

    def __init__(self, protocol: Protocol, journal: Path) -> None:
        self.protocol, self.journal = protocol, journal
        self.entries: list[Entry] = []
        if journal.exists():
            self._read()

    # ------------------------------------------------------------------ what happens

    def start(
        self,
        at: datetime,
        *,
        session_id: str,
        answers: Mapping[str, str],
        placements: Sequence[str] = (),
        items: Sequence[str] = (),
    ) -> None:
        """Begin.

        Parameters
        ----------
        at : datetime
            Now, with its time zone.
        session_id : str
            Id of the session.
        answers : mapping of str to str
            Answers of the form at the start.
        placements : sequence of str, optional
            Placements in view.
        items : sequence of str, optional
            Counts that are watched for; all where left out. Others give no rows.
        """
        if self.entries:
            raise ParameterError("journal", self.journal.name, "a new journal; this one has begun")
        protocol = {"id": self.protocol.id, "version": self.protocol.version}
        counted = list(items) or [item.id for _, item in self.counted()]
        self._write(at, "start", format=FORMAT, session_id=session_id, protocol=protocol,
                    answers=dict(answers), placements=list(placements), items=counted)  # fmt: skip

    def tap(self, at: datetime, item: str, placement_id: str = "") -> None:
        """Count one."""
        if item not in {one.id for _, one in self.counted()}:
            raise ParameterError("item", item, "a count of the protocol")
        self._write(at, "tap", item=item, placement_id=placement_id)

    def behave(self, at: datetime, code: str, *, subject: str = "", placement_id: str = "") -> None:
        """Note a behaviour: a point, or the start or the end of a state."""
        behaviour = self.behaviours().get(code)
        if behaviour is None:
            raise ParameterError("code", code, "a behaviour of the protocol")
        self._write(at, behaviour.type, code=code, subject=subject, placement_id=placement_id)

    def modify(self, at: datetime, of: int, modifiers: Mapping[str, Any], placement_id: str = "") -> None:
        """Add what goes with a behaviour that was noted.

        Parameters
        ----------
        at : datetime
            Now.
        of : int
            Number of the entry of the behaviour; it keeps its time.
        modifiers : mapping of str to object
            Values by modifier set: a code, several codes, or a number.
        placement_id : str, optional
            Which placement it is about; "": as it was noted.

        Raises
        ------
        ParameterError
            If there is no such entry, or the behaviour has no such modifiers.
        """
        behaviour = next(
            (one for one in self.standing() if one.n == of and one.kind in ("point", "state")), None
        )
        if behaviour is None:
            raise ParameterError("of", of, "the number of a behaviour that was not taken back")
        known = {one.id for one in self.modifier_sets(str(behaviour.data["code"]))}
        if not set(modifiers) <= known:
            raise ParameterError("modifiers", sorted(set(modifiers) - known), "some of " + ", ".join(known))
        self._write(at, "modify", of=of, modifiers=dict(modifiers), placement_id=placement_id)

    def scan(self, at: datetime, block: str, values: Mapping[tuple[str, str], str]) -> None:
        """Note what is the case at this instant: values by item and placement."""
        told = [[item, placement_id, value] for (item, placement_id), value in values.items()]
        self._write(at, "scan", block=block, values=told)

    def note(self, at: datetime, text: str) -> None:
        """Write a note."""
        self._write(at, "note", text=text)

    def take_back(self, at: datetime) -> Entry | None:
        """Take back the latest entry that stands, with its modifiers; returns it, None if there is none."""
        standing = [one for one in self.standing() if one.kind not in ("start", "stop", "modify")]
        if not standing or self.is_over:
            return None
        self._write(at, "undo", of=standing[-1].n)
        return standing[-1]

    def stop(self, at: datetime, answers: Mapping[str, str] | None = None) -> None:
        """End; states that are open end with it."""
        self._write(at, "stop", answers=dict(answers or {}))

    # ------------------------------------------------------------------ what it looks like

    @property
    def is_running(self) -> bool:
        """True between start and stop."""
        return bool(self.entries) and not self.is_over

    @property
    def is_over(self) -> bool:
        """True after the stop."""
        return any(one.kind == "stop" for one in self.entries)

    @property
    def session_id(self) -> str:
        """Id of the session, empty before the start."""
        return str(self.entries[0].data["session_id"]) if self.entries else ""

    @property
    def started(self) -> datetime:
        """When it began."""
        return self.entries[0].at

    def elapsed_s(self, at: datetime) -> float:
        """Return seconds since the start."""
        return (at - self.started).total_seconds()

    def standing(self) -> list[Entry]:
        """Return the entries that were not taken back."""
        gone = {int(one.data["of"]) for one in self.entries if one.kind == "undo"}
        gone |= {one.n for one in self.entries if one.kind == "modify" and one.data["of"] in gone}
        return [one for one in self.entries if one.kind != "undo" and one.n not in gone]

    def counted(self) -> list[tuple[IntervalBlock, Any]]:
        """Return the counts of the protocol with their blocks."""
        return [
            (block, item)
            for block in self.protocol.item_blocks()
            if isinstance(block, IntervalBlock)
            for item in block.items
            if item.type == "count"
        ]

    def behaviours(self) -> dict[str, Behaviour]:
        """Return the behaviours of the protocol by code."""
        return {one.code: one for block in self.protocol.focal_blocks() for one in block.behaviours}

    def modifier_sets(self, code: str) -> list[ModifierSet]:
        """Return what is noted together with a behaviour, in order."""
        for block in self.protocol.focal_blocks():
            sets = {one.id: one for one in block.modifiers}
            for behaviour in block.behaviours:
                if behaviour.code == code:
                    return [sets[name] for name in behaviour.modifiers]
        return []

    def interval_no(self, block: IntervalBlock, at: datetime) -> int:
        """Return in which interval of a block a moment is."""
        return int(self.elapsed_s(at) // block.every_s)

    def counts(self, block: IntervalBlock, interval_no: int) -> Counter[tuple[str, str]]:
        """Return what was counted in an interval, by item and placement."""
        return Counter(
            (str(one.data["item"]), str(one.data["placement_id"]))
            for one in self.standing()
            if one.kind == "tap" and self.interval_no(block, one.at) == interval_no
        )

    def open_states(self) -> dict[tuple[str, str], Entry]:
        """Return the states that hold now, by subject and code."""
        held: dict[tuple[str, str], Entry] = {}
        for one in self.standing():
            if one.kind == "state":
                self._turn(held, one)
        return held

    def log(self) -> FieldLog:
        """Return the session as canonical tables.

        Raises
        ------
        ParameterError
            If it was not stopped yet.
        """
        if not self.is_over:
            raise ParameterError("session", self.session_id, "a session that was stopped")
        stop = next(one for one in self.entries if one.kind == "stop")
        start = self.entries[0]
        answers = {**start.data["answers"], **stop.data["answers"]}
        length_s = self.elapsed_s(stop.at)
        scans, times_s = self._scans()
        cells: dict[str, dict[tuple[int, str, str], str]] = {**scans}
        watched = set(start.data["items"])
        places = list(start.data["placements"]) or [""]
        for block, item in self.counted():
            if item.id not in watched:
                continue
            own = cells.setdefault(block.id, {})
            for number in range(max(1, -(-int(length_s * 1000) // (block.every_s * 1000)))):
                found = self.counts(block, number)
                for place in places if is_per_placement(item) else [""]:
                    own[number, item.id, place] = str(found[item.id, place])
        notes = [
            (self.elapsed_s(one.at), str(one.data["text"])) for one in self.standing() if one.kind == "note"
        ]
        return grid_log(
            self.protocol, self.session_id, answers, started=start.at, stopped=stop.at, cells=cells,
            source="live", strict=False, notes=notes, events=self._events(stop), scan_times_s=times_s,
        )  # fmt: skip

    def source(self) -> SourceFile:
        """Return the journal as the source of the log."""
        content = self.journal.read_bytes()
        return SourceFile(self.journal.name, len(content), hashlib.sha256(content).hexdigest())

    # ------------------------------------------------------------------ inside

    def _scans(self) -> tuple[dict[str, dict[tuple[int, str, str], str]], dict[str, list[float]]]:
        cells: dict[str, dict[tuple[int, str, str], str]] = {}
        times_s: dict[str, list[float]] = {}
        for one in self.standing():
            if one.kind != "scan":
                continue
            block = str(one.data["block"])
            own, times = cells.setdefault(block, {}), times_s.setdefault(block, [])
            for item, placement_id, value in one.data["values"]:
                own[len(times), str(item), str(placement_id)] = str(value)
            times.append(self.elapsed_s(one.at))
        return cells, times_s

    def _turn(self, held: dict[tuple[str, str], Entry], one: Entry) -> list[Entry]:
        """Begin or end a state; returns the starts of what ended, also by exclusion."""
        subject, code = str(one.data["subject"]), str(one.data["code"])
        if (subject, code) in held:
            return [held.pop((subject, code))]
        rivals = {other for group in self._exclusive() if code in group for other in group} - {code}
        ended = [held.pop(key) for key in list(held) if key[0] == subject and key[1] in rivals]
        held[subject, code] = one
        return ended

    def _exclusive(self) -> list[tuple[str, ...]]:
        return [
            group
            for block in self.protocol.blocks
            if isinstance(block, FocalBlock)
            for group in block.exclusive
        ]

    def _events(self, stop: Entry) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        held: dict[tuple[str, str], Entry] = {}
        for one in self.standing():
            if one.kind == "point":
                rows.append(self._event(one, None, "none"))
            elif one.kind == "state":
                rows += [self._event(start, one.at, "observer") for start in self._turn(held, one)]
        rows += [self._event(start, stop.at, "session_end") for start in held.values()]
        rows.sort(key=lambda row: row["t_s"])
        return [{**row, "event_id": number} for number, row in enumerate(rows)]

    def _event(self, one: Entry, end: datetime | None, closed_by: str) -> dict[str, Any]:
        data, place = one.data, str(one.data["placement_id"])
        modifiers: dict[str, Any] = {}
        for later in self.standing():
            if later.kind == "modify" and later.data["of"] == one.n:
                modifiers |= later.data["modifiers"]
                place = str(later.data["placement_id"]) or place
        return {
            "subject": data["subject"], "code": data["code"], "placement_id": place,
            "form": one.kind, "t_s": self.elapsed_s(one.at),
            "t_end_s": float("nan") if end is None else self.elapsed_s(end),
            "modifiers_json": json.dumps(modifiers, ensure_ascii=False),
            "closed_by": closed_by, "comment": "",
        }  # fmt: skip

    def _write(self, at: datetime, kind: str, **data: Any) -> None:
        if self.is_over:
            raise ParameterError("session", self.session_id, "a session that was not stopped")
        if at.tzinfo is None:
            raise ParameterError("at", at, "a time with its time zone")
        entry = Entry(len(self.entries), at, kind, data)
        line = json.dumps({"n": entry.n, "at": at.isoformat(), "kind": kind, **data}, ensure_ascii=False)
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.journal.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(self.journal, f"cannot be written: {error.strerror or error}") from error
        self.entries.append(entry)

    def _read(self) -> None:
        """Read the journal; a last line that was cut off is what was never shown."""
        content = self.journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):  # the power went while a line was written, perhaps within a letter
            with self.journal.open("r+b") as file:
                file.truncate(whole)
        for line in content[:whole].splitlines():
            try:
                data = json.loads(line)
                entry = Entry(
                    int(data.pop("n")), datetime.fromisoformat(data.pop("at")), data.pop("kind"), data
                )
            except (ValueError, KeyError) as error:
                raise InputError(
                    self.journal, "this is no journal of a live session", found=str(error)
                ) from error
            self.entries.append(entry)
        told = self.entries[0].data.get("protocol", {}) if self.entries else {}
        if self.entries and (told.get("id"), told.get("version")) != (
            self.protocol.id,
            self.protocol.version,
        ):
            raise InputError(
                self.journal, "the session was begun with another protocol",
                expected=f"{told.get('id')} {told.get('version')}",
                found=f"{self.protocol.id} {self.protocol.version}",
            )  # fmt: skip


def unfinished(folder: Path) -> list[tuple[Path, str, str]]:
    """Return the journals of a study whose sessions were not kept yet: file, session, protocol.

    Parameters
    ----------
    folder : Path
        The study folder.
    """
    found = []
    for path in sorted((folder / JOURNALS).glob("*.jsonl")):
        with path.open("rb") as file:
            first = file.readline()
        try:
            data = json.loads(first)
            found.append((path, str(data["session_id"]), str(data["protocol"]["id"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found
