"""The connection: SQLite or PostgreSQL from a URL, and transactions that read or write."""

from __future__ import annotations

import os
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
from codebase_gardener.utils.files import PRIVATE_FILE, make_folder

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
    def read_only(self) -> bool:
        """Whether the file, or where it lies, cannot be written: then it is only read, and nothing waits for it."""
        return self.file is not None and _is_read_only(self.file)

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

    def damage(self) -> str:
        """What SQLite's own check of the whole file finds first, or ""; PostgreSQL looks after itself.

        Raises:
            RegistryError: It is damaged so badly that it cannot be checked.
        """
        if self.file is None:
            return ""
        with self.read() as connection:
            found = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
        return "" if found == "ok" else found.strip().splitlines()[-1]

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
    file = Path(url.database or "").absolute()
    if _is_read_only(file):
        engine = create_engine(_for_reading(file), connect_args={"timeout": wait_s})
    else:
        _make_private(file)
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


def _is_read_only(file: Path) -> bool:
    """SQLite writes beside the file too."""
    return file.is_file() and not all(os.access(path, os.W_OK) for path in (file, file.parent))


def _for_reading(file: Path) -> URL:
    """As it lies there; with the log beside it, where a writer that was cut short left one that can be used."""
    log, index = (file.with_name(f"{file.name}-{part}") for part in ("wal", "shm"))
    with_log = log.exists() and log.stat().st_size and index.exists()
    options = {"mode": "ro", "uri": "true", **({} if with_log else {"immutable": "1"})}
    return URL.create("sqlite", database=file.as_uri(), query=options)


def _make_private(file: Path) -> None:
    """Its owner's alone: what SQLite writes beside it takes its mode."""
    make_folder(file.parent)
    try:
        if not file.exists():
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE))
    except OSError as error:
        raise ResourceError(
            f"the registry {file} cannot be made: {error.strerror}",
            hint="set CODEBASE_GARDENER_HOME to a folder that can be written",
            context={"path": str(file)},
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
