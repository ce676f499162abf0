"""Held-out functions with their tokens, as `evaluate --tokens` keeps them and the view shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["LEGEND", "ListedFunction", "ShownFunction", "ShownToken", "listed_functions", "shown_functions"]

_STEPS = (0.1, 0.5, 1.5, 3.0)
_MOST_TOLD = 5


@dataclass(frozen=True)
class ListedFunction:
    """A held-out function in a list.

    Attributes:
        symbol: Qualified name.
        anchor: Where it lies.
        count: Tokens of its body.
        base, adapter: Nats per token.
        number: Under which it is shown token by token; 0 where it was not measured so.
    """

    symbol: str
    anchor: str
    count: int
    base: float
    adapter: float
    number: int = 0

    @property
    def change(self) -> float:
        """Adapter less base in nats per token: negative is better."""
        return self.adapter - self.base

    @property
    def word(self) -> str:
        """Which of the two finds it likelier."""
        return "helped" if self.change < 0 else "hurt" if self.change > 0 else "unchanged"


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
    def listed(self) -> ListedFunction:
        """As a list has it."""
        return ListedFunction(
            self.symbol, self.anchor, len(self.tokens), self.base, self.adapter, self.number
        )

    @property
    def change(self) -> float:
        """As the list's."""
        return self.listed.change

    @property
    def word(self) -> str:
        """As the list's."""
        return self.listed.word

    @property
    def truth(self) -> str:
        """The body."""
        return "".join(token.text for token in self.tokens)

    @property
    def most(self) -> list[ShownToken]:
        """The tokens that changed most."""
        ranked = sorted(self.tokens, key=lambda token: -abs(token.gain))
        return [token for token in ranked[:_MOST_TOLD] if token.mark]


F = TypeVar("F", ListedFunction, ShownFunction)


def listed_functions(
    verdict: Mapping[str, Any], tokens: Mapping[str, Any] | None, sort: str = ""
) -> list[ListedFunction]:
    """The held-out functions of a version: as they were measured token by token, else as the verdict has them.

    Args:
        verdict: Its data; {} where there is none.
        tokens: Data of the receipt of the tokens, where there is one.
        sort: As for `shown_functions`.
    """
    if tokens is not None:
        return [one.listed for one in shown_functions(tokens, sort)]
    return _sorted(
        [
            ListedFunction(one["symbol"], one["anchor"], one["tokens"], one["base"], one["adapter"])
            for one in verdict.get("functions", ())
        ],
        sort,
    )


def shown_functions(tokens: Mapping[str, Any], sort: str = "") -> list[ShownFunction]:
    """The functions of a receipt.

    Args:
        tokens: Its data.
        sort: "helped" or "hurt": those first; else as they were measured.
    """
    shown = [_function(number, one) for number, one in enumerate(tokens["functions"], 1) if one["tokens"]]
    return _sorted(shown, sort)


def _sorted(functions: list[F], sort: str) -> list[F]:
    if sort not in ("helped", "hurt"):
        return functions
    return sorted(functions, key=lambda one: one.change, reverse=sort == "hurt")


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
