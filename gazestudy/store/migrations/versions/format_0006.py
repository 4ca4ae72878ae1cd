"""Interviews: answers, codes of two coders, texts with their times, code book and codings, pictures shown."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _made() -> list[sa.Column[str]]:
    return _text("note", "made_by", "made_utc")


def _link(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{target}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def _number_key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), primary_key=True)


def _text_key() -> sa.Column[str]:
    return sa.Column("id", sa.String(), primary_key=True)


def upgrade() -> None:
    """Make the tables."""
    _talks()
    _texts()
    _codes()


def _talks() -> None:
    op.create_table(
        "interview",
        _text_key(),
        *_numbers("position"),
        *_text("participant_id", "recording_id", "interviewer", "started_at", "walk_ended_at", "language"),
        *_text("protocol_id", "protocol_version", "source"),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("sources", "findings")),
        *_made(),
        _link("interview", "participant_id", "participant", "RESTRICT"),
    )
    op.create_index("ix_interview_participant_id", "interview", ["participant_id"])
    op.create_table(
        "interview_answer",
        _number_key(),
        *_text("interview_id", "stage", "item"),
        *_numbers("answer_no"),
        *_text("stimulus", "shown", "placement_id", "value"),
        _link("interview_answer", "interview_id", "interview", "CASCADE"),
        sa.UniqueConstraint(
            "interview_id",
            "item",
            "stimulus",
            "answer_no",
            name="uq_interview_answer_interview_id_item_stimulus_answer_no",
        ),
    )
    op.create_table(
        "interview_private",
        _number_key(),
        *_text("interview_id", "item", "value"),
        _link("interview_private", "interview_id", "interview", "CASCADE"),
    )
    op.create_index("ix_interview_private_interview_id", "interview_private", ["interview_id"])
    op.create_table(
        "answer_code",
        _number_key(),
        *_numbers("answer_id"),
        *_text("coder", "placement_id", "code"),
        *_made(),
        _link("answer_code", "answer_id", "interview_answer", "CASCADE"),
        sa.UniqueConstraint(
            "answer_id",
            "coder",
            "placement_id",
            "code",
            name="uq_answer_code_answer_id_coder_placement_id_code",
        ),
    )
    op.create_table(
        "stimulus",
        _text_key(),
        *_numbers("position"),
        *_text("name", "shown", "placement_id", "brand", "category", "image", "sha256"),
        *_numbers("size_bytes"),
        *_made(),
    )


def _texts() -> None:
    op.create_table(
        "document",
        _text_key(),
        *_numbers("position"),
        sa.Column("interview_id", sa.String()),
        *_text("name", "kind", "text"),
        sa.Column("sources", sa.JSON(), nullable=False),
        *_made(),
        _link("document", "interview_id", "interview", "CASCADE"),
    )
    op.create_index("ix_document_interview_id", "document", ["interview_id"])
    op.create_table(
        "transcript_mark",
        _number_key(),
        *_text("document_id"),
        *_numbers("position", "t_ns"),
        _link("transcript_mark", "document_id", "document", "CASCADE"),
    )
    op.create_index("ix_transcript_mark_document_id", "transcript_mark", ["document_id"])


def _codes() -> None:
    op.create_table(
        "code",
        _text_key(),
        *_numbers("position"),
        *_text("name"),
        sa.Column("parent_id", sa.String()),
        *_text("color", "description"),
        *_made(),
        _link("code", "parent_id", "code", "RESTRICT"),
    )
    op.create_index("ix_code_parent_id", "code", ["parent_id"])
    op.create_table(
        "coding",
        _text_key(),
        *_text("code_id", "coder"),
        sa.Column("interview_id", sa.String()),
        sa.Column("document_id", sa.String()),
        *_numbers("start_char", "end_char"),
        *_text("recording_id"),
        *_numbers("start_ns", "end_ns"),
        *_text("placement_id"),
        *_made(),
        _link("coding", "code_id", "code", "RESTRICT"),
        _link("coding", "interview_id", "interview", "CASCADE"),
        _link("coding", "document_id", "document", "CASCADE"),
    )
    for column in ("code_id", "interview_id", "document_id"):
        op.create_index(f"ix_coding_{column}", "coding", [column])
