"""Adapters of a project: the counter of their versions, and the active mark."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from codebase_gardener.registry import absent, projects, schema
from codebase_gardener.registry.record import append_record
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.names import AdapterRef, check_name

__all__ = [
    "active_version",
    "give_back_version",
    "next_version",
    "reserve_up_to",
    "reserve_version",
    "set_active",
]

_table = schema.adapters
_versions = schema.versions


def reserve_version(connection: Connection, project: str, adapter_name: str) -> int:
    """A version number that no other caller gets, now or later: for an adapter that is imported.

    Raises:
        NotFoundError: There is no such project.
        InvalidInputError: The adapter's name cannot be a folder's.
    """
    check_name(adapter_name, "adapter name")
    return next_version(connection, projects.locked(connection, project).id, adapter_name)


def give_back_version(connection: Connection, project: str, adapter_name: str, version: int) -> None:
    """Let a reserved number that became no version be given out again; the last one only, and nothing else is told."""
    project_id = projects.locked(connection, project).id
    last = (_table.c.project_id == project_id) & (_table.c.name == adapter_name)
    last &= _table.c.next_version == version + 1
    if version == 1:
        connection.execute(delete(_table).where(last))
    else:
        connection.execute(update(_table).where(last).values(next_version=version))


def reserve_up_to(connection: Connection, project: str, adapter_name: str, version: int) -> None:
    """Take a number out of the counter that is in use on disk, with all below it.

    Raises:
        NotFoundError: There is no such project.
        InvalidInputError: The adapter's name cannot be a folder's.
    """
    check_name(adapter_name, "adapter name")
    project_id = projects.locked(connection, project).id
    same = (_table.c.project_id == project_id) & (_table.c.name == adapter_name)
    if connection.scalar(select(_table.c.next_version).where(same)) is None:
        next_version(connection, project_id, adapter_name)
    taken = update(_table).where(same, _table.c.next_version <= version)
    connection.execute(taken.values(next_version=version + 1))


def next_version(connection: Connection, project_id: int, adapter_name: str) -> int:
    """Count an adapter's versions up by one. The caller holds the project's lock (`projects.locked`)."""
    same = (_table.c.project_id == project_id) & (_table.c.name == adapter_name)
    number = connection.scalar(select(_table.c.next_version).where(same))
    if number is None:
        first = {
            "project_id": project_id,
            "name": adapter_name,
            "next_version": 2,
            "created_at": now(connection),
        }
        connection.execute(insert(_table).values(first))
        return 1
    connection.execute(update(_table).where(same).values(next_version=number + 1))
    return int(number)


def set_active(connection: Connection, project: str, adapter_name: str, version: int | None) -> None:
    """Move an adapter's active mark to a version, or take it away with None.

    Raises:
        NotFoundError: There is no such project, adapter or version.
        ConflictError: That version is not published: still training, failed or cancelled.
    """
    project_id = projects.locked(connection, project).id
    of_adapter = (_versions.c.project_id == project_id) & (_versions.c.adapter_name == adapter_name)
    unmark = update(_versions).where(of_adapter, _versions.c.active).values(active=False)
    connection.execute(unmark)
    if version is None:
        return
    mark = update(_versions).where(of_adapter, _versions.c.version == version).values(active=True)
    marked = connection.execute(mark.returning(_versions.c.directory)).one_or_none()
    if marked is None:
        raise absent.explained(connection, AdapterRef(project, adapter_name, version))
    append_record(marked.directory, version, "active", {"created_at": now(connection)})


def active_version(connection: Connection, project: str, adapter_name: str | None = None) -> int | None:
    """The number of an adapter's active version, or None. Without a name: of the project's newest active one.

    Raises:
        NotFoundError: There is no such project.
    """
    of_project = _versions.c.project_id == projects.get(connection, project).id
    query = select(_versions.c.version).where(of_project, _versions.c.active)
    if adapter_name is not None:
        query = query.where(_versions.c.adapter_name == adapter_name)
    return connection.scalar(query.order_by(_versions.c.id.desc()).limit(1))
