"""A server's start on Ray: settings become replicas, each with a home and an engine of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ray import cluster_resources

from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.bases.resolution import Base
from codebase_gardener.cluster.ray_replica import ServedName
from codebase_gardener.cluster.ray_serving import RayEngine, Spread
from codebase_gardener.config.settings import Settings, load_settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.memory.recall import Memory
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.serving.engine import Served
from codebase_gardener.serving.server import ServeOptions, for_serving, start_engine
from codebase_gardener.utils.error_handling import ModelError
from codebase_gardener.utils.logs import configure_logging
from codebase_gardener.utils.names import parse_ref

__all__ = ["GardenHome", "start_replicas"]


class GardenHome:
    """A home as a replica has it.

    Args:
        fields: Settings of the server; what is left out is read on this machine.
        options: How the server serves.
    """

    def __init__(self, fields: Mapping[str, Any], options: ServeOptions) -> None:
        settings = for_serving(load_settings(**fields), options)
        configure_logging(settings.log_level, as_json=True)
        self._gardener = Gardener(settings)
        self._catalog = Catalog(self._gardener.manager, self._gardener.wiki, self._gardener.current_adapter)
        self.engine = start_engine(self._gardener.manager, options, options.engine)

    def served(self, name: ServedName) -> Served:
        """What a name means here.

        Raises:
            NotFoundError: The version is not in this machine's registry.
            ModelError: The base has other weights here.
        """
        manager = self._gardener.manager
        base = manager.base(name.base_id)
        if base.sha256 != name.base_hash:
            raise ModelError(
                f"the base {name.base_id} has other weights on {socket.gethostname()} than at the server",
                hint="gardener bases lists them; the machines of a cluster need the same ones",
            )
        if not name.version:
            return Served(base)
        row = manager.version(parse_ref(name.version))
        return Served(base, Loadable.of(row, manager.holder))

    def memory(self, project: str, base: Base) -> Memory:
        """The memory of a project's last snapshot."""
        return self._catalog.memory(project, base)

    def close(self) -> None:
        """End the engine, and close the registry."""
        self.engine.close()
        self._gardener.manager.close()


def start_replicas(
    catalog: Catalog,
    options: ServeOptions,
    count: int,
    most: int,
    port: int,
    say: Callable[[str], None] = lambda _: None,
) -> RayEngine:
    """Start replicas on the cluster that this process is connected to, the first model's base and pins in each.

    Args:
        catalog: What is served.
        options: As `opened` takes them; "auto" is "torch" here: replicas that measure at once disturb each other.
        count: How many replicas.
        most: With more than `count`, Serve adds and takes off replicas by the queue.
        port: Where the server listens.
        say: Told before what takes a while.

    Raises:
        ModelError: No replica could be started.
        NotFoundError: There is nothing of a name that is pinned.
    """
    cards, settings, largest = catalog.cards(), catalog.manager.settings, max(count, most)
    base = catalog.resolve(cards[0].name).served.base if cards else catalog.manager.base()
    if options.engine == "auto":
        options = replace(options, engine="torch")
    spread = Spread(
        count,
        most,
        options.max_running,
        options.max_waiting,
        adapters=max(
            1, options.memory_bytes // 2 // max((card.bytes for card in cards if card.bytes), default=1)
        ),
        cpus=_share("CPU", largest),
        gpus=_share("GPU", largest) if settings.device in ("auto", "cuda") else 0.0,
    )
    kept = [Served(base), *(catalog.resolve(name).served for name in options.pins)]
    say(
        f"{count} replica{'s' * (count > 1)} started on Ray, each with the base in memory: this takes a while"
    )
    return RayEngine(partial(GardenHome, _sent(settings), options), spread, _app_name(port), kept)


def _share(resource: str, replicas: int) -> float:
    """What each replica gets of a cluster's resource: one, or its part of what there is."""
    return min(1.0, int(float(cluster_resources().get(resource, 0.0)) * 100 / replicas) / 100)


def _sent(settings: Settings) -> dict[str, Any]:
    """Settings for other machines; an address with a password is not sent: each has it in its own environment."""
    fields = settings.model_dump(mode="json")
    if urlsplit(settings.registry_url).password:
        del fields["registry_url"]
    return fields


def _app_name(port: int) -> str:
    """Of a server's replicas in a cluster: one that was killed and starts again on its port takes them over."""
    return f"gardener-{socket.gethostname()}-{port}"
