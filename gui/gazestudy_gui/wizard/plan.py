"""What a person has decided so far in the import wizard. Plain data, no widgets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

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
    """

    found: Found
    wanted: bool = True
    importer: str = ""
    participant_id: str = ""
    segment: str = ""
    daypart: str = ""
    columns: str = ""

    @property
    def can_be_read(self) -> bool:
        """True if somebody knows it and nothing is wrong with it."""
        return bool(self.found.importers) and not self.found.error


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
    marks : str
        Table of times to align clocks with.
    """

    paths: list[Path] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    columns: Path | None = None
    copy_video: bool = True
    salvage: bool = False
    marks: str = ""

    def take(self, found: list[Found], participants: dict[str, str]) -> None:
        """Take what a survey found, and propose whose each recording is.

        Parameters
        ----------
        found : list of Found
            What lies there.
        participants : dict of str to str
            Those of the study: pseudonym to segment.
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
            marks=self.marks if one.events else "",
            target=Path(self.marks).stem if self.marks else "",
        )


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
