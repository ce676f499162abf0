"""The registry: every call is one transaction on one database.

Example:
    >>> import tempfile
    >>> registry = Registry(Path(tempfile.mkdtemp()) / "registry.db")
    >>> registry.add_project("demo", "/src/demo", "git").name
    'demo'
    >>> registry.versions("demo")
    []
    >>> registry.close()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from codebase_gardener.registry import adapters, contents, listing, placements, snapshots, verdicts
from codebase_gardener.registry import holds as hold_rows
from codebase_gardener.registry import job_events as event_rows
from codebase_gardener.registry import jobs as job_rows
from codebase_gardener.registry import projects as project_rows
from codebase_gardener.registry import receipts as receipt_rows
from codebase_gardener.registry import versions as version_rows
from codebase_gardener.registry.database import CONNECTIONS, Database
from codebase_gardener.registry.schema import HOME
from codebase_gardener.registry.upgrading import upgrade
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.reserve import give_up_reserve, keep_reserve, spending_reserve

__all__ = ["Registry"]

P = ParamSpec("P")
R = TypeVar("R")


def _read(
    function: Callable[Concatenate[Connection, P], R],
) -> Callable[Concatenate[Registry, P], R]:
    """A method that runs `function` in a transaction which only reads."""

    @wraps(function)
    def method(self: Registry, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.at_home():
            return self.database.run(lambda connection: function(connection, *args, **kwargs), writes=False)

    return method


def _write(
    function: Callable[Concatenate[Connection, P], R],
) -> Callable[Concatenate[Registry, P], R]:
    """A method that runs `function` in a transaction which may write."""

    @wraps(function)
    def method(self: Registry, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.at_home():
            return self.database.run(lambda connection: function(connection, *args, **kwargs), writes=True)

    return method


class Registry:
    """All that is known of projects, jobs and adapters. Safe for many threads and processes.

    What a method takes, returns and raises stands at the function that it is made of.

    Args:
        url: `sqlite:///FILE`, `postgresql://USER:PASSWORD@HOST:PORT/NAME`, or the path of a SQLite file.
        home: What lies in this folder is kept with its path relative to it.
        wait_s: How long to wait for another writer, in seconds.
        connections: To PostgreSQL, for all threads together.

    Raises:
        InvalidInputError: Not a URL of SQLite or PostgreSQL.
        RegistryError: The database cannot be reached or used.
        ResourceError: The file cannot be written, or the disk is full.
    """

    def __init__(
        self,
        url: str | Path,
        *,
        home: Path | None = None,
        wait_s: float = 30.0,
        connections: int = CONNECTIONS,
    ) -> None:
        self.home = home
        self.database = Database(url, wait_s=wait_s, connections=connections)
        try:
            self._upgrade()
        except ResourceError:  # of a full disk: SQLite takes some room to be read
            if home is None:
                raise
            give_up_reserve(home)
            self._upgrade()
        if home is not None and not self.database.read_only:
            keep_reserve(home)

    def _upgrade(self) -> None:
        with self.at_home():
            upgrade(self.database)

    def spending_reserve(self) -> AbstractContextManager[None]:
        """A block that frees room, or says why something ended, on a disk that may be full."""
        return spending_reserve(self.home)

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Paths within the block are those of this registry's home."""
        token = HOME.set(self.home)
        try:
            yield
        finally:
            HOME.reset(token)

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    add_project = _write(project_rows.add)
    check_project_source = _read(project_rows.check_source)
    project = _read(project_rows.get)
    delete_project = _write(project_rows.delete_project)
    delete_empty_project = _write(project_rows.delete_empty)
    set_current_adapter = _write(project_rows.set_current_adapter)
    projects = _read(project_rows.list_projects)

    add_snapshot = _write(snapshots.add)
    add_snapshot_of = _write(snapshots.add_with_project)
    latest_snapshot = _read(snapshots.latest)
    list_snapshots = _read(snapshots.list_snapshots)

    reserve_job = _write(job_rows.reserve)
    find_job = _read(job_rows.find)
    job = _read(job_rows.get)
    next_queued = _read(job_rows.next_queued)
    claim_job = _write(job_rows.claim)
    requeue_job = _write(job_rows.requeue)
    fail_job = _write(job_rows.fail)
    cancel_job = _write(job_rows.cancel)
    delete_job = _write(job_rows.delete_job)
    jobs = _read(job_rows.list_jobs)
    job_spec = _read(job_rows.spec_of)

    claim_next_job = _write(placements.claim_next)
    beat = _write(placements.beat)
    request_cancel = _write(placements.request_cancel)
    cancel_requested = _read(placements.cancel_requested)
    stale_jobs = _read(placements.stale_jobs)
    requeue_stale_job = _write(placements.requeue_stale)

    append_job_events = _write(event_rows.append)
    job_events = _read(event_rows.list_events)
    last_job_event = _read(event_rows.last_seq)

    hold_versions = _write(hold_rows.hold)
    give_back_holds = _write(hold_rows.give_back)
    holds = _read(hold_rows.held)

    reserve_version = _write(adapters.reserve_version)
    give_back_version = _write(adapters.give_back_version)
    reserve_up_to = _write(adapters.reserve_up_to)
    publish = _write(version_rows.publish)
    publish_imported = _write(version_rows.publish_imported)
    version = _read(version_rows.get)
    delete_version = _write(version_rows.delete_version)
    delete_all = _write(version_rows.delete_all)
    versions = _read(version_rows.list_versions)
    parent_of = _read(version_rows.parent_of)
    set_active = _write(adapters.set_active)
    active_version = _read(adapters.active_version)

    add_receipt = _write(receipt_rows.add)
    receipts = _read(receipt_rows.list_receipts)
    add_verdict = _write(verdicts.add)
    latest_verdict = _read(verdicts.latest)
    latest_verdicts = _read(verdicts.latest_of)

    listed_projects = _read(listing.listed_projects)
    listed_versions = _read(listing.listed_versions)

    known_directories = _read(contents.known_directories)
    rows_without_files = _read(contents.rows_without_files)
    stored_bytes = _read(contents.stored_bytes)
