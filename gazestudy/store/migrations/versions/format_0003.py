"""Corrections of the gaze of recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of corrections."""
    op.create_table(
        "gaze_correction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_utc", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name="fk_gaze_correction_recording_id_recording",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("recording_id", name="uq_gaze_correction_recording_id"),
    )
