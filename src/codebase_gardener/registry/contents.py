"""The registry against the files: what `doctor` asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, select, union_all

from codebase_gardener.registry import schema, versions
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.files import is_published
from codebase_gardener.utils.names import AdapterRef

__all__ = ["known_directories", "rows_without_files"]


def known_directories(connection: Connection) -> set[Path]:
    """Every directory that a version, job or snapshot owns; what lies beside them is litter."""
    owned = union_all(
        select(schema.versions.c.directory), select(schema.jobs.c.directory), select(schema.snapshots.c.path)
    )
    return {Path(directory) for directory in connection.scalars(owned)}


def rows_without_files(
    connection: Connection, is_there: Callable[[Path], bool] = is_published
) -> list[VersionRow]:
    """Versions whose files are gone: by the first invariant of the registry, always none."""
    rows, projects = schema.versions.c, schema.projects.c
    query = select(projects.name, rows.adapter_name, rows.version, rows.directory).join_from(
        schema.projects, schema.versions, projects.id == rows.project_id
    )
    lost = [row for row in connection.execute(query) if not is_there(row.directory)]
    return [versions.get(connection, AdapterRef(row[0], row[1], row[2])) for row in lost]
