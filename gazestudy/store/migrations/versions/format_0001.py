"""The first format."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_utc", sa.String(), nullable=False),
        sa.Column("app_version", sa.String(), nullable=False),
    )
    _placements()
    _participants()
    _recordings()


def _placements() -> None:
    op.create_table(
        "station",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.UniqueConstraint("name", name="uq_station_name"),
    )
    op.create_table(
        "placement",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("width_mm", sa.Float(), nullable=True),
        sa.Column("height_mm", sa.Float(), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name="fk_placement_station_id_station", ondelete="SET NULL"
        ),
    )
    op.create_table(
        "creative",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("placement_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=False),
        _of("creative", "placement"),
        sa.UniqueConstraint("image", name="uq_creative_image"),
    )
    op.create_index("ix_creative_placement_id", "creative", ["placement_id"])
    op.create_table(
        "aoi",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("placement_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("points_px", sa.JSON(), nullable=False),
        _of("aoi", "placement"),
    )
    op.create_index("ix_aoi_placement_id", "aoi", ["placement_id"])


def _participants() -> None:
    op.create_table(
        "participant",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
    )
    op.create_table(
        "participant_private",
        sa.Column("participant_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        _of("participant_private", "participant"),
    )


def _recordings() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("importer", sa.String(), nullable=False),
        sa.Column("importer_version", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.String(), nullable=False),
        sa.Column("daypart", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("imported_utc", sa.String(), nullable=False),
        sa.Column("clock", sa.JSON(), nullable=False),
        sa.Column("camera", sa.JSON(), nullable=True),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        _of("recording", "participant", ondelete="RESTRICT"),
        sa.UniqueConstraint("sha256", name="uq_recording_sha256"),
    )
    op.create_index("ix_recording_participant_id", "recording", ["participant_id"])
    op.create_table(
        "media",
        sa.Column("recording_id", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        _of("media", "recording"),
    )
    op.create_table(
        "stream",
        sa.Column("recording_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        _of("stream", "recording"),
        sa.UniqueConstraint("path", name="uq_stream_path"),
    )
    op.create_table(
        "source_file",
        sa.Column("recording_id", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        _of("source_file", "recording"),
    )
    op.create_table(
        "derived",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("recording_id", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("created_utc", sa.String(), nullable=False),
        _of("derived", "recording"),
        sa.UniqueConstraint("recording_id", "step", "key", name="uq_derived_recording_id_step_key"),
        sa.UniqueConstraint("path", name="uq_derived_path"),
    )
    op.create_index("ix_derived_recording_id", "derived", ["recording_id"])


def _of(table: str, parent: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{parent}_id_{parent}"
    return sa.ForeignKeyConstraint([f"{parent}_id"], [f"{parent}.id"], name=name, ondelete=ondelete)
