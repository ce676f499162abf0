"""Memory that an Ollama server on this machine shares: what it holds is told, and given up where that is allowed."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from codebase_gardener.models.ollama_client import HeldModel, OllamaClient
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError, ResourceError
from codebase_gardener.utils.limits import available_bytes

__all__ = ["BesideOllama"]

_log = logging.getLogger(__name__)
_ASK_S = 2.0
_UNLOAD_S = 10.0
_LOOK_S = 0.1
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class BesideOllama:
    """What an Ollama server on this machine holds, looked at only where memory is short.

    Attributes:
        url: Where it listens; a server elsewhere has memory of its own.
        may_unload: Whether its models may be unloaded.
    """

    url: str
    may_unload: bool

    def make_room(self, error: ResourceError) -> bool:
        """Unload what is held, or put it into an error about too little memory. Returns whether memory was freed."""
        held = self._held()
        if held and not self.may_unload:
            error.hint = f"{_advice(held)}; or {error.hint}"
            error.context["ollama"] = [asdict(model) for model in held]
        return self._unload(held)

    def before_load(self, needed_bytes: int) -> None:
        """The same for a base: it is loaded, and if what is held leaves it too little room, that is said."""
        free = available_bytes()
        if needed_bytes <= free:
            return
        held = self._held()
        if held and not self._unload(held):
            _log.warning(
                "a base of %.1f GB is loaded, and %.1f GB are free; %s",
                needed_bytes / 1e9,
                free / 1e9,
                _advice(held),
            )

    def _held(self) -> list[HeldModel]:
        """Nothing where no server listens: then it holds nothing."""
        with suppress(ModelError, InvalidInputError):
            if urlsplit(self.url).hostname in _HERE:
                return OllamaClient(self.url, _ASK_S).ps()
        return []

    def _unload(self, held: Sequence[HeldModel]) -> bool:
        """Unload models and wait until they are gone; whether any is."""
        if not held or not self.may_unload:
            return False
        _log.warning("memory is short: Ollama is told to unload %s", _names(held))
        client = OllamaClient(self.url, _UNLOAD_S)
        for model in held:
            with suppress(ModelError):
                client.unload(model.name)
        until = time.monotonic() + _UNLOAD_S
        while (left := self._held()) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        return len(left) < len(held)


def _advice(held: Sequence[HeldModel]) -> str:
    return f"Ollama holds {_names(held)}: `ollama stop {held[0].name}`, or set ollama_unload"


def _names(held: Sequence[HeldModel]) -> str:
    return ", ".join(f"{model.name} ({model.bytes / 1e9:.1f} GB)" for model in held)
