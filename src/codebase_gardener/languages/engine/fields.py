"""The fields of a type that users may read and set, by tree-sitter: names, types, and the comments at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.constants import comments_at
from codebase_gardener.languages.engine.nodes import declared_name, field_of, text_of
from codebase_gardener.languages.engine.parsing import captured, parsed_tree
from codebase_gardener.languages.engine.surroundings import cleaned, last_row
from codebase_gardener.languages.symbols import Symbol, TypedName, constant
from codebase_gardener.languages.table import FAMILIES, GRAMMARS, family_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from codebase_gardener.languages.rows import Grammar

__all__ = ["FunctionType", "tree_alias", "tree_fields", "tree_function", "tree_variants"]

_MOST_LINES = 3_000
"""Of a type that is read a second time."""


@dataclass(frozen=True)
class FunctionType:
    """What functions of a type take and return; a name is "" where only its type stands."""

    parameters: tuple[TypedName, ...]
    returns: str


def tree_fields(symbol: Symbol, lines: Sequence[str]) -> tuple[Symbol, ...]:
    """The open fields of a type, in order, each named after it; `returns` is a field's type.

    Args:
        symbol: The type.
        lines: Its own, from `start` to `end`.
    """
    grammar = GRAMMARS.get(symbol.language)
    open_fields = grammar.open_fields if grammar is not None else None
    if symbol.kind not in ("type", "interface") or grammar is None or open_fields is None:
        return ()
    tree = _tree("\n".join(lines), symbol.language) if len(lines) <= _MOST_LINES else None
    found = captured(tree, symbol.language, f"({grammar.field_node}) @field")["field"] if tree else []
    fields = (node for node in found if _is_outer(node, symbol.language))
    return tuple(one for node in fields for one in _named(node, symbol, open_fields(node), ("type",)))


def tree_variants(symbol: Symbol, lines: Sequence[str]) -> tuple[Symbol, ...]:
    """The values that a type of them has, in order, each named after it; `returns` is what one holds.

    Args:
        symbol: The type.
        lines: Its own, from `start` to `end`.
    """
    grammar = GRAMMARS.get(symbol.language)
    if symbol.kind != "type" or grammar is None or not grammar.variant_node or len(lines) > _MOST_LINES:
        return ()
    tree = _tree("\n".join(lines), symbol.language)
    found = captured(tree, symbol.language, f"({grammar.variant_node}) @variant")["variant"] if tree else []
    variants = (node for node in found if _is_outer(node, symbol.language))
    return tuple(
        one for node in variants for one in _named(node, symbol, declared_name(node), ("body", "value"))
    )


def tree_alias(symbol: Symbol, lines: Sequence[str]) -> str:
    """The dotted name of the type that a type only gives another name to; "" where it is a type of its own.

    Args:
        symbol: The type.
        lines: Its own, from `start` to `end`.
    """
    grammar = GRAMMARS.get(symbol.language)
    if grammar is None or grammar.renamed is None:
        return ""
    node = _statement(symbol, lines, grammar)
    return grammar.renamed(node) if node is not None else ""


def tree_function(symbol: Symbol, lines: Sequence[str]) -> FunctionType | None:
    """What a type of functions takes and returns; None where it is none.

    Args:
        symbol: The type.
        lines: Its own, from `start` to `end`.
    """
    grammar = GRAMMARS.get(symbol.language)
    if grammar is None or not grammar.function_type:
        return None
    node = _statement(symbol, lines, grammar)
    kind = node.child_by_field_name("type") if node is not None else None
    listed = kind.child_by_field_name("parameters") if kind is not None else None
    if kind is None or kind.type != grammar.function_type or listed is None:
        return None
    family = FAMILIES[family_of(symbol.language)]
    parts = [part.strip() for part in split(text_of(listed)[1:-1], ",", family.quotes) if part.strip()]
    named = [one for one in family.parameters(parts) if one is not None]
    result = kind.child_by_field_name("result")
    return FunctionType(
        tuple(named or (TypedName("", " ".join(part.split())) for part in parts)),
        " ".join(text_of(result).split()) if result is not None else "",
    )


def _statement(symbol: Symbol, lines: Sequence[str], grammar: Grammar) -> Node | None:
    """The node that defines a type, read from its lines alone."""
    if symbol.kind != "type" or len(lines) > _MOST_LINES:
        return None
    text = "\n".join(lines)
    for source in (text, f"{grammar.shared_keyword} {text}"):  # `A = B` of a group is a statement by itself
        tree = parsed_tree(source.encode("utf-8", "surrogatepass"), symbol.language)
        pending = [tree.root_node] if tree else []
        while pending:
            node = pending.pop(0)
            name = node.child_by_field_name("name") if node.type in grammar.aliases else None
            if name is not None and text_of(name) == symbol.name:
                return node
            pending += node.named_children
    return None


def _tree(text: str, language: str) -> Tree | None:
    """One that shares its keyword with others is read with it."""
    tree = parsed_tree(text.encode("utf-8", "surrogatepass"), language)
    keyword = GRAMMARS[language].shared_keyword
    if tree is not None and tree.root_node.has_error and keyword:
        return parsed_tree(f"{keyword} {text}".encode("utf-8", "surrogatepass"), language)
    return tree


def _is_outer(node: Node, language: str) -> bool:
    """Whether it is a field of the type itself, and not of a type inside it."""
    within = node.parent.parent if node.parent else None
    around = (within, within.parent if within else None)
    return any(one is not None and one.type in GRAMMARS[language].kinds for one in around)


def _named(node: Node, owner: Symbol, names: Iterable[str], held: Sequence[str]) -> Iterator[Symbol]:
    """Its names as symbols; what it holds stands in one of its fields."""
    grammar = GRAMMARS[owner.language]
    first = node
    while first.prev_sibling is not None and first.prev_sibling.type in grammar.attributes:
        first = first.prev_sibling
    comments = comments_at(first, grammar)
    docstring = cleaned([text_of(one).rstrip() for one in comments], grammar)
    kind = field_of(node, held)
    said_at = (
        (comments[0].start_point.row + owner.start, last_row(comments[-1]) + owner.start)
        if docstring
        else (0, 0)
    )
    for name in names:
        field = constant(
            owner.path,
            f"{owner.qualified_name}.{name}",
            owner.language,
            (node.start_point.row + owner.start, last_row(node) + owner.start),
            text_of(node),
            docstring,
            said_at,
            kind="field",
        )
        yield msgspec.structs.replace(
            field, returns=" ".join(text_of(kind).lstrip(":").split()) if kind else None
        )
