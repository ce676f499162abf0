"""Who watches a fleet in tests."""

from __future__ import annotations

from codebase_gardener.gardener.fleet import Outcome

__all__ = ["Nobody"]


class Nobody:
    """A watcher that looks away."""

    def began(self, name: str) -> None: ...
    def at(self, name: str, words: str) -> None: ...
    def said(self, name: str, message: str) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...
