"""`gardener cluster`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codebase_gardener.cli.command import (
    command_options,
    echo,
    open_gardener,
    print_json,
    read_settings,
    tell,
)

if TYPE_CHECKING:
    from codebase_gardener.cluster.ray_connection import NodeState

__all__ = ["cluster"]


@click.group()
def cluster() -> None:
    """Several nodes on this machine, to try what several machines do: up, status, down."""


@cluster.command("up")
@click.option("--local", "nodes", type=click.IntRange(1, 64), required=True, help="How many nodes.")
@click.option("--cpus", type=click.IntRange(1, 1024), default=1, show_default=True, help="Of each node.")
@click.option(
    "--client-port", type=click.IntRange(1024, 65535), help="Listen for ray:// too, on this machine only."
)
@command_options
def up(nodes: int, cpus: int, client_port: int | None, as_json: bool) -> None:
    """Start a cluster on this machine: it listens on 127.0.0.1 only, and asks for a token."""
    from codebase_gardener.cluster.address import ClusterFolder
    from codebase_gardener.cluster.local import up as start
    from codebase_gardener.cluster.placing import place_waiting

    settings = read_settings()
    started = start(
        settings.home, nodes, cpus=cpus, client_port=client_port or 0, environment=settings.for_workers
    )
    with open_gardener() as gardener:
        waited = place_waiting(gardener, "auto")
    told = (
        f"{_nodes(nodes)} of {cpus} CPU at {started.address}; train on it with: gardener train NAME --on auto"
    )
    if started.client:
        told += f"\nfrom outside, with the token in {ClusterFolder.of(settings.home).token}: --on {started.client}"
    told += f"\ntrainings that waited, placed: {len(waited)}" if waited else ""
    tell(as_json, {**started.as_dict(), "placed": waited}, told)


@cluster.command("status")
@click.option("--on", metavar="ADDRESS", default="auto", show_default=True, help="ray://HOST:10001, or auto.")
@command_options
def status(on: str, as_json: bool) -> None:
    """Nodes, what each has free, and what trains where."""
    from codebase_gardener.cluster.placing import cluster_status

    seen = cluster_status(read_settings(), on)
    if as_json:
        print_json(seen.as_dict())
        return
    echo(f"Cluster at {seen.address}")
    for node in seen.nodes:
        echo(f"  {_line(node)}")
    for job in seen.jobs:
        echo(f"  {job.job_id}  {job.adapter_id:<28} {job.state:<10} {job.node}")


def _line(node: NodeState) -> str:
    from codebase_gardener.cli.figures import gigabytes

    if not node.alive:
        return f"{node.name:<12} lost"
    given = f"{node.free_cpus:g} of {node.cpus:g} CPU free"
    if node.accelerators:
        given += f", {node.free_accelerators:g} of {node.accelerators:g} GPU"
    memory = f"{gigabytes(node.free_memory_bytes)} of {gigabytes(node.memory_bytes)}"
    return f"{node.name:<12} {node.address:<15} {given}, {memory} of memory"


@cluster.command("down")
@command_options
def down(as_json: bool) -> None:
    """Stop the cluster that was started here, and nothing else."""
    from codebase_gardener.cluster.local import down as stop

    stopped = stop(read_settings().home)
    tell(as_json, stopped.as_dict(), f"stopped {_nodes(stopped.nodes)} at {stopped.address}")


def _nodes(number: int) -> str:
    return f"{number} node{'' if number == 1 else 's'}"
