"""What a person has decided so far in the import wizard. Plain data, no widgets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gazestudy.pipeline.meanwhile import Watch, meanwhile
from gazestudy.pipeline.surveying import Found, Wish


@dataclass(slots=True)
class Line:
    """A recording that may be imported.

    Attributes
    ----------
    found : Found
        What lies there.
    wanted : bool
        Whether it is to be imported.
    importer : str
        Who reads it.
    participant_id, segment, daypart : str
        Whose it is, and when in the day.
    columns : str
        File with a column mapping.
    offset_s : float or None
        Offset of its clock as a person says it; None: that of all.
    observed : tuple of Watch
        Observation sessions that ran meanwhile.
    """

    found: Found
    wanted: bool = True
    importer: str = ""
    participant_id: str = ""
    segment: str = ""
    daypart: str = ""
    columns: str = ""
    offset_s: float | None = None
    observed: tuple[Watch, ...] = ()

    @property
    def can_be_read(self) -> bool:
        """True if somebody knows it and nothing is wrong with it."""
        return bool(self.found.importers) and not self.found.error


@dataclass(slots=True)
class ClockPlan:
    """How clocks are to be aligned; plain values.

    Attributes
    ----------
    method : str
        As for `gazestudy.pipeline.aligning.align_recording`; empty: not at all.
    marks : str
        Table of times of the other clock.
    target : str
        Name of the other clock; empty: that of the table.
    options : dict
        As for `AlignOptions`.
    """

    method: str = ""
    marks: str = ""
    target: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the other clock."""
        return self.target or Path(self.marks).stem

    @property
    def needs_events(self) -> bool:
        """True if a recording without events cannot be aligned so."""
        return self.method == "events"

    @property
    def is_whole(self) -> bool:
        """True if there is enough to try it."""
        if self.method in ("events", "pulses"):
            return bool(self.marks)
        return bool(self.method and self.target)

    def wish(self, offset_s: float | None = None) -> dict[str, Any]:
        """Return the arguments of `gazestudy.pipeline.surveying.Wish`; nothing where it is not whole."""
        if not self.is_whole:
            return {}
        own = {} if offset_s is None or self.method != "by-hand" else {"offset_s": offset_s}
        marks = self.marks if self.method in ("events", "pulses") else ""
        return {
            "marks": marks, "target": self.name, "method": self.method, "aligning": self.options | own,
        }  # fmt: skip


@dataclass(slots=True)
class Plan:
    """Everything decided so far.

    Attributes
    ----------
    paths : list of Path
        What to look at.
    lines : list of Line
        What lies there.
    columns : Path or None
        Column mapping for plain tables.
    copy_video, salvage : bool
        See `gazestudy.pipeline.importing.import_path`.
    clocks : ClockPlan
        How clocks are aligned.
    """

    paths: list[Path] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    columns: Path | None = None
    copy_video: bool = True
    salvage: bool = False
    clocks: ClockPlan = field(default_factory=ClockPlan)

    def take(self, found: list[Found], participants: dict[str, str], watched: Sequence[Watch] = ()) -> None:
        """Take what a survey found, and propose whose each recording is.

        Parameters
        ----------
        found : list of Found
            What lies there.
        participants : dict of str to str
            Those of the study: pseudonym to segment.
        watched : sequence of Watch, optional
            Observation sessions of the study; a recording is of the daypart of those that ran meanwhile.
        """
        self.lines = [
            Line(
                one,
                wanted=bool(one.importers) and not one.error and len(one.importers) == 1,
                importer=one.importers[0] if len(one.importers) == 1 else "",
                columns=str(self.columns) if self.columns and one.importers == ("table",) else "",
            )
            for one in found
        ]
        for line in self.lines:
            match_sessions(line, watched)
        propose_people(self.lines, participants)

    @property
    def chosen(self) -> list[Line]:
        """The lines that will be imported."""
        return [line for line in self.lines if line.wanted and line.importer]

    def wishes(self) -> list[Wish]:
        """Return what the job is to do."""
        return [self.wish(line) for line in self.chosen]

    def wish(self, line: Line) -> Wish:
        """Return what the job is to do with one line."""
        one = line.found
        base = Wish(one.path, line.importer, one.inner, one.selection, one.name, one.device)
        return replace(
            base,
            participant_id=line.participant_id,
            segment=line.segment,
            daypart=line.daypart,
            columns=line.columns,
            copy_video=self.copy_video,
            salvage=self.salvage,
            **(self.clocks.wish(line.offset_s) if one.events or not self.clocks.needs_events else {}),
        )


def match_sessions(line: Line, watched: Sequence[Watch]) -> None:
    """Say which observation sessions ran during a recording, and propose their daypart if they agree.

    Only clocks that tell the time of day can be compared; nothing is proposed for others.

    Parameters
    ----------
    line : Line
        Changed in place.
    watched : sequence of Watch
        Observation sessions of the study.
    """
    start_ns = line.found.start_unix_ns
    if start_ns is None:
        return
    start_s = start_ns / 1e9
    line.observed = tuple(meanwhile(watched, start_s, start_s + max(0.0, line.found.duration_s)))
    dayparts = {one.daypart for one in line.observed} - {""}
    if len(dayparts) == 1 and not line.daypart:
        line.daypart = dayparts.pop()


def propose_people(lines: list[Line], participants: dict[str, str]) -> None:
    """Propose a participant for each recording.

    A label of the device that is the pseudonym of somebody in the study, or looks like a pseudonym, is taken;
    recordings with the same label belong to one person; everybody else is somebody new. Names of persons
    never become pseudonyms.

    Parameters
    ----------
    lines : list of Line
        Changed in place.
    participants : dict of str to str
        Those of the study: pseudonym to segment.
    """
    taken, by_label = set(participants), {}
    for line in lines:
        if not line.found.importers:
            continue
        label = line.found.label.strip()
        if label not in by_label or not label:
            if label in participants or (is_pseudonym(label) and label not in taken):
                person = label
            else:
                person = next_free(taken)
            taken.add(person)
            if label:
                by_label[label] = person
        else:
            person = by_label[label]
        line.participant_id = person
        line.segment = participants.get(person, "")


def is_pseudonym(label: str) -> bool:
    """Return True if a label is a code, not a name: a few letters and a number.

    Examples
    --------
    >>> is_pseudonym("P07"), is_pseudonym("vp-12"), is_pseudonym("Somchai")
    (True, True, False)
    """
    return re.fullmatch(r"[A-Za-z]{1,3}[-_ ]?\d{1,4}", label) is not None


def next_free(taken: set[str]) -> str:
    """Return the first of P01, P02, ... that nobody has."""
    number = 1
    while f"P{number:02d}" in taken:
        number += 1
    return f"P{number:02d}"


def start_text(found: Found) -> str:
    """Return when a recording began, in local time of this computer; empty if not known."""
    if found.start_unix_ns is None:
        return ""
    return datetime.fromtimestamp(found.start_unix_ns / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def length_text(found: Found) -> str:
    """Return how long a recording is; empty if not known."""
    if found.duration_s < 0:
        return ""
    seconds = round(found.duration_s)
    return f"{seconds // 60}:{seconds % 60:02d}"
