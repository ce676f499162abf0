"""Constants and variables of a file's outer level, by tree-sitter: the statement and the comment above it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import structs

from codebase_gardener.languages.engine.nodes import MAX_BYTES, text_of
from codebase_gardener.languages.engine.surroundings import cleaned, last_row
from codebase_gardener.languages.symbols import Symbol, constant
from codebase_gardener.languages.table import GRAMMARS

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.rows import Grammar

__all__ = ["attribute_texts", "attributes_above", "comments_at", "tree_constants"]

_NO_VALUE = ("preproc_def",)
"""Nodes that say nothing of a name where they give it no value."""


def tree_constants(
    path: str, language: str, names: Iterable[Node], exports: Collection[str] | None
) -> Iterator[Symbol]:
    """The constants that names stand for.

    Args:
        path: Of the file.
        language: A key of `GRAMMARS`.
        names: The nodes of the names, in order.
        exports: Those that are open to users of the file; None for all of them.
    """
    grammar = GRAMMARS[language]
    for node in names:
        name, statement = text_of(node), _statement(node)
        empty = statement.type in _NO_VALUE and statement.child_by_field_name("value") is None
        if empty or statement.end_byte - statement.start_byte > MAX_BYTES:
            continue
        attributes = attributes_above(statement, grammar)
        comments = comments_at(attributes[0] if attributes else statement, grammar)
        docstring = cleaned([text_of(one).rstrip() for one in comments], grammar)
        made = constant(
            path,
            name,
            language,
            (statement.start_point.row + 1, last_row(statement) + 1),
            text_of(statement),
            docstring,
            (comments[0].start_point.row + 1, last_row(comments[-1]) + 1) if docstring else (0, 0),
            public=exports is None or name in exports,
        )
        shown = attribute_texts(attributes, grammar)
        yield structs.replace(made, decorators=shown) if shown else made


def comments_at(node: Node, grammar: Grammar) -> list[Node]:
    """The comments right above a node, else the one that ends its last line; no directives."""
    comments = _above(node, grammar.comments) or _behind(node, grammar.comments)
    return [one for one in comments if not grammar.directive.match(text_of(one))]


def attribute_texts(attributes: Iterable[Node], grammar: Grammar) -> tuple[str, ...]:
    """What they say, without their marks."""
    return tuple(grammar.attribute.sub(r"\1", text_of(one).rstrip()) for one in attributes)


def attributes_above(statement: Node, grammar: Grammar) -> list[Node]:
    """Those above it, in order."""
    found: list[Node] = []
    before = statement.prev_sibling
    while before is not None and before.type in grammar.attributes:
        found.insert(0, before)
        before = before.prev_sibling
    return found


def _statement(node: Node) -> Node:
    """The widest node that begins on the name's line and is not the whole file: a declaration, or a line of several."""
    while (
        node.parent is not None
        and node.parent.parent is not None
        and node.parent.start_point.row == node.start_point.row
    ):
        node = node.parent
    return node


def _behind(node: Node, kinds: tuple[str, ...]) -> list[Node]:
    """The comment that ends a node's last line."""
    after = node.next_sibling
    while after is not None and not after.is_named:
        after = after.next_sibling
    is_there = after is not None and after.type in kinds and after.start_point.row == last_row(node)
    return [after] if after is not None and is_there else []


def _above(node: Node, kinds: tuple[str, ...]) -> list[Node]:
    """The comments on the lines right above a node, that share their lines with nothing."""
    found: list[Node] = []
    row, before = node.start_point.row, node.prev_sibling
    while before is not None and before.type in kinds and last_row(before) == row - 1:
        earlier = before.prev_sibling
        if earlier is not None and last_row(earlier) == before.start_point.row:
            break  # it ends the line of what stands there
        found.insert(0, before)
        row, before = before.start_point.row, earlier
    return found
