"""Alignments of the clocks of recordings with other clocks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of alignments."""
    op.create_table(
        "clock_alignment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_utc", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name="fk_clock_alignment_recording_id_recording",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_clock_alignment_recording_id", "clock_alignment", ["recording_id"])
