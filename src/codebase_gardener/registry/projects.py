"""Projects: a name for a source."""

from __future__ import annotations

from difflib import get_close_matches

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from codebase_gardener.registry import holds, schema
from codebase_gardener.registry.rows import ProjectRow, row_as
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError
from codebase_gardener.utils.names import check_name

__all__ = [
    "ROWS",
    "add",
    "check_source",
    "delete_empty",
    "delete_project",
    "get",
    "list_projects",
    "locked",
    "set_current_adapter",
]

_table = schema.projects
ROWS = "rows"
"""The kind of a project that has no repository."""


def add(connection: Connection, name: str, source: str, kind: str) -> ProjectRow:
    """Add a project, or return it where it is there with the same source.

    One without a repository (of imported adapters, or of rows of one's own) becomes that of the repository.

    Raises:
        InvalidInputError: The name cannot be a folder's.
        ConflictError: The name is taken by another source.
    """
    values = {
        "name": check_name(name, "project name"),
        "source": source,
        "kind": kind,
        "created_at": now(connection),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(_table).values(values))
    except IntegrityError:
        row = get(connection, name)
        if kind != ROWS and row.kind == ROWS:
            connection.execute(
                update(_table).where(_table.c.id == row.id).values({"source": source, "kind": kind})
            )
            return get(connection, name)
        return row if kind == ROWS else _same_source(row, source)
    return get(connection, name)


def check_source(connection: Connection, name: str, source: str) -> None:
    """Refuse a name before work is done for it.

    Raises:
        ConflictError: It is taken by another source.
    """
    row = connection.execute(select(_table).where(_table.c.name == name)).mappings().one_or_none()
    if row is not None and row["kind"] != ROWS:
        _same_source(row_as(ProjectRow, row), source)


def _same_source(row: ProjectRow, source: str) -> ProjectRow:
    if row.source == source:
        return row
    raise ConflictError(
        f"the name {row.name!r} is taken by the project of {row.source}",
        hint=f"choose another with --name, or delete that project with `gardener delete {row.name}`",
        context={"project": row.name, "source": row.source},
    )


def get(connection: Connection, name: str) -> ProjectRow:
    """One project by its name.

    Raises:
        NotFoundError: There is none; the hint lists the nearest names.
    """
    return _get(connection, name, for_update=False)


def locked(connection: Connection, name: str) -> ProjectRow:
    """One project, and no other transaction adds to it until this one ends.

    On PostgreSQL this is a row lock; on SQLite the write transaction is itself the only one.
    """
    return _get(connection, name, for_update=True)


def _get(connection: Connection, name: str, *, for_update: bool) -> ProjectRow:
    query = select(_table).where(_table.c.name == name)
    row = connection.execute(query.with_for_update() if for_update else query).mappings().one_or_none()
    if row is None:
        raise _not_found(connection, name)
    return row_as(ProjectRow, row)


def _not_found(connection: Connection, name: str) -> NotFoundError:
    names = list(connection.scalars(select(_table.c.name).order_by(_table.c.id.desc()).limit(1000)))
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"there are: {', '.join(names[:3])}" if names else "add one with `gardener add SOURCE`"
    if near:
        hint = f"did you mean {', '.join(near)}?"
    return NotFoundError(f"there is no project {name!r}", hint=hint, context={"project": name, "near": near})


def list_projects(connection: Connection) -> list[ProjectRow]:
    """All projects by name."""
    return [
        row_as(ProjectRow, row)
        for row in connection.execute(select(_table).order_by(_table.c.name)).mappings()
    ]


def set_current_adapter(connection: Connection, name: str, adapter_name: str) -> None:
    """Choose the adapter that answers where none is named.

    Raises:
        NotFoundError: There is no such project.
    """
    project = locked(connection, name)
    values = {"current_adapter": check_name(adapter_name, "adapter name")}
    connection.execute(update(_table).where(_table.c.id == project.id).values(values))


def delete_project(connection: Connection, name: str) -> ProjectRow:
    """Delete a project's rows: snapshots, jobs, versions, receipts, verdicts. The files are the caller's.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: One of its jobs is training, or a machine uses one of its versions.
    """
    project = locked(connection, name)
    jobs = schema.jobs.c
    busy = select(jobs.id).where(jobs.project_id == project.id, jobs.state == "training")
    if job_id := connection.scalar(busy.limit(1)):
        raise ConflictError(
            f"project {name!r} is still training (job {job_id})",
            hint=f"cancel it first: `gardener jobs cancel {job_id}`",
            context={"project": name, "job": job_id},
        )
    holds.check_unused(connection, schema.versions.c.project_id == project.id)
    connection.execute(delete(_table).where(_table.c.id == project.id))
    return project


def delete_empty(connection: Connection, name: str) -> bool:
    """Delete a project that has no snapshot, no job and no version. Returns whether there is none of the name now."""
    row = connection.execute(select(_table.c.id).where(_table.c.name == name)).one_or_none()
    if row is None:
        return True
    for table in (schema.snapshots, schema.jobs, schema.versions):
        if connection.scalar(select(table.c.id).where(table.c.project_id == row.id).limit(1)) is not None:
            return False
    connection.execute(delete(_table).where(_table.c.id == row.id))
    return True
