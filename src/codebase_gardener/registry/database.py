"""The connection: SQLite or PostgreSQL from a URL, and transactions that read or write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from codebase_gardener.registry.failures import explained, shown_url
from codebase_gardener.utils.error_handling import InvalidInputError, RegistryError, ResourceError

__all__ = ["Database"]

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class Database:
    """One database, for all threads of a process.

    Args:
        url: `sqlite:///FILE`, `postgresql://USER:PASSWORD@HOST:PORT/NAME`, or the path of a SQLite file.
        wait_s: How long to wait for another writer, in seconds.

    Raises:
        InvalidInputError: Not a URL of SQLite or PostgreSQL.
        ResourceError: The folder of the SQLite file cannot be made.
    """

    def __init__(self, url: str | Path, *, wait_s: float = 30.0) -> None:
        self.url = _parsed(url)
        self.shown_url = shown_url(self.url)
        self.engine = _engine(self.url, wait_s)

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database or "") if self.url.drivername == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with self._transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed as a whole, or not at all."""
        with self._transaction(self.engine.execution_options(writes=True)) as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with self._explaining(), engine.begin() as connection:
            yield connection

    def log_ahead(self) -> None:
        """Turn on SQLite's write-ahead log, for good: with it readers and a writer never wait for each other.

        Of processes that do so at once, some fail at once, whatever `wait_s` (4 of 1,200 in a trial): `upgrading`
        calls it under a lock.
        """
        with self._explaining(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (StatementError, PoolTimeout, sqlite3.Error, UnicodeEncodeError) as error:
            raise explained(error, self.url) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _parsed(url: str | Path) -> URL:
    if isinstance(url, Path):
        return URL.create("sqlite", database=str(url.absolute()))
    try:
        parsed = make_url(url)
        driver = _DRIVERS[parsed.drivername.partition("+")[0]]
    except (ArgumentError, KeyError, ValueError):
        raise _not_a_url() from None  # its text could hold a password
    if driver == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _not_a_url()
    return parsed.set(drivername=driver)


def _not_a_url() -> InvalidInputError:
    return InvalidInputError(
        "the registry's URL is not one of SQLite or PostgreSQL",
        hint="write sqlite:////absolute/file.db or postgresql://USER@HOST:PORT/NAME",
    )


def _engine(url: URL, wait_s: float) -> Engine:
    return _sqlite(url, wait_s) if url.drivername == "sqlite" else _postgresql(url, wait_s)


def _sqlite(url: URL, wait_s: float) -> Engine:
    _make_folder(Path(url.database or "").absolute().parent)
    engine = create_engine(url, connect_args={"timeout": wait_s})

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # a writer takes its lock at once: a reader that later wants to write can only fail
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"cannot make the folder of the registry, {folder}: {error.strerror}",
            hint="set CODEBASE_GARDENER_HOME to a folder that can be written",
            context={"path": str(folder)},
        ) from error


def _postgresql(url: URL, wait_s: float) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except ImportError as error:
        raise RegistryError(
            "the driver of PostgreSQL is not installed",
            hint="pip install -c constraints.txt '.[postgresql]'",
        ) from error

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {int(wait_s * 1000)}")
        connection.autocommit = False

    return engine
