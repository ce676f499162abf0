"""The life of a job: started when its device is free, watched by a lock, cancelled, resumed, reaped.

There is no daemon: whoever submits a job, ends one, or lists them starts what can start.
"""

from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.placement import LOST_S, is_placed
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.children import end_with_children, find_process, python_module, start_holding
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.files import PRIVATE_FILE, FileLock, out_of_room, write_atomic
from codebase_gardener.utils.limits import kernel_kills, total_bytes

if TYPE_CHECKING:
    import psutil

__all__ = [
    "cancel",
    "device_of_this_host",
    "end",
    "idle_devices",
    "last_words",
    "reap",
    "resume",
    "start_next",
    "worker_of",
]

_GONE_S = 10.0


def device_of_this_host(device: str) -> str:
    """What the registry counts trainings by: one at a time on a device of a host."""
    return f"{socket.gethostname()}:{device.partition(':')[0]}"


def idle_devices(registry: Registry) -> list[str]:
    """The devices of this host that a job waits for and none trains on: a worker may die before it starts the next."""
    pending = registry.jobs(states=("queued", "training"), limit=None)
    busy = {job.device for job in pending if job.state == "training"}
    here = {job.device for job in pending if _is_here(job)}
    return sorted(here - busy)


def _is_here(job: JobRow) -> bool:
    return job.device.partition(":")[0] == socket.gethostname()


def start_next(registry: Registry, device: str, environment: Mapping[str, str]) -> JobRow | None:
    """Start the job that has waited longest for a device, if the device is free.

    Args:
        registry: Where jobs wait.
        device: As `device_of_this_host` gives it.
        environment: Added to the worker's: the home and the database.

    Returns:
        The job that was started, or None.
    """
    while not is_placed(device) and (job := registry.next_queued(device)):
        directory = JobDirectory(job.directory)
        lock = FileLock(directory.lock)
        # the lock is taken before the job is claimed: a job in training always has a holder
        if not lock.acquire():
            return None
        try:
            if registry.claim_job(job.id):
                _spawn(directory, lock, environment)
                return job
            if registry.job(job.id).state == "queued":
                return None  # the device is in use
        finally:
            lock.release()
    return None


def _spawn(directory: JobDirectory, lock: FileLock, environment: Mapping[str, str]) -> None:
    """Start the worker in a session of its own; it inherits the lock's descriptor and with it the lock."""
    directory.cancel.unlink(missing_ok=True)
    directory.log.touch(mode=PRIVATE_FILE)
    with directory.log.open("ab") as log:
        command = [*python_module("codebase_gardener.worker"), str(directory.path)]
        start_holding(lock, command, output=log, log=log, environment=environment, cwd="/")


def cancel(registry: Registry, job_id: str) -> JobRow:
    """End a job: its process is gone when this returns, its last checkpoint stands.

    One that a cluster placed is ended by its node, which asks every second; one whose node is lost ends once that is
    sure, and is returned as it is then.

    Raises:
        ConflictError: It has ended already.
    """
    job = registry.job(job_id)
    if job.state not in ("queued", "training"):
        raise ConflictError(
            f"job {job_id} has ended already: {job.state}",
            hint="see `gardener jobs list`",
            context={"job": job_id},
        )
    if is_placed(job.device):
        return _cancel_placed(registry, job_id)
    directory = JobDirectory(job.directory)
    with registry.spending_reserve():
        write_atomic(directory.cancel, "")
    deadline = time.monotonic() + _GONE_S
    lock = FileLock(directory.lock)  # while it is held here, nobody can start the job
    while not lock.acquire() and time.monotonic() < deadline:
        if process := worker_of(directory):  # None while a worker that just began has not said its id
            end_with_children(process)
        time.sleep(0.02)
    try:
        if registry.job(job_id).state in ("queued", "training"):
            registry.cancel_job(job_id)
    finally:
        lock.release()
    return registry.job(job_id)


def _cancel_placed(registry: Registry, job_id: str) -> JobRow:
    job = registry.request_cancel(job_id)
    deadline = time.monotonic() + _GONE_S
    while job.state == "training" and time.monotonic() < deadline:
        time.sleep(0.1)
        registry.requeue_stale_job(job_id, LOST_S)
        job = registry.job(job_id)
    return job


