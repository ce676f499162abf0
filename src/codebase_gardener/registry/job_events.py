"""What happens in a job, for who is on another machine: the lines of its `events.jsonl`, by number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from codebase_gardener.registry import jobs, schema
from codebase_gardener.registry.clock import DatabaseTime
from codebase_gardener.registry.rows import JobEventRow, row_as

__all__ = ["append", "last_seq", "list_events"]

_table = schema.job_events


def append(connection: Connection, job_id: str, events: Collection[tuple[int, Mapping[str, Any]]]) -> int:
    """Add events under their numbers; a number that is there is left as it is, so that who is unsure sends again.

    Args:
        job_id: Of the job.
        events: Number, from 1 on, and the event as JSON.

    Returns:
        How many were new.

    Raises:
        NotFoundError: There is no such job.
    """
    rows = [{"job_id": job_id, "seq": seq, "event": dict(event)} for seq, event in events]
    jobs.get(connection, job_id)
    if not rows:
        return 0
    added = _insert(connection).values([{**row, "at": DatabaseTime()} for row in rows])
    return len(connection.scalars(added.returning(_table.c.seq)).all())


def _insert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(_table).on_conflict_do_nothing()
    return postgresql.insert(_table).on_conflict_do_nothing()


def list_events(
    connection: Connection, job_id: str, *, after: int = 0, limit: int | None = None
) -> list[JobEventRow]:
    """A job's events, the oldest first.

    Args:
        job_id: Of the job; of one that is not there, there are none.
        after: Only those with a higher number: the `seq` of the last one that is known.
        limit: At most so many.
    """
    newer = select(_table).where(_table.c.job_id == job_id, _table.c.seq > after)
    rows = connection.execute(newer.order_by(_table.c.seq).limit(limit)).mappings()
    return [row_as(JobEventRow, row) for row in rows]


def last_seq(connection: Connection, job_id: str) -> int:
    """The highest number of a job's events: a node that goes on with it counts on from there. 0 without any."""
    return connection.scalar(select(func.max(_table.c.seq)).where(_table.c.job_id == job_id)) or 0
