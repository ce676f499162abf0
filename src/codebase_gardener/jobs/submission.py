"""Asking for a training: checked, reserved, written down, and started when its device is free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from codebase_gardener.bases.quantization import check_quantization
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.mirror import write_spec
from codebase_gardener.jobs.placement import JobPlacement, is_placed
from codebase_gardener.jobs.queue import device_of_this_host, resume, start_next
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.memory import check_memory, estimate_memory, expects_bf16
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.files import make_folder, writing
from codebase_gardener.utils.names import AdapterRef

__all__ = ["adapter_directory", "check_storage", "dataset_directory", "start", "submit"]

_ENDED = ("error", "cancelled")


def dataset_directory(projects_dir: Path, project: str, dataset_hash: str) -> Path:
    """Where a project's dataset of that hash lies."""
    return projects_dir / project / "datasets" / dataset_hash[:16]


def adapter_directory(projects_dir: Path, ref: AdapterRef) -> Path:
    """Where a version is published; without a number, the folder of the adapter's versions."""
    versions = projects_dir / ref.project / "adapters" / str(ref.name)
    return versions / str(ref.version) if ref.version is not None else versions


def submit(
    registry: Registry,
    project: str,
    adapter: str,
    asked: JobSpec,
    *,
    jobs_dir: Path,
    min_free_bytes: int,
    storage_bytes: int,
    environment: Mapping[str, str],
    make_room: Callable[[ResourceError], bool] | None = None,
    placement: JobPlacement | None = None,
) -> JobRow:
    """Queue a training of an adapter and start it if its device is free, or where a cluster has room.

    The same project, adapter, dataset and options give the same job: one that is ready, queued or in training
    is returned as it is, one that failed or was cancelled goes on from its last checkpoint, on the device that is
    asked for now and with the base where it lies now.

    Raises:
        InvalidInputError: Options that this kind of adapter does not have.
        ResourceError: The device is not here or lacks the quantization, a package is missing, there is too little
            memory for a training that starts now, or the project's adapters take all they may; with both figures.
    """
    job = registry.find_job(project, adapter, asked.dataset_hash, asked.hash)
    if job is None or job.state in _ENDED:
        _check_options(asked.training)
        if placement is None:
            asked = replace(asked, device=resolve_device(asked.device))
            _check_here(registry, asked, min_free_bytes=min_free_bytes, make_room=make_room)
        else:
            placement.check(asked)
        _check_named(asked)
        check_storage(registry, project, storage_bytes)
        placed = placement.device if placement else None
        job = job or _reserve(registry, project, adapter, asked, jobs_dir, placed)
        if job.state in _ENDED:
            job = resume(
                registry, job.id, device=asked.device, base=asked.base, placed=placed, nodes=asked.nodes
            )
    start(registry, job, environment, placement)
    return registry.job(job.id)


def start(
    registry: Registry, job: JobRow, environment: Mapping[str, str], placement: JobPlacement | None
) -> None:
    """Start what waits for a job's device, or have the job placed.

    Args:
        registry: Where jobs wait.
        job: That has just been queued, or is.
        environment: Of a worker on this host.
        placement: Of the cluster, where there is a connection to one.
    """
    if not is_placed(job.device):
        start_next(registry, job.device, environment)
    elif placement is not None and job.state == "queued":
        placement.place(job, write_spec(registry, job).spec)


def _check_here(
    registry: Registry,
    asked: JobSpec,
    *,
    min_free_bytes: int,
    make_room: Callable[[ResourceError], bool] | None,
) -> None:
    """What a training needs of this host; one that waits is checked by its worker, when its turn comes."""
    check_quantization(asked.training.quantization, asked.device)
    running = {job.device for job in registry.jobs(states=("training",), limit=None)}
    if device_of_this_host(asked.device) not in running:
        needed = estimate_memory(asked.base, asked.training, bf16=expects_bf16(asked.training, asked.device))
        check_memory(needed, min_free_bytes=min_free_bytes, make_room=make_room)


def _check_named(asked: JobSpec) -> None:
    """What options name is looked for before a number is given out, where they name anything."""
    spec = asked.training
    plain = spec.target_modules in ("all-linear", ("all-linear",), ())
    if not plain or any(
        (spec.modules_to_save, spec.rank_pattern, spec.alpha_pattern, spec.layers_to_transform,
         spec.trainable_token_indices)
    ):  # fmt: skip
        from codebase_gardener.training.torch_method import check_named

        check_named(asked.base.path, spec)


def _check_options(training: TrainingSpec) -> None:
    """What depends on this machine or on PEFT; the rest was checked when the spec was made."""
    if missing := [name for name in training.report_to if find_spec(name) is None]:
        raise ResourceError(
            f"{missing[0]}, to be reported to, is not installed", hint=f"pip install {missing[0]}"
        )
    if training.peft_type != "LORA":
        from codebase_gardener.training.torch_method import peft_config

        peft_config(training)


def check_storage(registry: Registry, project: str, limit: int, more: int = 1) -> None:
    """Refuse what a project has no room for.

    Args:
        registry: That knows what is stored.
        project: Its name, of one that is there.
        limit: Bytes of all its adapters.
        more: Bytes that are to come.

    Raises:
        ResourceError: With both figures.
    """
    stored = registry.stored_bytes(project)
    if stored + more > limit:
        raise ResourceError(
            f"the adapters of {project} take {stored / 1e6:.1f} MB, and {limit / 1e6:.1f} MB is the limit"
            + (f": {more / 1e6:.1f} MB more do not fit" if more > 1 else ""),
            hint=f"gardener delete {project} --keep 1 leaves the newest and the active version of each adapter; "
            "or raise the setting project_storage_bytes",
            context={"stored_bytes": stored, "limit_bytes": limit},
        )


def _reserve(
    registry: Registry, project: str, adapter: str, asked: JobSpec, jobs_dir: Path, placed: str | None
) -> JobRow:
    """Queue it; the job's folder is complete before anybody can see the job."""

    def make(job_id: str) -> Path:
        folder = jobs_dir / job_id
        with writing(folder):
            make_folder(folder)
        JobDirectory(folder).write_spec(asked)
        return folder

    return registry.reserve_job(
        project,
        adapter,
        make,
        spec_hash=asked.hash,
        dataset_hash=asked.dataset_hash,
        base_id=asked.base.pinned,
        base_hash=asked.base.sha256,
        device=placed or device_of_this_host(asked.device),
        commit=asked.commit,
        snapshot_id=asked.snapshot_id,
        spec=asked.as_dict(jobs_dir.parent),
    )