def worker_of(directory: JobDirectory) -> psutil.Process | None:
    """The process that holds the job's lock, found by what it wrote of itself at its start."""
    started = directory.events.last("started")
    if started is None or not directory.is_alive():
        return None
    return find_process(started["pid"], started["create_time"])


def reap(registry: Registry) -> list[JobRow]:
    """Give every job of this host whose worker is gone the state it ended in. Returns those jobs."""
    ended = []
    for job in registry.jobs(states=["training"], limit=1000):
        directory = JobDirectory(job.directory)
        if not _is_here(job) or directory.is_alive():
            continue
        ended += end(registry, job.id)
    for job in registry.stale_jobs(LOST_S):  # of a cluster's node: another takes it up
        registry.requeue_stale_job(job.id, LOST_S)
    return ended


def end(registry: Registry, job_id: str) -> list[JobRow]:
    """Give a job whose worker is gone the state it ended in; none if it has one, or another process was faster."""
    job = registry.job(job_id)
    if job.state != "training":
        return []
    directory = JobDirectory(job.directory)
    with suppress(ConflictError), registry.spending_reserve():
        if directory.cancel.exists() or job.cancel_requested:
            return [registry.cancel_job(job_id)]
        return [registry.fail_job(job_id, last_words(directory))]
    return []


_FULL_BYTES = 1 << 20
_END_BYTES = 1 << 14


def last_words(directory: JobDirectory) -> str:
    """Why a worker ended that did not say so itself, as far as its folder tells."""
    events = directory.events.all()
    begun = max((n for n, event in enumerate(events) if event["kind"] == "started"), default=0)
    last: dict[str, dict[str, Any]] = {
        event["kind"]: event for event in events[begun:]
    }  # not of an earlier run
    if "error" in last:
        return str(last["error"]["message"])
    steps = last.get("step")
    where = f"after step {steps['step']} of {steps['steps']}" if steps else "before the first step"
    if kernel_kills() > last.get("started", {}).get("kernel_kills", sys.maxsize):
        held = f"{total_bytes() / 1e9:.1f} GB of this machine or container"
        return f"the kernel killed the worker {where}: the memory ({held}) ran out"
    if shutil.disk_usage(directory.path).free < _FULL_BYTES or out_of_room(OSError(_said(directory, last))):
        return f"the worker ended {where}, and the disk is full"
    return f"the worker was killed {where}, by whom or for what is not known; {directory.log} ends with its last words"


def _said(directory: JobDirectory, last: Mapping[str, Any]) -> str:
    """The end of what the worker printed since it began."""
    with suppress(OSError), directory.log.open("rb") as log:
        size = directory.log.stat().st_size
        log.seek(max(size - _END_BYTES, last.get("started", {}).get("log_bytes", 0)))
        return log.read().decode("utf-8", "replace")
    return ""


def resume(
    registry: Registry,
    job_id: str,
    *,
    device: str,
    base: Base | None = None,
    from_start: bool = False,
    placed: str | None = None,
) -> JobRow:
    """Queue a job that failed or was cancelled again; it goes on from its newest whole checkpoint.

    Args:
        registry: Where it is kept.
        job_id: The job.
        device: Where it goes on, as `resolve_device` gives it.
        base: The same weights where they lie now; by default where they were.
        from_start: Whether it begins anew, its checkpoints and its plan being removed.
        placed: What its row says where a cluster chooses; by default the device on this host.

    Raises:
        ConflictError: It is queued, training or ready.
    """
    job, spec = registry.job(job_id), None
    if job.state in ("error", "cancelled"):  # else it is refused below
        directory = JobDirectory(job.directory)
        if from_start:
            directory.forget_run()
        directory.move(device, base or directory.spec.base)
        spec = directory.spec.as_dict(directory.home)
    base_id = base.id if base is not None else None
    return registry.requeue_job(
        job_id, device=placed or device_of_this_host(device), base_id=base_id, spec=spec
    )
