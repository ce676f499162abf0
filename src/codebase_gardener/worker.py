"""The training process: `python -m codebase_gardener.worker JOB_DIR`, started by `jobs.queue`, or by a cluster's node.

It inherits the job's lock, so the job counts as alive for exactly as long as this process is. With `--held` it ends
when whoever started it does.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from codebase_gardener.bases.sidecar import SIDECAR
from codebase_gardener.config.settings import Settings, load_settings
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.queue import start_next
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.jobs.submission import adapter_directory, check_storage
from codebase_gardener.models.peft_manager import shared_folders
from codebase_gardener.registry.rows import JobRow, Publication, resume_command
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.training.warm import described
from codebase_gardener.utils.allocator import give_back_freed_memory, keep_freed_memory
from codebase_gardener.utils.children import end_with_parent
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    ConflictError,
    ResourceError,
    StoreError,
)
from codebase_gardener.utils.files import (
    is_published,
    out_of_room,
    publish_dir,
    read_json,
    remove_tree,
    staging,
)
from codebase_gardener.utils.limits import kernel_kills
from codebase_gardener.utils.logs import configure_logging
from codebase_gardener.utils.optional_packages import leave_out

__all__ = ["main"]

_FULL_BYTES = 1 << 20
_SAME_WORK = ("adapter", "base_hash", "dataset_hash", "spec")


def main(job_directory: str) -> int:
    """Train, publish, prove, register; then start the next job of this device."""
    directory = JobDirectory(Path(job_directory))
    os.umask(0o077)  # checkpoints and adapters that libraries write are the owner's alone too
    keep_freed_memory()
    process = psutil.Process()
    directory.events.append(
        "started",
        pid=process.pid,
        create_time=process.create_time(),
        kernel_kills=kernel_kills(),
        log_bytes=directory.log.stat().st_size if directory.log.exists() else 0,
    )
    settings = load_settings()
    configure_logging(settings.log_level, as_json=True)
    with Registry(settings.database_url, home=settings.home) as registry:
        spec = directory.spec
        job = registry.job(directory.job_id)
        if job.state != "training":  # it was cancelled before this process began
            directory.events.append("ended", state=job.state)
            return 0
        target = adapter_directory(settings.projects_dir, job.ref)
        shared = shared_folders(settings)
        try:
            _grow(directory, spec, job, target, settings, registry, shared)
        except Exception as error:  # whatever it was, the job must end in a state that says so
            return _fail(directory, job, target, settings, registry, shared, error)
        finally:
            start_next(registry, job.device, settings.for_workers)
    return 0


def _grow(
    directory: JobDirectory,
    spec: JobSpec,
    job: JobRow,
    target: Path,
    settings: Settings,
    registry: Registry,
    shared: SharedFolders,
) -> None:
    from codebase_gardener.adapters.proof import Prover, prove

    with Prover() as prover:
        if not is_published(target):
            check_storage(
                registry, job.project, settings.project_storage_bytes
            )  # it may have waited for long
            _train(directory, spec, job, settings, prover.start)  # it imports while the adapter is saved
            publish_dir(directory.artifact, target)
            directory.events.append("published", path=str(target))
            give_back_freed_memory()  # the proof's process needs its own
        _share(target, shared)
        plan = directory.planned()
        directory.events.append("stage", stage="proving")
        receipt = prove(
            target,
            spec.base,
            answers=settings.inference_dtype,
            dtype=plan["dtype"],
            parity=directory.parity,
            threads=plan["threads"],
            prover=prover,
        )
    if spec.warm is not None:
        receipt["grown_from"] = described(spec.warm.lineage)
    directory.events.append("proven", **receipt)
    _register(job, target, registry, receipt)
    for folder in (directory.checkpoints, directory.best):
        shutil.rmtree(folder, ignore_errors=True)
    directory.events.append("ready", adapter=str(job.ref))


def _share(target: Path, shared: SharedFolders) -> None:
    """Of two workers on one job, such as one that was taken for dead, the first one's files are the version's.

    A number is never given twice: what is under it is of this very job, or of another registry, and then it differs.
    """
    try:
        shared.share(target)
    except ConflictError:
        mine = read_json(target / SIDECAR)["version"]
        with staging(target) as staged:
            other = shared.copy(target, staged / "other")
            theirs = read_json(other / SIDECAR)["version"]
            if any(mine[name] != theirs[name] for name in _SAME_WORK):
                raise
            shutil.rmtree(target)
            os.rename(other, target)


def _train(
    directory: JobDirectory, spec: JobSpec, job: JobRow, settings: Settings, trained: Callable[[], object]
) -> None:
    shutil.rmtree(directory.artifact, ignore_errors=True)  # of a run that was killed while it saved
    if spec.nodes > 1:
        _train_on_nodes(directory, spec, job, settings)
        return
    from codebase_gardener.models.ollama_memory import BesideOllama
    from codebase_gardener.training.memory import check_memory, estimate_memory, expects_bf16

    needed = estimate_memory(spec.base, spec.training, bf16=expects_bf16(spec.training, spec.device))
    beside = BesideOllama(settings.ollama_url, settings.ollama_unload)
    check_memory(needed, min_free_bytes=settings.min_free_bytes, make_room=beside.make_room)
    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is on disk by now
    with paused_collection():  # a fifth of the time of this import
        from codebase_gardener.jobs.torch_run import run_job
    gc.freeze()  # modules stay: the Trainer looks for cycles in all that is there before its first step, half a second

    run_job(directory, str(job.ref), trained=trained)


def _train_on_nodes(directory: JobDirectory, spec: JobSpec, job: JobRow, settings: Settings) -> None:
    """Begin a training on nodes of the cluster that this worker runs on, and wait for it."""
    from codebase_gardener.cluster.placing import on_cluster

    with on_cluster(settings, "auto"):
        from codebase_gardener.cluster.ray_training import train_on_nodes

        train_on_nodes(directory, str(job.ref), spec.nodes)


def _register(job: JobRow, target: Path, registry: Registry, receipt: dict[str, Any]) -> None:
    sidecar = read_json(target / SIDECAR)
    publication = Publication.of(
        target,
        spec=sidecar["training"],
        metrics=sidecar["metrics"],
        libraries=sidecar["libraries"],
        lineage=sidecar.get("lineage"),
    )
    beaten = sidecar["metrics"].get("beats_base") is False  # by the base, on the rows that were set aside
    registry.publish(job.id, publication, receipt, first_is_active=not beaten)


def _fail(
    directory: JobDirectory,
    job: JobRow,
    target: Path,
    settings: Settings,
    registry: Registry,
    shared: SharedFolders,
    error: Exception,
) -> int:
    with suppress(OSError):  # the log may lie on the disk that is full: the end is told all the same
        traceback.print_exc()
    told = _as_told(error, settings, directory, job)
    with registry.spending_reserve():
        with suppress(ResourceError):  # the registry may still take the state
            directory.events.append("error", message=told.message, hint=told.hint)
        if registry.job(job.id).state != "ready":
            remove_tree(target, settings.home / "trash")  # published but not proven: litter
            if not isinstance(error, ConflictError):  # else it is another's that lies in the store
                with suppress(StoreError):  # `doctor` finds it
                    shared.withdraw([target])
        try:
            registry.fail_job(job.id, f"{told.message}; {told.hint}" if told.hint else told.message)
        except ConflictError:
            directory.events.append("ended", state=registry.job(job.id).state)
    return told.exit_code


def _as_told(
    error: Exception, settings: Settings, directory: JobDirectory, job: JobRow
) -> CodebaseGardenerError:
    """The error as a person reads it; each library has its own words for a full disk, and torch has none."""
    if isinstance(error, CodebaseGardenerError):
        return error
    message = f"{type(error).__name__}: {error}"
    if out_of_room(error) or shutil.disk_usage(settings.home).free < _FULL_BYTES:
        return ResourceError(
            f"the disk is full: {message}",
            hint=f"free some space, then: {resume_command(job.id, job.device)}",
        )
    return CodebaseGardenerError(message, hint=f"see {directory.log}")


if __name__ == "__main__":
    if "--held" in sys.argv[2:]:
        end_with_parent()
    leave_out()
    sys.exit(main(sys.argv[1]))
