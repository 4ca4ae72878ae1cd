"""Field observation: points, observers, field logs, observation sessions and their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _link(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{target}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "point",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("station_id", sa.Integer(), nullable=False),
        *_text("name"),
        _link("point", "station_id", "station", "CASCADE"),
        sa.UniqueConstraint("station_id", "name", name="uq_point_station_id_name"),
    )
    op.create_table("observer", sa.Column("id", sa.String(), primary_key=True))
    op.create_table(
        "observer_private",
        sa.Column("observer_id", sa.String(), primary_key=True),
        *_text("name"),
        _link("observer_private", "observer_id", "observer", "CASCADE"),
        sa.UniqueConstraint("name", name="uq_observer_private_name"),
    )
    op.create_table(
        "field_log",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        *_text("name", "importer"),
        sa.Column("importer_version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("sources", "provenance", "findings")),
        *_text("path"),
        sa.Column("files", sa.JSON(), nullable=False),
        *_text("imported_utc"),
        sa.UniqueConstraint("path", name="uq_field_log_path"),
    )
    op.create_table(
        "observation_session",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_text("session_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_text("field_log_id"),
        sa.Column("station_id", sa.Integer()),
        sa.Column("point_id", sa.Integer()),
        sa.Column("observer_id", sa.String()),
        *_text("started_at", "stopped_at", "sha256"),
        _link("observation_session", "field_log_id", "field_log", "CASCADE"),
        _link("observation_session", "station_id", "station", "SET NULL"),
        _link("observation_session", "point_id", "point", "SET NULL"),
        _link("observation_session", "observer_id", "observer", "SET NULL"),
        sa.UniqueConstraint("session_id", "version", name="uq_observation_session_session_id_version"),
    )
    op.create_index("ix_observation_session_field_log_id", "observation_session", ["field_log_id"])
    op.create_table(
        "field_private",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("observation_session_id", sa.Integer(), nullable=False),
        *_text("respondent_id", "item", "value"),
        _link("field_private", "observation_session_id", "observation_session", "CASCADE"),
    )
    op.create_index("ix_field_private_observation_session_id", "field_private", ["observation_session_id"])
