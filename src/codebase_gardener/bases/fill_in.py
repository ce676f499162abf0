"""Fill-in-the-middle tokens: the names that code models have for them, and prompts that are written with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["DEEPSEEK", "QWEN", "STARCODER", "FimTokens", "split_fill_in"]

QWEN = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
"""Of Qwen2.5-Coder and of CodeGemma."""

STARCODER = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
"""Of StarCoder 1 and 2 and of Granite's code models."""

DEEPSEEK = ("<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>")
"""Of DeepSeek-Coder."""

_NAMES = (
    QWEN,
    STARCODER,
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    ("\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"),  # CodeLlama
    DEEPSEEK,
)
_WRITTEN = (*_NAMES, ("<PRE> ", " <SUF>", " <MID>"))


@dataclass(frozen=True)
class FimTokens:
    """The ids of a base's fill-in-the-middle tokens."""

    prefix: int
    suffix: int
    middle: int

    @classmethod
    def of(cls, controls: Mapping[str, int]) -> FimTokens | None:
        """The tokens by the names that known code models use, or None.

        Args:
            controls: The base's control tokens (`text.control_tokens`).
        """
        for names in _NAMES:
            if all(name in controls for name in names):
                return cls(*(controls[name] for name in names))
        return None

    def ids(self, before: Sequence[int], after: Sequence[int]) -> list[int]:
        """What stands before and behind the middle, in the order that the middle is asked for in."""
        return [self.prefix, *before, self.suffix, *after, self.middle]


def split_fill_in(prompt: str) -> tuple[str, str] | None:
    """What stands before and behind the middle, where a client wrote the prompt with some base's tokens.

    Example:
        >>> split_fill_in("<fim_prefix>a = <fim_suffix>\\n<fim_middle>"), split_fill_in("a = ")
        (('a = ', '\\n'), None)
    """
    for prefix, suffix, middle in _WRITTEN:
        if prompt.startswith(prefix) and prompt.endswith(middle) and prompt.count(suffix) == 1:
            before, _, after = prompt.removeprefix(prefix).removesuffix(middle).partition(suffix)
            return before, after
    return None
