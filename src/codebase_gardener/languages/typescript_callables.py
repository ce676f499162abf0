"""Variables of TypeScript that are called: their types are an interface, or an object type, with call signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["callables"]

_WRAPPERS = ("export_statement", "ambient_declaration", "lexical_declaration", "variable_declaration")
_CASTS = ("as_expression", "satisfies_expression")


def callables(root: Node) -> dict[str, tuple[Node, list[Node]]]:
    """The variables of a file's outer level by name: each with the signatures by which the file's own type calls it."""
    declared = list(_declared(root.named_children))
    signatures = {name: found for one in declared if (found := _signatures(one)) and (name := _name(one))}
    if not signatures:
        return {}
    return {
        _name(one): (one, found)
        for one in declared
        if one.type == "variable_declarator" and (found := signatures.get(_type_of(one), []))
    }


def _declared(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.type in _WRAPPERS:
            yield from _declared(node.named_children)
        else:
            yield node


def _name(node: Node) -> str:
    named = node.child_by_field_name("name")
    return text_of(named) if named is not None and named.type.endswith("identifier") else ""


def _signatures(node: Node) -> list[Node]:
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
