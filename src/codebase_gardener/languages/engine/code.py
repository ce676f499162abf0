"""Imports, exports, names and calls of a source, by tree-sitter and the row of its language.

Only what the syntax says: which type a variable has is told where a call or a constructor gives it.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.constants import attribute_texts, attributes_above, tree_constants
from codebase_gardener.languages.engine.nodes import MAX_BYTES, field_of, function_value, name_of
from codebase_gardener.languages.engine.parsing import captured, parsed_tree
from codebase_gardener.languages.facts import Binding, Code, Import, Reference
from codebase_gardener.languages.rows import Family, Given, Grammar
from codebase_gardener.languages.symbols import TYPES, Symbol
from codebase_gardener.languages.table import FAMILIES, GRAMMARS, family_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

__all__ = ["tree_code"]

MAX_CHAIN = 30
"""Calls and attributes in a chain; what stands before them is "?"."""

_BODIES = (
    "block",
    "class_body",
    "interface_body",
    "object_type",
    "program",
    "source_file",
    "statement_block",
)
MAX_RECEIVER = 6
"""Nodes between the name of a method's type and the list that it stands in: `(p *Pot[T])`."""

MAX_TEXT_CHARS = 200
MAX_NAME_BYTES = 200
MAX_NAME_CHARS = 400
MAX_PATTERN_BYTES = 2_000

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*\Z")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


def tree_code(
    text: str,
    language: str,
    first_line: int = 1,
    *,
    symbols: Sequence[Symbol] = (),
    tree: Tree | None = None,
    path: str = "",
    types: bool = False,
) -> Code:
    """Read code; what tree-sitter cannot parse in time says nothing.

    Args:
        text: The code.
        language: A key of `GRAMMARS`.
        first_line: The line of the file on which it begins, 1-based.
        symbols: Of the same text, for the scopes.
        tree: Of the text, where it is known already.
        path: Of the file, where its constants are wanted, too.
        types: Whether a type that is named is used; always in a file.

    Example:
        >>> tree_code('import { z } from "zod";\\nz.string().min(5);', "typescript").references[0].name
        'z.string().min'
    """
    source = text.encode("utf-8", "surrogatepass")
    tree = tree or parsed_tree(source, language)
    if tree is None:
        return Code()
    family, grammar = FAMILIES[family_of(language)], GRAMMARS[language]
    found = captured(tree, language, GRAMMARS[language].code)
    defined = {symbol.qualified_name for symbol in symbols}
    reader = _Reader(source, first_line, family, grammar, _Scopes(symbols), _Names(source, grammar), path)
    required = {node.id for node in found["bind"] if family.requires(node)}
    importing = [*found["import"], *(node for node in found["bind"] if node.id in required)]
    importing += [node for node in found["export"] if family.requires(node)]
    binding = (node for node in found["bind"] if node.id not in required)
    exports = tuple(dict.fromkeys(name for node in found["export"] for name in family.exports(node)))
    named: dict[str, list[Node]] = {}
    for node in found["name"] if path else ():
        named.setdefault(reader.names.text(node), []).append(node)
    renamed = {name: outer for node in found["export"] for outer, name in family.renamed(node, path)}
    reader.outer = {
        name: outer for name, outer in renamed.items() if outer in defined and name not in defined
    }
    plain = [
        node
        for name, nodes in named.items()
        for node in (nodes if family.is_left_out is not None else nodes[:1])  # a build has one of them
        if name not in defined and name not in reader.outer and not _is_import(node, family)
    ]
    all_open = bool(family.open_constants and family.open_constants(path))
    return Code(
        imports=tuple(one for node in importing for one in reader.imports(node)),
        bindings=(
            *reader.defined(found["tokens"], () if path else captured(tree, language, grammar.named)["node"]),
            *(one for node in found["typed"] for one in reader.typed(node)),
            *(one for node in binding for one in reader.bindings(node)),
            *(one for node in found["export"] for one in reader.renamed(node)),
            *(one for node in found["kept"] for one in reader.members(node)),
        ),
        references=reader.references(
            found["call"],
            _used_types(found, grammar, reader.names, defined) if path or types else (),
            reader.inner(found["tokens"], found["value"], found["local"]),
        ),
        exports=exports,
        names=tuple(dict.fromkeys(reader.names.text(node) for node in found["name"])),
        constants=tuple(tree_constants(path, language, plain, None if all_open else {*exports, *renamed})),
        tests=tuple(reader.tests(found["tests"])),
    )


