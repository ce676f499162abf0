"""Graphs of the code that somebody is about to ask for, made beside the page."""

from __future__ import annotations

import threading
from contextlib import suppress

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.utils.error_handling import CodebaseGardenerError

__all__ = ["FirstGraphs"]


class FirstGraphs:
    """Those that are being made: some seconds for a project's first question after it was read.

    Args:
        gardener: The home.
    """

    def __init__(self, gardener: Gardener) -> None:
        self._gardener = gardener
        self._makers: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def begin(self, project: str) -> threading.Thread:
        """Make a project's graph, unless it is there or begun."""
        with self._lock:
            known = self._makers.get(project)
            if known is None or not known.is_alive():
                known = threading.Thread(target=self._make, args=(project,), daemon=True)
                self._makers[project] = known
                known.start()
        return known

    def is_made(self, project: str, patience_s: float) -> bool:
        """Whether a question need not wait, now or in a moment; also where it cannot be made: who asks is told why."""
        maker = self.begin(project)
        maker.join(patience_s)
        return not maker.is_alive()

    def _make(self, project: str) -> None:
        with suppress(CodebaseGardenerError):
            self._gardener.wiki(project).graph()
