"""A training on the node that was chosen for it: claimed, run by the ordinary worker, watched, told as ended.

The registry says whose it is: of two that claim a job one gets it, and its row says when the node was last heard of.
A node that was not heard of for `LOST_S` has lost its job; the next that asks goes on from its newest whole checkpoint.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from codebase_gardener.cluster.carrying import Carrier
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs import queue
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.placement import LOST_S
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.children import end_with_children, python_module, start_held
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ConflictError, RegistryError
from codebase_gardener.utils.files import PRIVATE_FILE, FileLock

__all__ = ["run_here"]

_log = logging.getLogger(__name__)
_BEAT_S = 1.0
"""How often a node says that it trains a job, and asks whether it is to be cancelled."""
_LOOK_S = 0.1
_ENDED = ("ready", "error")  # by the worker itself, which may still be clearing up


def run_here(settings: Settings, job_id: str, node: str) -> str:
    """Train a job on this machine, if it still waits or the node that had it is lost.

    Args:
        settings: Of this machine.
        job_id: Of a job of the registry.
        node: Who asks; a start anew has a name of its own.

    Returns:
        The state that it is in then; "training" where another node has it.
    """
    with Registry(settings.database_url, home=settings.home) as registry:
        if _claimed(registry, job_id, node):
            _train(settings, registry, registry.job(job_id), node)
        return registry.job(job_id).state


def _claimed(registry: Registry, job_id: str, node: str) -> bool:
    """Claim it; where another had it, after that one was not heard of for long enough to be sure."""
    beat: float | None = None
    while not registry.claim_job(job_id, node=node):
        job = registry.job(job_id)
        if job.state not in ("queued", "training") or (beat is not None and job.beat_at not in (beat, None)):
            return False
        beat = job.beat_at
        if not registry.requeue_stale_job(job_id, LOST_S):
            time.sleep(_BEAT_S)
    return True


def _train(settings: Settings, registry: Registry, job: JobRow, node: str) -> None:
    carrier = Carrier(settings, registry, job)
    try:
        directory = carrier.arrive()
    except CodebaseGardenerError as error:
        with suppress(ConflictError):
            registry.fail_job(job.id, f"on {node.partition('/')[0]}: {error.message}")
        return
    directory.events.append("placed", node=node)
    with _held(directory) as lock:
        worker = _start(directory, lock, settings.for_workers)
    stop = threading.Event()
    sending = threading.Thread(target=_send_on, args=(carrier, directory, stop), daemon=True)
    sending.start()
    try:
        mine = _watch(registry, job.id, node, worker)
    finally:
        _end(worker)
        stop.set()
        sending.join()
    if mine:
        queue.end(registry, job.id)
    carrier.send(directory)
    if registry.job(job.id).state == "ready":
        carrier.forget(directory)


@contextmanager
def _held(directory: JobDirectory) -> Iterator[FileLock]:
    """The job's lock; a worker that outlives the node that began it is ended."""
    lock = FileLock(directory.lock)
    while not lock.acquire():
        if orphan := queue.worker_of(directory):
            end_with_children(orphan)
        time.sleep(_LOOK_S)
    try:
        yield lock
    finally:
        lock.release()


def _send_on(carrier: Carrier, directory: JobDirectory, stop: threading.Event) -> None:
    """Beside the heartbeat: a checkpoint may take longer than a node may be silent."""
    while not stop.wait(_BEAT_S):
        carrier.send(directory)


def _start(
    directory: JobDirectory, lock: FileLock, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """The ordinary worker, with the cores that Ray gives (OMP_NUM_THREADS); it ends when this process ends."""
    directory.cancel.unlink(missing_ok=True)
    directory.log.touch(mode=PRIVATE_FILE)
    command = [*python_module("codebase_gardener.worker"), str(directory.path), "--held"]
    with directory.log.open("ab") as log:
        return start_held(lock, command, log=log, environment=environment, cwd="/")


def _watch(registry: Registry, job_id: str, node: str, worker: subprocess.Popen[bytes]) -> bool:
    """Beat until the worker ends, or is to end. Returns whether the job is still this node's to end."""
    next_beat = 0.0
    while worker.poll() is None:
        time.sleep(_LOOK_S)
        if time.monotonic() < next_beat:
            continue
        next_beat = time.monotonic() + _BEAT_S
        try:
            if registry.cancel_requested(job_id):
                return True
            if not registry.beat(job_id, node) and registry.job(job_id).state not in _ENDED:
                return False  # another node has it, or it was cancelled
        except RegistryError as error:  # who cannot be heard loses the job by and by; the worker does its own
            _log.warning("job %s: %s", job_id, error.message)
    return True


def _end(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        with suppress(psutil.NoSuchProcess):
            end_with_children(psutil.Process(worker.pid))
    worker.wait()