def _used_types(
    found: Mapping[str, list[Node]], grammar: Grammar, names: _Names, defined: Collection[str]
) -> Iterator[Node]:
    """Where a type is named, besides where it is declared and where a method says that it is one of the file's own."""
    parameters = {names.text(one) for one in found["parameter"]}
    owners = {node.id for node in found["owner"]}
    for node in found["type"]:
        named, around = node, node.parent
        if around is not None and around.type in grammar.qualified_types:
            named, around = around, around.parent
        declares = (
            around is not None
            and around.type not in grammar.wrapped
            and around.child_by_field_name("name") == named
        )
        is_owner = named.id in owners or (grammar.owner is not None and _is_receiver(named))
        is_owner = is_owner and names.text(named) in defined
        first = names.text(named).partition("::")[0]
        if not (declares or is_owner or (first in parameters and _is_parameter(named, first, names))):
            yield named
    for node in found["variant"]:
        owner = field_of(node, grammar.paths[node.type][0])
        if owner is not None and grammar.variant.match(names.text(node)):
            yield owner


def _is_receiver(node: Node) -> bool:
    inner, outer = node, node.parent
    for _ in range(MAX_RECEIVER):
        if outer is None or outer.type in _BODIES:
            return False
        if outer.type == "method_declaration":
            return outer.child_by_field_name("receiver") == inner
        inner, outer = outer, outer.parent
    return False


def _is_parameter(node: Node, name: str, names: _Names) -> bool:
    """Whether a definition around it has a type parameter of the name."""
    around = node.parent
    for _ in range(MAX_CHAIN):
        if around is None:
            return False
        listed = around.child_by_field_name("type_parameters")
        if listed is not None and any(
            name == names.text(named)
            for one in listed.named_children
            for named in one.children_by_field_name("name")
        ):
            return True
        around = around.parent
    return False


def _is_import(name: Node, family: Family) -> bool:
    return name.parent is not None and family.requires(name.parent)


