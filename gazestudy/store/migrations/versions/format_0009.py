"""Facets of placements."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; placements so far are flat."""
    op.add_column("placement", sa.Column("facets", sa.JSON(), nullable=False, server_default="[]"))
