"""A job's spec is in its directory alone: the worker always read it there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the copy."""
    op.drop_column("jobs", "spec")


def downgrade() -> None:
    """Add the column, empty."""
    op.add_column("jobs", sa.Column("spec", sa.Text, nullable=False, server_default="{}"))