class _Scopes:
    """The innermost symbol around a line."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._starts: list[int] = []  # lines from which on another symbol is the innermost
        self._names: list[str] = []
        open_symbols: list[Symbol] = []
        for symbol in sorted(symbols, key=lambda symbol: (symbol.start, -symbol.end)):
            self._close(open_symbols, symbol.start)
            open_symbols.append(symbol)
            self._mark(symbol.start, symbol.qualified_name)
        self._close(open_symbols, sys.maxsize)

    def at(self, line: int) -> str:
        """Its qualified name; "" at module level."""
        place = bisect_right(self._starts, line)
        return self._names[place - 1] if place else ""

    def _close(self, open_symbols: list[Symbol], line: int) -> None:
        while open_symbols and open_symbols[-1].end < line:
            ended = open_symbols.pop()
            self._mark(ended.end + 1, open_symbols[-1].qualified_name if open_symbols else "")

    def _mark(self, line: int, name: str) -> None:
        if self._starts and self._starts[-1] >= line:
            line = self._starts[-1]
        self._starts.append(line)
        self._names.append(name)


@dataclass
class _Reader:
    source: bytes
    first_line: int
    family: Family
    grammar: Grammar
    scopes: _Scopes
    names: _Names
    path: str = ""
    outer: Mapping[str, str] = field(default_factory=dict)

    def imports(self, node: Node) -> Iterator[Import]:
        if node.end_byte - node.start_byte <= MAX_BYTES:
            line, erased = self._line(node.start_point.row), self.family.erases(node)
            guarded = self._is_left_out(node)
            yield from (
                Import(line, module, 0, name, alias, guarded=guarded, erased=erased)
                for module, name, alias in self.family.imports(node)
            )

    def _is_left_out(self, node: Node) -> bool:
        """Whether its attributes say that a build does without it; no file of code knows which features are on."""
        left_out = self.family.is_left_out
        above = attributes_above(node, self.grammar) if left_out is not None else []
        return bool(above and left_out and left_out(attribute_texts(above, self.grammar), None))

    def references(
        self, nodes: list[Node], types: Iterable[Node], inner: Iterable[tuple[int, Reference]]
    ) -> tuple[Reference, ...]:
        """By where their names end, so that a chain is in order; inner calls are read before those around them.

        What a call gives is called under no name: `f(a)(b)` is one use of `f`.
        """
        found = [*((_called_at(node), self._reference(node)) for node in reversed(nodes)), *inner]
        made = {(reference.start, reference.name) for _, reference in found}
        found += [
            (node.end_byte, one)
            for node in types
            if ((one := self._type(node)).start, one.name) not in made
            and one.name != one.scope
            and one.name.partition(".")[0] not in self.family.receivers
        ]
        ordered = (reference for _, reference in sorted(found, key=lambda one: one[0]))
        return tuple(reference for reference in ordered if not reference.name.endswith("()"))

    def inner(
        self, tokens: Iterable[Node], values: Iterable[Node], local: Iterable[Node]
    ) -> list[tuple[int, Reference]]:
        """What tokens use, and what is handed on as a value, each with where it ends; what a function binds is none."""
        found = [one for node in tokens for one in self._tokens(node)]
        found += [(node.end_byte, self._named(node, node, self.names.path(node), "value")) for node in values]
        asked = {one.name for _, one in found if one.kind == "value" and "." not in one.name}
        bound = {each for node in local for each in self._bound(node, asked)} if asked else set()
        return [
            (end, one)
            for end, one in found
            if not (
                one.kind == "value"
                and bound
                and any((scope, one.name) in bound for scope in _around(one.scope))
            )
        ]

    def _tokens(self, node: Node) -> Iterator[tuple[int, Reference]]:
        for first, last, name, kind in self.grammar.tokens(node, self.source) if self.grammar.tokens else ():
            if kind != "annotation" or name.partition(".")[0] not in self.family.receivers:
                yield last.start_byte, self._named(first, last, _within_limit(name), kind)

    def _bound(self, node: Node, asked: Collection[str]) -> Iterator[tuple[str, str]]:
        """Scopes and names that a pattern binds, of those that are asked for."""
        shown = self.source[node.start_byte : min(node.end_byte, node.start_byte + MAX_PATTERN_BYTES)]
        names = [name for name in _NAME.findall(shown.decode("utf-8", "replace")) if name in asked]
        scope = self.scopes.at(self._line(node.start_point.row)) if names else ""
        yield from ((scope, name) for name in names if scope)

    def tests(self, nodes: list[Node]) -> Iterator[tuple[int, int, str]]:
        """Lines that only tests have, and what is tests by itself."""
        for node, title in self.grammar.tests(nodes, self.source) if self.grammar.tests else ():
            yield self._line(node.start_point.row), self._line(node.end_point.row), title

    def _type(self, node: Node) -> Reference:
        start, end = self._line(node.start_point.row), self._line(node.end_point.row)
        name = self.names.path(node)
        return Reference(start, end, self.scopes.at(start), name, "annotation", text=name)

    def _reference(self, node: Node) -> Reference:
        return self._named(node, node, self.names.callee(node), "call")

    def _named(self, first: Node, last: Node, name: str, kind: str) -> Reference:
        start, end = self._line(first.start_point.row), self._line(last.end_point.row)
        shown = self.source[first.start_byte : min(last.end_byte, first.start_byte + 4 * MAX_TEXT_CHARS)]
        text = " ".join(shown.decode("utf-8", "replace").split())[:MAX_TEXT_CHARS]
        return Reference(start, end, self.scopes.at(start), name, kind, text=text)

    def bindings(self, node: Node) -> Iterator[Binding]:
        for named, given, item in self._assigned(node):
            name = self.names.text(named)
            value = self._unwrapped(given)
            if value.type in self.grammar.calls and _IDENTIFIER.match(name):
                line = self._line(node.start_point.row)
                yield Binding(line, self.scopes.at(line), name, self.names.callee(value), "call", item)
            elif (
                value.type in self.grammar.plain
                and not item
                and _IDENTIFIER.match(name)
                and "?" not in (path := self.names.path(value))
            ):
                line = self._line(node.start_point.row)
                yield Binding(line, self.scopes.at(line), name, path, "name")

    def members(self, node: Node) -> Iterator[Binding]:
        """What a function of the file is given by a call, such as `fire.cool` of `Object.assign(fire, {cool})`."""
        held, given = (self.grammar.kept and self.grammar.kept(node)) or (None, {})
        line = self._line(node.start_point.row)
        owner = self.names.path(held) if held is not None and held.type in self.grammar.plain else "?"
        for name, value in given.items() if not self.scopes.at(line) and "?" not in owner else ():
            path = self.names.path(value)
            if "?" not in path:
                yield Binding(line, "", f"{self.outer.get(owner, owner)}.{name}", path, "name")

    def defined(self, tokens: Iterable[Node], nodes: Iterable[Node]) -> Iterator[Binding]:
        """What has no symbol: definitions in tokens, and those of an example, which hold in all of it."""
        for node in tokens:
            for name in self.grammar.defined(node, self.source):
                line = self._line(node.start_point.row)
                yield Binding(line if self.path else self.first_line, self.scopes.at(line), name, "", "def")
        for node in nodes:
            is_one = node.type in self.grammar.kinds or function_value(node, self.grammar) is not None
            own = name_of(node, self.grammar, "") if is_one and not self._is_member(node) else None
            if own and "." not in own:
                yield Binding(self.first_line, "", own, "", "def")

    def _is_member(self, node: Node) -> bool:
        """Whether a definition is a type's, or an object's under a key: it has no name of its own."""
        around = node.parent
        while around is not None:
            if around.type in self.grammar.types or self.grammar.kinds.get(around.type) in TYPES:
                return True
            around = around.parent
        return self.grammar.is_key is not None and self.grammar.is_key(node)

    def typed(self, node: Node) -> Iterator[Binding]:
        """Variables that are declared with a type."""
        if self.grammar.given is not None:
            yield from self._given(node, self.grammar.given(node))
            return
        kind = node.child_by_field_name("type")
        value = self.names.path(kind) if kind is not None else "?"
        for declared in node.children_by_field_name("declarator"):
            named = field_of(declared, ("name", "declarator")) or declared
            name = self.names.text(named) if named.end_byte - named.start_byte <= MAX_NAME_BYTES else ""
            if "?" not in value and _IDENTIFIER.match(name):
                line = self._line(node.start_point.row)
                yield Binding(line, self.scopes.at(line), name, value, "annotation")

    def _given(self, node: Node, found: Iterable[Given]) -> Iterator[Binding]:
        for name, given, holder in found:
            first = max(node.start_point.row, holder.start_point.row if holder is not None else 0)
            line, end = self._line(first), self._line(holder.end_point.row) if holder is not None else 0
            how = "name" if node.type in self.grammar.matching else "for"
            value, how = (given, "annotation") if isinstance(given, str) else (self.names.path(given), how)
            if name != "_" and len(name) <= MAX_NAME_BYTES:
                scope = "" if name.endswith("[]") or "." in name else self.scopes.at(line)
                yield Binding(line, scope, name, value, how, end=end)

    def renamed(self, node: Node) -> Iterator[Binding]:
        """Names under which a file hands out what it calls otherwise, such as `default`."""
        for alias, name in self.family.renamed(node, self.path):
            line = self._line(node.start_point.row)
            if self.outer.get(name) == alias:
                yield Binding(line, "", name, alias, "outer")
            elif _IDENTIFIER.match(name):
                yield Binding(line, "", alias, name, "name")

    def _unwrapped(self, node: Node) -> Node:
        """What is awaited, propagated (`f()?`), pointed to (`&T{}`) or given back by a call."""
        for _ in range(MAX_CHAIN):
            held = self.grammar.kept(node) if self.grammar.kept is not None else None
            if held is not None and held[0].type in (*self.grammar.plain, *self.grammar.calls):
                node = held[0]
            elif node.type in self.grammar.around and node.named_children:
                node = node.named_children[0]
            else:
                break
        return node

    def _assigned(self, node: Node) -> Iterator[tuple[Node, Node, int | None]]:
        """Names and their values of a declaration, and which of several results of its value each has."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            names, values = self._listed(left), self._listed(right)
            if len(names) == len(values):
                yield from ((one, value, None) for one, value in zip(names, values, strict=True))
            elif len(values) == 1:  # x, err := f()
                yield from ((one, values[0], at) for at, one in enumerate(names))
            return
        declarators = node.children_by_field_name("declarator")
        holder = next((one for one in declarators if one.type == "variable_declarator"), node)
        name, value = field_of(holder, ("name", "pattern", "declarator")), holder.child_by_field_name("value")
        if name is not None and value is not None and name.end_byte - name.start_byte <= MAX_NAME_BYTES:
            yield name, value, None

    def _listed(self, node: Node) -> list[Node]:
        return node.named_children if node.type in self.grammar.lists else [node]

    def _line(self, row: int) -> int:
        return row + self.first_line


