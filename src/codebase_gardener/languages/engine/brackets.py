"""Text with brackets and quotes: where a bracket closes, and splitting outside of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["MAX_CHARS", "QUOTES", "closing", "named_types", "split"]

MAX_CHARS = 20_000
QUOTES = '"`'
"""In Rust and C++ an apostrophe may stand alone: `'a`, `1'000`."""

_OPEN, _CLOSE = "([{<", ")]}>"
_PATH = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*)*")


def named_types(text: str) -> list[str]:
    """The dotted names in a type, in order.

    Example:
        >>> named_types("(*Command, error)"), named_types("Result<a::P, E>")
        (['Command', 'error'], ['a.P', 'E'])
    """
    return [found.replace("::", ".") for found in _PATH.findall(text[:MAX_CHARS])]


def closing(text: str, start: int, quotes: str) -> int:
    """The place of the bracket that closes the one at `start`; -1."""
    return next(
        (at for at, letter, depth in _scanned(text, start, quotes) if not depth and letter in _CLOSE), -1
    )


def split(text: str, mark: str, quotes: str = QUOTES) -> Iterator[str]:
    """Split at a mark outside of brackets and quotes.

    Example:
        >>> list(split("a: [b, c], d", ","))
        ['a: [b, c]', ' d']
    """
    start = 0
    for at, letter, depth in _scanned(text, 0, quotes):
        if letter != mark or depth or (mark == "=" and _is_comparison(text, at)):
            continue
        yield text[start:at]
        start = at + 1
    yield text[start:]


def _scanned(text: str, start: int, quotes: str) -> Iterator[tuple[int, str, int]]:
    """Places outside of quotes with their letters, and how many brackets are open after them."""
    depth, quote = 0, ""
    for at in range(start, len(text)):
        letter = text[at]
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
            continue
        if letter in quotes:
            quote = letter
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE and not (letter == ">" and at and text[at - 1] in "=-"):
            depth = max(0, depth - 1)
        yield at, letter, depth


def _is_comparison(text: str, at: int) -> bool:
    return text[at + 1 : at + 2] in ("=", ">") or text[max(at - 1, 0) : at] in ("=", "!", "<", ">")
