"""The connection: SQLite or PostgreSQL from a URL, and transactions that read or write.

A server is across a network. A transaction that a deadlock, a serialization failure or a cut ended is run again as a
whole, a few times. Where the cut came while it was being committed, PostgreSQL is asked what became of it
(`pg_xact_status`): so nothing is done twice, and nothing that was done is called a failure.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from codebase_gardener.registry.failures import explained, in_doubt, is_passing, shown_url, was_cut
from codebase_gardener.utils.error_handling import InvalidInputError, RegistryError, ResourceError
from codebase_gardener.utils.files import PRIVATE_FILE, make_folder

__all__ = ["CONNECTIONS", "Database"]

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}

_ATTEMPTS = 10
_RETRIED_S = 15.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 3.0  # about 8 s in all: a server that is restarted is back by then
CONNECTIONS = 10
"""How many connections a process has to PostgreSQL at most."""

R = TypeVar("R")

_SERVER = (
    "CAST(pg_postmaster_start_time() AS TEXT), substring(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"
)
"""When it was started, and its timeline."""


class _Sent(NamedTuple):
    """A transaction whose COMMIT is on its way to PostgreSQL.

    A server that is killed forgets numbers that it has not written down, and gives them to others: whether it was begun
    anew since, and with which number it went on, is asked, too. A server of another timeline knows nothing of it.
    """

    number: int
    server_began: str
    timeline: str

    @classmethod
    def on(cls, connection: Connection) -> _Sent | None:
        """The one of a connection; None where it changes nothing."""
        number, *server = connection.execute(
            text(f"SELECT pg_current_xact_id_if_assigned(), {_SERVER}")
        ).one()
        return cls(int(number), *server) if number is not None else None

    def status(self, connection: Connection) -> str | None:
        """ "committed", "aborted", "in progress", or None where this server cannot know."""
        began, timeline = connection.execute(text(f"SELECT {_SERVER}")).one()
        if timeline != self.timeline:
            return None
        if began != self.server_began:  # a checkpoint ends its recovery, before anybody may connect
            kept = "SELECT next_xid FROM pg_control_checkpoint()"
            epoch, _, number = str(connection.scalar(text(kept))).partition(":")
            if self.number >= (int(epoch) << 32) + int(number):
                return "aborted"
        asked = text("SELECT pg_xact_status(CAST(CAST(:number AS TEXT) AS xid8))")
        found: str | None = connection.scalar(asked, {"number": str(self.number)})
        return found


class Database:
    """One database, for all threads of a process.

    Args:
        url: `sqlite:///FILE`, `postgresql://USER:PASSWORD@HOST:PORT/NAME`, or the path of a SQLite file.
        wait_s: How long to wait for another writer, in seconds.
        connections: To PostgreSQL, for all threads together.

    Raises:
        InvalidInputError: Not a URL of SQLite or PostgreSQL.
        ResourceError: The folder of the SQLite file cannot be made.
    """

    def __init__(self, url: str | Path, *, wait_s: float = 30.0, connections: int = CONNECTIONS) -> None:
        self.url = _parsed(url)
        self.shown_url = shown_url(self.url)
        self.wait_s = wait_s
        if self.file is not None:
            self.engine = self._reading = _sqlite(self.url, wait_s)
        else:
            self.engine = _postgresql(self.url, wait_s, connections)
            self._reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def read_only(self) -> bool:
        """Whether the file, or where it lies, cannot be written: then it is only read, and nothing waits for it."""
        return self.file is not None and _is_read_only(self.file)

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database or "") if self.url.drivername == "sqlite" else None

    def run(self, work: Callable[[Connection], R], *, writes: bool, attempts: int | None = None) -> R:
        """Run a function in a transaction of its own, and again where what ended it passes.

        Args:
            work: Run once, or a few times; only what the last run did to the database counts.
            writes: Whether it may write.
            attempts: How often at most; by default for as long as a server takes to be restarted.

        Raises:
            RegistryError: The database cannot be used; or a cut leaves it open whether the change was made.
        """
        with self._explaining():
            if self.file is not None:  # SQLite waits by itself, and is never cut off
                return self._run_once(work, writes)
            try:
                return self._run_once(work, writes)
            except Exception as error:
                if not is_passing(error):
                    raise
            time.sleep(random.uniform(0, _FIRST_WAIT_S))  # two that met must not meet again
            return self._run_again(work, writes, (attempts or _ATTEMPTS) - 1)

    def _run_again(self, work: Callable[[Connection], R], writes: bool, attempts: int) -> R:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
        from tenacity.wait import wait_random_exponential

        retrying = Retrying(
            stop=stop_after_attempt(attempts) | stop_after_delay(_RETRIED_S),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            retry=retry_if_exception(is_passing),
            reraise=True,
        )
        result: R = retrying(self._run_once, work, writes)
        return result

    def _run_once(self, work: Callable[[Connection], R], writes: bool) -> R:
        engine = self.engine.execution_options(writes=True) if writes else self._reading
        sent: _Sent | None = None
        try:
            with engine.connect() as connection, connection.begin() as transaction:
                result = work(connection)
                if writes and self.file is None:
                    sent = _Sent.on(connection)
                transaction.commit()
        except Exception as error:
            if sent is None or not was_cut(error) or not self._was_committed(sent, error):
                raise
        return result

    def _was_committed(self, sent: _Sent, cut: Exception) -> bool:
        """What became of a transaction whose connection was cut while it was being committed."""
        from tenacity import (
            RetryError,
            Retrying,
            retry_any,
            retry_if_exception,
            retry_if_result,
            stop_after_delay,
            wait_fixed,
        )

        def ask() -> str | None:
            with self.engine.connect() as connection:
                return sent.status(connection)

        passing = retry_any(
            retry_if_exception(is_passing), retry_if_result(lambda said: said == "in progress")
        )
        try:
            said = Retrying(stop=stop_after_delay(_RETRIED_S), wait=wait_fixed(0.2), retry=passing)(ask)
        except (RetryError, DBAPIError):  # such as of a standby that has never heard of it
            said = None
        if said not in ("committed", "aborted"):
            raise in_doubt(self.url) from cut
        return said == "committed"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with self._transaction(self._reading) as connection:
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


_NETWORK = {
    "connect_timeout": 10,
    # a peer that is gone without a word is noticed after half a minute, not after hours
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""Parameters of libpq; the URL's own come first."""


def _postgresql(url: URL, wait_s: float, connections: int) -> Engine:
    network = {name: value for name, value in _NETWORK.items() if name not in url.query}
    try:
        engine = create_engine(
            url,
            connect_args=network,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=wait_s,
            pool_use_lifo=True,
        )
    except ImportError as error:
        raise RegistryError(
            "the driver of PostgreSQL is not installed",
            hint="pip install -c constraints.txt '.[postgresql]'",
        ) from error

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        wait_ms = int(wait_s * 1000)
        connection.autocommit = True
        # whoever hangs, or is cut off, within a transaction holds its locks no longer than that
        connection.execute(
            f"SET lock_timeout = {wait_ms}; SET statement_timeout = {2 * wait_ms}; "
            f"SET idle_in_transaction_session_timeout = {2 * wait_ms}"
        )
        connection.autocommit = False

    return engine
