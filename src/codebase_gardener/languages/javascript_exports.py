"""What a JavaScript or TypeScript file lets others use: `export`, CommonJS' `exports`, and by which names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.nodes import MAX_BYTES, declared_name, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "CASTS",
    "ENDING",
    "FUNCTIONS",
    "assigned",
    "exports",
    "given",
    "is_key",
    "kept",
    "open_names",
    "outer_names",
    "renamed",
]

MAX_TARGET_BYTES = 300
MAX_CALLEE_BYTES = 40
ENDING = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?\Z")
_DECLARES = re.compile(r"\.d\.[cm]?ts\Z")
CASTS = ("as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression")
_SIGNATURES = ("property_signature", "method_signature")
_OF_MODULES = ("import_statement", "export_statement")
FUNCTIONS = ("arrow_function", "function_expression", "function", "generator_function")
_KEEP = ("assign", "freeze", "seal", "preventExtensions", "defineProperty", "defineProperties")
"""Functions of `Object` that give back their first argument; the first gives it the members of the others."""
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_CHAIN = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){0,3}")
_PART = re.compile(r"[^A-Za-z0-9_$]+(\w?)")


def given(node: Node) -> Iterator[tuple[str, Node]]:
    """What an assignment gives to CommonJS' `exports`: the values by name, "" for `module.exports` itself."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    target = text_of(left) if left is not None and left.end_byte - left.start_byte <= MAX_TARGET_BYTES else ""
    while right is not None and right.type == "assignment_expression":  # `exports = module.exports = f`
        inner = right.child_by_field_name("left")
        target = "module.exports" if inner is not None and text_of(inner) == "module.exports" else target
        right = right.child_by_field_name("right")
    right = _itself(right)
    if right is None:
        return
    if target.startswith(("module.exports.", "exports.")):
        yield target.rpartition(".")[2], right
    elif target == "module.exports" and right.type == "object":
        for one in right.named_children:
            key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
            if one.type == "shorthand_property_identifier":
                yield text_of(one), one
            elif key is not None and value is not None and key.type == "property_identifier":
                yield text_of(key), value
    elif target == "module.exports":
        yield "", right


def exports(node: Node) -> Iterator[str]:
    """`export` and CommonJS."""
    if node.type == "assignment_expression":
        yield from _common_js(node)
        return
    declaration = _declaration(node)
    if any(child.type in ("default", "=") for child in node.children):
        yield "default"
        return
    if declaration is not None:
        yield from declared_name(declaration)
        for one in declaration.named_children:
            if one.type == "variable_declarator":
                yield from declared_name(one)
    for clause in node.named_children:
        if clause.type == "namespace_export" and clause.named_children:
            yield text_of(clause.named_children[0])
        if clause.type == "export_clause":
            for one in clause.named_children:
                shown = one.child_by_field_name("alias") or one.child_by_field_name("name")
                if shown is not None:
                    yield text_of(shown)


def _declaration(node: Node) -> Node | None:
    """What stands after `export`, without TypeScript's `declare`."""
    found = node.child_by_field_name("declaration")
    if found is not None and found.type == "ambient_declaration":
        return next(iter(found.named_children), None)
    return found


def _common_js(node: Node) -> Iterator[str]:
    for name, value in given(node):
        if name or value.type in ("identifier", *FUNCTIONS):
            yield name or "default"


def assigned(node: Node, path: str) -> str:
    """What a function is that is assigned: "app.use", "x" of `exports.x = `, "Kiln.fire" of `Kiln.prototype.fire = `.

    Of `module.exports = function fire() {}` it is "fire", and the file's name where the function has none; "" for what
    has no name that a reader could use.
    """
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    around = node.parent.parent if node.parent is not None else None
    while (
        around is not None and around.type == "expression_statement"
    ):  # `exports = module.exports = function`
        around = around.parent
    if around is None or around.type != "program":
        return ""
    if left is None or right is None or left.end_byte - left.start_byte > MAX_TARGET_BYTES:
        return ""
    if left.type not in ("member_expression", "identifier") or not _CHAIN.fullmatch(text_of(left)):
        return ""
    target = text_of(left)
    if _is_whole(target):
        named = right.child_by_field_name("name")
        return text_of(named) if named is not None else _name_of_file(path)
    for own in ("module.exports.", "exports.", "this."):
        if target.startswith(own):
            return target.removeprefix(own) if own != "this." else ""
    return target.replace(".prototype.", ".") if "." in target else ""


