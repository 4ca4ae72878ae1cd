"""The tables of `study.sqlite` about interviews, beside those of `gazestudy.store.schema`.

Ids of recordings and placements are kept as they were written: an interview may come before the recording,
and what was said outlives a recording that is removed and imported again. `gazestudy check` names those that
the study does not have.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gazestudy.store.schema import Base, Signed


class InterviewRow(Signed, Base):
    """One talk with a participant."""

    __tablename__ = "interview"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id", ondelete="RESTRICT"), index=True)
    recording_id: Mapped[str]
    """Empty for none."""
    interviewer: Mapped[str]
    started_at: Mapped[str]
    walk_ended_at: Mapped[str]
    language: Mapped[str]
    protocol_id: Mapped[str]
    protocol_version: Mapped[str]
    source: Mapped[str]
    sources: Mapped[list[Any]]
    """The files it was read from: path, size and hash of each."""
    findings: Mapped[list[Any]]

    answers: Mapped[list[InterviewAnswerRow]] = relationship(
        order_by="InterviewAnswerRow.id", cascade="all, delete-orphan", passive_deletes=True
    )
    private: Mapped[list[InterviewPrivateRow]] = relationship(
        order_by="InterviewPrivateRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class InterviewAnswerRow(Base):
    """One answer, as it was said."""

    __tablename__ = "interview_answer"
    __table_args__ = (UniqueConstraint("interview_id", "item", "stimulus", "answer_no"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[str] = mapped_column(ForeignKey("interview.id", ondelete="CASCADE"))
    stage: Mapped[str]
    item: Mapped[str]
    answer_no: Mapped[int]
    stimulus: Mapped[str]
    shown: Mapped[str]
    placement_id: Mapped[str]
    """Empty for none."""
    value: Mapped[str]

    codes: Mapped[list[AnswerCodeRow]] = relationship(
        order_by="AnswerCodeRow.coder", cascade="all, delete-orphan", passive_deletes=True
    )


class InterviewPrivateRow(Base):
    """An answer that may tell who somebody is, apart from everything that is exported."""

    __tablename__ = "interview_private"
    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[str] = mapped_column(ForeignKey("interview.id", ondelete="CASCADE"), index=True)
    item: Mapped[str]
    value: Mapped[str]


class AnswerCodeRow(Signed, Base):
    """What one coder makes of an answer; several rows where it names several things."""

    __tablename__ = "answer_code"
    __table_args__ = (UniqueConstraint("answer_id", "coder", "placement_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("interview_answer.id", ondelete="CASCADE"))
    coder: Mapped[str]
    placement_id: Mapped[str]
    """Empty for none."""
    code: Mapped[str]


class CodeRow(Signed, Base):
    """A code of the code book."""

    __tablename__ = "code"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    # A code with codes below it is not deleted along the way.
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("code.id", ondelete="RESTRICT"), index=True)
    color: Mapped[str]
    description: Mapped[str]


class DocumentRow(Signed, Base):
    """A text: notes, a transcript, a field note. It does not change while positions refer to it."""

    __tablename__ = "document"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    interview_id: Mapped[str | None] = mapped_column(
        ForeignKey("interview.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    sources: Mapped[list[Any]]
    """The file it was read from: path, size and hash."""

    marks: Mapped[list[TranscriptMarkRow]] = relationship(
        order_by="TranscriptMarkRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class TranscriptMarkRow(Base):
    """Where in a text which time is."""

    __tablename__ = "transcript_mark"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    """Code point in the text."""
    t_ns: Mapped[int]


class CodingRow(Signed, Base):
    """A code on a span of text, on a stretch of time, or on both."""

    __tablename__ = "coding"
    id: Mapped[str] = mapped_column(primary_key=True)
    # A code in use is not deleted along the way.
    code_id: Mapped[str] = mapped_column(ForeignKey("code.id", ondelete="RESTRICT"), index=True)
    coder: Mapped[str]
    interview_id: Mapped[str | None] = mapped_column(
        ForeignKey("interview.id", ondelete="CASCADE"), index=True
    )
    document_id: Mapped[str | None] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    start_char: Mapped[int]
    end_char: Mapped[int]
    """Code points, end exclusive; -1 for none."""
    recording_id: Mapped[str]
    """Empty for none."""
    start_ns: Mapped[int]
    end_ns: Mapped[int]
    """On the clock of the recording; -1 for none."""
    placement_id: Mapped[str]
    """Empty for none."""


class StimulusRow(Signed, Base):
    """A picture that is shown in recognition."""

    __tablename__ = "stimulus"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    shown: Mapped[str]
    placement_id: Mapped[str]
    """Empty for foils."""
    brand: Mapped[str]
    category: Mapped[str]
    image: Mapped[str]
    """Relative to the study folder, empty for none."""
    sha256: Mapped[str]
    size_bytes: Mapped[int]
