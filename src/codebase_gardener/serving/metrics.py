"""What Prometheus reads of a server, by model: the version that answered, or the base."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.prompts import Prompt
from codebase_gardener.serving.catalog import shown_base
from codebase_gardener.serving.engine import (
    REPLICA_FIGURES,
    Engine,
    EngineRequest,
    EngineState,
    Generation,
    Held,
    Piece,
    Served,
)

__all__ = ["MeasuredEngine"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class _Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry, buckets=_SECONDS)
        model = ("model",)
        self.requests = counter("gardener_requests", "Requests by how they ended.", ("model", "finish"))
        self.waiting = gauge("gardener_queue", "Requests that wait for a first token.", model)
        self.prompt = counter("gardener_prompt_tokens", "Tokens of prompts.", model)
        self.cached = counter("gardener_cached_tokens", "Of these, those not computed again.", model)
        self.answered = counter("gardener_answer_tokens", "Tokens of answers.", model)
        self.first_s = histogram("gardener_first_token_seconds", "From request to first token.", model)
        self.answer_s = histogram("gardener_answer_seconds", "From request to end.", model)
        self.running = gauge("gardener_engine_running", "Answers that are being made.")
        self.prefixes = gauge("gardener_engine_prefix_bytes", "Memory of the kept prefixes.")
        self.of_replicas = {
            name: gauge(f"gardener_replica_{name}", what, ("replica",))
            for name, what in REPLICA_FIGURES.items()
        }

    def look(self, state: EngineState) -> None:
        """Take over what an engine is doing now."""
        self.running.set(state.running)
        self.prefixes.set(state.prefix_bytes)
        for name, figure in self.of_replicas.items():
            figure.clear()  # a replica that is gone is not told of
            for replica, figures in state.replicas.items():
                figure.labels(replica).set(figures[name])


class MeasuredEngine:
    """An engine whose answers are counted, where a listener reads them, as every wire's does.

    Args:
        engine: What answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self.name = engine, engine.name
        self._metrics = _Metrics()

    def written(self) -> bytes:
        """All figures, in Prometheus' text format."""
        self._metrics.look(self._engine.state())
        return generate_latest(self._metrics.registry)

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """As the engine's."""
        if listener is None:
            return self._engine.submit(request)
        watch = _Watch(self._metrics, request, listener)
        try:
            watch.generation = self._engine.submit(request, watch.hear)
        except BaseException:
            watch.end("refused")
            raise
        return watch.generation

    # ---- the engine's own

    def encode(self, base: Base, prompt: Prompt) -> tuple[list[int], str]:
        """As the engine's."""
        return self._engine.encode(base, prompt)

    def control_ids(self, base: Base) -> Mapping[str, int]:
        """As the engine's."""
        return self._engine.control_ids(base)

    def vocabulary_size(self, base: Base) -> int:
        """As the engine's."""
        return self._engine.vocabulary_size(base)

    def context_tokens(self, base: Base) -> int:
        """As the engine's."""
        return self._engine.context_tokens(base)

    def keeping(self, served: Sequence[Served]) -> AbstractContextManager[None]:
        """As the engine's."""
        return self._engine.keeping(served)

    def load(self, served: Served, instead_of: Served) -> None:
        """As the engine's."""
        self._engine.load(served, instead_of)

    def held(self) -> Mapping[str, Held]:
        """As the engine's."""
        return self._engine.held()

    def let_go(self, served: Served) -> None:
        """As the engine's."""
        self._engine.let_go(served)

    def state(self) -> EngineState:
        """As the engine's."""
        return self._engine.state()

    def close(self) -> None:
        """As the engine's."""
        self._engine.close()


class _Watch:
    """One request, from its arrival to its end."""

    def __init__(self, metrics: _Metrics, request: EngineRequest, listener: Callable[[Piece], None]) -> None:
        served = request.served
        self.model = served.adapter.key if served.adapter else shown_base(served.base.id)
        self.generation: Generation | None = None
        self._metrics, self._request, self._listener = metrics, request, listener
        self._begun_s, self._is_waiting = time.perf_counter(), True
        metrics.waiting.labels(self.model).inc()

    def hear(self, piece: Piece) -> None:
        """Count a piece, and hand it on."""
        if self._is_waiting and piece.tokens:
            self._answered()
            self._metrics.first_s.labels(self.model).observe(time.perf_counter() - self._begun_s)
        self._metrics.answered.labels(self.model).inc(piece.tokens)
        if piece.finish:
            self._metrics.answer_s.labels(self.model).observe(time.perf_counter() - self._begun_s)
            self._metrics.prompt.labels(self.model).inc(len(self._request.ids))
            cached = self.generation.cached_tokens if self.generation else 0
            self._metrics.cached.labels(self.model).inc(cached)
            self.end(piece.finish)
        self._listener(piece)

    def end(self, finish: str) -> None:
        """It is over."""
        self._answered()
        self._metrics.requests.labels(self.model, finish).inc()

    def _answered(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._metrics.waiting.labels(self.model).dec()
