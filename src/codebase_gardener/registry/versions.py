"""Versions: adapters whose files are published, and the transactions by which they become rows and go."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select
from sqlalchemy.exc import IntegrityError

from codebase_gardener.registry import absent, adapters, holds, jobs, projects, receipts, schema, verdicts
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow, row_as
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RegistryError,
)
from codebase_gardener.utils.files import is_published
from codebase_gardener.utils.names import AdapterRef, parse_ref

__all__ = ["delete_all", "delete_version", "get", "list_versions", "parent_of", "publish", "publish_imported"]

_table = schema.versions
_ORIGIN = ("adapter_name", "version", "base_id", "base_hash", "dataset_hash", "commit", "snapshot_id")


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


def parent_of(connection: Connection, version: VersionRow) -> VersionRow | None:
    """The version that one went on from, if it is there and has the weights that were gone on from."""
    if version.lineage is None:
        return None
    try:
        parent = get(connection, parse_ref(version.lineage["parent"]))
    except (NotFoundError, ConflictError):
        return None
    hashes = {file["sha256"] for file in parent.files.values()}
    return parent if version.lineage["weights"] in hashes else None


def delete_version(connection: Connection, ref: AdapterRef) -> VersionRow:
    """Delete a version with its receipts, verdicts and job, and the active mark if it has it.

    The row goes first; the caller then removes the files, and holds the version's lease meanwhile.

    Raises:
        NotFoundError: There is no such version.
        ConflictError: It is not published (it waits, trains, failed or was cancelled), or a machine uses it.
        InvalidInputError: The id names no version.
    """
    if ref.version is None:
        raise InvalidInputError(
            f"{ref} names no version", hint=f"write {ref.project}/{ref.name or 'NAME'}@VERSION"
        )
    row = get(connection, ref)
    holds.check_unused(connection, _table.c.id == row.id)
    if connection.execute(delete(_table).where(_table.c.id == row.id)).rowcount == 0:
        raise absent.explained(connection, ref)
    connection.execute(delete(schema.jobs).where(schema.jobs.c.id == row.job_id))
    return row


def _select() -> Select[Any]:
    return select(_table, schema.projects.c.name.label("project")).join(
        schema.projects, schema.projects.c.id == _table.c.project_id
    )


def publish(
    connection: Connection,
    job_id: str,
    publication: Publication,
    receipt: Mapping[str, Any],
    *,
    first_is_active: bool = False,
) -> VersionRow:
    """End a training job as ready, and insert its version with the receipt of its proof: all or nothing.

    An active mark does not move; that is for `set_active`, after the verdict.

    Args:
        job_id: Of a job that is training; hashes and number are taken from it.
        publication: Where the files are, and what was measured.
        receipt: What the proof in a fresh process measured.
        first_is_active: Whether it becomes active where the adapter has no active version: whoever sees that the
            job is ready sees the mark, too.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is not training: cancelled meanwhile, or published already.
        RegistryError: The directory is not published.
    """
    job = jobs.change(connection, job_id, "ready", ended_at=now(connection))
    origin = {name: getattr(job, name) for name in _ORIGIN}
    row = _insert(connection, job.ref, {**origin, "job_id": job_id}, publication, receipt)
    if first_is_active and adapters.active_version(connection, row.project, row.adapter_name) is None:
        adapters.set_active(connection, row.project, row.adapter_name, row.version)
        return get(connection, job.ref)
    return row


def publish_imported(
    connection: Connection, imported: ImportedAdapter, publication: Publication, receipt: Mapping[str, Any]
) -> VersionRow:
    """Insert a version that no job here has trained, with the receipt of its proof.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The number is taken, or was not reserved with `reserve_version`.
        RegistryError: The directory is not published.
    """
    ref = AdapterRef(imported.project, imported.adapter_name, imported.version)
    _check_reserved(connection, ref)
    origin = {name: getattr(imported, name) for name in _ORIGIN}
    if imported.created_at:
        origin["created_at"] = imported.created_at
    return _insert(connection, ref, origin, publication, receipt)


def _check_reserved(connection: Connection, ref: AdapterRef) -> None:
    project_id = projects.locked(connection, ref.project).id
    of_adapter, taken = schema.adapters.c, schema.jobs.c
    counter = select(of_adapter.next_version).where(
        of_adapter.project_id == project_id, of_adapter.name == ref.name
    )
    of_job = select(taken.id).where(
        taken.project_id == project_id, taken.adapter_name == ref.name, taken.version == ref.version
    )
    if (ref.version or 0) >= (connection.scalar(counter) or 0) or connection.scalar(of_job):
        raise ConflictError(
            f"{ref} was not reserved for an import", hint="take a number from reserve_version"
        )


def _insert(
    connection: Connection,
    ref: AdapterRef,
    origin: Mapping[str, Any],
    publication: Publication,
    receipt: Mapping[str, Any],
) -> VersionRow:
    _check_files(ref, publication)
    values = {
        "created_at": now(connection),
        **origin,
        "project_id": projects.get(connection, ref.project).id,
        "active": False,
        "directory": publication.directory,
        "spec": dict(publication.spec),
        "files": dict(publication.files),
        "bytes": publication.bytes,
        "metrics": dict(publication.metrics),
        "libraries": dict(publication.libraries),
        "lineage": dict(publication.lineage) if publication.lineage else None,
    }
    try:
        connection.execute(insert(schema.versions).values(values))
    except IntegrityError as error:
        raise ConflictError(f"{ref} is published already", context={"adapter": str(ref)}) from error
    version = get(connection, ref)
    receipts.add(connection, version, "proof", receipt)
    return version


def _check_files(ref: AdapterRef, publication: Publication) -> None:
    if publication.directory.is_absolute() and is_published(publication.directory):
        return
    raise RegistryError(
        f"{ref} has no published files at {publication.directory}, so it gets no row",
        hint="publish the directory first (utils.files.publish_dir); the training can be resumed",
        context={"adapter": str(ref), "directory": str(publication.directory)},
    )


def delete_all(connection: Connection, refs: Collection[AdapterRef], job_ids: Collection[str]) -> None:
    """Delete versions, and jobs that have none. The caller holds the versions' leases, and removes the files.

    Raises:
        NotFoundError: There is no such version or job; nothing is deleted.
        ConflictError: One of the jobs is training, or has become a version; nothing is deleted.
    """
    for ref in refs:
        delete_version(connection, ref)
    for job_id in job_ids:
        jobs.delete_job(connection, job_id)
