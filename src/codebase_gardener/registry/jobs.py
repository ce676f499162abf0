"""Jobs: trainings that were asked for, and their states: queued → training → ready | error | cancelled.

Every change of state is one conditional UPDATE, so of two processes that try, one does it and one is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from codebase_gardener.registry import adapters, projects, schema
from codebase_gardener.registry.clock import DatabaseTime
from codebase_gardener.registry.rows import JobRow, row_as
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError
from codebase_gardener.utils.names import check_name

__all__ = [
    "MAY_COME_FROM",
    "cancel",
    "change",
    "claim",
    "delete_job",
    "fail",
    "find",
    "get",
    "list_jobs",
    "next_queued",
    "refusal",
    "requeue",
    "reserve",
    "selected",
    "spec_of",
]

_table = schema.jobs

# state → the states that it may come from
MAY_COME_FROM = {
    "queued": ("error", "cancelled"),
    "training": ("queued",),
    "ready": ("training",),
    "error": ("queued", "training"),
    "cancelled": ("queued", "training"),
}
_DELETABLE = ("queued", "error", "cancelled")


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
    spec: Mapping[str, Any] | None = None,
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
        spec: What to train, as JSON with paths relative to the home: what `spec.json` says, for other machines.

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
        "created_at": now(connection),
        **_spec(spec),
    }
    connection.execute(insert(_table).values(values))
    return get(connection, job_id)


def _spec(spec: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if spec is None else {"spec": dict(spec)}


def _new_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def find(
    connection: Connection, project: str, adapter_name: str, dataset_hash: str, spec_hash: str
) -> JobRow | None:
    """The job that does this work, in whatever state, or None."""
    query = selected().where(
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
    job = _one(connection, selected().where(_table.c.id == job_id))
    if job is None:
        raise NotFoundError(
            f"there is no job {job_id!r}", hint="see `gardener jobs list`", context={"job": job_id}
        )
    return job


def spec_of(connection: Connection, job_id: str) -> dict[str, Any]:
    """What a job is to train, as JSON with paths relative to the home: for a machine that has no `spec.json` of it.

    Raises:
        NotFoundError: There is no such job, or an earlier version reserved it, which kept it in the folder only.
    """
    job = get(connection, job_id)
    kept: dict[str, Any] | None = connection.scalar(select(_table.c.spec).where(_table.c.id == job_id))
    if kept is None:
        raise NotFoundError(
            f"the registry has no spec of job {job_id}: an earlier version reserved it",
            hint=f"train it on the machine that has {job.directory}, or submit it again",
            context={"job": job_id},
        )
    return kept


def list_jobs(
    connection: Connection,
    project: str | None = None,
    states: Collection[str] | None = None,
    limit: int | None = 50,
) -> list[JobRow]:
    """Jobs, newest first.

    Raises:
        NotFoundError: There is no such project.
    """
    query = selected()
    if project is not None:
        query = query.where(_table.c.project_id == projects.get(connection, project).id)
    if states is not None:
        query = query.where(_table.c.state.in_(list(states)))
    newest = query.order_by(_table.c.created_at.desc(), _table.c.id.desc()).limit(limit)
    return [row_as(JobRow, row) for row in connection.execute(newest).mappings()]


def next_queued(connection: Connection, device: str) -> JobRow | None:
    """The job that has waited longest for a device, or None."""
    waiting = selected().where(_table.c.state == "queued", _table.c.device == device)
    return _one(connection, waiting.order_by(_table.c.created_at, _table.c.id).limit(1))


def selected() -> Select[Any]:
    """All columns of `JobRow`."""
    return select(_table, schema.projects.c.name.label("project")).join(
        schema.projects, schema.projects.c.id == _table.c.project_id
    )


def _one(connection: Connection, query: Select[Any]) -> JobRow | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else row_as(JobRow, row)


def claim(connection: Connection, job_id: str, *, node: str | None = None) -> bool:
    """Take a queued job to train it. Returns False where it is not queued, or its device is in use.

    Args:
        connection: Of the transaction.
        job_id: Of the job.
        node: Who trains it, where a cluster places the jobs: then its device may train others, too.
    """
    queued = (_table.c.id == job_id) & _table.c.state.in_(MAY_COME_FROM["training"])
    of_node = {} if node is None else {"node": node, "beat_at": DatabaseTime()}
    statement = update(_table).where(queued).values(state="training", started_at=now(connection), **of_node)
    try:
        with connection.begin_nested():
            return connection.execute(statement).rowcount == 1
    except IntegrityError:  # the index allows one training a device
        return False


def requeue(
    connection: Connection,
    job_id: str,
    *,
    device: str | None = None,
    base_id: str | None = None,
    spec: Mapping[str, Any] | None = None,
) -> JobRow:
    """Put a failed or cancelled job back into the queue; on another device, or with a base that has moved.

    Args:
        connection: Of the transaction.
        job_id: Of the job.
        device: Where it goes on, if not where it was.
        base_id: The base's pinned id, if that is another.
        spec: What other machines are to train, if that is changed.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is neither failed nor cancelled.
    """
    given = {"device": device, "base_id": base_id}
    moved = {name: value for name, value in given.items() if value is not None}
    of_node = {"node": None, "beat_at": None, "cancel_requested": False}
    return change(connection, job_id, "queued", error=None, ended_at=None, **of_node, **moved, **_spec(spec))


def fail(connection: Connection, job_id: str, error: str) -> JobRow:
    """End a queued or training job as an error, with what was wrong.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has ended already.
    """
    # whatever a crash wrote can be stored: PostgreSQL takes no NUL, SQLite no lone surrogate
    storable = error.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return change(connection, job_id, "error", error=storable, ended_at=now(connection))


def cancel(connection: Connection, job_id: str) -> JobRow:
    """End a queued or training job as cancelled.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has ended already.
    """
    return change(connection, job_id, "cancelled", ended_at=now(connection))


def change(connection: Connection, job_id: str, state: str, **values: Any) -> JobRow:
    """Move a job to a state that `MAY_COME_FROM` allows.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is in a state from which that is not possible.
    """
    allowed = MAY_COME_FROM[state]
    statement = update(_table).where(_table.c.id == job_id, _table.c.state.in_(allowed))
    changed = connection.execute(statement.values(state=state, **values)).rowcount
    job = get(connection, job_id)
    if not changed:
        raise refusal(job, f"become {state}", allowed)
    return job


def delete_job(connection: Connection, job_id: str) -> JobRow:
    """Delete a job that has no version: its work can then be reserved anew, under a new number.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is training, or has become a version.
    """
    statement = delete(_table).where(_table.c.id == job_id, _table.c.state.in_(_DELETABLE))
    job = get(connection, job_id)
    if connection.execute(statement).rowcount == 0:
        raise refusal(get(connection, job_id), "be deleted", _DELETABLE)
    return job


def refusal(job: JobRow, wish: str, allowed: Iterable[str]) -> ConflictError:
    """The error of a change that a job's state does not allow."""
    return ConflictError(
        f"job {job.id} is {job.state} and cannot {wish}",
        hint=f"only a job that is {' or '.join(allowed)} can; see `gardener jobs show {job.id}`",
        context={"job": job.id, "state": job.state, "adapter": str(job.ref)},
    )
