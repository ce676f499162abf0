"""Asking for a training: checked, reserved, written down, and started when its device is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from codebase_gardener.bases.quantization import check_quantization
from codebase_gardener.bases.resolution import Base
from codebase_gardener.jobs.directory import JobDirectory, JobSpec
from codebase_gardener.jobs.queue import device_of_this_host, resume, start_next
from codebase_gardener.registry.rows import JobRow, NewJob
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.memory import check_memory, estimate_memory
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.files import writing
from codebase_gardener.utils.names import AdapterRef

__all__ = ["Submission", "adapter_directory", "dataset_directory", "submit"]

_ENDED = ("error", "cancelled")


@dataclass(frozen=True)
class Submission:
    """What to train, and from what.

    Attributes:
        project: Its name.
        adapter: The adapter's name.
        base: Pinned base model.
        dataset: Folder of the published dataset.
        dataset_hash: Of its rows.
        training: Checked options.
        device: As the settings say.
        commit: Revision of the snapshot, or None.
        snapshot_id: Of the snapshot, or None.
    """

    project: str
    adapter: str
    base: Base
    dataset: Path
    dataset_hash: str
    training: TrainingSpec
    device: str = "auto"
    commit: str | None = None
    snapshot_id: str | None = None


def dataset_directory(projects_dir: Path, project: str, dataset_hash: str) -> Path:
    """Where a project's dataset of that hash lies."""
    return projects_dir / project / "datasets" / dataset_hash[:16]


def adapter_directory(projects_dir: Path, ref: AdapterRef) -> Path:
    """Where a version is published."""
    return projects_dir / ref.project / "adapters" / str(ref.name) / str(ref.version)


def submit(
    registry: Registry,
    asked: Submission,
    *,
    jobs_dir: Path,
    min_free_bytes: int,
    storage_bytes: int,
    environment: Mapping[str, str],
) -> JobRow:
    """Queue a training and start it if its device is free.

    The same project, adapter, dataset and options give the same job: one that is ready, queued or in training
    is returned as it is, one that failed or was cancelled goes on from its last checkpoint, on the device that is
    asked for now and with the base where it lies now.

    Raises:
        InvalidInputError: Options that this kind of adapter does not have.
        ResourceError: The device is not here or lacks the quantization, a package is missing, there is too little
            memory for a training that starts now, or the project's adapters take all they may; with both figures.
    """
    spec_hash = asked.training.hash_for(asked.base.sha256)
    job = registry.find_job(asked.project, asked.adapter, asked.dataset_hash, spec_hash)
    if job is None or job.state in _ENDED:
        device = resolve_device(asked.device)
        check_quantization(asked.training.quantization, device)
        _check_options(asked.training)
        if not _is_busy(registry, device):  # else it waits, and the worker checks when its turn comes
            needed = estimate_memory(asked.base, asked.training, bf16=asked.training.dtype != "float32")
            check_memory(needed, min_free_bytes=min_free_bytes)
        _check_storage(registry, asked.project, storage_bytes)
        new = _new_job(asked, spec_hash, device)
        job = job or registry.reserve_job(
            new, lambda job_id: _make_directory(jobs_dir / job_id, asked, device)
        )
        if job.state in _ENDED:
            job = resume(registry, job.id, device=device, base=asked.base)
    start_next(registry, job.device, environment)
    return registry.job(job.id)


def _check_options(training: TrainingSpec) -> None:
    """What depends on this machine or on PEFT; the rest was checked when the spec was made."""
    if missing := [name for name in training.report_to if find_spec(name) is None]:
        raise ResourceError(
            f"{missing[0]}, to be reported to, is not installed", hint=f"pip install {missing[0]}"
        )
    if training.peft_type != "LORA":
        from codebase_gardener.training.torch_method import peft_config

        peft_config(training)


def _is_busy(registry: Registry, device: str) -> bool:
    running = registry.jobs(states=("training",), limit=None)
    return device_of_this_host(device) in {job.device for job in running}


def _new_job(asked: Submission, spec_hash: str, device: str) -> NewJob:
    return NewJob(
        project=asked.project,
        adapter_name=asked.adapter,
        spec=asked.training.model_dump(mode="json"),
        spec_hash=spec_hash,
        dataset_hash=asked.dataset_hash,
        base_id=asked.base.pinned,
        base_hash=asked.base.sha256,
        device=device_of_this_host(device),
        commit=asked.commit,
        snapshot_id=asked.snapshot_id,
    )


def _check_storage(registry: Registry, project: str, limit: int) -> None:
    stored = registry.stored_bytes(project)
    if stored >= limit:
        raise ResourceError(
            f"the adapters of {project} take {stored / 1e6:.0f} MB, and {limit / 1e6:.0f} MB is the limit",
            hint=f"gardener delete {project} --keep 1 leaves the newest and the active version of each adapter; "
            "or raise the setting project_storage_bytes",
            context={"stored_bytes": stored, "limit_bytes": limit},
        )


def _make_directory(folder: Path, asked: Submission, device: str) -> Path:
    """The job's folder is complete before anybody can see the job."""
    with writing(folder):
        folder.mkdir(parents=True)
    JobDirectory(folder).write_spec(
        JobSpec(
            job_id=folder.name,
            base=asked.base,
            dataset=asked.dataset,
            dataset_hash=asked.dataset_hash,
            commit=asked.commit,
            device=device,
            training=asked.training,
        )
    )
    return folder
