"""Trainings on Ray: an actor a job, that asks for what the training needs, and is started elsewhere if it is lost."""

from __future__ import annotations

import logging
import os
import secrets
import time
from typing import Any

import ray

from codebase_gardener.cluster.ray_connection import NAMESPACE, NodeState, nodes
from codebase_gardener.cluster.running import run_here
from codebase_gardener.config.settings import load_settings
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.training.memory import estimate_memory
from codebase_gardener.utils.error_handling import CodebaseGardenerError, RegistryError, ResourceError
from codebase_gardener.utils.logs import configure_logging

__all__ = ["DEVICE", "JobActor", "RayPlacement", "asked_of"]

DEVICE = "cluster:ray"
_log = logging.getLogger(__name__)
_TRIES, _TRY_S = 20, 3.0


class JobActor:
    """Carries one training. It is detached: it outlives the program that asked, and goes on where its node is lost.

    Args:
        job_id: Of the registry; nothing else is told, so that no secret passes through Ray.
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        ray.get_runtime_context().current_actor.run.remote()  # also where Ray starts it anew

    def run(self) -> None:
        """Train the job on this node, then end the actor."""
        settings = load_settings()
        os.environ.setdefault(
            "RAY_ADDRESS", ray.get_runtime_context().gcs_address
        )  # for one on several nodes
        configure_logging(settings.log_level, as_json=True)
        try:
            for left in reversed(range(_TRIES)):
                try:
                    run_here(settings, self._job_id, _node())
                    break
                except RegistryError as error:
                    _log.warning("job %s: %s; %d tries left", self._job_id, error.message, left)
                    time.sleep(_TRY_S)
        except CodebaseGardenerError as error:
            _log.error("job %s: %s", self._job_id, error.message)
        finally:
            ray.actor.exit_actor()


def _node() -> str:
    """The node's name, and what tells this start from others."""
    here = ray.get_runtime_context().get_node_id()
    name = next((row["NodeName"] for row in ray.nodes() if row["NodeID"] == here), here[:12])
    return f"{name}/{secrets.token_hex(4)}"


class RayPlacement:
    """A `JobPlacement` on the cluster that this process is connected to."""

    device = DEVICE

    def check(self, spec: JobSpec) -> None:
        """Refuse what no node is large enough for.

        One on several nodes only waits itself: Ray Train asks for what each of them needs.

        Raises:
            ResourceError: No node is large enough, or fewer than are asked for.
        """
        seen = nodes()
        _check_fits(_asked(spec, seen), seen, spec.nodes)

    def place(self, job: JobRow, spec: JobSpec) -> None:
        """Start the actor of a job; it waits until a node has what the training needs."""
        asked = _asked(spec, nodes()) if spec.nodes == 1 else {"num_cpus": 0}
        ray.remote(JobActor).options(
            name=f"job-{job.id}-{secrets.token_hex(4)}",
            namespace=NAMESPACE,
            lifetime="detached",
            max_restarts=-1,
            **asked,
        ).remote(job.id)


def _asked(spec: JobSpec, seen: list[NodeState]) -> dict[str, Any]:
    return asked_of(spec, has_accelerators=any(node.accelerators for node in seen if node.alive))


def asked_of(spec: JobSpec, *, has_accelerators: bool) -> dict[str, Any]:
    """Cores, bytes and accelerators that a training is planned with, by Ray's names.

    Args:
        spec: What to train.
        has_accelerators: Whether the cluster has any.
    """
    device = spec.device.partition(":")[0]
    gpus = int(device not in ("cpu", "auto") or (device == "auto" and has_accelerators))
    needed = estimate_memory(spec.base, spec.training, bf16=spec.training.dtype != "float32")
    return {"num_cpus": spec.training.threads or 1, "num_gpus": gpus, "memory": needed.total}


def _check_fits(asked: dict[str, Any], all_nodes: list[NodeState], wanted: int) -> None:
    large = [
        node
        for node in all_nodes
        if node.alive
        and node.cpus >= asked["num_cpus"]
        and node.accelerators >= asked["num_gpus"]
        and node.memory_bytes >= asked["memory"]
    ]
    if len(large) >= wanted:
        return
    needs = (
        f"{asked['num_cpus']} CPU, {asked['num_gpus']} accelerators, {asked['memory'] / 1e9:.1f} GB of memory"
    )
    found = f"{len(large)} nodes of the cluster are" if large else "no node of the cluster is"
    raise ResourceError(
        f"{found} large enough{f', and {wanted} were asked for' if wanted > 1 else ''}: the training needs {needs}",
        hint="see `gardener cluster status`; or ask for less (--batch-size, --threads, --quantization)",
        context=asked,
    )