def is_key(node: Node) -> bool:
    """Whether it is a method of an object that the file does not hand out as a whole, or of what a type asks for."""
    if node.type in _SIGNATURES:
        return _is_condition(node)
    literal = node.parent
    if literal is None or literal.type != "object":
        return False
    holder = literal.parent
    if holder is None or holder.type != "assignment_expression":
        return holder is None or holder.type != "export_statement"
    left = holder.child_by_field_name("left")
    return left is None or left.end_byte - left.start_byte > MAX_TARGET_BYTES or not _is_whole(text_of(left))


def _is_condition(node: Node) -> bool:
    """Whether it stands in the condition of a type: `S extends { fire(): infer T } ? T : never`."""
    inner, outer = node, node.parent
    while outer is not None and outer.type not in ("program", "statement_block"):
        if outer.type == "conditional_type" and outer.child_by_field_name("right") == inner:
            return True
        inner, outer = outer, outer.parent
    return False


def _is_whole(target: str) -> bool:
    return target in ("module.exports", "exports")


def _name_of_file(path: str) -> str:
    """As one writes it who requires the file: `lower-bound.js` is "lowerBound", `parse/index.js` is "parse"."""
    folder, _, file = ENDING.sub("", path).rpartition("/")
    stem = folder.rpartition("/")[2] if file == "index" and folder else file
    return _PART.sub(lambda found: found[1].upper(), stem).strip()


