"""Publishing: the one transaction by which files become a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from codebase_gardener.registry import job_states, projects, receipts, schema, versions
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow
from codebase_gardener.registry.timestamps import now
from codebase_gardener.utils.error_handling import ConflictError, RegistryError
from codebase_gardener.utils.files import is_published
from codebase_gardener.utils.names import AdapterRef

__all__ = ["publish", "publish_imported"]

_ORIGIN = ("adapter_name", "version", "base_id", "base_hash", "dataset_hash", "commit", "snapshot_id")


def publish(
    connection: Connection, job_id: str, publication: Publication, receipt: Mapping[str, Any]
) -> VersionRow:
    """End a training job as ready, and insert its version with the receipt of its proof: all or nothing.

    The active mark does not move; that is for `set_active`, after the verdict.

    Args:
        job_id: Of a job that is training; hashes and number are taken from it.
        publication: Where the files are, and what was measured.
        receipt: What the proof in a fresh process measured.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is not training: cancelled meanwhile, or published already.
        RegistryError: The directory is not published.
    """
    job = job_states.change(connection, job_id, "ready", ended_at=now())
    origin = {name: getattr(job, name) for name in _ORIGIN}
    return _insert(connection, job.ref, {**origin, "job_id": job_id}, publication, receipt)


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
    return _insert(connection, ref, origin, publication, receipt)


def _check_reserved(connection: Connection, ref: AdapterRef) -> None:
    project_id = projects.locked(connection, ref.project).id
    adapters, taken = schema.adapters.c, schema.jobs.c
    counter = select(adapters.next_version).where(
        adapters.project_id == project_id, adapters.name == ref.name
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
        **origin,
        "project_id": projects.get(connection, ref.project).id,
        "active": False,
        "directory": publication.directory,
        "spec": dict(publication.spec),
        "files": dict(publication.files),
        "bytes": publication.bytes,
        "metrics": dict(publication.metrics),
        "libraries": dict(publication.libraries),
        "created_at": now(),
    }
    try:
        connection.execute(insert(schema.versions).values(values))
    except IntegrityError as error:
        raise ConflictError(f"{ref} is published already", context={"adapter": str(ref)}) from error
    version = versions.get(connection, ref)
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
