"""Which adapter of a project answers where none is named."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; NULL means the adapter that is called default."""
    op.add_column("projects", sa.Column("current_adapter", sa.Text, nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("projects", "current_adapter")
