"""The server's start: settings become an engine, a catalog and an application that listens."""

from __future__ import annotations

import errno
import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from codebase_gardener.adapters.factor_options import beyond_factors
from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.config.settings import Settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.api_keys import ApiKeys
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.serving.engine import Engine
from codebase_gardener.serving.engine_choice import chosen
from codebase_gardener.serving.guard import is_loopback
from codebase_gardener.serving.late_engine import LateEngine
from codebase_gardener.serving.llamacpp_models import LlamaModels
from codebase_gardener.serving.mounted import Mounted
from codebase_gardener.utils.error_handling import (
    AdapterError,
    CodebaseGardenerError,
    ConflictError,
    InvalidInputError,
)
from codebase_gardener.utils.progress import Progress
from codebase_gardener.wiki.project import ProjectWiki

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
    "start_engine",
]

DRAIN_S = 30.0
"""How long answers that have begun may take after a signal."""

_MANY = 1_000_000
_KEPT_BYTES = 64 * 1024
"""Of a token of llama.cpp's context, as a 1.5B model has it."""
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
        engine: "torch", "llamacpp", or "auto" for the faster one.
        quantize: How llama.cpp has the base: a key of `GGUF_TYPES`.
        pins: Names of the catalog that stay in memory, as the versions that they mean at the start.
        memory: Whether the memory of a project is mixed into completions; by the torch engine alone.
        preload: Whether engine and base are there before the first request for a model; the page needs neither.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    memory_bytes: int = 4 * 1024**3
    max_running: int = 16
    max_waiting: int = 64
    engine: str = "torch"
    quantize: str = "f16"
    pins: tuple[str, ...] = ()
    memory: bool = False
    preload: bool = True


@contextmanager
def opened(
    manager: PeftManager,
    open_wiki: Callable[[str], ProjectWiki],
    current_adapter: Callable[[str], str],
    options: ServeOptions,
    projects: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
    start: Callable[[], Engine] | None = None,
) -> Iterator[Answering]:
    """An engine over a home's adapters, for a block.

    Args:
        manager: The home's adapters.
        open_wiki, current_adapter, projects: As `Catalog` takes them.
        options: How to serve.
        say: Told before what takes a while.
        start: Makes the engine, where it is not one of this process.

    Raises:
        ModelError: The engine cannot serve the home's base.
        InvalidInputError: The adapters that are pinned do not fit the memory.
    """

    start = start or partial(_engine, manager, options, projects, say)
    engine = start() if options.preload else LateEngine(start)
    try:
        catalog = Catalog(manager, open_wiki, current_adapter, projects)
        with _pinned(catalog, options, engine), catalog.loading_ahead(engine.load):
            yield Answering(engine, catalog, options.memory)
    finally:
        engine.close()


def _engine(
    manager: PeftManager, options: ServeOptions, projects: Sequence[str], say: Callable[[str], None]
) -> Engine:
    if options.engine != "auto":
        return start_engine(manager, options, options.engine)
    asked: Sequence[str | None] = projects or [None]
    rows = [row for project in asked for row in manager.registry.versions(project, limit=None)]
    fetching = _once(say, "the base model is not here yet: it is fetched and converted, once")
    try:
        base = manager.base(rows[0].base_id if rows else None, fetching)
    except CodebaseGardenerError as error:  # one base that is gone keeps nobody else from being served
        say(f"engine torch: {error.message}")
        return start_engine(manager, options, "torch")
    engine, why = chosen(
        base,
        lambda name: start_engine(manager, options, name),
        manager.settings.home / "engines.json",
        next((reason for row in rows if row.active and (reason := _refused(row))), ""),
        say,
    )
    if engine.name != "torch":
        manager.loaded.close()  # what was loaded to be measured
    say(f"engine {why}")
    return engine


def _once(say: Callable[[str], None], words: str) -> Progress:
    """Says it the first time that there is progress."""
    left = [words]

    def progress(done: int, total: int) -> None:
        if left:
            say(left.pop())

    return progress


def _refused(row: VersionRow) -> str:
    """Why llama.cpp cannot have an adapter, or ""."""
    try:
        what = beyond_factors(check_adapter_files(row.directory, row.files).config)
    except AdapterError:  # told to whoever asks for it
        return ""
    return f"{row.ref} has {what}, which a GGUF adapter cannot carry" if what else ""


