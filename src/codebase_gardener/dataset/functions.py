"""Functions that can be completed: where the body begins, what it is, whether it is worth asking for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from operator import itemgetter

from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.files import sha256_text

__all__ = ["MAX_BODY_CHARS", "body_lines", "body_text", "is_completable", "outermost", "spread"]

MAX_BODY_CHARS = 6_000
_FUNCTION_KINDS = frozenset({"function", "method"})
_COMMENT = re.compile(r"(#|//|/\*|\*)")


def is_completable(symbol: Symbol, lines: Sequence[str]) -> bool:
    """Whether the symbol is a function with a body of its own that says something.

    Left out: bodies on the signature's line, those that only pass, hold a docstring or raise
    NotImplementedError, and those over 6,000 characters.
    """
    if symbol.kind not in _FUNCTION_KINDS or not 0 < symbol.body_start <= symbol.end:
        return False
    body = body_text(symbol, lines)
    return len(body) <= MAX_BODY_CHARS and not _trivial(symbol.language).match(_statements(body))


@cache
def _trivial(language: str) -> re.Pattern[str]:
    """Bodies that say nothing, with what closes them."""
    says_nothing = f"(?:return|{LANGUAGES[language].trivial})?"
    return re.compile(says_nothing + r";?[\s})\];]*(?:end)?\Z", re.IGNORECASE)


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


def spread(functions: Iterable[tuple[Symbol, SourceFile]], seed: int = 0) -> list[tuple[Symbol, SourceFile]]:
    """The functions in an order that depends on the seed only: each file's first before any file's second."""
    ranks: Counter[str] = Counter()
    ranked = []
    for key, symbol, file in sorted(
        ((sha256_text(f"{seed}:{symbol.anchor}"), symbol, file) for symbol, file in functions),
        key=itemgetter(0),
    ):
        ranked.append((ranks[file.path], key, symbol, file))
        ranks[file.path] += 1
    return [(symbol, file) for _, _, symbol, file in sorted(ranked, key=itemgetter(0, 1))]