def renamed(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """What goes by another name outside than in the file: the outer name and the inner one."""
    if node.type == "assignment_expression":
        for outer, value in given(node):
            inner = value.child_by_field_name("name") if value.type in FUNCTIONS else None
            if value.type == "identifier" and text_of(value) != outer:
                yield outer or "default", text_of(value)
            elif not outer and value.type in FUNCTIONS:
                yield "default", text_of(inner) if inner is not None else _name_of_file(path)
        return
    if node.child_by_field_name("source") is not None:
        return
    if any(child.type in ("default", "=") for child in node.children):
        yield "default", _default_name(node)
    yield from _same(node)
    for clause in node.named_children:
        for one in clause.named_children if clause.type == "export_clause" else ():
            name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
            if name is not None and alias is not None:
                yield text_of(alias), text_of(name)


def outer_names(root: Node, path: str) -> dict[str, str]:
    """What a module hands out under one other name, and not under its own: by the name that it has there."""
    found: dict[str, set[str]] = defaultdict(set)
    imported: set[str] = set()
    for node in root.named_children:
        if node.type == "import_statement" and node.end_byte - node.start_byte <= MAX_BYTES:
            clauses = [child for child in node.named_children if child.type != "string"]
            imported.update(name for clause in clauses for name in _NAME.findall(text_of(clause)))
        if node.type == "export_statement" and node.child_by_field_name("source") is None:
            pairs = list(renamed(node, path))
            inner = dict(pairs)
            for outer, name in (*pairs, *((name, name) for name in exports(node) if name not in inner)):
                if outer != "default":
                    found[name].add(outer)
    return {
        name: outer
        for name, (outer, *others) in found.items()
        if not others and outer != name and _NAME.fullmatch(outer) and outer not in imported
    }


def _same(node: Node) -> Iterator[tuple[str, str]]:
    """The constants of a declaration that are another name for what has one: `export const pour = pourOut as Pour`.

    So is what a cast gives the type of something itself: `export const pour = wrapped(pourOut) as typeof pourOut`.
    """
    declaration = node.child_by_field_name("declaration")
    for one in declaration.named_children if declaration is not None else ():
        name = one.child_by_field_name("name") if one.type == "variable_declarator" else None
        value = _itself(one.child_by_field_name("value"))
        if value is not None and value.type == "call_expression":
            value = _type_is_of(one.child_by_field_name("value"))
        if name is not None and value is not None and name.type == value.type == "identifier":
            yield text_of(name), text_of(value)


def _type_is_of(value: Node | None) -> Node | None:
    """Whose type a cast gives to a value: of `as typeof pour`, also with further members, `pour`."""
    kind = value.named_children[-1] if value is not None and value.type == "as_expression" else None
    while kind is not None and kind.type == "intersection_type" and kind.named_children:
        kind = kind.named_children[0]
    is_of = kind is not None and kind.type == "type_query" and kind.named_children
    return kind.named_children[0] if kind is not None and is_of else None


def _itself(value: Node | None) -> Node | None:
    """Without the types that TypeScript takes a value for, and without calls that give it back."""
    while value is not None:
        held = kept(value)
        if held is not None:
            value = held[0]
        elif value.type in CASTS and value.named_children:
            value = value.named_children[0]
        else:
            break
    return value


def kept(call: Node) -> tuple[Node, dict[str, Node]] | None:
    """What a call gives back of its arguments, and the members that it gives to that: `Object.assign(f, {g})`."""
    if call.type != "call_expression":
        return None
    function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if function is None or arguments is None or function.end_byte - function.start_byte > MAX_CALLEE_BYTES:
        return None
    owner, _, name = text_of(function).partition(".")
    listed = [one for one in arguments.named_children if one.type != "comment"]
    if owner != "Object" or name not in _KEEP or not listed:
        return None
    first, *others = listed
    members: dict[str, Node] = {}
    for one in (one for held in others if name == "assign" for one in held.named_children):
        key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
        if one.type == "shorthand_property_identifier":
            members[text_of(one)] = one
        elif (
            one.type == "pair" and key is not None and value is not None and key.type == "property_identifier"
        ):
            members[text_of(key)] = value
    return first, members


def _default_name(node: Node) -> str:
    """Of what `export default` (or `export =`) hands out; "" for an expression."""
    declaration, value = _declaration(node), _itself(node.child_by_field_name("value"))
    if any(child.type == "=" for child in node.children):
        value = _itself(node.named_children[0])
    named = declaration.child_by_field_name("name") if declaration is not None else value
    plain = named is not None and named.type in ("identifier", "type_identifier")
    return text_of(named) if named is not None and plain else ""


def open_names(root: Node, path: str) -> frozenset[str] | None:
    """What a module hands out of its own, by the names that it has there; None of what is no module.

    A file with `import` or `export` is a module. One that declares what others define, or that assigns to CommonJS'
    `exports`, is open as it stands.
    """
    if _DECLARES.search(path) or not any(child.type in _OF_MODULES for child in root.children):
        return None
    found: set[str] = set()
    for node in root.named_children:
        statement = next(iter(node.named_children), node) if node.type == "expression_statement" else node
        if statement.type == "assignment_expression" and any(True for _ in given(statement)):
            return None
        if node.type == "ambient_declaration":
            found.update(_declared_for_others(node))
        if node.type == "export_statement" and node.child_by_field_name("source") is None:
            local = dict(renamed(node, path))
            found.update(local.get(name, name) for name in exports(node))
            found.update(_keys(node.child_by_field_name("value")))
    return frozenset(found)


def _declared_for_others(node: Node) -> Iterator[str]:
    """What `declare module "x" { }` and `declare global { }` say that there is."""
    inner = node.named_children[0] if node.named_children else node
    named = inner.child_by_field_name("name")
    if inner.type != "statement_block" and (named is None or named.type != "string"):
        return
    body = inner.child_by_field_name("body") or inner
    for one in body.named_children:
        yield from declared_name(one.child_by_field_name("declaration") or one)


def _keys(value: Node | None) -> Iterator[str]:
    for one in value.named_children if value is not None and value.type == "object" else ():
        yield from declared_name(one)
