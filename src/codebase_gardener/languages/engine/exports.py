"""What a file of Go, TypeScript, JavaScript, Rust or Java lets others use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.imports import imports_of
from codebase_gardener.languages.engine.nodes import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["exported_names", "renamed_exports"]

MAX_BYTES = 300


def exported_names(node: Node, language: str) -> Iterator[str]:
    """The names that a declaration lets others use.

    Go: capitalised; C and C++: functions that are declared without a body (which a header's are); Rust: `pub` without
    a restriction; Java: `public` types; scripts: `export` and CommonJS.

    Args:
        node: A node that the language's query captures as `export`.
        language: A key of `tree_queries.QUERIES`.
    """
    if language == "go":
        name = text_of(node)
        if name[:1].isupper():
            yield name
    elif language in ("c", "cpp"):
        yield text_of(node)
    elif language == "rust":
        yield from _rust_exports(node)
    elif language == "java":
        yield from _declared(node)
    else:
        yield from _script_exports(node)


def renamed_exports(node: Node) -> Iterator[tuple[str, str]]:
    """What a script hands out under another name: that name, and the one by which the file itself knows it."""
    if node.child_by_field_name("source") is not None:
        return
    if any(child.type == "default" for child in node.children):
        yield "default", _default_name(node)
    for clause in node.named_children:
        for one in clause.named_children if clause.type == "export_clause" else ():
            name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
            if name is not None and alias is not None:
                yield text_of(alias), text_of(name)


def _default_name(node: Node) -> str:
    """Of what `export default` hands out; "" for an expression."""
    declaration, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
    named = declaration.child_by_field_name("name") if declaration is not None else value
    plain = named is not None and named.type in ("identifier", "type_identifier")
    return text_of(named) if named is not None and plain else ""


def _declared(node: Node) -> Iterator[str]:
    name = node.child_by_field_name("name")
    if name is not None:
        yield text_of(name)


def _rust_exports(node: Node) -> Iterator[str]:
    if text_of(node.named_children[0]) != "pub":
        return
    if node.type == "use_declaration":
        yield from (one.alias for one in imports_of(node, "rust", 1) if one.alias not in ("*", ""))
    else:
        yield from _declared(node)


def _script_exports(node: Node) -> Iterator[str]:
    if node.type == "assignment_expression":  # CommonJS
        yield from _common_js(node)
        return
    declaration = node.child_by_field_name("declaration")
    if any(child.type == "default" for child in node.children):
        yield "default"
        return
    if declaration is not None:
        yield from _declared(declaration)
        for one in declaration.named_children:
            if one.type == "variable_declarator":
                yield from _declared(one)
    for clause in node.named_children:
        if clause.type == "namespace_export" and clause.named_children:
            yield text_of(clause.named_children[0])
        if clause.type == "export_clause":
            for one in clause.named_children:
                shown = one.child_by_field_name("alias") or one.child_by_field_name("name")
                if shown is not None:
                    yield text_of(shown)


def _common_js(node: Node) -> Iterator[str]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    target = text_of(left) if left is not None and left.end_byte - left.start_byte <= MAX_BYTES else ""
    if target == "module.exports" and right is not None and right.type == "object":
        for one in right.named_children:
            name = one.child_by_field_name("key") if one.type == "pair" else one
            if name is not None and name.type in ("property_identifier", "shorthand_property_identifier"):
                yield text_of(name)
    elif target.startswith(("module.exports.", "exports.")):
        yield target.rpartition(".")[2]
