"""Serving on Ray Serve: an engine whose answers come from replicas, behind today's application (ADR 18)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from ray import serve
from ray.exceptions import RayError, RayTaskError
from ray.serve.handle import DeploymentHandle

from codebase_gardener.bases.resolution import Base
from codebase_gardener.cluster.ray_replica import Home, Replica, ReplicaRequest, ReplicaState, ServedName
from codebase_gardener.serving.engine import (
    EngineRequest,
    EngineState,
    Generation,
    Held,
    Piece,
    Served,
    check_fits,
    check_queue,
)
from codebase_gardener.serving.tokenizing_engine import TokenizingEngine
from codebase_gardener.utils.error_handling import ModelError, ResourceError

__all__ = ["RayEngine", "Spread"]

_log = logging.getLogger(__name__)

_TRIES = 5
"""Replicas that a request may see die before its first token: one that kills each of them ends."""

_ASK_S = 5.0
"""How long replicas have to say what they are doing."""

_LOAD_S = 600.0
"""How long an adapter may take to be in their memory: it may come from the store, with its base."""

_LOGGING = {"log_level": "WARNING", "enable_access_log": False}
_HEALTH_S = 2.0
_HANGS_S = 30.0
_LOOKED_BACK_S = 15.0
"""Serve tells its queues every ten seconds."""


@dataclass(frozen=True)
class Spread:
    """How replicas are laid out.

    Attributes:
        replicas: So many; where `most` is more, at least.
        most: With more than `replicas`, Serve adds and takes off replicas by the queue.
        max_running: Answers that advance together in one replica.
        max_waiting: Requests that may wait in all.
        adapters: That one replica holds at most.
        cpus: Cores of a replica.
        gpus: Of a replica; may be a part of one.
        up_s: How long a queue has to be long before a replica is added.
        down_s: How long it has to be short before one goes.
    """

    replicas: int = 1
    most: int = 0
    max_running: int = 16
    max_waiting: int = 64
    adapters: int = 1_000
    cpus: float = 1.0
    gpus: float = 0.0
    up_s: float = 10.0
    down_s: float = 300.0

    @property
    def largest(self) -> int:
        """Replicas at most."""
        return max(self.replicas, self.most)

    def options(self) -> dict[str, Any]:
        """As Serve takes them."""
        scaled = {
            "min_replicas": self.replicas,
            "max_replicas": self.largest,
            "initial_replicas": self.replicas,
            "target_ongoing_requests": self.max_running / 2,
            "upscale_delay_s": self.up_s,
            "downscale_delay_s": self.down_s,
            "look_back_period_s": max(self.up_s, _LOOKED_BACK_S),
        }
        is_scaled = self.largest > self.replicas
        return {
            "num_replicas": "auto" if is_scaled else self.replicas,
            **({"autoscaling_config": scaled} if is_scaled else {}),
            "max_ongoing_requests": self.max_running,
            "ray_actor_options": {"num_cpus": self.cpus, "num_gpus": self.gpus},
            "health_check_period_s": _HEALTH_S,
            "health_check_timeout_s": _HANGS_S,
            "graceful_shutdown_timeout_s": _HANGS_S,
            "graceful_shutdown_wait_loop_s": 0.1,
        }


class RayEngine(TokenizingEngine):
    """Answers of replicas. Tokens are counted here; what computes is there.

    Args:
        start: Opens a replica's own home and engine; sent to each.
        spread: How many replicas, and how large.
        app: Its name in the cluster.
        kept: What each replica has in memory before it is asked, and keeps.

    Raises:
        ModelError: No replica could be started.
    """

    name = "ray"

    def __init__(
        self,
        start: Callable[[], Home],
        spread: Spread,
        app: str = "gardener",
        kept: Sequence[Served] = (),
    ) -> None:
        self._start, self._spread, self._app = start, spread, app
        self._kept = [ServedName.of(one) for one in kept]
        self._tokenizers: dict[str, Any] = {}
        self._open: set[_Answer] = set()
        self._is_closed = False
        self._lock = threading.Lock()
        logging.getLogger("ray.serve").setLevel(logging.ERROR)  # what it warns of is told below
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="gardener-engine", daemon=True).start()
        serve.start(
            proxy_location="Disabled", logging_config=_LOGGING
        )  # it would listen on a port of its own
        self._handle = self._deploy()
        self._stream = self._handle.options(method_name="answer", stream=True)

    def _deploy(self) -> DeploymentHandle[Any]:
        made: Any = serve.deployment(
            Replica,
            name="engine",
            user_config=[asdict(name) for name in self._kept],
            **self._spread.options(),
        )
        try:
            handle: DeploymentHandle[Any] = serve.run(
                made.bind(self._start, self._spread.adapters),
                name=self._app,
                route_prefix=None,
                logging_config=_LOGGING,
            )
        except (RuntimeError, RayError) as error:
            self.close()
            raise ModelError(
                f"the replicas of {self._app} do not start: {_last_line(error)}",
                hint="Ray's log says more (gardener cluster status names its folder)",
            ) from error
        return handle

    # ---- what callers ask

    def context_tokens(self, base: Base) -> int:
        """Tokens of prompt and answer together at most."""
        return int(base.config.get("max_position_embeddings", 0) or 2048)

    def tokenizer(self, base: Base) -> Any:
        """The base's own."""
        from codebase_gardener.bases.torch_loading import load_tokenizer

        with self._lock:
            if base.sha256 not in self._tokenizers:
                self._tokenizers[base.sha256] = load_tokenizer(base.path)
            return self._tokenizers[base.sha256]

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """Begin an answer.

        Raises:
            InvalidInputError: The prompt is empty, or does not fit the context.
            ResourceError: Too many are waiting.
        """
        check_fits(request, self.context_tokens(request.served.base))
        answer = _Answer(request, listener)
        with self._lock:
            waiting = len(self._open) - self._spread.largest * self._spread.max_running
            check_queue(waiting, self._spread.max_waiting, is_closed=self._is_closed)
            self._open.add(answer)
        answer.work = asyncio.run_coroutine_threadsafe(self._answer(answer), self._loop)
        answer.work.add_done_callback(partial(self._end, answer))
        return answer

    @contextmanager
    def keeping(self, served: Sequence[Served]) -> Iterator[None]:
        """These stay in each replica's memory; what was not so from the start makes Serve replace the replicas."""
        missing = [name for name in map(ServedName.of, served) if name not in self._kept]
        if missing:
            self._kept += missing
            self._handle = self._deploy()
        yield

    def held(self) -> Mapping[str, Held]:
        """What is in the memory of any replica."""
        return {key: held for state in self.replicas() for key, held in state.held.items()}

    def let_go(self, served: Served) -> None:
        """Take an adapter out of the memory of all replicas, unless it answers others or is pinned."""
        name = ServedName.of(served)
        answers = self._handle.broadcast("let_go", name).results(timeout_s=_ASK_S, return_exceptions=True)
        for error in answers:
            if isinstance(error, RayTaskError):  # who died meanwhile holds nothing
                raise ModelError(f"a replica keeps {served.key}: {_last_line(error)}", hint="ask again")

    def load(self, served: Served, instead_of: Served) -> None:
        """Bring an adapter into the memory of the replicas that hold another one; one that cannot is logged."""
        name, before = ServedName.of(served), ServedName.of(instead_of)
        asked = self._handle.broadcast("load", name, before)
        for error in asked.results(timeout_s=_LOAD_S, return_exceptions=True):
            if isinstance(error, Exception):  # who died meanwhile holds nothing
                _log.warning("a replica has not loaded %s ahead: %s", served.key, _last_line(error))

    def replicas(self) -> tuple[ReplicaState, ...]:
        """What each replica is doing; one that does not say is left out."""
        try:
            said = self._handle.broadcast("state").results(timeout_s=_ASK_S, return_exceptions=True)
        except (RayError, RuntimeError, TimeoutError) as error:
            _log.warning("the replicas do not say what they are doing: %s", _last_line(error))
            return ()
        return tuple(one for one in said if isinstance(one, ReplicaState))

    def state(self) -> EngineState:
        """What all replicas are doing, and what waits here for one."""
        replicas = self.replicas()
        states = [one.engine for one in replicas]
        running = sum(state.running for state in states)
        with self._lock:
            waiting = max(0, len(self._open) - running)
        return EngineState(
            running,
            waiting,
            sum(state.prefix_bytes for state in states),
            sum(state.prefix_hits for state in states),
            sum(state.prompt_tokens for state in states),
            {one.replica: one.figures for one in replicas},
        )

    def close(self) -> None:
        """End: what is on its way is cancelled."""
        with self._lock:
            self._is_closed = True
            answers = list(self._open)
        for answer in answers:
            answer.cancel()
        with suppress(RayError, RuntimeError):
            serve.delete(self._app)
        self._loop.call_soon_threadsafe(self._loop.stop)

    # ---- in the loop

    async def _answer(self, answer: _Answer) -> Piece:
        """From a request to its last piece. Until a client has read of it, a replica that dies has a follower."""
        try:
            for left in reversed(range(_TRIES)):
                try:
                    return await self._read(answer)
                except RayTaskError:  # of our own code there
                    raise
                except RayError as error:
                    _log.warning(
                        "a replica died (%s); what nobody has read of is asked elsewhere",
                        type(error).__name__,
                    )
                    if answer.is_final or not left:
                        raise
        except Exception as error:  # told to the one who asked
            return Piece(finish="error", error=_told(error, answer.is_final))
        raise AssertionError

    def _end(self, answer: _Answer, work: Future[Piece]) -> None:
        with self._lock:
            self._open.discard(answer)
        answer.give(Piece(finish="cancelled") if work.cancelled() else work.result())

    async def _read(self, answer: _Answer) -> Piece:
        """Give out all pieces but the last, which is returned."""
        answer.begin()
        request = answer.request
        name = ServedName.of(request.served)
        stream = self._stream.options(multiplexed_model_id="" if name in self._kept else name.version)
        said: Any = stream.remote(_asked(request))  # a generator, since it is asked for as a stream
        pieces: list[Piece]
        try:
            async for pieces, cached in said:
                answer.cached_tokens = cached
                for piece in filter(answer.is_new, pieces):
                    if piece.finish:
                        return piece
                    answer.give(piece)
        except asyncio.CancelledError:
            said.cancel()
            raise
        raise ModelError("a replica ended an answer without saying why", hint="ask again")


