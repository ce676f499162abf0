"""An engine that starts when it is first asked: until then a server needs neither torch nor a base."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import AbstractContextManager, nullcontext, suppress

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
from codebase_gardener.utils.error_handling import ResourceError

__all__ = ["STARTING", "LateEngine"]

STARTING = "gardener-engine-starting"
"""Name of the thread of a start."""


class LateEngine:
    """What can be said without an engine is said without one.

    A start may take minutes (a base that is fetched, engines that are measured) and cannot be broken off: it has a
    thread of its own, so that who waits for it can be sent away.

    Args:
        start: Makes the engine; called again only where it failed.
    """

    name = "late"

    def __init__(self, start: Callable[[], Engine]) -> None:
        self._start, self._lock = start, threading.Lock()
        self._coming: Future[Engine] | None = None
        self._started: Engine | None = None

    @property
    def _engine(self) -> Engine:
        with self._lock:
            if self._coming is None:
                self._coming = Future()
                start = threading.Thread(target=self._begin, args=(self._coming,), name=STARTING, daemon=True)
                start.start()
            coming = self._coming
        try:
            return coming.result()
        except CancelledError as error:
            raise ResourceError("the server is ending", hint="start it anew, and ask again") from error

    def _begin(self, coming: Future[Engine]) -> None:
        try:
            engine = self._start()
        except BaseException as error:  # told to those who wait; the next who asks tries again
            with self._lock, suppress(InvalidStateError):
                coming.set_exception(error)
                self._coming = None
            return
        try:
            with self._lock:
                coming.set_result(engine)
                self._started = engine
        except InvalidStateError:  # nobody wants it any more
            engine.close()

    def give_up(self) -> None:
        """Send away those who wait for its start, and whoever asks for one from now on."""
        with self._lock:
            self._coming = self._coming or Future()
            self._coming.cancel()  # nothing where it has started

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

    def load(self, served: Served, instead_of: Served) -> None:
        """As the engine's; before its start nothing answers."""
        if self._started:
            self._started.load(served, instead_of)

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
        """End the engine, if it has started; a start that is under way comes to nothing."""
        self.give_up()
        if self._started:
            self._started.close()
