"""Labels of AOIs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; AOIs so far have no label."""
    op.add_column("aoi", sa.Column("label", sa.String(), nullable=False, server_default=""))
