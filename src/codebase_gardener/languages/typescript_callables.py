"""TypeScript's types that are called, with their signatures: of an interface, an object type, a type of functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["called_types", "callables", "signatures_of"]

_WRAPPERS = ("export_statement", "ambient_declaration", "lexical_declaration", "variable_declaration")
_CASTS = ("as_expression", "satisfies_expression")


def callables(root: Node) -> dict[str, tuple[Node, list[Node]]]:
    """The variables of a file's outer level by name: each with the signatures by which the file's own type calls it."""
    declared = list(_declared(root.named_children))
    signatures = {name: found for one in declared if (found := _listed(one)) and (name := _name(one))}
    if not signatures:
        return {}
    return {
        _name(one): (one, found)
        for one in declared
        if one.type == "variable_declarator" and (found := signatures.get(_type_of(one), []))
    }


def signatures_of(node: Node) -> list[Node]:
    """The signatures by which a type is called; none of what is no type, or of one that is not called."""
    value = node.child_by_field_name("value") if node.type == "type_alias_declaration" else None
    while value is not None and value.type == "parenthesized_type" and value.named_children:
        value = value.named_children[0]
    return [value] if value is not None and value.type == "function_type" else _listed(node)


def called_types(node: Node) -> Iterator[str]:
    """The types by which a variable may be called: the one it has, else those that its value's call is given.

    A name with `()` is the function that made it, whose result is of such a type.
    """
    if node.type != "variable_declarator":
        return
    if named := _type_of(node):
        yield named
        return
    value = node.child_by_field_name("value")
    while value is not None and value.type in _CASTS and value.named_children:
        value = value.named_children[0]
    if value is None or value.type != "call_expression":
        return
    given, made = value.child_by_field_name("type_arguments"), value.child_by_field_name("function")
    for one in given.named_children if given is not None else ():
        inner = one.child_by_field_name("name") if one.type == "generic_type" else one
        if inner is not None and inner.type == "type_identifier":
            yield text_of(inner)
    if made is not None and made.type == "identifier":
        yield f"{text_of(made)}()"


def _declared(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.type in _WRAPPERS:
            yield from _declared(node.named_children)
        else:
            yield node


def _name(node: Node) -> str:
    named = node.child_by_field_name("name")
    return text_of(named) if named is not None and named.type.endswith("identifier") else ""


def _listed(node: Node) -> list[Node]:
    """The call signatures among the members of an interface or an object type."""
    body = None
    if node.type == "interface_declaration":
        body = node.child_by_field_name("body")
    elif node.type == "type_alias_declaration":
        body = node.child_by_field_name("value")
    is_listed = body is not None and body.type in ("interface_body", "object_type")
    return [one for one in body.named_children if one.type == "call_signature"] if body and is_listed else []


def _type_of(variable: Node) -> str:
    """The name of the type that a variable is declared with, or its value cast to."""
    kind, value = variable.child_by_field_name("type"), variable.child_by_field_name("value")
    if kind is None and value is not None and value.type in _CASTS and len(value.named_children) > 1:
        kind = value.named_children[-1]
    elif kind is not None:
        kind = kind.named_children[0] if kind.named_children else None
    if kind is not None and kind.type == "generic_type":
        kind = kind.child_by_field_name("name")
    return text_of(kind) if kind is not None and kind.type == "type_identifier" else ""
