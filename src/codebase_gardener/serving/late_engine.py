"""An engine that starts when it is first asked: until then a server needs neither torch nor a base."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.prompts import Prompt
from codebase_gardener.serving.engine import (
    Engine,
    EngineRequest,
    EngineState,
    Generation,
    Held,
    Piece,
    Served,
)

__all__ = ["LateEngine"]


class LateEngine:
    """What can be said without an engine is said without one.

    Args:
        start: Makes the engine; called once.
    """

    name = "late"

    def __init__(self, start: Callable[[], Engine]) -> None:
        self._start, self._lock = start, threading.Lock()
        self._started: Engine | None = None

    @property
    def _engine(self) -> Engine:
        with self._lock:
            if self._started is None:
                self._started = self._start()
            return self._started

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

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """As the engine's."""
        return self._engine.submit(request, listener)

    def keeping(self, served: Sequence[Served]) -> AbstractContextManager[None]:
        """As the engine's; nothing has to be kept where nothing is named."""
        return self._engine.keeping(served) if served else nullcontext()

    def held(self) -> Mapping[str, Held]:
        """What is in memory: nothing before the start."""
        return self._started.held() if self._started else {}

    def let_go(self, served: Served) -> None:
        """As the engine's."""
        if self._started:
            self._started.let_go(served)

    def state(self) -> EngineState:
        """As the engine's; before its start nothing runs."""
        return self._started.state() if self._started else EngineState(0, 0, 0, 0, 0)

    def close(self) -> None:
        """End the engine, if it has begun."""
        if self._started:
            self._started.close()
