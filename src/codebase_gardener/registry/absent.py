"""Why there is no such version: it waits, trains, failed, was cancelled, or never was."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, select

from codebase_gardener.registry import projects, schema
from codebase_gardener.registry.rows import resume_command
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ConflictError, NotFoundError
from codebase_gardener.utils.names import AdapterRef

__all__ = ["explained"]

_jobs = schema.jobs
_versions = schema.versions

# state of the newest job → what is said of it, and what to do next
_UNFINISHED = {
    "queued": ("waits for its training to begin", "follow it with `gardener jobs tail {id}`"),
    "training": ("is still training", "follow it with `gardener jobs tail {id}`"),
    "error": (
        "failed: {error}",
        "look with `gardener jobs show {id}`, then go on with `{resume}`",
    ),
    "cancelled": ("was cancelled while it trained", "go on with `{resume}`"),
}


def explained(connection: Connection, ref: AdapterRef) -> CodebaseGardenerError:
    """The error to raise where no version is what `ref` names.

    Returns:
        ConflictError where a job of that name has not become a version; else NotFoundError, its hint
        with what there is.
    """
    project_id = projects.get(connection, ref.project).id
    if job := _newest_job(connection, project_id, ref):
        return _unfinished(job, ref)
    return _never_was(connection, project_id, ref)


def _newest_job(connection: Connection, project_id: int, ref: AdapterRef) -> RowMapping | None:
    query = select(_jobs).where(_jobs.c.project_id == project_id, _jobs.c.state.in_(_UNFINISHED))
    if ref.name is not None:
        query = query.where(_jobs.c.adapter_name == ref.name)
    if ref.version is not None:
        query = query.where(_jobs.c.version == ref.version)
    return connection.execute(query.order_by(_jobs.c.created_at.desc()).limit(1)).mappings().one_or_none()


def _unfinished(job: RowMapping, ref: AdapterRef) -> ConflictError:
    said, hint = _UNFINISHED[job["state"]]
    full = AdapterRef(ref.project, job["adapter_name"], job["version"])
    return ConflictError(
        f"{full} {said.format(error=job['error'])}",
        hint=hint.format(id=job["id"], resume=resume_command(job["id"], job["device"])),
        context={"adapter": str(full), "state": job["state"], "job": job["id"]},
    )


def _never_was(connection: Connection, project_id: int, ref: AdapterRef) -> NotFoundError:
    query = select(_versions.c.adapter_name, _versions.c.version).where(_versions.c.project_id == project_id)
    found = connection.execute(query.order_by(_versions.c.id.desc()).limit(5)).all()
    there = [str(AdapterRef(ref.project, name, version)) for name, version in found]
    hint = f"there is {', '.join(there)}" if there else f"train one with `gardener train {ref.project}`"
    what = f"no adapter {ref}" if ref.name else f"no adapter in project {ref.project!r}"
    return NotFoundError(f"there is {what}", hint=hint, context={"adapter": str(ref), "there": there})
