"""What engines have in common: the questions to a base's tokenizer, and an adapter that is loaded ahead."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.prompts import Prompt
from codebase_gardener.serving.engine import Decoding, EngineRequest, Generation, Piece, Served

__all__ = ["TokenizingEngine"]


class TokenizingEngine(ABC):
    """An engine that has tokenizers."""

    @abstractmethod
    def tokenizer(self, base: Base) -> Any:
        """The base's own."""

    @abstractmethod
    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """As `Engine.submit`."""

    def encode(self, base: Base, prompt: Prompt) -> tuple[list[int], str]:
        """Ids of a text or of chat turns, and the white space that was taken off the end of a text."""
        from codebase_gardener.adapters.torch_generation import encode

        return encode(self.tokenizer(base), prompt)

    def control_ids(self, base: Base) -> Mapping[str, int]:
        """The base's control tokens by what they look like."""
        from codebase_gardener.bases.text import control_tokens

        return control_tokens(self.tokenizer(base))

    def vocabulary_size(self, base: Base) -> int:
        """How many tokens the base knows."""
        return len(self.tokenizer(base))

    def load(self, served: Served, instead_of: Served) -> None:
        """Bring an adapter into memory before anybody asks for it, by an answer of one token that nobody reads.

        Args:
            served: The adapter.
            instead_of: The one that answered in its place; where several processes answer, those that hold it load.

        Raises:
            CodebaseGardenerError: It cannot be loaded, or too many requests are waiting.
        """
        ids, taken = self.encode(served.base, "a")
        self.submit(EngineRequest(served, tuple(ids), taken, Decoding(max_tokens=1))).text()
