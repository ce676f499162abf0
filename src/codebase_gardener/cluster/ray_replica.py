"""A replica: the server's engine in an actor of Ray Serve, asked by name, answering in pieces."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from ray import serve

from codebase_gardener.bases.resolution import Base
from codebase_gardener.memory.recall import Memory
from codebase_gardener.serving.engine import (
    Decoding,
    Engine,
    EngineRequest,
    EngineState,
    Held,
    Piece,
    Served,
)
from codebase_gardener.utils.error_handling import CodebaseGardenerError

__all__ = ["ReplicaRequest", "Home", "ServedName", "Replica", "ReplicaState", "Said"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedName:
    """What answers, as another process finds it.

    Attributes:
        base_id: Of the base.
        base_hash: Of its weights.
        version: `project/name@version`; "" for the base alone.
    """

    base_id: str
    base_hash: str
    version: str = ""

    @classmethod
    def of(cls, served: Served) -> ServedName:
        """The name of what answers."""
        version = served.adapter.key if served.adapter else ""
        return cls(served.base.id, served.base.sha256, version)


@dataclass(frozen=True)
class ReplicaRequest:
    """An `EngineRequest` on its way to a replica; the memory is told by its project's name."""

    name: ServedName
    ids: tuple[int, ...]
    taken: str
    decoding: Decoding
    score_prompt: bool = False
    before: tuple[int, ...] = ()
    memory: str = ""


Said = tuple[list[Piece], int]
"""Pieces that came together, and how many tokens of the prompt were not computed again."""


@dataclass(frozen=True)
class ReplicaState:
    """What a replica is doing.

    Attributes:
        replica: Its id.
        pid: Of its process.
        engine: As its engine says.
        held: What its engine has in memory.
        asked: Requests for an adapter so far.
        loaded: Of these, those for which it was loaded.
    """

    replica: str
    pid: int
    engine: EngineState
    held: Mapping[str, Held]
    asked: int
    loaded: int

    @property
    def figures(self) -> dict[str, int]:
        """By the names of `REPLICA_FIGURES`."""
        return {
            "running": self.engine.running,
            "prefix_bytes": self.engine.prefix_bytes,
            "adapters": len(self.held),
            "asked": self.asked,
            "loaded": self.loaded,
        }


class Home(Protocol):
    """What a replica has on its machine."""

    engine: Engine

    def served(self, name: ServedName) -> Served:
        """What a name means here.

        Raises:
            NotFoundError: It is not here.
            ModelError: The base has other weights here.
        """
        ...

    def memory(self, project: str, base: Base) -> Memory:
        """The memory of a project."""
        ...

    def close(self) -> None:
        """End."""
        ...


@dataclass
class _Adapter:
    """An adapter that Serve counts as held; Serve calls `__del__` where it takes it off."""

    key: str
    let_go: Callable[[], None]
    is_held: bool = field(default=True)

    def __del__(self) -> None:
        if self.is_held:
            self.is_held = False
            self.let_go()


class Replica:
    """A deployment of Ray Serve.

    Args:
        start: Opens what is on this machine.
        most: Adapters that Serve lets it hold.
    """

    def __init__(self, start: Callable[[], Home], most: int) -> None:
        self._home = start()
        self._kept = ExitStack()
        self._counts = Counter[str]()

        async def load(version: str) -> _Adapter:
            return await asyncio.to_thread(self._load, version)

        self._load_once = serve.multiplexed(load, max_num_models_per_replica=most)
        self._names: dict[str, ServedName] = {}
        self._pinned: frozenset[str] = frozenset()

    def reconfigure(self, names: Sequence[Mapping[str, str]]) -> None:
        """Load what has to be in memory before a request comes, and keep it there.

        Args:
            names: Fields of `ServedName`s.
        """
        kept = [ServedName(**name) for name in names]
        before, self._kept = self._kept, ExitStack()
        self._kept.enter_context(self._home.engine.keeping([self._home.served(name) for name in kept]))
        before.close()
        self._pinned = frozenset(name.version for name in kept)

    async def answer(self, asked: ReplicaRequest) -> AsyncIterator[Said]:
        """An answer in pieces; the last has a finish."""
        loop, pieces = asyncio.get_running_loop(), asyncio.Queue[Piece]()

        def hear(piece: Piece) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody reads
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        try:
            version = asked.name.version
            if version and version not in self._pinned:
                self._names[version] = asked.name
                self._counts["asked"] += 1
                await self._load_once(version)
            generation = self._home.engine.submit(await asyncio.to_thread(self._request, asked), hear)
        except Exception as error:  # told as an engine tells it
            yield [Piece(finish="error", error=_portable(error))], 0
            return
        try:
            is_open = True
            while is_open:
                together = list(_drained(await pieces.get(), pieces))
                is_open = together[-1].finish is None
                yield [_sendable(piece) for piece in together], generation.cached_tokens
        finally:
            generation.cancel()

    async def load(self, name: ServedName, instead_of: ServedName) -> None:
        """Bring an adapter into memory, if another one is there: requests for that one will be for it."""
        if instead_of.version in self._home.engine.held() and name.version:
            self._names[name.version] = name
            await self._load_once(name.version)

    def let_go(self, name: ServedName) -> None:
        """Take an adapter out of memory, unless it answers others or is pinned."""
        self._home.engine.let_go(self._home.served(name))

    def state(self) -> ReplicaState:
        """What it is doing."""
        engine = self._home.engine
        return ReplicaState(
            serve.get_replica_context().replica_id.unique_id,
            os.getpid(),
            engine.state(),
            dict(engine.held()),
            self._counts["asked"],
            self._counts["loaded"],
        )

    def __del__(self) -> None:
        with suppress(
            Exception
        ):  # called by Serve at the end of a drained replica, or by a start that failed
            self._kept.close()
            self._home.close()

    # ---- in threads

    def _load(self, version: str) -> _Adapter:
        name = self._names[version]
        served = self._home.served(name)
        with self._home.engine.keeping([served]):
            self._counts["loaded"] += 1
        return _Adapter(version, lambda: self._home.engine.let_go(served))

    def _request(self, asked: ReplicaRequest) -> EngineRequest:
        served = self._home.served(asked.name)
        memory = self._home.memory(asked.memory, served.base) if asked.memory else None
        return EngineRequest(
            served, asked.ids, asked.taken, asked.decoding, asked.score_prompt, memory, asked.before
        )


def _drained(first: Piece, pieces: asyncio.Queue[Piece]) -> Iterator[Piece]:
    yield first
    while not pieces.empty():
        yield pieces.get_nowait()


def _sendable(piece: Piece) -> Piece:
    return replace(piece, error=_portable(piece.error)) if piece.error is not None else piece


def _portable(error: BaseException) -> BaseException:
    """Errors of this project travel; of others their text does, and this process's log has the rest."""
    if isinstance(error, CodebaseGardenerError):
        return error
    _log.error("an answer failed", exc_info=error)
    return RuntimeError(f"{type(error).__name__}: {error}")
