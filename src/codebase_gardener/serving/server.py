"""The server's start: settings become an engine, a catalog and an application that listens."""

from __future__ import annotations

import errno
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.config.settings import Settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.api_keys import ApiKeys
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.serving.guard import is_loopback
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.wiki.search import WikiIndex

if TYPE_CHECKING:
    import uvicorn

__all__ = [
    "ServeOptions",
    "check_exposure",
    "draining_server",
    "for_serving",
    "in_background",
    "listen",
    "opened",
    "run",
]

DRAIN_S = 30.0
"""How long answers that have begun may take after a signal."""

_MANY = 1_000_000
_MIB = 1024**2


@dataclass(frozen=True)
class ServeOptions:
    """How to serve.

    Attributes:
        host: Where to listen.
        port: 0 takes a free one.
        memory_bytes: For adapters and kept prefixes together, beside the bases.
        max_running: Answers that advance together.
        max_waiting: Requests that may wait.
        pins: Names of the catalog that stay in memory, as the versions that they mean at the start.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    memory_bytes: int = 4 * 1024**3
    max_running: int = 16
    max_waiting: int = 64
    pins: tuple[str, ...] = ()


@contextmanager
def opened(
    manager: PeftManager,
    open_index: Callable[[str], WikiIndex],
    current_adapter: Callable[[str], str],
    options: ServeOptions,
    projects: Sequence[str] = (),
) -> Iterator[Answering]:
    """An engine over a home's adapters, for a block.

    Raises:
        InvalidInputError: The adapters that are pinned do not fit the memory.
    """
    from codebase_gardener.serving.torch_engine import TorchEngine

    engine = TorchEngine(
        manager.loaded,
        max_running=options.max_running,
        max_waiting=options.max_waiting,
        prefix_bytes=options.memory_bytes // 2,
    )
    try:
        catalog = Catalog(manager, open_index, current_adapter, projects)
        with _pinned(catalog, options):
            yield Answering(engine, catalog)
    finally:
        engine.close()


@contextmanager
def _pinned(catalog: Catalog, options: ServeOptions) -> Iterator[None]:
    """Hold what is pinned in memory: what is held is never evicted."""
    served = {one.key: one for one in (catalog.resolve(name).served for name in options.pins)}
    sizes = {
        key: check_adapter_files(one.adapter.directory).bytes for key, one in served.items() if one.adapter
    }
    room = options.memory_bytes // 2
    if sum(sizes.values()) > room:
        each = ", ".join(f"{key} {size / _MIB:.1f}" for key, size in sizes.items())
        raise InvalidInputError(
            f"the pinned adapters take {sum(sizes.values()) / _MIB:.1f} MiB ({each}), and adapters have "
            f"{room / _MIB:.1f} MiB: half of the memory budget",
            hint="raise --memory-budget, or pin fewer",
        )
    loaded = catalog.manager.loaded
    with ExitStack() as held:
        for one in served.values():
            held.enter_context(loaded.holding(one.adapter) if one.adapter else loaded.holding_base(one.base))
        yield


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


def run(answering: Answering, listening: socket.socket, keys: ApiKeys | None = None) -> None:
    """Serve until a signal comes; then answers that have begun are finished, and new requests sent away."""
    server = draining_server(answering, keys)
    # uvicorn raises the signal again when it has ended: it shall end this block, not the process before its cleaning
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def in_background(
    answering: Answering, listening: socket.socket, keys: ApiKeys | None = None
) -> Iterator[uvicorn.Server]:
    """A server in a thread of this process, for a block."""
    server = draining_server(answering, keys)
    thread = threading.Thread(
        target=lambda: server.run(sockets=[listening]), name="gardener-server", daemon=True
    )
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        yield server
    finally:
        server.should_exit = True
        thread.join(DRAIN_S)


def draining_server(answering: Answering, keys: ApiKeys | None = None) -> uvicorn.Server:
    """A server that, told to exit, first answers what it has begun; a second Ctrl-C ends it at once."""
    import uvicorn

    from codebase_gardener.serving.app import build_app
    from codebase_gardener.serving.connections import LimitedConnection
    from codebase_gardener.serving.guard import Presence

    presence = Presence()

    class Draining(uvicorn.Server):
        ends_at_s = float("inf")

        async def on_tick(self, counter: int) -> bool:
            if not await super().on_tick(counter):
                return False
            if not presence.is_ending:
                presence.is_ending, self.ends_at_s = True, time.monotonic() + DRAIN_S
            return self.force_exit or not presence.running or time.monotonic() > self.ends_at_s

    return Draining(
        uvicorn.Config(
            build_app(answering, keys, presence),
            http=LimitedConnection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,  # what is left after the draining
        )
    )


def check_exposure(host: str, keys: ApiKeys | None) -> None:
    """Without a key, only this machine may be served.

    Raises:
        InvalidInputError: Others could ask, and no key is set; or there is no such host.
    """
    try:
        addresses = {row[4][0] for row in socket.getaddrinfo(host or "0.0.0.0", None)}  # noqa: S104
    except (OSError, UnicodeError) as error:
        raise InvalidInputError(f"there is no host {host!r}", hint="--host 127.0.0.1") from error
    if keys is None and not all(is_loopback(str(address)) for address in addresses):
        raise InvalidInputError(
            f"{host or 'every address'} can be reached from other machines, and no API key is set",
            hint="gardener serve --new-api-key --api-key-file FILE makes one; then --api-key-file FILE",
        )
