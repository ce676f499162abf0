"""The registry against the files: what `doctor` asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, func, select, union_all

from codebase_gardener.registry import projects, schema, versions
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.files import is_published
from codebase_gardener.utils.names import AdapterRef

__all__ = ["known_directories", "stored_bytes", "rows_without_files"]


def known_directories(connection: Connection) -> set[Path]:
    """Every directory that a version, job or snapshot owns; what lies beside them is litter."""
    owned = union_all(
        select(schema.versions.c.directory), select(schema.jobs.c.directory), select(schema.snapshots.c.path)
    )
    return {Path(directory) for directory in connection.scalars(owned)}


def stored_bytes(connection: Connection, project: str) -> int:
    """Bytes of all published versions of a project.

    Raises:
        NotFoundError: There is no such project.
    """
    of_project = schema.versions.c.project_id == projects.get(connection, project).id
    total = select(func.coalesce(func.sum(schema.versions.c.bytes), 0)).where(of_project)
    return int(connection.scalar(total) or 0)


def rows_without_files(
    connection: Connection, is_there: Callable[[Path], bool] = is_published
) -> list[VersionRow]:
    """Versions whose files are gone: by the first invariant of the registry, always none."""
    rows, owners = schema.versions.c, schema.projects.c
    query = select(owners.name, rows.adapter_name, rows.version, rows.directory).join_from(
        schema.projects, schema.versions, owners.id == rows.project_id
    )
    lost = [row for row in connection.execute(query) if not is_there(row.directory)]
    return [versions.get(connection, AdapterRef(row[0], row[1], row[2])) for row in lost]
