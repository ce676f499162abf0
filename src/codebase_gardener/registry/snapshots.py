"""Snapshots: which states of a project's repository have been read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from codebase_gardener.registry import projects, schema
from codebase_gardener.registry.rows import ProjectRow, SnapshotRow, row_as
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["add", "add_with_project", "latest", "list_snapshots"]

_table = schema.snapshots


def add(
    connection: Connection,
    project: str,
    *,
    snapshot_id: str,
    tree_hash: str,
    path: Path,
    commit: str | None = None,
    dirty: bool = False,
) -> SnapshotRow:
    """Add a snapshot, or make it the latest again where it is there.

    The same files can come back under another commit, so the row takes on what is given.

    Raises:
        NotFoundError: There is no such project.
    """
    project_id = projects.locked(connection, project).id
    values = {
        "commit": commit,
        "tree_hash": tree_hash,
        "dirty": dirty,
        "path": path,
        "created_at": now(connection),
    }
    same = (_table.c.project_id == project_id) & (_table.c.snapshot_id == snapshot_id)
    if connection.execute(update(_table).where(same).values(values)).rowcount == 0:
        connection.execute(
            insert(_table).values({**values, "project_id": project_id, "snapshot_id": snapshot_id})
        )
    return latest(connection, project)


def add_with_project(
    connection: Connection, /, project: str, source: str, kind: str, **snapshot: Any
) -> tuple[ProjectRow, SnapshotRow]:
    """Add a snapshot and, where there is none of the name, its project: both or neither.

    Raises:
        InvalidInputError: The name cannot be a folder's.
        ConflictError: The name is taken by another source.
    """
    row = projects.add(connection, project, source, kind)
    return row, add(connection, project, **snapshot)


def list_snapshots(connection: Connection) -> list[SnapshotRow]:
    """Those of all projects."""
    owners = schema.projects.c
    query = select(_table, owners.name.label("project")).join(
        schema.projects, owners.id == _table.c.project_id
    )
    return [row_as(SnapshotRow, row) for row in connection.execute(query.order_by(_table.c.id)).mappings()]


def latest(connection: Connection, project: str) -> SnapshotRow:
    """The snapshot that was added last.

    Raises:
        NotFoundError: There is no such project, or nothing of it has been read.
    """
    project_id = projects.get(connection, project).id
    query = select(_table).where(_table.c.project_id == project_id)
    newest = query.order_by(_table.c.created_at.desc(), _table.c.id.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    if row is None:
        raise NotFoundError(
            f"project {project!r} has no snapshot", hint="read its source with `gardener add SOURCE`"
        )
    return row_as(SnapshotRow, {**row, "project": project})
