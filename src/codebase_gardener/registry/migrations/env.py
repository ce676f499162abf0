"""What Alembic runs: all migrations on the connection it is handed, within its transaction."""

from __future__ import annotations

from alembic import context

from codebase_gardener.registry.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
