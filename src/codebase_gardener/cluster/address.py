"""Where a cluster is, and what opens it: the words of `--on`, the file that `cluster up` left, the token."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from codebase_gardener.utils.error_handling import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ResourceError,
)
from codebase_gardener.utils.files import FileLock, read_json, write_atomic

__all__ = [
    "LOOPBACK",
    "ClusterFolder",
    "cluster_address",
    "environment_for_ray",
    "require_ray",
    "set_for_ray",
]

LOOPBACK = "127.0.0.1"
"""Where a cluster on this machine listens."""
_AUTO = ("auto", "ray")
_TOKEN_BYTES = 32
_FIXED = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_raylet_start_wait_time_s": "180",  # this and the next two: a busy machine starts, though slowly
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_worker_register_timeout_seconds": "300",
}


_READ_ONCE = {"RAY_AUTH_MODE", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"}  # when it is imported


@dataclass(frozen=True)
class ClusterFolder:
    """The folder `cluster` of a home.

    cluster.json   the running cluster: address, process, nodes; there for as long as it runs
    token          what a program has to show to Ray; its owner's alone
    lock           held by the process that holds the nodes
    log.txt        what that process printed
    """

    path: Path

    @classmethod
    def of(cls, home: Path) -> ClusterFolder:
        """That of a home."""
        return cls(home / "cluster")

    @property
    def state(self) -> Path:
        """`cluster.json`."""
        return self.path / "cluster.json"

    @property
    def token(self) -> Path:
        """The token's file."""
        return self.path / "token"

    @property
    def lock(self) -> Path:
        """The lock's file."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """`log.txt`."""
        return self.path / "log.txt"

    def make_token(self) -> None:
        """Write a new token, unless there is one."""
        if not self.token.exists():
            write_atomic(self.token, secrets.token_hex(_TOKEN_BYTES))


def require_ray() -> None:
    """Say how to get Ray where it is not installed.

    Raises:
        ResourceError: It is not.
    """
    if find_spec("ray") is None:
        raise ResourceError(
            "Ray is not installed, and a cluster needs it", hint="pip install -c constraints.txt '.[cluster]'"
        )


def cluster_address(home: Path, on: str) -> str:
    """What Ray is told to connect to.

    Args:
        home: Where `cluster up` may have left an address.
        on: "auto" (or "ray") for that one, else for the one in RAY_ADDRESS; `ray://HOST:10001` or `HOST:PORT`.

    Raises:
        InvalidInputError: It is no address.
        NotFoundError: "auto", and no cluster is known.
    """
    if on in _AUTO:
        folder = ClusterFolder.of(home)
        runs = folder.state.exists() and not FileLock.is_free(folder.lock)
        if address := (read_json(folder.state)["address"] if runs else os.environ.get("RAY_ADDRESS")):
            return str(address)
        raise NotFoundError(
            "no cluster is known here",
            hint="start one with: gardener cluster up --local 2; or name one: --on ray://HOST:10001",
        )
    host, _, port = on.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise InvalidInputError(f"--on {on} is no address", hint="write auto, or ray://HOST:10001")
    return on


def environment_for_ray(home: Path, address: str = LOOPBACK) -> dict[str, str]:
    """Variables by which Ray asks for the home's token and shows it; what the user has set stays.

    They count before Ray is imported.

    Args:
        home: Whose token it is.
        address: Of the cluster.
    """
    token = ClusterFolder.of(home).token
    wanted = dict(_FIXED)
    if address.startswith(LOOPBACK):
        wanted["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # else Ray takes 127.0.0.1 for the outward address
    if token.exists() and not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        wanted["RAY_AUTH_TOKEN_PATH"] = str(token)
    if {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & (wanted.keys() | os.environ.keys()):
        wanted["RAY_AUTH_MODE"] = "token"
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def set_for_ray(home: Path, address: str) -> None:
    """Put `environment_for_ray` into this process's environment.

    Raises:
        ConflictError: Ray was imported with others: it reads some then, and would wait for an answer for minutes.
    """
    wanted = environment_for_ray(home, address)
    late = sorted(name for name in _READ_ONCE & wanted.keys() if os.environ.get(name) != wanted[name])
    if late and "ray" in sys.modules:
        shown = " ".join(f"{name}={wanted[name]}" for name in late)
        raise ConflictError(
            "this process imported Ray before it was told which cluster",
            hint=f"connect before anything imports Ray, or set in the environment: {shown}",
        )
    os.environ.update(wanted)
