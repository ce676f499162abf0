"""Syntax trees by tree-sitter, within a time limit; the grammars are the rows of `grammars.GRAMMARS`."""

from __future__ import annotations

import re
import time
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.grammars import GRAMMARS

if TYPE_CHECKING:
    from tree_sitter import Language, Tree

__all__ = ["PARSE_TIMEOUT_S", "grammar_of", "parsed_tree"]

PARSE_TIMEOUT_S = 10.0

_PIECE_BYTES = 2**16
_TYPESCRIPT = ("typescript", "tsx")
_VARIANCE = re.compile(
    rb"([<,]\s{0,200})((?:in\s{1,9}out|in|out)(?=\s{1,9}[A-Z$_]\w{0,99}\s{0,200}(?:extends\b|[,>=])))"
)
"""TypeScript 4.7's `<in out T>`, which the grammar does not know: blanks stand in its place, so that nothing moves."""


def parsed_tree(source: bytes, language: str, timeout_s: float = PARSE_TIMEOUT_S) -> Tree | None:
    """The tree of a source in UTF-8; None where parsing takes too long.

    Args:
        source: Its bytes.
        language: A key of `grammars.GRAMMARS`.
        timeout_s: Seconds.
    """
    from tree_sitter import Parser

    if language in _TYPESCRIPT:
        source = _VARIANCE.sub(lambda found: found[1] + b" " * len(found[2]), source)
    deadline = time.monotonic() + timeout_s
    try:
        return Parser(grammar_of(language)).parse(
            lambda at, _point: source[at : at + _PIECE_BYTES],  # given bytes, it ignores the callback
            progress_callback=lambda _at, _error: time.monotonic() > deadline,
        )
    except ValueError:  # "Parsing failed": the callback has stopped it
        return None


@cache
def grammar_of(language: str) -> Language:
    """The grammar's wheel is imported at the first use."""
    from tree_sitter import Language

    row = GRAMMARS[language]
    return Language(getattr(import_module(row.module), row.function)())