def start_engine(manager: PeftManager, options: ServeOptions, name: str) -> Engine:
    """The engine of a name, in this process.

    Raises:
        ModelError: It is not installed.
    """
    if name == "torch":
        from codebase_gardener.serving.torch_engine import TorchEngine

        return TorchEngine(
            manager.loaded,
            max_running=options.max_running,
            max_waiting=options.max_waiting,
            prefix_bytes=options.memory_bytes // 2,
        )
    from codebase_gardener.exports.torch_gguf_adapter import write_gguf_adapter
    from codebase_gardener.exports.torch_gguf_base import write_gguf_base
    from codebase_gardener.serving.torch_llamacpp_engine import LlamaCppEngine

    models = LlamaModels(
        manager.settings.bases_dir,
        manager.settings.home,
        partial(write_gguf_base, quantize=options.quantize),
        write_gguf_adapter,
        quantize=options.quantize,
        slots=options.max_running,
        cache_tokens=options.memory_bytes // 2 // _KEPT_BYTES,
        max_bytes=options.memory_bytes // 2,
    )
    return LlamaCppEngine(models, max_running=options.max_running, max_waiting=options.max_waiting)


@contextmanager
def _pinned(catalog: Catalog, options: ServeOptions, engine: Engine) -> Iterator[None]:
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
    with engine.keeping(list(served.values())):
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


def run(
    answering: Answering,
    listening: socket.socket,
    keys: ApiKeys | None = None,
    mounted: Mounted | None = None,
    *,
    preload: bool = True,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal comes; then answers that have begun are finished, and new requests sent away.

    Args:
        answering, keys, mounted, preload: As `build_app` takes them.
        ready: Called when it answers.
    """
    import anyio

    server = draining_server(answering, keys, mounted, preload=preload, ready=ready)
    anyio.run(anyio.sleep, 0)  # loads what endpoints in threads begin with
    # uvicorn raises the signal again when it has ended: it shall end this block, not the process before its cleaning
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
        gc.freeze()  # a process that ends need not take its wikis apart first: half a second of a processor


@contextmanager
def in_background(
    answering: Answering,
    listening: socket.socket,
    keys: ApiKeys | None = None,
    mounted: Mounted | None = None,
    *,
    preload: bool = True,
) -> Iterator[uvicorn.Server]:
    """A server in a thread of this process, for a block."""
    server = draining_server(answering, keys, mounted, preload=preload)
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


def draining_server(
    answering: Answering,
    keys: ApiKeys | None = None,
    mounted: Mounted | None = None,
    *,
    preload: bool = True,
    ready: Callable[[], None] = lambda: None,
) -> uvicorn.Server:
    """A server that, told to exit, first answers what it has begun; a second Ctrl-C ends it at once.

    Args:
        answering, keys, mounted, preload: As `build_app` takes them.
        ready: Called when it answers.
    """
    import uvicorn

    from codebase_gardener.serving.app import build_app
    from codebase_gardener.serving.connections import LimitedConnection
    from codebase_gardener.serving.guard import Presence

    presence = Presence()

    class Draining(uvicorn.Server):
        ends_at_s = float("inf")

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

        async def on_tick(self, counter: int) -> bool:
            if not await super().on_tick(counter):
                return False
            if not presence.is_ending:
                presence.is_ending, self.ends_at_s = True, time.monotonic() + DRAIN_S
                if isinstance(answering.engine, LateEngine):
                    answering.engine.give_up()
            return self.force_exit or not presence.running or time.monotonic() > self.ends_at_s

    return Draining(
        uvicorn.Config(
            build_app(answering, keys, presence, mounted, preload=preload),
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
        addresses = {row[4][0] for row in socket.getaddrinfo(host or "0.0.0.0", None)}  # noqa: S104 - only looked up
    except (OSError, UnicodeError) as error:
        raise InvalidInputError(f"there is no host {host!r}", hint="--host 127.0.0.1") from error
    if keys is None and not all(is_loopback(str(address)) for address in addresses):
        raise InvalidInputError(
            f"{host or 'every address'} can be reached from other machines, and no API key is set",
            hint="gardener serve --new-api-key --api-key-file FILE makes one; then --api-key-file FILE",
        )
