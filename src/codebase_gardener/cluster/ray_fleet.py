"""A fleet on Ray: each repository's grow is a task with a node to itself, done elsewhere if the node is lost.

A base is fetched once a node: by the first task there, while others of the node wait for its lock.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import ray

from codebase_gardener.cluster.ray_connection import nodes
from codebase_gardener.cluster.ray_jobs import DEVICE
from codebase_gardener.cluster.running import run_here
from codebase_gardener.config.settings import Settings, load_settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.fleet import FleetRun, FleetWatcher, Outcome, failed, grow_one, request_of
from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.jobs.placement import is_placed
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.repository.sources import without_credentials
from codebase_gardener.training.memory import check_memory, estimate_memory
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    InvalidInputError,
    ResourceError,
    TrainingError,
)
from codebase_gardener.utils.logs import configure_logging

__all__ = ["FleetNews", "GrowTask", "grow_on_ray"]

GrowTask = Callable[[dict[str, Any], Any], dict[str, Any]]
"""The fields of an entry, and an actor `FleetNews`; gives the fields of an outcome."""

_LOOK_S = 0.5
_TRIES = 3
_log = logging.getLogger(__name__)


def grow_on_ray(settings: Settings, work: GrowTask | None = None) -> FleetRun:
    """Many at once, on the cluster that this process is connected to.

    Args:
        settings: Of the home: base and options that entries do not say.
        work: What is done on a node with an entry, its fields, and the actor that is told; by default it is grown.
    """

    def run(entries: Sequence[FleetEntry], watcher: FleetWatcher) -> Iterator[Outcome]:
        began = time.time()
        news = ray.remote(FleetNews).options(num_cpus=0).remote()
        pending = {}
        for entry in entries:
            try:
                pending[_submit(settings, entry, work or _grow, news)] = entry
            except CodebaseGardenerError as error:
                yield failed(entry, error, began)
        while pending:
            ready, _ = ray.wait(list(pending), timeout=_LOOK_S)
            for kind, name, words in ray.get(news.take.remote()):
                getattr(watcher, kind)(name, *words)
            for task in ready:
                yield _outcome(task, pending.pop(task), began)

    return run


def _submit(settings: Settings, entry: FleetEntry, work: GrowTask, news: Any) -> ray.ObjectRef:
    """The task of an entry, with what this home says of it.

    Raises:
        InvalidInputError: Its address holds a password, which must not pass through Ray.
        ResourceError: The cluster has no node.
    """
    if without_credentials(entry.source) != entry.source:
        raise InvalidInputError(
            f"{without_credentials(entry.source)} has a name or password in its address, which would pass through Ray",
            hint="leave it out, and give git on the nodes a credential helper",
        )
    whole = replace(entry, base=entry.base or settings.base, options={**settings.training, **entry.options})
    task = ray.remote(work).options(
        name=f"grow {entry.name}", max_retries=_TRIES, scheduling_strategy="SPREAD", **_asked(whole)
    )
    return task.remote(asdict(whole), news)


def _asked(entry: FleetEntry) -> dict[str, float]:
    """A node to itself, or as many cores as its training has threads; an accelerator where there are any."""
    alive = [node for node in nodes() if node.alive]
    if not alive:
        raise ResourceError("the cluster has no node", hint="see `gardener cluster status`")
    cpus = float(entry.options.get("threads") or min(node.cpus for node in alive if node.cpus))
    return {"num_cpus": cpus, "num_gpus": float(any(node.accelerators for node in alive))}


def _outcome(task: ray.ObjectRef, entry: FleetEntry, began: float) -> Outcome:
    try:
        return replace(Outcome(**ray.get(task)), request=request_of(entry))
    except ray.exceptions.RayTaskError as error:  # what the node raised before or after the grow
        return failed(entry, error.cause, began)
    except ray.exceptions.RayError as error:
        lost = TrainingError(
            f"its node was lost {_TRIES + 1} times: {str(error).splitlines()[0]}",
            hint="see `gardener cluster status`, and run it again: it goes on from its last checkpoint",
        )
        return failed(entry, lost, began)


# ---- on the node


def _grow(row: dict[str, Any], news: Any) -> dict[str, Any]:
    """Grow a repository on this node; whatever becomes of it is what is returned."""
    settings = load_settings()
    configure_logging(settings.log_level)
    entry, node = FleetEntry(**row), _node()
    with Gardener(settings) as gardener, _training_here(gardener, entry.name, node):
        return asdict(grow_one(gardener, entry, _Told(news), node=node))


def _node() -> str:
    here = ray.get_runtime_context().get_node_id()
    return str(next((row["NodeName"] for row in ray.nodes() if row["NodeID"] == here), here[:12]))


@contextmanager
def _training_here(gardener: Gardener, project: str, node: str) -> Iterator[None]:
    """While the block lasts, this node trains what waits of a project: also what a lost node began."""
    over, settings = threading.Event(), gardener.settings
    me = f"{node}/{secrets.token_hex(4)}"

    def work() -> None:
        with Registry(settings.database_url, home=settings.home) as registry:
            while not over.wait(_LOOK_S):
                try:
                    for job in registry.jobs(states=("queued",), limit=None):
                        if job.project == project and is_placed(job.device):
                            run_here(settings, job.id, me)
                except CodebaseGardenerError as error:  # the next look may find the registry again
                    _log.warning("the jobs of %s: %s", project, error.message)

    thread = threading.Thread(target=work, daemon=True)
    gardener.manager.trainings.placement = _Here(settings.min_free_bytes)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Here:
    """A `JobPlacement` on the node that asks: its thread looks for what is queued."""

    device = DEVICE

    def __init__(self, min_free_bytes: int) -> None:
        self._min_free_bytes = min_free_bytes

    def check(self, spec: JobSpec) -> None:
        """Refuse what this node has no memory for.

        Raises:
            ResourceError: With what it needs.
        """
        needed = estimate_memory(spec.base, spec.training, bf16=spec.training.dtype != "float32")
        check_memory(needed, min_free_bytes=self._min_free_bytes)

    def place(self, job: JobRow, spec: JobSpec) -> None:
        """It is found where it waits."""


class FleetNews:
    """An actor that holds what the tasks tell until who watches takes it."""

    def __init__(self) -> None:
        self._told: list[tuple[str, str, tuple[str, ...]]] = []

    def tell(self, kind: str, name: str, *words: str) -> None:
        """A method of `FleetWatcher`, and what it is called with."""
        self._told.append((kind, name, words))

    def take(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """All since the last time."""
        told, self._told = self._told, []
        return told


class _Told:
    """A watcher far away; where a repository is, is told twice a second at most."""

    def __init__(self, news: Any) -> None:
        self._news, self._last = news, 0.0

    def began(self, name: str) -> None:
        """A repository is grown now."""
        self._news.tell.remote("began", name)

    def at(self, name: str, words: str) -> None:
        """Where it is."""
        if time.monotonic() - self._last >= _LOOK_S:
            self._last = time.monotonic()
            self._news.tell.remote("at", name, words)

    def said(self, name: str, message: str) -> None:
        """A line of it."""
        self._news.tell.remote("said", name, message)

    def ended(self, outcome: Outcome) -> None:
        """It is told by what is returned."""
