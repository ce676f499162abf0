"""A program's connection to a cluster, and what the cluster says of itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray._private.state import available_resources_per_node

from codebase_gardener.utils.error_handling import ResourceError

__all__ = ["NAMESPACE", "NodeState", "connected", "nodes"]

NAMESPACE = "gardener"
"""Of the actors that carry trainings."""


@dataclass(frozen=True)
class NodeState:
    """A node as Ray knows it.

    Attributes:
        id: Ray's own, in hexadecimal.
        name: As it was started, or its address.
        address: Host or IP.
        alive: Whether it answers.
        cpus: How many it has to give.
        accelerators: The same of GPUs.
        memory_bytes: What trainings may ask of it.
        free_cpus, free_accelerators, free_memory_bytes: Not given to anything.
    """

    id: str
    name: str
    address: str
    alive: bool
    cpus: float
    accelerators: float
    memory_bytes: int
    free_cpus: float
    free_accelerators: float
    free_memory_bytes: int


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect this process to a cluster for a while.

    Args:
        address: As `cluster_address` gives it.

    Raises:
        ResourceError: It does not answer, or does not take our token.
    """
    try:
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ResourceError(
            f"the cluster at {address} cannot be reached: {str(error).splitlines()[0]}",
            hint="see `gardener cluster status`; of another machine's cluster, RAY_AUTH_TOKEN_PATH names its token",
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def nodes() -> list[NodeState]:
    """The nodes of the cluster that this process is connected to, those that died last."""
    free = _free()
    states = [_state(row, free.get(row["NodeID"], {})) for row in ray.nodes()]
    return sorted(states, key=lambda node: (not node.alive, node.name))


def _free() -> dict[str, dict[str, float]]:
    """Node → what it has free."""
    if ray.util.client.ray.is_connected():  # `ray://` has no such question: a task asks it
        return dict(ray.get(ray.remote(num_cpus=0)(available_resources_per_node).remote()))
    return dict(available_resources_per_node())


def _state(row: dict[str, Any], free: dict[str, float]) -> NodeState:
    has = row["Resources"]
    return NodeState(
        id=str(row["NodeID"]),
        name=str(row["NodeName"]),
        address=str(row["NodeManagerAddress"]),
        alive=bool(row["Alive"]),
        cpus=has.get("CPU", 0.0),
        accelerators=has.get("GPU", 0.0),
        memory_bytes=int(has.get("memory", 0)),
        free_cpus=free.get("CPU", 0.0),
        free_accelerators=free.get("GPU", 0.0),
        free_memory_bytes=int(free.get("memory", 0)),
    )
