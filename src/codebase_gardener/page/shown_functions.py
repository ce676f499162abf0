"""Held-out functions with their tokens, as `evaluate --tokens` keeps them and the view shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["LEGEND", "ShownFunction", "ShownToken", "shown_functions"]

_STEPS = (0.1, 0.5, 1.5, 3.0)
_MOST_TOLD = 5


@dataclass(frozen=True)
class ShownToken:
    """A piece of a body.

    Attributes:
        gain: Nats that the adapter saves on it; negative where it costs.
        mark: CSS class: "up1" to "up4", "down1" to "down4", or "".
    """

    text: str
    base: float
    adapter: float
    gain: float
    mark: str


@dataclass(frozen=True)
class ShownFunction:
    """A held-out function, and what both arms make of it."""

    number: int
    symbol: str
    anchor: str
    prompt: str
    context: tuple[str, ...]
    tokens: tuple[ShownToken, ...]
    base_text: str
    adapter_text: str
    truncated: bool

    @property
    def base(self) -> float:
        """Nats per token."""
        return sum(token.base for token in self.tokens) / len(self.tokens)

    @property
    def adapter(self) -> float:
        """Nats per token."""
        return sum(token.adapter for token in self.tokens) / len(self.tokens)

    @property
    def change(self) -> float:
        """Adapter less base in nats per token: negative is better."""
        return self.adapter - self.base

    @property
    def word(self) -> str:
        """Which of the two finds it likelier."""
        return "helped" if self.change < 0 else "hurt" if self.change > 0 else "unchanged"

    @property
    def truth(self) -> str:
        """The body."""
        return "".join(token.text for token in self.tokens)

    @property
    def most(self) -> list[ShownToken]:
        """The tokens that changed most."""
        ranked = sorted(self.tokens, key=lambda token: -abs(token.gain))
        return [token for token in ranked[:_MOST_TOLD] if token.mark]


def shown_functions(tokens: Mapping[str, Any], sort: str = "") -> list[ShownFunction]:
    """The functions of a receipt.

    Args:
        tokens: Its data.
        sort: "helped" or "hurt": those first; else as they were measured.
    """
    shown = [_function(number, one) for number, one in enumerate(tokens["functions"], 1) if one["tokens"]]
    if sort in ("helped", "hurt"):
        shown.sort(key=lambda one: one.change, reverse=sort == "hurt")
    return shown


def _function(number: int, one: Mapping[str, Any]) -> ShownFunction:
    tokens = tuple(
        ShownToken(text, base, adapter, base - adapter, _mark(base - adapter))
        for text, base, adapter in zip(one["tokens"], one["base"], one["adapter"], strict=True)
    )
    return ShownFunction(
        number, one["symbol"], one["anchor"], one["prompt"], tuple(one["context"]), tokens,
        one["base_text"], one["adapter_text"], one["truncated"],
    )  # fmt: skip


def _mark(gain: float) -> str:
    strength = sum(abs(gain) >= step for step in _STEPS)
    return f"{'up' if gain > 0 else 'down'}{strength}" if strength else ""


def _legend() -> list[tuple[str, str, str]]:
    bounds = [*zip(_STEPS, [*_STEPS[1:], None], strict=True)]
    said = [f"{low:g} to {high:g} nats" if high else f"{low:g} nats and more" for low, high in bounds]
    return [(f"up{n}", f"down{n}", text) for n, text in enumerate(said, 1)]


LEGEND = _legend()
"""Mark of a gain, mark of a loss, and of how much."""
