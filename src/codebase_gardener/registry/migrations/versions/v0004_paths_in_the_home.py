"""Paths that lie in the home are kept relative to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from codebase_gardener.registry.schema import HOME
from codebase_gardener.utils.home_paths import kept_path, real_path

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = (("versions", "directory"), ("jobs", "directory"), ("snapshots", "path"))


def upgrade() -> None:
    """Cut the home off, also where it lay elsewhere when the path was written."""
    home = HOME.get()
    connection = op.get_bind()
    for name, column in _COLUMNS:
        table = sa.table(name, sa.column("id"), sa.column(column, sa.String))
        for row in connection.execute(sa.select(table.c.id, table.c[column])).all():
            kept = kept_path(real_path(row[1], home), home)
            if kept != row[1]:
                connection.execute(sa.update(table).where(table.c.id == row[0]).values({column: kept}))


def downgrade() -> None:
    """Write whole paths again."""
    home = HOME.get()
    connection = op.get_bind()
    for name, column in _COLUMNS:
        table = sa.table(name, sa.column("id"), sa.column(column, sa.String))
        for row in connection.execute(sa.select(table.c.id, table.c[column])).all():
            whole = str(real_path(row[1], home))
            connection.execute(sa.update(table).where(table.c.id == row[0]).values({column: whole}))
