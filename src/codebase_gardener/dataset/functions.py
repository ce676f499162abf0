"""Functions that can be completed: where the body begins, what it is, whether it is worth asking for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.languages.symbols import Symbol

__all__ = ["MAX_BODY_CHARS", "body_lines", "body_text", "is_completable", "outermost"]

MAX_BODY_CHARS = 6_000
_FUNCTION_KINDS = frozenset({"function", "method"})
_COMMENT = re.compile(r"(#|//|/\*|\*)")
_TRIVIAL = re.compile(
    r"""(pass|\.\.\.|raise\ NotImplementedError.*|return|return\ None
        |todo!\(.*\)|unimplemented!\(.*\)|panic\(.*not\ implemented.*\)
        |throw\ new\ (Error|UnsupportedOperationException)\(.*\))?;?[\s})\];]*\Z""",
    re.VERBOSE | re.IGNORECASE,
)


def is_completable(symbol: Symbol, lines: Sequence[str]) -> bool:
    """Whether the symbol is a function with a body of its own that says something.

    Left out: bodies on the signature's line, those that only pass, hold a docstring or raise
    NotImplementedError, and those over 6,000 characters.
    """
    if symbol.kind not in _FUNCTION_KINDS or not 0 < symbol.body_start <= symbol.end:
        return False
    body = body_text(symbol, lines)
    return len(body) <= MAX_BODY_CHARS and not _TRIVIAL.match(_statements(body))


def _statements(body: str) -> str:
    stripped = (line.strip() for line in body.splitlines())
    return "\n".join(line for line in stripped if line and not _COMMENT.match(line))


def body_lines(symbol: Symbol, lines: Sequence[str]) -> list[str]:
    """The lines of the body, each with its line end (the file's last line gets one if it has none)."""
    body = list(lines[symbol.body_start - 1 : symbol.end])
    if body and not body[-1].endswith(("\n", "\r")):
        body[-1] += "\n"
    return body


def body_text(symbol: Symbol, lines: Sequence[str]) -> str:
    """The body as it stands in the file."""
    return "".join(body_lines(symbol, lines))


def outermost(symbols: Sequence[Symbol]) -> list[Symbol]:
    """The symbols that stand inside no other of the given ones, by line."""
    kept: list[Symbol] = []
    for symbol in sorted(symbols, key=lambda symbol: (symbol.start, -symbol.end)):
        if not kept or symbol.start > kept[-1].end:
            kept.append(symbol)
    return kept
