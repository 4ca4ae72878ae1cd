"""What a study holds, in a handful of queries, however many recordings there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gazestudy.store.base import StudyBase
from gazestudy.store.schema import (
    ClockAlignmentRow,
    DerivedRow,
    GazeCorrectionRow,
    ManualAnswerRow,
    MediaRow,
    ObservationSessionRow,
    ParticipantRow,
    PlacementRow,
    PointRow,
    RecordingRow,
    StationRow,
)
from gazestudy.store.schema_interviews import AnswerCodeRow, InterviewAnswerRow, InterviewRow


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """A recording in a list.

    Attributes
    ----------
    id, name, device, participant_id, daypart, imported_utc : str
        As the study keeps them.
    steps : mapping of str to str
        Which results there are: step to its key.
    alignments, corrections, answers, videos : int
        How many clock alignments, gaze corrections, reviewed stretches and scene videos it has.
    findings : tuple of (str, str)
        Severity and words of what the import found doubtful or wrong.
    """

    id: str
    name: str
    device: str
    participant_id: str
    daypart: str
    imported_utc: str
    steps: Mapping[str, str]
    alignments: int
    corrections: int
    answers: int
    videos: int
    findings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """An observation session in a list; the newest version of it."""

    session_id: str
    station: str
    point: str
    observer: str
    started_at: str


@dataclass(frozen=True, slots=True)
class InterviewEntry:
    """An interview in a list; `answers` were given, `coded` of them have a code."""

    id: str
    participant_id: str
    recording_id: str
    started_at: str
    answers: int
    coded: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What a study holds.

    Attributes
    ----------
    stations : dict of str to tuple of str
        Station to its points.
    placements : tuple of (str, str, str, str)
        Id, name, kind and station, in order.
    participants : tuple of (str, str)
        Pseudonym and segment.
    recordings, sessions, interviews
        See there.
    """

    stations: dict[str, tuple[str, ...]]
    placements: tuple[tuple[str, str, str, str], ...]
    participants: tuple[tuple[str, str], ...]
    recordings: tuple[RecordingEntry, ...]
    sessions: tuple[SessionEntry, ...]
    interviews: tuple[InterviewEntry, ...]


class ListShelf(StudyBase):
    """Lists for overviews."""

    def listing(self) -> Listing:
        """Return what the study holds, from one state of the database."""
        with self._database.reading() as session:
            return Listing(
                _stations(session),
                _placements(session),
                tuple(
                    (str(row[0]), str(row[1]))
                    for row in session.execute(
                        select(ParticipantRow.id, ParticipantRow.segment).order_by(ParticipantRow.id)
                    )
                ),
                _recordings(session),
                _sessions(session),
                _interviews(session),
            )


def _stations(session: Session) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    query = (
        select(StationRow.name, PointRow.name).outerjoin(PointRow).order_by(StationRow.name, PointRow.name)
    )
    for station, point in session.execute(query):
        found.setdefault(station, [])
        if point is not None:
            found[station].append(point)
    return {station: tuple(points) for station, points in found.items()}


def _placements(session: Session) -> tuple[tuple[str, str, str, str], ...]:
    query = (
        select(PlacementRow.id, PlacementRow.name, PlacementRow.kind, StationRow.name)
        .outerjoin(StationRow, PlacementRow.station_id == StationRow.id)
        .order_by(PlacementRow.position)
    )
    return tuple((row[0], row[1], row[2], row[3] or "") for row in session.execute(query))


def _recordings(session: Session) -> tuple[RecordingEntry, ...]:
    steps: dict[str, dict[str, str]] = {}
    results = select(DerivedRow.recording_id, DerivedRow.step, DerivedRow.key).order_by(DerivedRow.id)
    for recording_id, step, key in session.execute(results):
        if recording_id is not None:
            steps.setdefault(recording_id, {})[step] = key
    counts = {
        name: _counts(session, select(column, func.count()).group_by(column))
        for name, column in (
            ("alignments", ClockAlignmentRow.recording_id),
            ("corrections", GazeCorrectionRow.recording_id),
            ("answers", ManualAnswerRow.recording_id),
            ("videos", MediaRow.recording_id),
        )
    }
    query = select(
        RecordingRow.id,
        RecordingRow.name,
        RecordingRow.device,
        RecordingRow.participant_id,
        RecordingRow.daypart,
        RecordingRow.imported_utc,
        func.json_extract(RecordingRow.report, "$.findings"),
    )
    entries = [
        RecordingEntry(
            *(recording_id, name, device, participant_id, daypart, imported_utc),
            steps.get(recording_id, {}),
            counts["alignments"].get(recording_id, 0),
            counts["corrections"].get(recording_id, 0),
            counts["answers"].get(recording_id, 0),
            counts["videos"].get(recording_id, 0),
            _findings(findings),
        )
        for recording_id, name, device, participant_id, daypart, imported_utc, findings in session.execute(
            query
        )
    ]
    return tuple(sorted(entries, key=_natural_order))


def _natural_order(entry: RecordingEntry) -> tuple[str, int]:
    stem, _, number = entry.id.rpartition("-")
    return stem, int(number) if number.isdigit() else 0


def _findings(text: str | None) -> tuple[tuple[str, str], ...]:
    found: list[dict[str, Any]] = json.loads(text) if text else []
    return tuple(
        (str(one.get("severity", "")), str(one.get("message", "")))
        for one in found
        if one.get("severity") in ("warning", "problem")
    )


def _sessions(session: Session) -> tuple[SessionEntry, ...]:
    newest = (
        select(ObservationSessionRow.session_id, func.max(ObservationSessionRow.version).label("version"))
        .group_by(ObservationSessionRow.session_id)
        .subquery()
    )
    query = (
        select(
            ObservationSessionRow.session_id,
            StationRow.name,
            PointRow.name,
            ObservationSessionRow.observer_id,
            ObservationSessionRow.started_at,
        )
        .join(
            newest,
            (newest.c.session_id == ObservationSessionRow.session_id)
            & (newest.c.version == ObservationSessionRow.version),
        )
        .outerjoin(StationRow, ObservationSessionRow.station_id == StationRow.id)
        .outerjoin(PointRow, ObservationSessionRow.point_id == PointRow.id)
        .order_by(ObservationSessionRow.started_at, ObservationSessionRow.session_id)
    )
    return tuple(SessionEntry(*(value or "" for value in row)) for row in session.execute(query))


def _interviews(session: Session) -> tuple[InterviewEntry, ...]:
    answers = _counts(
        session,
        select(InterviewAnswerRow.interview_id, func.count()).group_by(InterviewAnswerRow.interview_id),
    )
    coded = _counts(
        session,
        select(InterviewAnswerRow.interview_id, func.count(AnswerCodeRow.answer_id.distinct()))
        .join(AnswerCodeRow)
        .group_by(InterviewAnswerRow.interview_id),
    )
    query = select(
        InterviewRow.id, InterviewRow.participant_id, InterviewRow.recording_id, InterviewRow.started_at
    ).order_by(InterviewRow.position)
    return tuple(
        InterviewEntry(*row, answers.get(row[0], 0), coded.get(row[0], 0)) for row in session.execute(query)
    )


def _counts(session: Session, query: Any) -> dict[str, int]:
    return {str(row[0]): int(row[1]) for row in session.execute(query)}
