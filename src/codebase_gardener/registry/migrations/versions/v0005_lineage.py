"""The adapter that a version went on from, and what was new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; NULL means that it began from nothing."""
    op.add_column("versions", sa.Column("lineage", sa.Text, nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("versions", "lineage")
