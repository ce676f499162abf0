"""Syntax trees by tree-sitter, within a time limit."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from codebase_gardener.languages.table import GRAMMARS

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, Tree

__all__ = ["PARSE_TIMEOUT_S", "captured", "grammar_of", "parsed_tree", "tree_by"]

PARSE_TIMEOUT_S = 10.0

_PIECE_BYTES = 2**16


def parsed_tree(source: bytes, language: str, timeout_s: float = PARSE_TIMEOUT_S) -> Tree | None:
    """The tree of a source in UTF-8; None where parsing takes too long.

    Args:
        source: Its bytes.
        language: A key of `GRAMMARS`.
        timeout_s: Seconds.
    """
    prepared = GRAMMARS[language].prepared
    return tree_by(prepared(source) if prepared else source, grammar_of(language), timeout_s)


def tree_by(source: bytes, grammar: Language, timeout_s: float = PARSE_TIMEOUT_S) -> Tree | None:
    """The tree by any grammar; None where parsing takes too long."""
    from tree_sitter import Parser

    deadline = time.monotonic() + timeout_s
    try:
        return Parser(grammar).parse(
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


def captured(tree: Tree, language: str, query: str) -> defaultdict[str, list[Node]]:
    """The nodes that a query captures, by name, in the order of the source, outer ones first."""
    from tree_sitter import QueryCursor

    found: defaultdict[str, list[Node]] = defaultdict(list)
    for name, nodes in QueryCursor(_query(language, query)).captures(tree.root_node).items():
        found[name] = sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte))
    return found


@cache
def _query(language: str, query: str) -> Query:
    from tree_sitter import Query

    return Query(grammar_of(language), query)
