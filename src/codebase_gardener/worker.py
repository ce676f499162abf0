"""The training process: `python -m codebase_gardener.worker JOB_DIR`, started by `training.jobs`.

It inherits the job's lock, so the job counts as alive for exactly as long as this process is.
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

import psutil

from codebase_gardener.config.settings import ENV_PREFIX, Settings, load_settings
from codebase_gardener.registry.registry import Registry
from codebase_gardener.registry.rows import Publication
from codebase_gardener.training.job_directory import JobDirectory, JobSpec
from codebase_gardener.training.jobs import start_next
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ConflictError
from codebase_gardener.utils.files import is_published, publish_dir, read_json, remove_tree, tree_bytes
from codebase_gardener.utils.names import parse_ref

__all__ = ["main"]


def main(job_directory: str) -> int:
    """Train, publish, prove, register; then start the next job of this device."""
    directory = JobDirectory(Path(job_directory))
    process = psutil.Process()
    directory.events.append("started", pid=process.pid, create_time=process.create_time())
    settings = load_settings()
    with Registry(settings.database_url) as registry:
        spec = directory.spec
        try:
            _grow(directory, spec, settings, registry)
        except Exception as error:  # whatever it was, the job must end in a state that says so
            return _fail(directory, spec, registry, error)
        finally:
            job = registry.job(spec.job_id)
            start_next(registry, job.device, _environment(settings))
    return 0


def _grow(directory: JobDirectory, spec: JobSpec, settings: Settings, registry: Registry) -> None:
    from codebase_gardener.models.proof import prove

    if not is_published(spec.target):
        _train(directory, spec, settings)
        publish_dir(directory.artifact, spec.target)
        directory.events.append("published", path=str(spec.target))
    plan = read_json(directory.plan)
    directory.events.append("stage", stage="proving")
    receipt = prove(
        spec.target, spec.base, dtype=plan["dtype"], parity=directory.parity, threads=plan["threads"]
    )
    directory.events.append("proven", **receipt)
    _register(directory, spec, registry, receipt)
    shutil.rmtree(directory.checkpoints, ignore_errors=True)
    directory.events.append("ready", adapter=spec.adapter)


def _train(directory: JobDirectory, spec: JobSpec, settings: Settings) -> None:
    from codebase_gardener.training.memory import check_memory, estimate_memory

    needed = estimate_memory(spec.base, spec.training, bf16=spec.training.dtype != "float32")
    check_memory(needed, min_free_bytes=settings.min_free_bytes)
    shutil.rmtree(directory.artifact, ignore_errors=True)  # of a run that was killed while it saved
    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is on disk by now
    from codebase_gardener.training.torch_run import run_job

    run_job(directory)


def _register(directory: JobDirectory, spec: JobSpec, registry: Registry, receipt: dict[str, Any]) -> None:
    sidecar = read_json(spec.target / "gardener.json")
    version = registry.publish(
        spec.job_id,
        Publication(
            directory=spec.target,
            files=read_json(spec.target / "manifest.json")["files"],
            bytes=tree_bytes(spec.target),
            metrics=sidecar["metrics"],
            libraries=sidecar["libraries"],
        ),
        receipt,
    )
    ref = version.ref
    if registry.active_version(ref.project, ref.name) is None:
        registry.set_active(ref.project, str(ref.name), ref.version)


def _fail(directory: JobDirectory, spec: JobSpec, registry: Registry, error: Exception) -> int:
    traceback.print_exc()
    known = isinstance(error, CodebaseGardenerError)
    message = str(error) if known else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, CodebaseGardenerError) else f"see {directory.log}"
    directory.events.append("error", message=message, hint=hint)
    remove_tree(spec.target, spec.target.parent / ".trash")  # published but not proven: litter
    try:
        registry.fail_job(spec.job_id, message)
    except ConflictError:
        directory.events.append(
            "ended", state=registry.job(spec.job_id).state, adapter=str(parse_ref(spec.adapter))
        )
    return error.exit_code if isinstance(error, CodebaseGardenerError) else 1


def _environment(settings: Settings) -> dict[str, str]:
    return {f"{ENV_PREFIX}HOME": str(settings.home), f"{ENV_PREFIX}REGISTRY_URL": settings.database_url}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
