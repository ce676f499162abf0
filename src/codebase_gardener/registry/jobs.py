"""Jobs: trainings that were asked for. What changes their states is in `job_states.py`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from codebase_gardener.registry import adapters, projects, schema
from codebase_gardener.registry.rows import JobRow, row_as
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.names import check_name

__all__ = ["find", "get", "list_jobs", "next_queued", "reserve"]

_table = schema.jobs


def reserve(
    connection: Connection,
    project: str,
    adapter_name: str,
    directory_for: Callable[[str], Path],
    *,
    spec_hash: str,
    dataset_hash: str,
    base_id: str,
    base_hash: str,
    device: str,
    commit: str | None = None,
    snapshot_id: str | None = None,
) -> JobRow:
    """Queue a training under a version number of its own, or return the job that does the same work.

    The same work is: project, adapter name, dataset hash and spec hash. Its job is returned in whatever
    state it is, until it, or the version it made, is deleted.

    Args:
        project: Whose adapter is trained.
        adapter_name: A new version of it.
        directory_for: Job id → job directory. Called before others can see the job, so that it may also
            make the directory: whoever claims the job finds it complete.
        spec_hash: Of options and base.
        dataset_hash: Of the rows.
        base_id: The base's pinned id.
        base_hash: Of the base's weights.
        device: `host:device`.
        commit: Revision of the snapshot the rows were made from.
        snapshot_id: Of that snapshot.

    Raises:
        NotFoundError: There is no such project.
        InvalidInputError: The adapter's name cannot be a folder's.
    """
    check_name(adapter_name, "adapter name")
    project_id = projects.locked(connection, project).id
    if existing := find(connection, project, adapter_name, dataset_hash, spec_hash):
        return existing
    job_id = _new_id()
    values = {
        "id": job_id,
        "project_id": project_id,
        "adapter_name": adapter_name,
        "version": adapters.next_version(connection, project_id, adapter_name),
        "state": "queued",
        "device": device,
        "directory": directory_for(job_id),
        "spec_hash": spec_hash,
        "dataset_hash": dataset_hash,
        "base_id": base_id,
        "base_hash": base_hash,
        "commit": commit,
        "snapshot_id": snapshot_id,
        "created_at": now(),
    }
    connection.execute(insert(_table).values(values))
    return get(connection, job_id)


def _new_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def find(
    connection: Connection, project: str, adapter_name: str, dataset_hash: str, spec_hash: str
) -> JobRow | None:
    """The job that does this work, in whatever state, or None."""
    query = _select().where(
        schema.projects.c.name == project,
        _table.c.adapter_name == adapter_name,
        _table.c.dataset_hash == dataset_hash,
        _table.c.spec_hash == spec_hash,
    )
    return _one(connection, query)


def get(connection: Connection, job_id: str) -> JobRow:
    """One job.

    Raises:
        NotFoundError: There is none of that id.
    """
    job = _one(connection, _select().where(_table.c.id == job_id))
    if job is None:
        raise NotFoundError(
            f"there is no job {job_id!r}", hint="see `gardener jobs list`", context={"job": job_id}
        )
    return job


def list_jobs(
    connection: Connection,
    project: str | None = None,
    states: Iterable[str] | None = None,
    limit: int | None = 50,
) -> list[JobRow]:
    """Jobs, newest first.

    Raises:
        NotFoundError: There is no such project.
    """
    query = _select()
    if project is not None:
        query = query.where(_table.c.project_id == projects.get(connection, project).id)
    if states is not None:
        query = query.where(_table.c.state.in_(list(states)))
    newest = query.order_by(_table.c.created_at.desc(), _table.c.id.desc()).limit(limit)
    return [row_as(JobRow, row) for row in connection.execute(newest).mappings()]


def next_queued(connection: Connection, device: str) -> JobRow | None:
    """The job that has waited longest for a device, or None."""
    waiting = _select().where(_table.c.state == "queued", _table.c.device == device)
    return _one(connection, waiting.order_by(_table.c.created_at, _table.c.id).limit(1))


def _select() -> Select[Any]:
    return select(_table, schema.projects.c.name.label("project")).join(
        schema.projects, schema.projects.c.id == _table.c.project_id
    )


def _one(connection: Connection, query: Select[Any]) -> JobRow | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else row_as(JobRow, row)
