"""Are the interviews of a study sound? What they refer to is there, and positions lie inside of texts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gazestudy.errors import StudyError
from gazestudy.model.recording import Severity
from gazestudy.model.wording import in_short
from gazestudy.store.database import DATABASE_NAME
from gazestudy.store.schema import PlacementRow, RecordingRow
from gazestudy.store.schema_interviews import (
    AnswerCodeRow,
    CodeRow,
    CodingRow,
    DocumentRow,
    InterviewAnswerRow,
    InterviewRow,
    StimulusRow,
    TranscriptMarkRow,
)
from gazestudy.store.study import Study

Trouble = tuple[Severity, str, str, str]
"""Severity, where, what was found, and what to do."""

_PUT_BACK = "Put a copy from backups/ in its place, or remove these and make them again"


def interview_trouble(study: Study) -> Iterator[Trouble]:
    """Yield what is wrong with the interviews of a study; changes nothing."""
    with study._database.reading() as session:
        yield from _outside_of_texts(session)
        yield from _circles(session)
        yield from _unknown(session)
    try:
        study.interviews()
    except StudyError as error:
        yield "problem", DATABASE_NAME, str(error), _PUT_BACK


def _outside_of_texts(session: Session) -> Iterator[Trouble]:
    # SQLite counts characters of text as code points, but only up to a NUL, which no text of ours holds
    length = func.length(DocumentRow.text)
    query = select(CodingRow.id).join(DocumentRow, CodingRow.document_id == DocumentRow.id)
    outside = (
        (CodingRow.start_char < 0)
        | (CodingRow.end_char <= CodingRow.start_char)
        | (CodingRow.end_char > length)
    )
    lost = list(session.scalars(query.where(outside)))
    lost += session.scalars(
        select(CodingRow.id).where(CodingRow.document_id.is_(None), CodingRow.recording_id == "")
    )
    if lost:
        yield "problem", DATABASE_NAME, f"codings without a place in a text or time: {_some(lost)}", _PUT_BACK
    marks = select(DocumentRow.id).join(TranscriptMarkRow)
    wrong = (TranscriptMarkRow.position < 0) | (TranscriptMarkRow.position > length)
    texts = sorted(set(session.scalars(marks.where(wrong))))
    if texts:
        yield "problem", DATABASE_NAME, f"time marks outside of the text: {_some(texts)}", _PUT_BACK


def _circles(session: Session) -> Iterator[Trouble]:
    above: dict[str, str | None] = {row.id: row.parent_id for row in session.scalars(select(CodeRow))}
    turning = []
    for code, parent in above.items():
        seen, at = {code}, parent
        while at is not None and at not in seen:
            seen.add(at)
            at = above.get(at)
        turning += [code] if at is not None else []
    if turning:
        yield "problem", DATABASE_NAME, f"codes that are below themselves: {_some(turning)}", _PUT_BACK


def _unknown(session: Session) -> Iterator[Trouble]:
    placements = set(session.scalars(select(PlacementRow.id))) | {""}
    used: set[str] = set()
    for table in (InterviewAnswerRow, AnswerCodeRow, CodingRow, StimulusRow):
        used |= set(session.scalars(select(table.placement_id).distinct()))
    if used - placements:
        message = f"interviews are about placements that the study does not have: {_some(used - placements)}"
        yield "warning", DATABASE_NAME, message, "Add those placements, or code the answers again"
    recordings = set(session.scalars(select(RecordingRow.id))) | {""}
    named: set[str] = set()
    for owner in (InterviewRow, CodingRow):
        named |= set(session.scalars(select(owner.recording_id).distinct()))
    if named - recordings:
        message = f"interviews name recordings that the study does not have: {_some(named - recordings)}"
        yield "info", DATABASE_NAME, message, "Import the recordings to link what was said to moments in them"


def _some(names: list[str] | set[str]) -> str:
    return in_short(sorted(names))
