"""What a cluster has and does, and trainings placed on it, without Ray being imported before it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from codebase_gardener.cluster.address import cluster_address, require_ray, set_for_ray
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs import submission
from codebase_gardener.jobs.placement import is_placed
from codebase_gardener.registry.transactions import Registry

if TYPE_CHECKING:
    from codebase_gardener.cluster.ray_connection import NodeState
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["ClusterJob", "ClusterStatus", "cluster_status", "on_cluster", "place_waiting", "placed"]


@dataclass(frozen=True)
class ClusterJob:
    """A training that is queued on a cluster, or under way.

    Attributes:
        job_id: Its id.
        adapter_id: `project/name@version`.
        state: "queued" or "training".
        node: Where it trains; "" before that.
    """

    job_id: str
    adapter_id: str
    state: str
    node: str


@dataclass(frozen=True)
class ClusterStatus:
    """A cluster at one moment."""

    address: str
    nodes: tuple[NodeState, ...]
    jobs: tuple[ClusterJob, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


@contextmanager
def on_cluster(settings: Settings, on: str) -> Iterator[str]:
    """Connect this process to a cluster for a while.

    Args:
        settings: Whose home knows the address and the token.
        on: "auto", or an address.

    Yields:
        The address.

    Raises:
        ResourceError: Ray is not installed, or the cluster cannot be reached.
        ConflictError: This process has imported Ray already, with other settings.
        NotFoundError: "auto", and no cluster is known.
    """
    require_ray()
    address = cluster_address(settings.home, on)
    set_for_ray(settings.home, address)
    from codebase_gardener.cluster.ray_connection import connected

    with connected(address):
        yield address


@contextmanager
def placed(gardener: Gardener, on: str | None) -> Iterator[None]:
    """Let a cluster choose where what is submitted or resumed is trained.

    Args:
        gardener: Whose trainings.
        on: "auto", or an address; None leaves them on this host.

    Raises:
        ResourceError: Ray is not installed, or the cluster cannot be reached.
        NotFoundError: "auto", and no cluster is known.
    """
    if on is None:
        yield
        return
    with on_cluster(gardener.settings, on):
        from codebase_gardener.cluster.ray_jobs import RayPlacement

        gardener.manager.trainings.placement = RayPlacement()
        try:
            yield
        finally:
            gardener.manager.trainings.placement = None


def place_waiting(gardener: Gardener, on: str) -> list[str]:
    """Place the trainings that wait for a cluster: those of one that was lost or stopped, too.

    Args:
        gardener: Whose trainings.
        on: "auto", or an address.

    Returns:
        Their ids.

    Raises:
        ResourceError: The cluster cannot be reached, or no node of it is large enough for one of them.
    """
    trainings = gardener.manager.trainings
    trainings.reap()
    waiting = [job for job in gardener.registry.jobs(states=["queued"], limit=None) if is_placed(job.device)]
    if waiting:
        with placed(gardener, on):
            for job in waiting:
                submission.start(gardener.registry, job, trainings.environment, trainings.placement)
    return [job.id for job in waiting]


def cluster_status(settings: Settings, on: str) -> ClusterStatus:
    """Nodes, what they have free, and the trainings of this registry.

    Args:
        settings: Of the home.
        on: "auto", or an address.

    Raises:
        ResourceError: Ray is not installed, or the cluster cannot be reached.
        NotFoundError: "auto", and no cluster is known.
    """
    with on_cluster(settings, on) as address:
        from codebase_gardener.cluster.ray_connection import nodes

        seen = tuple(nodes())
    with Registry(settings.database_url, home=settings.home) as registry:
        return ClusterStatus(address, seen, tuple(_jobs(registry)))


def _jobs(registry: Registry) -> Iterator[ClusterJob]:
    for job in registry.jobs(states=("queued", "training"), limit=None):
        if is_placed(job.device):
            yield ClusterJob(job.id, str(job.ref), job.state, (job.node or "").partition("/")[0])
