"""Parts of a definition in a syntax tree, by what a language's `Grammar` says: name, body, parameters, bases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.rows import Grammar

__all__ = [
    "MAX_BYTES",
    "bases",
    "body_of",
    "declared_name",
    "field_of",
    "function_value",
    "name_of",
    "parameters",
    "plain_name",
    "returns",
    "text_of",
]

_OPERATOR = re.compile(r"(.*?)(?:(\boperator\b)(.*))?\Z", re.DOTALL)
_RUN_OF_SPACE = re.compile(r"\s+")
_NO_NAME = re.compile(r"[(){};:,\s]")
MAX_BYTES = 50_000
"""Of a statement that imports."""


def text_of(node: Node) -> str:
    """The node's source."""
    return (node.text or b"").decode("utf-8", "replace")


def field_of(node: Node, names: Sequence[str]) -> Node | None:
    """The first of these fields that a node has."""
    for name in names:
        found = node.child_by_field_name(name)
        if found is not None:
            return found
    return None


def declared_name(node: Node) -> Iterator[str]:
    """The name in a declaration's field of that name."""
    name = node.child_by_field_name("name")
    if name is not None:
        yield text_of(name)


def function_value(node: Node, grammar: Grammar) -> Node | None:
    """The function that a variable or field is given, else None."""
    value = field_of(node, ("value", "right"))
    while value is not None and value.type in grammar.casts and value.named_children:
        value = value.named_children[0]
    return value if value is not None and value.type in grammar.functions else None


def body_of(node: Node, grammar: Grammar) -> Node | None:
    """The node that holds the body, braces included."""
    owner = function_value(node, grammar) or node
    if node.type in grammar.whole:
        return node
    body = owner.child_by_field_name("body")
    if body is None and node.type in grammar.aliases:
        return node.child_by_field_name("type") or node.child_by_field_name("value")
    return body


def name_of(node: Node, grammar: Grammar, path: str) -> str | None:
    """The name that the node of a file defines, after its receiver's; `Type.method` for `Type::method`."""
    named = field_of(node, ("name", "property"))
    if grammar.assigned is not None and node.type == "assignment_expression":
        return grammar.assigned(node, path) or None
    if named is None:
        named = _declared(node.child_by_field_name("declarator"))
    if named is None:
        return None
    receiver = node.child_by_field_name("receiver") if grammar.owner else None
    prefix = grammar.owner(receiver) + "." if grammar.owner and receiver is not None else ""
    plain = text_of(named) if named.type in grammar.operators else plain_name(text_of(named))
    misread = (
        _NO_NAME.search(plain) and "operator" not in plain
    )  # macros, as in `class API Name final : Base`
    return None if misread or not plain else prefix + plain


def plain_name(text: str) -> str:
    """Without type arguments, space and `::`.

    Example:
        >>> plain_name("Cache<K, List<V>>::get"), plain_name("a::Box<T>::operator<")
        ('Cache.get', 'a.Box.operator<')
    """
    owner, operator, sign = _OPERATOR.match(text).groups()  # type: ignore[union-attr]  # it matches anything
    kept, depth = [], 0
    for character in owner:
        depth += (character == "<") - (character == ">")
        if not depth and character not in "<>" and not character.isspace():
            kept.append(character)
    plain = "".join(kept).replace("::", ".").lstrip(".")
    return f"{plain}{operator or ''}{_RUN_OF_SPACE.sub(' ', sign or '')}".strip("\"' ")


def parameters(node: Node, grammar: Grammar) -> tuple[str, ...]:
    """Names in order, `...` before one that takes the rest."""
    owner = function_value(node, grammar) or node
    single = owner.child_by_field_name("parameter")
    if single is not None:
        return (text_of(single),)
    found = owner.child_by_field_name("parameters") or _declared_parameters(owner)
    children = found.named_children if found is not None else []
    return tuple(
        name
        for child in children
        if child.type not in grammar.no_parameter
        for name in _parameter(child, grammar)
    )


def returns(node: Node, grammar: Grammar) -> str | None:
    """The result's type as written, else None."""
    owner = function_value(node, grammar) or node
    if owner.child_by_field_name("declarator") is not None:
        return _declared_result(owner)
    found = field_of(owner, ("result", "return_type", "type"))
    return text_of(found).lstrip(": ") or None if found is not None else None


def _declared_result(node: Node) -> str | None:
    """C's: the type, and the pointers that stand with the name."""
    kind, declarator, marks = node.child_by_field_name("type"), node.child_by_field_name("declarator"), ""
    while declarator is not None and declarator.type in ("pointer_declarator", "reference_declarator"):
        marks += text_of(declarator)[:1]
        declarator = declarator.child_by_field_name("declarator") or _only_declarator(declarator)
    if kind is None:
        return None
    return f"{text_of(kind)} {marks}".rstrip()


def bases(node: Node, grammar: Grammar) -> tuple[str, ...]:
    """The source of what a class extends, implements or embeds."""
    if grammar.embedded is not None:
        return tuple(grammar.embedded(node))
    return tuple(
        base
        for child in node.named_children
        if child.type in grammar.bases
        for base in _bases(child, grammar)
    )


def _bases(clause: Node, grammar: Grammar) -> list[str]:
    found: list[str] = []
    for child in clause.named_children:
        if child.type in grammar.bases:
            found.extend(_bases(child, grammar))
        elif child.type not in grammar.no_base:
            found.append(text_of(child))
    return found


def _declared(declarator: Node | None) -> Node | None:
    """Through pointers, references and parameter lists, down to the name that a C declarator declares."""
    while declarator is not None:
        inner = declarator.child_by_field_name("declarator") or _only_declarator(declarator)
        if inner is None:
            return declarator
        declarator = inner
    return None


def _only_declarator(node: Node) -> Node | None:
    if node.type in ("reference_declarator", "parenthesized_declarator"):
        return node.named_children[-1] if node.named_children else None
    return None


def _declared_parameters(node: Node) -> Node | None:
    declarator = node.child_by_field_name("declarator")
    found = None
    while declarator is not None:
        found = declarator.child_by_field_name("parameters") or found
        declarator = declarator.child_by_field_name("declarator") or _only_declarator(declarator)
    return found


def _parameter(node: Node, grammar: Grammar) -> list[str]:
    rest = grammar.rest.get(node.type, "")
    named = node.children_by_field_name("name")
    if not named:
        inner = field_of(node, ("pattern", "left", "declarator"))
        if inner is None and rest and node.named_children:
            inner = node.named_children[-1].child_by_field_name("name")
        named = [node if inner is None else _declared(inner) or inner]
    if named == [node] and node.type not in grammar.plain_parameters:
        return []  # a type alone, as in C prototypes, Go's `func(int)`, or `void`
    return [rest + text_of(found).removeprefix("...") if rest else text_of(found) for found in named]
