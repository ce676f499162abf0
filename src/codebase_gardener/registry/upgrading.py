"""Bringing a database to this code's schema. Alembic is imported only where there is something to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

from codebase_gardener.registry.database import Database
from codebase_gardener.registry.schema import HEAD
from codebase_gardener.utils.error_handling import RegistryError
from codebase_gardener.utils.files import FileLock

__all__ = ["upgrade"]

_ADVISORY_LOCK = 7_402_871_155  # any number: it only has to be ours
_UPGRADE_S = 600
_FIRST_ATTEMPTS = 4


def upgrade(database: Database) -> None:
    """Make the tables, or bring older ones up to date; with one SELECT where they are.

    Two processes may start at once: one upgrades, the other waits and finds it done.

    Raises:
        RegistryError: The schema is newer than this code, or the database cannot be used.
    """
    # a wrong host or password is told soon
    if database.run(_revision, writes=False, attempts=_FIRST_ATTEMPTS) == HEAD:
        return
    with _alone(database):
        database.run(lambda connection: _upgrade(connection, database), writes=True)


def _upgrade(connection: Connection, database: Database) -> None:
    if database.file is None:
        _wait_for_others(connection, database.wait_s)
    _migrate(connection, database.shown_url)


def _wait_for_others(connection: Connection, wait_s: float) -> None:
    """On PostgreSQL: for another machine's upgrade as long as it takes; for who uses the tables no longer than ever."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{_UPGRADE_S}s'"))
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    connection.execute(text(f"SET LOCAL lock_timeout = {int(wait_s * 1000)}"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """On SQLite: with the write-ahead log on, and under a lock file."""
    if database.file is None:
        yield
        return
    with FileLock(database.file.with_name(f"{database.file.name}.lock")):
        database.log_ahead()
        yield


def _migrate(connection: Connection, shown_url: str) -> None:
    """Run the migrations that are missing: none, where another process was first."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "codebase_gardener.registry:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    found = _revision(connection)
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise RegistryError(
            f"registry {shown_url} has schema {found!r}, which this version does not know",
            hint="it was written by a newer Codebase Gardener, or another program: upgrade with "
            "`pip install --upgrade codebase-gardener`, or choose another registry",
            context={"found": found, "known": HEAD},
        ) from error
