"""Schedules of digital placements."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "schedule",
        sa.Column("placement_id", sa.String(), primary_key=True),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("uncertainty_ms", sa.Float(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("note", "made_by", "made_utc")),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placement.id"], name="fk_schedule_placement_id_placement", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "showing",
        sa.Column("placement_id", sa.String(), primary_key=True),
        sa.Column("start_unix_ns", sa.Integer(), primary_key=True),
        sa.Column("end_unix_ns", sa.Integer(), nullable=False),
        sa.Column("creative_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["placement_id"],
            ["schedule.placement_id"],
            name="fk_showing_placement_id_schedule",
            ondelete="CASCADE",
        ),
    )
