"""How what is no function is called: the signatures of a type, and the types of a variable, by tree-sitter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.constants import comments_at
from codebase_gardener.languages.engine.nodes import parameters, returns, text_of
from codebase_gardener.languages.engine.parsing import parsed_tree
from codebase_gardener.languages.engine.surroundings import cleaned, last_row
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import GRAMMARS

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.rows import Grammar

__all__ = ["tree_called", "tree_called_types"]

_MOST_LINES = 3_000
"""Of a type that is read a second time."""


def tree_called(symbol: Symbol, lines: Sequence[str], name: str = "") -> Symbol | None:
    """The function that a type stands for, with its fullest signature; None of a type that is not called.

    Args:
        symbol: The type.
        lines: Its own, from `start` to `end`.
        name: Of the function; else the type's.
    """
    grammar = GRAMMARS.get(symbol.language)
    if grammar is None or symbol.kind not in ("type", "interface"):
        return None
    node = _node(symbol, lines)
    found = grammar.signatures_of(node) if node is not None else []
    if not found:
        return None
    called = name or symbol.qualified_name
    fullest = max(found, key=lambda one: len(parameters(one, grammar)))
    needed = set(parameters(min(found, key=lambda one: len(parameters(one, grammar))), grammar))
    overloads = tuple((one.start_point.row + symbol.start, last_row(one) + symbol.start) for one in found)
    returned = dict.fromkeys(" ".join(one.split()) for each in found if (one := returns(each, grammar)))
    docstring, said_at = symbol.docstring, (symbol.docstring_start, symbol.docstring_end)
    for signature in found if not docstring else ():
        comments = comments_at(signature, grammar)
        docstring = cleaned([text_of(each).rstrip() for each in comments], grammar)
        if docstring:
            rows = comments[0].start_point.row, last_row(comments[-1])
            said_at = (rows[0] + symbol.start, rows[1] + symbol.start)
            break
    return Symbol(
        path=symbol.path,
        qualified_name=called,
        kind="function",
        language=symbol.language,
        start=overloads[0][0],
        end=overloads[-1][1],
        definition_line=overloads[0][0],
        body_start=0,
        signature=f"{called.rpartition('.')[2]}{' '.join(_text(fullest, needed, grammar).split())}",
        docstring=docstring,
        parameters=parameters(fullest, grammar),
        returns=" | ".join(returned) or None,
        is_declaration=True,
        docstring_start=said_at[0] if docstring else 0,
        docstring_end=said_at[1] if docstring else 0,
        overloads=overloads,
    )


def tree_called_types(symbol: Symbol, lines: Sequence[str]) -> list[str]:
    """The names of the types by which a variable may be called, with `()` of a function whose result it is.

    Args:
        symbol: A constant.
        lines: Its own, from `start` to `end`.
    """
    node = _node(symbol, lines)
    return list(GRAMMARS[symbol.language].called_types(node)) if node is not None else []


def _text(node: Node, needed: Collection[str], grammar: Grammar) -> str:
    """A signature in which what another of them does without is optional."""
    text, begin = (node.text or b""), node.start_byte
    listed = node.child_by_field_name("parameters")
    for one in reversed(listed.named_children if listed is not None else []):
        named = one.child_by_field_name("pattern")
        is_plain = one.type == grammar.needed and named is not None and named.type == "identifier"
        if named is not None and is_plain and text_of(named) not in needed:
            text = text[: named.end_byte - begin] + b"?" + text[named.end_byte - begin :]
    return text.decode("utf-8", "replace")


def _node(symbol: Symbol, lines: Sequence[str]) -> Node | None:
    """What defines the name of a symbol."""
    text = "\n".join(lines)
    tree = (
        parsed_tree(text.encode("utf-8", "surrogatepass"), symbol.language)
        if len(lines) <= _MOST_LINES
        else None
    )
    return next((one for one in _outer(tree.root_node) if _named(one) == symbol.name), None) if tree else None


def _outer(node: Node) -> Iterator[Node]:
    for one in node.named_children:
        yield one
        if one.child_by_field_name("name") is None:
            yield from _outer(one)


def _named(node: Node) -> str:
    name = node.child_by_field_name("name")
    return text_of(name) if name is not None else ""
