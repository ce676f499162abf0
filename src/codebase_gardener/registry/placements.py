"""Jobs that a cluster places: which node runs one, its heartbeat, the wish to cancel it.

A job of a node is alive while its heartbeat is young by the database's clock. One whose node died goes back to the
queue by one conditional UPDATE, so of several that notice, one does it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, case, select, update

from codebase_gardener.registry import jobs, schema
from codebase_gardener.registry.clock import DatabaseTime
from codebase_gardener.registry.rows import JobRow, row_as
from codebase_gardener.registry.timestamps import now

__all__ = ["beat", "cancel_requested", "claim_next", "request_cancel", "requeue_stale", "stale_jobs"]

_table = schema.jobs


def claim_next(connection: Connection, device: str, node: str) -> JobRow | None:
    """Take the job that has waited longest for a device, to train it on a node; None where none waits.

    Machines that ask at once get different jobs, and none waits for another.

    Args:
        device: As the jobs were reserved with.
        node: Who trains it; a start anew should have a name of its own, so that `beat` tells the two apart.
    """
    waiting = select(_table.c.id).where(_table.c.state == "queued", _table.c.device == device)
    first = waiting.order_by(_table.c.created_at, _table.c.id).limit(1).with_for_update(skip_locked=True)
    job_id = connection.scalar(first)
    if job_id is None or not jobs.claim(connection, job_id, node=node):
        return None
    return jobs.get(connection, job_id)


def beat(connection: Connection, job_id: str, node: str) -> bool:
    """Say that a node is training a job.

    Returns:
        Whether the job is still this node's; where it is not, the node has to let go of it.
    """
    mine = update(_table).where(_table.c.id == job_id, _table.c.node == node, _table.c.state == "training")
    return connection.execute(mine.values(beat_at=DatabaseTime())).rowcount == 1


def request_cancel(connection: Connection, job_id: str) -> JobRow:
    """Ask whoever trains a job to end it, on whatever machine; one that is only queued is cancelled at once.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has ended already.
    """
    queued = _table.c.state == "queued"
    state = case((queued, "cancelled"), else_=_table.c.state)
    ended_at = case((queued, now(connection)), else_=_table.c.ended_at)
    statement = update(_table).where(_table.c.id == job_id, _table.c.state.in_(("queued", "training")))
    values = {"cancel_requested": True, "state": state, "ended_at": ended_at}
    changed = connection.execute(statement.values(values)).rowcount
    job = jobs.get(connection, job_id)
    if not changed:
        raise jobs.refusal(job, "be cancelled", ("queued", "training"))
    return job


def cancel_requested(connection: Connection, job_id: str) -> bool:
    """Whether a job is to end, or is gone."""
    asked = connection.scalar(select(_table.c.cancel_requested).where(_table.c.id == job_id))
    return asked is None or asked


def stale_jobs(connection: Connection, older_than_s: float) -> list[JobRow]:
    """Trainings of nodes whose heartbeat is older than that, the oldest first."""
    stale = jobs.selected().where(_stale(older_than_s)).order_by(_table.c.beat_at)
    return [row_as(JobRow, row) for row in connection.execute(stale).mappings()]


def requeue_stale(connection: Connection, job_id: str, older_than_s: float) -> bool:
    """Put the job of a node that died back into the queue, or end it where it was to be cancelled.

    Returns:
        Whether this call did it: False where its node lives, the job has ended, or another was faster.
    """
    to_end = _table.c.cancel_requested
    values = {
        "state": case((to_end, "cancelled"), else_="queued"),
        "ended_at": case((to_end, now(connection)), else_=None),
        "started_at": case((to_end, _table.c.started_at), else_=None),
        "node": None,
        "beat_at": None,
    }
    statement = update(_table).where(_table.c.id == job_id, _stale(older_than_s)).values(values)
    return connection.execute(statement).rowcount == 1


def _stale(older_than_s: float) -> ColumnElement[bool]:
    late = _table.c.beat_at < DatabaseTime() - older_than_s
    return (_table.c.state == "training") & _table.c.node.is_not(None) & late
