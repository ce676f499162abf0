"""The server's start: settings become an engine, a catalog and an application that listens."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from codebase_gardener.config.settings import Settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.wiki.search import WikiIndex

__all__ = ["ServeOptions", "for_serving", "listen", "opened", "run"]

_MANY = 1_000_000


@dataclass(frozen=True)
class ServeOptions:
    """How to serve.

    Attributes:
        host: Where to listen.
        port: 0 takes a free one.
        memory_bytes: For adapters and kept prefixes together, beside the bases.
        max_running: Answers that advance together.
        max_waiting: Requests that may wait.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    memory_bytes: int = 4 * 1024**3
    max_running: int = 16
    max_waiting: int = 64


@contextmanager
def opened(
    manager: PeftManager,
    open_index: Callable[[str], WikiIndex],
    current_adapter: Callable[[str], str],
    options: ServeOptions,
    projects: Sequence[str] = (),
) -> Iterator[Answering]:
    """An engine over a home's adapters, for a block."""
    from codebase_gardener.serving.torch_engine import TorchEngine

    engine = TorchEngine(
        manager.loaded,
        max_running=options.max_running,
        max_waiting=options.max_waiting,
        prefix_bytes=options.memory_bytes // 2,
    )
    try:
        yield Answering(engine, Catalog(manager, open_index, current_adapter, projects))
    finally:
        engine.close()


def for_serving(settings: Settings, options: ServeOptions) -> Settings:
    """Settings by which half of the memory is the adapters', however many they are."""
    return settings.model_copy(update={"cache_bytes": options.memory_bytes // 2, "cache_count": _MANY})


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ConflictError: Something else listens there.
        InvalidInputError: There is no such address.
    """
    try:
        return socket.create_server((host, port), reuse_port=False)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno != errno.EADDRINUSE:
            raise InvalidInputError(
                f"cannot listen on {host}:{port}: {error.strerror}", hint="--host, --port"
            ) from error
        raise ConflictError(
            f"something listens on {host}:{port} already", hint=f"gardener serve --port {port + 1}"
        ) from error


def run(answering: Answering, listening: socket.socket) -> None:
    """Serve until a signal comes; then answers that have begun are finished."""
    import uvicorn

    from codebase_gardener.serving.app import build_app

    config = uvicorn.Config(
        build_app(answering),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
    )
    uvicorn.Server(config).run(sockets=[listening])