def _called_at(call: Node) -> int:
    """Where the name of what is called ends: in `a.b().c()` that of `b` comes first."""
    named = field_of(call, ("function", "constructor", "name", "method", "macro", "type"))
    return named.end_byte if named is not None else call.start_byte


class _Names:
    """Dotted names of calls; those of inner calls are asked for first and kept, so that a chain is read once."""

    def __init__(self, source: bytes, grammar: Grammar) -> None:
        self._grammar = grammar
        self._source = (
            source  # a slice of it is thirty times as fast as `Node.text` of a tree read by a callback
        )
        self._known: dict[int, str] = {}

    def callee(self, call: Node) -> str:
        """The dotted name of what a call calls."""
        name = self._known.get(call.id)
        if name is None:
            name = self._known[call.id] = self._dotted(call, call.type)
        return name

    def path(self, node: Node) -> str:
        """The dotted name of a path."""
        return self._dotted(node, "")

    def _dotted(self, node: Node | None, called: str) -> str:
        """`a.b` of a path, `f()` of a call in it, `?` of any other expression."""
        after = ""
        grammar = self._grammar
        for _ in range(MAX_CHAIN):
            if node is None:
                break
            kind = called or node.type
            if kind in grammar.calls and not called:
                known = self._known.get(node.id)
                if known is not None:
                    return _within_limit(f"{known}(){after}")
                after = "()" + after
            called = ""
            if kind in grammar.paths:
                before, named = grammar.paths[kind]
                name = field_of(node, named)
                owner = field_of(node, before)
                after = (self._leaf(name) if name is not None else "?") + after
                if owner is None:
                    return _within_limit(after)
                node, after = owner, "." + after
            elif kind in grammar.indexed:
                node, after = next(iter(node.named_children), None), "[]" + after
            elif kind in grammar.wrapped:
                fields = grammar.wrapped[kind]
                node = field_of(node, fields) if fields else next(iter(node.named_children), None)
            else:
                return _within_limit(self._leaf(node) + after)
        return _within_limit("?" + after)

    def text(self, node: Node) -> str:
        """The node's source."""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _leaf(self, node: Node) -> str:
        if node.end_byte - node.start_byte > MAX_NAME_BYTES:
            return "?"
        fields = self._grammar.wrapped.get(node.type)
        if fields is not None:  # `name<T>`
            inner = field_of(node, fields)
            return self.text(inner) if inner is not None and self._is_leaf(inner) else "?"
        return self.text(node) if self._is_leaf(node) else "?"

    def _is_leaf(self, node: Node) -> bool:
        return node.type.endswith("identifier") or node.type in self._grammar.leaves


def _around(scope: str) -> Iterator[str]:
    """A scope and those around it."""
    while scope:
        yield scope
        scope = scope.rpartition(".")[0]


def _within_limit(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARS else "?." + name[-MAX_NAME_CHARS:].partition(".")[2]
