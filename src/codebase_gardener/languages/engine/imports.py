"""What an import of Go, TypeScript, JavaScript, Rust, Java, C or C++ binds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.nodes import text_of
from codebase_gardener.languages.facts import Import

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["imports_of", "is_required"]

MAX_DEPTH = 20
MAX_BYTES = 50_000

_GO_VERSION = re.compile(r"(?:/v\d+|\.v\d+)$")
_REQUIRING = ("variable_declarator", "assignment_expression")
_Bound = tuple[str, str, str]  # module, name, alias


def imports_of(node: Node, language: str, first_line: int) -> Iterator[Import]:
    """One `Import` for each name that the statement binds.

    Args:
        node: A node that the language's query captures as `import`.
        language: A key of `tree_queries.QUERIES`.
        first_line: The line of the file on which the source begins.

    The module is as written, with dots for `::` and without quotes; `level` is 0. `name` is "" where the module itself
    is bound, "default" for a script's default import, "*" where everything is visible (with the alias "*").
    """
    if node.end_byte - node.start_byte > MAX_BYTES:
        return
    line = node.start_point.row + first_line
    for module, name, alias in _READERS[language](node):
        yield Import(line, module, 0, name, alias)


def is_required(node: Node) -> bool:
    """Whether it is a variable (or `module.exports`) that CommonJS' `require("module")` is given to."""
    value = node.child_by_field_name("value" if node.type == "variable_declarator" else "right")
    if value is None or value.type != "call_expression" or node.type not in _REQUIRING:
        return False
    if node.type == "assignment_expression":
        target = node.child_by_field_name("left")
        if target is None or target.end_byte - target.start_byte != len("module.exports"):
            return False
    function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
    if function is None or function.end_byte - function.start_byte != len("require") or arguments is None:
        return False
    return text_of(function) == "require" and [one.type for one in arguments.named_children] == ["string"]


def _required(node: Node) -> Iterator[_Bound]:
    pattern, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    arguments = value.child_by_field_name("arguments") if value is not None else None
    if pattern is None or arguments is None:
        return
    module = text_of(arguments.named_children[0]).strip("\"'`")
    if pattern.type == "identifier":
        yield module, "", text_of(pattern)
    for one in pattern.named_children:
        if one.type == "shorthand_property_identifier_pattern":
            yield module, text_of(one), text_of(one)
        elif one.type == "pair_pattern":
            name, alias = one.child_by_field_name("key"), one.child_by_field_name("value")
            if name is not None and alias is not None and alias.type == "identifier":
                yield module, text_of(name), text_of(alias)


def _go(node: Node) -> Iterator[_Bound]:
    path, alias = node.child_by_field_name("path"), node.child_by_field_name("name")
    if path is None:
        return
    module = text_of(path).strip('"`')
    if alias is not None and text_of(alias) == ".":
        yield module, "*", "*"
    else:
        yield (
            module,
            "",
            text_of(alias) if alias is not None else _GO_VERSION.sub("", module).rpartition("/")[2],
        )


def _script(node: Node) -> Iterator[_Bound]:
    if node.type == "variable_declarator":
        yield from _required(node)
        return
    if node.type == "assignment_expression":  # `module.exports = require("./x")`
        value = node.child_by_field_name("right")
        arguments = value.child_by_field_name("arguments") if value is not None else None
        if arguments is not None:
            yield text_of(arguments.named_children[0]).strip("\"'`"), "*", "*"
        return
    source = node.child_by_field_name("source")
    if source is None:
        return
    module = text_of(source).strip("\"'`")
    spaces = [child for child in node.named_children if child.type == "namespace_export"]
    for one in spaces:  # `export * as x from "y"`
        yield module, "", text_of(one.named_children[0]) if one.named_children else ""
    clauses = [child for child in node.named_children if child.type in ("import_clause", "export_clause")]
    if not spaces and not clauses:  # `import "x"`, `export * from "x"`
        yield (module, "*", "*") if node.type == "export_statement" else (module, "", "")
    for part in [part for clause in clauses for part in _parts(clause)]:
        if part.type == "identifier":
            yield module, "default", text_of(part)
        elif part.type == "namespace_import":
            yield module, "", text_of(part.named_children[0]) if part.named_children else ""
        elif part.type in ("import_specifier", "export_specifier"):
            name, alias = part.child_by_field_name("name"), part.child_by_field_name("alias")
            if name is not None:
                yield module, text_of(name), text_of(alias or name)


def _parts(clause: Node) -> Iterator[Node]:
    for child in clause.named_children:
        if child.type == "named_imports":
            yield from child.named_children
        else:
            yield child


def _rust(node: Node) -> Iterator[_Bound]:
    argument = node.child_by_field_name("argument")
    pending = [("", argument, 0)] if argument is not None else []
    while pending:
        path, one, depth = pending.pop()
        if one.type == "scoped_use_list":
            before, entries = one.child_by_field_name("path"), one.child_by_field_name("list")
            inner = _under(path, _rust_path(before)) if before is not None else path
            if entries is not None and depth < MAX_DEPTH:
                pending.extend((inner, child, depth + 1) for child in reversed(entries.named_children))
        elif one.type == "use_list" and depth < MAX_DEPTH:
            pending.extend((path, child, depth + 1) for child in reversed(one.named_children))
        elif one.type == "use_wildcard":
            inner = _rust_path(one.named_children[0]) if one.named_children else ""
            yield _under(path, inner), "*", "*"
        elif one.type == "use_as_clause":
            target, alias = one.child_by_field_name("path"), one.child_by_field_name("alias")
            if target is not None and alias is not None:
                module, _, name = _under(path, _rust_path(target)).rpartition(".")
                yield module, name, text_of(alias)
        elif one.type == "self":
            yield path, "", path.rpartition(".")[2]
        elif one.type in ("identifier", "scoped_identifier", "crate", "super"):
            module, _, name = _under(path, _rust_path(one)).rpartition(".")
            yield (module, name, name) if module else (name, "", name)


def _rust_path(node: Node) -> str:
    return "".join(text_of(node).split()).replace("::", ".").strip(".")


def _under(path: str, inner: str) -> str:
    return f"{path}.{inner}" if path and inner else path or inner


def _java(node: Node) -> Iterator[_Bound]:
    path = next((one for one in node.named_children if "identifier" in one.type), None)
    if path is None:
        return
    dotted = "".join(text_of(path).split())
    if any(child.type == "asterisk" for child in node.named_children):
        yield dotted, "*", "*"
    else:
        module, _, name = dotted.rpartition(".")
        yield module, name, name


def _c(node: Node) -> Iterator[_Bound]:
    path = node.child_by_field_name("path")
    if path is not None:
        yield text_of(path).strip('<>"'), "*", "*"
    elif node.type == "using_declaration" and node.named_children:
        dotted = "".join(text_of(node.named_children[-1]).split()).replace("::", ".").strip(".")
        if any(child.type == "namespace" for child in node.children):
            yield dotted, "*", "*"
        else:
            module, _, name = dotted.rpartition(".")
            yield module, name, name


_READERS: dict[str, Callable[[Node], Iterator[_Bound]]] = {
    "go": _go,
    "typescript": _script,
    "tsx": _script,
    "javascript": _script,
    "rust": _rust,
    "java": _java,
    "c": _c,
    "cpp": _c,
}
