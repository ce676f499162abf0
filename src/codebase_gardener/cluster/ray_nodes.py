"""The process that holds the nodes of a cluster on this machine; `cluster.local` starts it.

`ray start` takes 127.0.0.1 for the machine's outward address, unless it is told that there is one node only, and then
listens on every interface. `ray.cluster_utils` leaves an address as it is given; what is given 127.0.0.1 listens there.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from ray.cluster_utils import Cluster  # the nodes of Ray's own tests

from codebase_gardener.cluster.address import LOOPBACK, ClusterFolder
from codebase_gardener.cluster.local import LocalCluster, LocalNodes, described
from codebase_gardener.utils.files import read_json, write_json
from codebase_gardener.utils.limits import core_numbers

__all__ = ["main"]

_LOOK_S = 1.0
_LAST_LINES = 20
_PORTS = (
    "metrics_agent_port",
    "metrics_export_port",
    "dashboard_agent_listen_port",
    "runtime_env_agent_port",
)


def main(path: str) -> int:
    """Start what `asked.json` says, write `cluster.json`, and hold the nodes until SIGTERM."""
    os.umask(0o077)
    folder = ClusterFolder(Path(path))
    asked = LocalNodes(**read_json(folder.path / "asked.json"))
    cluster = Cluster(shutdown_at_exit=True)
    try:
        write_json(folder.state, _state("", asked).as_dict())
        for number in range(asked.nodes):
            _add(cluster, asked, number)
            signal.signal(
                signal.SIGTERM, _stopped
            )  # in place of Ray's handler, which waits 30 s for nodes to drain
        write_json(folder.state, _state(cluster.gcs_address, asked).as_dict())
        while _head_lives(cluster):
            time.sleep(_LOOK_S)
    except Exception:
        _print_last_words(Path(asked.temp))
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        folder.state.unlink(missing_ok=True)
        cluster.shutdown()
        shutil.rmtree(asked.temp, ignore_errors=True)
    return 0


def _print_last_words(temp: Path) -> None:
    """The ends of Ray's own logs, which go with their folder."""
    for log in sorted(temp.glob("session_2*/logs/*.*")):
        if log.is_file() and (lines := log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]):
            print(f"==> {log.name}", *lines, sep="\n")


def _stopped(*_: object) -> None:
    sys.exit(0)


def _add(cluster: Cluster, asked: LocalNodes, number: int) -> None:
    """A node with cores of its own, where there are enough: what a node starts stays on them."""
    head: dict[str, Any] = {
        "include_dashboard": False,
        "no_monitor": True,
        "ray_client_server_port": asked.client_port or None,
        "temp_dir": asked.temp,
    }
    # a port that is given is not waited for: Ray gives its agents 15 s to write down one of their own
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    with _on_cores(number, asked.cpus):
        cluster.add_node(
            node_ip_address=LOOPBACK,
            node_name=f"node-{number + 1}",
            num_cpus=asked.cpus,
            memory=asked.memory_bytes,
            object_store_memory=asked.objects_bytes,
            include_log_monitor=False,
            **ports,
            **(head if number == 0 else {}),
        )


def _free_ports(number: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _on_cores(number: int, cpus: int) -> Iterator[None]:
    ours = core_numbers()
    if not ours:
        yield
        return
    os.sched_setaffinity(0, {ours[(number * cpus + each) % len(ours)] for each in range(cpus)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def _head_lives(cluster: Cluster) -> bool:
    """Whether none of the head's processes has ended: a cluster without its head is over."""
    return cluster.head_node is not None and not cluster.head_node.dead_processes()


def _state(address: str, asked: LocalNodes) -> LocalCluster:
    this = psutil.Process()
    return LocalCluster(
        address=address,
        client=f"ray://{LOOPBACK}:{asked.client_port}" if asked.client_port else "",
        temp=asked.temp,
        pid=this.pid,
        create_time=this.create_time(),
        processes=described(this.children(recursive=True)),
        nodes=asked.nodes,
        cpus=asked.cpus,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
