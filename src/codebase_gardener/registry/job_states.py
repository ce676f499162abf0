"""The states of a job: queued → training → ready | error | cancelled.

Every change is one conditional UPDATE, so of two processes that try, one does it and one is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from codebase_gardener.registry import jobs, schema
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import ConflictError

__all__ = ["MAY_COME_FROM", "cancel", "change", "claim", "delete_job", "fail", "requeue"]

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


def claim(connection: Connection, job_id: str) -> bool:
    """Take a queued job to train it. Returns False where it is not queued, or its device is in use."""
    queued = (_table.c.id == job_id) & _table.c.state.in_(MAY_COME_FROM["training"])
    statement = update(_table).where(queued).values(state="training", started_at=now())
    try:
        with connection.begin_nested():
            return connection.execute(statement).rowcount == 1
    except IntegrityError:  # the index allows one training a device
        return False


def requeue(
    connection: Connection, job_id: str, *, device: str | None = None, base_id: str | None = None
) -> JobRow:
    """Put a failed or cancelled job back into the queue; on another device, or with a base that has moved.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is neither failed nor cancelled.
    """
    given = {"device": device, "base_id": base_id}
    moved = {name: value for name, value in given.items() if value is not None}
    return change(connection, job_id, "queued", error=None, ended_at=None, **moved)


def fail(connection: Connection, job_id: str, error: str) -> JobRow:
    """End a queued or training job as an error, with what was wrong.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has ended already.
    """
    # whatever a crash wrote can be stored: PostgreSQL takes no NUL, SQLite no lone surrogate
    storable = error.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return change(connection, job_id, "error", error=storable, ended_at=now())


def cancel(connection: Connection, job_id: str) -> JobRow:
    """End a queued or training job as cancelled.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has ended already.
    """
    return change(connection, job_id, "cancelled", ended_at=now())


def change(connection: Connection, job_id: str, state: str, **values: Any) -> JobRow:
    """Move a job to a state that `MAY_COME_FROM` allows.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is in a state from which that is not possible.
    """
    allowed = MAY_COME_FROM[state]
    statement = update(_table).where(_table.c.id == job_id, _table.c.state.in_(allowed))
    changed = connection.execute(statement.values(state=state, **values)).rowcount
    job = jobs.get(connection, job_id)
    if not changed:
        raise _not_from(job, f"become {state}", allowed)
    return job


def delete_job(connection: Connection, job_id: str) -> JobRow:
    """Delete a job that has no version: its work can then be reserved anew, under a new number.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is training, or has become a version.
    """
    statement = delete(_table).where(_table.c.id == job_id, _table.c.state.in_(_DELETABLE))
    job = jobs.get(connection, job_id)
    if connection.execute(statement).rowcount == 0:
        raise _not_from(jobs.get(connection, job_id), "be deleted", _DELETABLE)
    return job


def _not_from(job: JobRow, wish: str, allowed: Iterable[str]) -> ConflictError:
    return ConflictError(
        f"job {job.id} is {job.state} and cannot {wish}",
        hint=f"only a job that is {' or '.join(allowed)} can; see `gardener jobs show {job.id}`",
        context={"job": job.id, "state": job.state, "adapter": str(job.ref)},
    )