class _Answer(Generation):
    """An answer of a replica, or of several: what a second one says again is passed over."""

    def __init__(self, request: EngineRequest, listener: Callable[[Piece], None] | None) -> None:
        if (
            request.decoding.temperature and request.decoding.seed is None
        ):  # drawn again, it shall be the same
            request = replace(request, decoding=replace(request.decoding, seed=secrets.randbits(62)))
        super().__init__(request, listener)
        self.work: Future[Piece] | None = None
        self._said = self._heard = (0, "")

    @property
    def is_final(self) -> bool:
        """Whether a client has read of it: that cannot be begun again."""
        return self.request.is_streamed and self._said != (0, "")

    def cancel(self) -> None:
        """The rest is not wanted."""
        super().cancel()
        if self.work is not None:
            self.work.cancel()

    def begin(self) -> None:
        """A replica begins with it."""
        self._heard = (0, "")

    def is_new(self, piece: Piece) -> bool:
        """Whether a piece goes on where the answer ends.

        Raises:
            ModelError: It is another answer than that of the replica that died.
        """
        is_new = self._heard[0] >= self._said[0] or piece.finish is not None
        if is_new and self._heard != self._said:
            raise ModelError("a replica died, and another one answers otherwise", hint="ask again")
        self._heard = self._heard[0] + piece.tokens, self._heard[1] + piece.text
        if is_new:
            self._said = self._heard
        return is_new


def _asked(request: EngineRequest) -> ReplicaRequest:
    return ReplicaRequest(
        ServedName.of(request.served),
        request.ids,
        request.taken,
        request.decoding,
        request.score_prompt,
        request.before,
        request.memory.project if request.memory else "",
    )


def _told(error: Exception, is_final: bool) -> Exception:
    """What a client reads of what Ray met."""
    if isinstance(error, RayTaskError) or not isinstance(error, RayError):
        return error
    if is_final:
        return ModelError("the replica that answered died in the middle", hint="ask again")
    return ResourceError(f"{_TRIES} replicas died before they answered", hint="gardener cluster status")


def _last_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
