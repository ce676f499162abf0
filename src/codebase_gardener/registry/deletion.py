"""Deleting several things in one transaction: all of them go, or none."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from codebase_gardener.registry import job_states, versions
from codebase_gardener.utils.names import AdapterRef

__all__ = ["delete_all"]


def delete_all(connection: Connection, refs: Iterable[AdapterRef], job_ids: Iterable[str]) -> None:
    """Delete versions, and jobs that have none. The caller holds the versions' leases, and removes the files.

    Raises:
        NotFoundError: There is no such version or job; nothing is deleted.
        ConflictError: One of the jobs is training, or has become a version; nothing is deleted.
    """
    for ref in refs:
        versions.delete_version(connection, ref)
    for job_id in job_ids:
        job_states.delete_job(connection, job_id)
