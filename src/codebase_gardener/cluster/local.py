"""A cluster of several nodes on this machine: started, found, stopped.

One process (`ray_nodes`) starts the nodes and holds them: it ends them when it is asked to, and the kernel ends them
when it is killed. It holds the lock of the folder `cluster` of the home for as long as it lives.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.cluster.address import ClusterFolder, environment_for_ray, require_ray
from codebase_gardener.utils.children import end_with_children, find_process, python_module, start_holding
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError, ResourceError
from codebase_gardener.utils.files import PRIVATE_FILE, FileLock, make_folder, read_json, write_json
from codebase_gardener.utils.limits import available_bytes

if TYPE_CHECKING:
    import psutil

__all__ = ["LocalCluster", "LocalNodes", "described", "down", "running", "up"]

_TEMP = "gardener-ray-"  # short: Ray's sockets lie below, and a socket's path is at most 107 bytes
_UP_S = 600.0
_DOWN_S = 20.0
_OBJECTS_BYTES = 100_000_000
_SCHEDULED = 0.9  # of the free memory: the rest is Ray's own


@dataclass(frozen=True)
class LocalNodes:
    """What is asked for.

    Attributes:
        nodes: How many, the head counted.
        cpus: Of each.
        memory_bytes: What trainings may ask of each.
        objects_bytes: Shared memory of each.
        temp: Folder of Ray's sockets and logs.
        client_port: Where programs of other machines would connect (`ray://`); 0 for none.
    """

    nodes: int
    cpus: int
    memory_bytes: int
    objects_bytes: int
    temp: str
    client_port: int = 0


@dataclass(frozen=True)
class LocalCluster:
    """A running one.

    Attributes:
        address: `host:port`, what Ray connects to; "" while it starts.
        client: `ray://host:port`, or "".
        temp: Folder of Ray's sockets and logs.
        pid: Of the process that holds the nodes.
        create_time: When that began: a pid alone is given again.
        processes: pid and time of all that it started.
        nodes: How many.
        cpus: Of each.
    """

    address: str
    client: str
    temp: str
    pid: int
    create_time: float
    processes: tuple[tuple[int, float], ...]
    nodes: int
    cpus: int

    def as_dict(self) -> dict[str, Any]:
        """As `cluster.json` holds it."""
        return asdict(self)

    @classmethod
    def read(cls, folder: ClusterFolder) -> LocalCluster | None:
        """What `cluster.json` says, or None where there is none."""
        try:
            row = read_json(folder.state)
        except FileNotFoundError:
            return None
        return cls(**{**row, "processes": tuple((pid, at) for pid, at in row["processes"])})


def up(
    home: Path, nodes: int, *, cpus: int = 1, client_port: int = 0, environment: Mapping[str, str]
) -> LocalCluster:
    """Start a cluster of nodes on this machine, reachable from this machine only, and by who has the token.

    Args:
        home: Where its address and token are written.
        nodes: How many, the head counted.
        cpus: Of each.
        client_port: For `ray://`; 0 for none.
        environment: What trainings on it need to find the home and the database.

    Raises:
        ConflictError: One runs already.
        ResourceError: Ray is not installed, or did not start; its last words are told.
    """
    require_ray()
    folder = ClusterFolder.of(home)
    make_folder(folder.path)
    lock = FileLock(folder.lock)
    if not lock.acquire():
        raise ConflictError(
            "a cluster of this home runs already", hint="see: gardener cluster status; end it: … down"
        )
    temp = Path(tempfile.mkdtemp(prefix=_TEMP, dir=_short_folder()))
    try:
        _clear(folder)  # of one that was killed
        make_folder(temp / "ray")  # where Ray writes an address for `ray.init("auto")` of anybody
        folder.make_token()
        asked = LocalNodes(
            nodes, cpus, int(available_bytes() * _SCHEDULED / nodes), _OBJECTS_BYTES, str(temp), client_port
        )
        write_json(folder.path / "asked.json", asdict(asked))
        _start(folder, lock, {**environment, **environment_for_ray(home), "RAY_TMPDIR": str(temp)})
    finally:
        lock.release()
    return _wait(folder, temp)


def _short_folder() -> str | None:
    """Where temporary folders have short names."""
    return "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - the folder made in it is its owner's alone


def _start(folder: ClusterFolder, lock: FileLock, environment: Mapping[str, str]) -> None:
    folder.log.unlink(missing_ok=True)
    folder.log.touch(mode=PRIVATE_FILE)
    with folder.log.open("ab") as log:
        command = [*python_module("codebase_gardener.cluster.ray_nodes"), str(folder.path)]
        start_holding(lock, command, output=log, log=log, environment=environment, cwd="/")


def _wait(folder: ClusterFolder, temp: Path) -> LocalCluster:
    deadline = time.monotonic() + _UP_S
    while not FileLock.is_free(folder.lock):
        if (cluster := LocalCluster.read(folder)) and cluster.address:
            return cluster
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    _clear(folder)
    shutil.rmtree(temp, ignore_errors=True)
    words = folder.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
    raise ResourceError(
        f"Ray did not start within {_UP_S:.0f} s: {''.join(words) or 'it said nothing'}",
        hint=f"see {folder.log}",
    )


def running(home: Path) -> LocalCluster:
    """The cluster that was started from this home.

    Raises:
        NotFoundError: There is none.
    """
    folder = ClusterFolder.of(home)
    cluster = LocalCluster.read(folder)
    if cluster is None or not cluster.address or FileLock.is_free(folder.lock):
        raise NotFoundError(
            "no cluster of this home runs", hint="start one with: gardener cluster up --local 2"
        )
    return cluster


def down(home: Path) -> LocalCluster:
    """Stop what `up` started, and nothing else: no process and no folder of it is left.

    Raises:
        NotFoundError: Nothing was started, or it has been stopped.
        ResourceError: A process of it does not end.
    """
    folder = ClusterFolder.of(home)
    cluster = LocalCluster.read(folder)
    if cluster is None:
        raise NotFoundError(
            "no cluster of this home runs", hint="start one with: gardener cluster up --local 2"
        )
    _clear(folder)
    return cluster


def _clear(folder: ClusterFolder) -> None:
    """End the processes that `cluster.json` names, with their children, and remove what lay in files."""
    cluster = LocalCluster.read(folder)
    if cluster is None:
        return
    family = _alive(cluster)
    if holder := find_process(cluster.pid, cluster.create_time):
        _ask(holder)
    for process in family:  # those that did not end with it
        if process.is_running():
            end_with_children(process)
    if left := [process.pid for process in family if _lives(process)]:
        raise ResourceError(
            f"processes of the cluster do not end: {', '.join(map(str, left))}",
            hint="end them by hand, then again: gardener cluster down",
        )
    shutil.rmtree(cluster.temp, ignore_errors=True)
    folder.state.unlink(missing_ok=True)


def _alive(cluster: LocalCluster) -> list[psutil.Process]:
    """The processes that were started, and what they have started since."""
    import psutil

    found: dict[int, psutil.Process] = {}
    for pid, create_time in ((cluster.pid, cluster.create_time), *cluster.processes):
        if process := find_process(pid, create_time):
            found[pid] = process
            with suppress(psutil.NoSuchProcess):
                found |= {child.pid: child for child in process.children(recursive=True)}
    return list(found.values())


def _ask(holder: psutil.Process) -> None:
    """Let the process that holds the nodes end them in order."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        holder.terminate()
    with suppress(psutil.TimeoutExpired, psutil.NoSuchProcess):
        holder.wait(_DOWN_S)


def _lives(process: psutil.Process) -> bool:
    import psutil

    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def described(processes: Iterable[psutil.Process]) -> tuple[tuple[int, float], ...]:
    """pid and time of processes, as `cluster.json` holds them."""
    return tuple((process.pid, process.create_time()) for process in processes)
