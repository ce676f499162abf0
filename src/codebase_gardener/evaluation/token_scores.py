"""What `evaluate --tokens` finds of a function."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["TokenScores"]


@dataclass(frozen=True)
class TokenScores:
    """A held-out function, as it is asked for in the two arms that the verdict compares.

    Attributes:
        symbol: Qualified name.
        anchor: `path:Lx-y`.
        prompt: What stood before its body: retrieved code, then its file.
        context: Anchors of the retrieved code.
        tokens: Its body, in pieces; "" for a token that ends within a letter.
        base, adapter: Nats of each token.
        base_text, adapter_text: What greedy decoding writes; 96 tokens or 8 lines at most.
        truncated: Whether prompt or body were cut to fit.
    """

    symbol: str
    anchor: str
    prompt: str
    context: tuple[str, ...]
    tokens: tuple[str, ...]
    base: tuple[float, ...]
    adapter: tuple[float, ...]
    base_text: str
    adapter_text: str
    truncated: bool

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)
