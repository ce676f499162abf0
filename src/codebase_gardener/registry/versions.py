"""Versions: adapters whose files are published."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, delete, select

from codebase_gardener.registry import absent, projects, schema, verdicts
from codebase_gardener.registry.rows import VersionRow, row_as
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.names import AdapterRef

__all__ = ["delete_version", "get", "list_versions"]

_table = schema.versions


def get(connection: Connection, ref: AdapterRef) -> VersionRow:
    """The version that an id names: the one given, else the active one, else the newest, unless that one hurt.

    Raises:
        NotFoundError: There is no such project or adapter; the hint says what there is.
        ConflictError: There is only a job of that name: it waits, trains, failed or was cancelled.
            Or none is active, and the newest has the verdict "hurt".
    """
    named = _named(connection, ref)
    newest = named.order_by(_table.c.id.desc()).limit(1)
    row = (
        connection.execute(newest.where(_table.c.active)).mappings().one_or_none()
        if not ref.version
        else None
    )
    row = row or connection.execute(newest).mappings().one_or_none()
    if row is None:
        raise absent.explained(connection, ref)
    version = row_as(VersionRow, row)
    if ref.version is None and not version.active:
        _refuse_hurt(connection, version)
    return version


def _refuse_hurt(connection: Connection, newest: VersionRow) -> None:
    verdict = verdicts.latest(connection, newest)
    if verdict is not None and verdict.verdict == "hurt":
        raise ConflictError(
            f"no version of {newest.project}/{newest.adapter_name} is active: the newest, {newest.ref}, hurt",
            hint=f"train longer or on a larger base; or name the version to use it all the same: {newest.ref}",
        )


def _named(connection: Connection, ref: AdapterRef) -> Select[Any]:
    query = _select().where(_table.c.project_id == projects.get(connection, ref.project).id)
    if ref.name is not None:
        query = query.where(_table.c.adapter_name == ref.name)
    if ref.version is not None:
        query = query.where(_table.c.version == ref.version)
    return query


def list_versions(
    connection: Connection,
    project: str | None = None,
    adapter_name: str | None = None,
    *,
    limit: int | None = 50,
    before: int | None = None,
) -> list[VersionRow]:
    """Versions, newest first, a page at a time.

    Args:
        project: Only this project's.
        adapter_name: Only this adapter's; needs `project`.
        limit: Rows of a page; None for all.
        before: The `id` of the last row of the page before.

    Raises:
        NotFoundError: There is no such project.
        InvalidInputError: An adapter's name without its project.
    """
    if adapter_name is not None and project is None:
        raise InvalidInputError(f"adapter {adapter_name!r} of which project?", hint="give the project's name")
    query = _select() if project is None else _named(connection, AdapterRef(project, adapter_name))
    if before is not None:
        query = query.where(_table.c.id < before)
    newest = query.order_by(_table.c.id.desc()).limit(limit)
    return [row_as(VersionRow, row) for row in connection.execute(newest).mappings()]


def delete_version(connection: Connection, ref: AdapterRef) -> VersionRow:
    """Delete a version with its receipts, verdicts and job, and the active mark if it has it.

    The row goes first; the caller then removes the files, and holds the version's lease meanwhile.

    Raises:
        NotFoundError: There is no such version.
        ConflictError: It is not published: it waits, trains, failed or was cancelled.
        InvalidInputError: The id names no version.
    """
    if ref.version is None:
        raise InvalidInputError(
            f"{ref} names no version", hint=f"write {ref.project}/{ref.name or 'NAME'}@VERSION"
        )
    row = get(connection, ref)
    if connection.execute(delete(_table).where(_table.c.id == row.id)).rowcount == 0:
        raise absent.explained(connection, ref)
    connection.execute(delete(schema.jobs).where(schema.jobs.c.id == row.job_id))
    return row


def _select() -> Select[Any]:
    return select(_table, schema.projects.c.name.label("project")).join(
        schema.projects, schema.projects.c.id == _table.c.project_id
    )
