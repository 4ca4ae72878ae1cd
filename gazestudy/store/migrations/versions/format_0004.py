"""What people say about mapping: key frames, answers, markers, and the rank of vendors' mappings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _made() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in ("note", "made_by", "made_utc")]


def _link(table: str, target: str) -> sa.ForeignKeyConstraint:
    column = f"{target}_id"
    name = f"fk_{table}_{column}_{target}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "key_frame",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("placement_id", sa.String(), nullable=False),
        sa.Column("creative_id", sa.String(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("t_ns", sa.Integer(), nullable=False),
        sa.Column("corners_px", sa.JSON(), nullable=False),
        *_made(),
        _link("key_frame", "recording"),
        _link("key_frame", "placement"),
        sa.UniqueConstraint(
            "recording_id",
            "placement_id",
            "copy",
            "t_ns",
            name="uq_key_frame_recording_id_placement_id_copy_t_ns",
        ),
    )
    op.create_table(
        "manual_answer",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("start_ns", sa.Integer(), nullable=False),
        sa.Column("end_ns", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("placement_id", sa.String()),
        sa.Column("creative_id", sa.String(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("x_share", sa.Float()),
        sa.Column("y_share", sa.Float()),
        *_made(),
        _link("manual_answer", "recording"),
        _link("manual_answer", "placement"),
    )
    op.create_index("ix_manual_answer_recording_id", "manual_answer", ["recording_id"])
    op.create_table(
        "marker_layout",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("placement_id", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        *_made(),
        _link("marker_layout", "placement"),
        sa.UniqueConstraint("placement_id", name="uq_marker_layout_placement_id"),
    )
    op.create_table(
        "vendor_rank",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("placement_id", sa.String()),
        sa.Column("rank", sa.String(), nullable=False),
        *_made(),
        _link("vendor_rank", "placement"),
        sa.UniqueConstraint("placement_id", name="uq_vendor_rank_placement_id"),
    )
