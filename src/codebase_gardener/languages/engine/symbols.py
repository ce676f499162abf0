"""Symbols of a source, by tree-sitter and the row of its language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.nodes import (
    bases,
    body_of,
    field_of,
    function_value,
    name_of,
    parameters,
    plain_name,
    returns,
    text_of,
)
from codebase_gardener.languages.engine.parsing import PARSE_TIMEOUT_S, captured, parsed_tree
from codebase_gardener.languages.engine.surroundings import Surroundings, last_row
from codebase_gardener.languages.rows import Grammar
from codebase_gardener.languages.symbols import TYPES, Symbol, SymbolTable, is_public
from codebase_gardener.languages.table import GRAMMARS

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

__all__ = ["tree_symbols"]

MAX_DEPTH = 100
"""Deeper definitions are not listed: their qualified names would grow with the square of the file."""
MAX_RETURNS = 400
"""Characters of the types that the overloads of a function return."""


def tree_symbols(
    path: str, text: str, language: str, tree: Tree | None = None, *, declarations: bool = False
) -> SymbolTable:
    """All definitions with a body, nested ones included, in the order of their lines.

    Args:
        path: Of the file, for the anchors.
        text: Its content.
        language: A key of `GRAMMARS`.
        tree: Of the text, where it is known already.
        declarations: Whether functions that are only declared are listed, too: those of interfaces and of files of
            types alone. What the file defines with a body is listed once.
    """
    source = text.encode("utf-8", "surrogatepass")
    tree = tree or parsed_tree(source, language, PARSE_TIMEOUT_S)
    if tree is None:
        return SymbolTable((), f"parsing took longer than {PARSE_TIMEOUT_S:.0f} s: kept as text")
    grammar = GRAMMARS[language]
    nodes = captured(tree, language, grammar.definitions)["node"]
    reader = _Reader(path, language, source, grammar, Surroundings(source, nodes, grammar), declarations)
    found = sorted(reader.symbols(nodes), key=lambda symbol: symbol.start)
    if declarations:
        found = sorted(reader.with_callables(found, tree.root_node), key=lambda symbol: symbol.start)
    opened = grammar.open_names(tree.root_node, path)
    symbols = _outer(_closed(found, grammar, opened), grammar.outer_names(tree.root_node, path))
    if declarations:
        symbols = _once(symbols, grammar)
    return SymbolTable(tuple(symbols), _problem(nodes))


def _closed(symbols: list[Symbol], grammar: Grammar, opened: frozenset[str] | None) -> list[Symbol]:
    """What a module does not hand out is its own matter, and so is what has the name of another that it does."""
    handed = {each.qualified_name for each in symbols if grammar.handed_out.match(each.signature)}
    return [
        structs.replace(each, public=False)
        if (opened is not None and each.qualified_name.partition(".")[0] not in opened)
        or (each.qualified_name in handed and not grammar.handed_out.match(each.signature))
        else each
        for each in symbols
    ]


def _outer(symbols: list[Symbol], outer: Mapping[str, str]) -> list[Symbol]:
    """What others know by another name alone has that one; the file's own means it still, by `Code.bindings`."""
    taken = {each.qualified_name.partition(".")[0] for each in symbols}
    return [
        _named(each, first, outer[first])
        if (first := each.qualified_name.partition(".")[0]) in outer and outer[first] not in taken
        else each
        for each in symbols
    ]


def _named(symbol: Symbol, inner: str, outer: str) -> Symbol:
    name = outer + symbol.qualified_name.removeprefix(inner)
    own = inner if symbol.qualified_name == inner else ""
    return structs.replace(
        symbol, qualified_name=name, inner_name=own, public=is_public(name.replace("#", "_"))
    )


def _once(symbols: list[Symbol], grammar: Grammar) -> list[Symbol]:
    """Without the declarations of what has a body, or was declared before in the file (an overload)."""
    overloads: dict[str, list[Symbol]] = defaultdict(list)
    for symbol in symbols:
        if symbol.is_declaration:
            overloads[symbol.qualified_name].append(symbol)
    with_body = {symbol.qualified_name for symbol in symbols if not symbol.is_declaration}
    kept, seen = [], set(with_body)
    for symbol in symbols:
        if not symbol.is_declaration:
            told = _told_by(symbol, overloads.get(symbol.qualified_name, ()), hides=grammar.overloads)
            kept.append(told)
        elif symbol.qualified_name not in seen:
            kept.append(
                _with_others(symbol, overloads[symbol.qualified_name]) if grammar.overloads else symbol
            )
            seen.add(symbol.qualified_name)
    return kept


def _with_others(symbol: Symbol, overloads: Sequence[Symbol]) -> Symbol:
    """The first of several declarations, with the lines of all."""
    lines = tuple((one.definition_line, one.end) for one in overloads)
    return structs.replace(symbol, overloads=lines) if len(lines) > 1 else symbol


def _told_by(symbol: Symbol, overloads: Sequence[Symbol], *, hides: bool) -> Symbol:
    """What has a body, with what its overloads say: what it returns, and the comment above the first.

    Args:
        symbol: What has the body.
        overloads: Its declarations in the same file.
        hides: Whether these are all that callers see of its signature.
    """
    returned = dict.fromkeys(part for one in overloads if one.returns for part in _alternatives(one.returns))
    if returned and (hides or not symbol.returns):
        symbol = structs.replace(symbol, returns=" | ".join(returned)[:MAX_RETURNS])
    if hides and overloads:
        lines = tuple((one.definition_line, one.end) for one in overloads)
        symbol = structs.replace(symbol, overloads=lines)
    said = _best_told(overloads)
    if not symbol.docstring and said is not None:
        symbol = structs.replace(
            symbol,
            docstring=said.docstring,
            docstring_start=said.docstring_start,
            docstring_end=said.docstring_end,
        )
    return symbol


def _best_told(overloads: Sequence[Symbol]) -> Symbol | None:
    """The first that says something, and not that it is out of use."""
    said = [one for one in overloads if one.docstring]
    return min(said, key=lambda one: "@deprecated" in (one.docstring or ""), default=None)


def _alternatives(returns: str) -> list[str]:
    """The types of a union, each on one line."""
    whole = " ".join(returns.split())
    return [whole] if "=>" in whole else [part.strip() for part in split(whole, "|")]


def _problem(nodes: list[Node]) -> str | None:
    """Where the first error is; where the parser only missed a token, the smallest definition around it."""
    errors = [node.start_point.row + 1 for node in nodes if node.is_error]
    damaged = [
        (node.end_byte - node.start_byte, node.start_point.row + 1) for node in nodes if node.has_error
    ]
    if not damaged:
        return None
    line = min(errors) if errors else min(damaged)[1]
    return f"syntax error at line {line}: only what lies outside it is read"


@dataclass(frozen=True)
class _Scope:
    """What is open around a node: a symbol, a namespace or a wrapper."""

    node: Node
    name: str = ""
    is_type: bool = False
    interface: str = ""
    is_wrapper: bool = False


@dataclass(frozen=True)
class _Reader:
    path: str
    language: str
    source: bytes
    grammar: Grammar
    around: Surroundings
    declarations: bool = False

    def symbols(self, nodes: list[Node]) -> Iterator[Symbol]:
        scopes: list[_Scope] = []
        for node in nodes:
            while scopes and scopes[-1].node.end_byte <= node.start_byte:
                scopes.pop()
            if node.type in self.grammar.wrappers:
                scopes.append(_Scope(node, is_wrapper=True))
            elif self._is_scope(node):
                scopes.append(self._namespace(node))
            elif len(scopes) < MAX_DEPTH and self._defines(node):
                name = name_of(node, self.grammar, self.path) or self._outer_name(scopes)
                if name and name not in self.grammar.reserved:
                    if not node.has_error:
                        yield self._symbol(node, name, scopes)
                    scopes.append(_Scope(node, name, self.grammar.kinds.get(node.type) in TYPES))

    def with_callables(self, symbols: list[Symbol], root: Node) -> Iterator[Symbol]:
        """What is defined, with variables of a type that says how they are called: they are told by its signatures."""
        called = self.grammar.callables(root)
        told = {
            name: [self._call_signature(one, name) for one in signatures if not one.has_error]
            for name, (_, signatures) in called.items()
        }
        for symbol in symbols:
            overloads = told.pop(symbol.qualified_name, []) if symbol.kind == "function" else []
            yield _told_by(symbol, overloads, hides=True) if overloads else symbol
        known = {symbol.qualified_name for symbol in symbols}
        for name, overloads in told.items():
            node = called[name][0]
            if overloads and name not in known and not node.has_error:
                shown = _best_told(overloads) or overloads[0]
                variable = structs.replace(
                    self._symbol(node, name, []),
                    signature=shown.signature,
                    parameters=shown.parameters,
                    is_declaration=node.child_by_field_name("value") is None,
                )
                yield _told_by(variable, overloads, hides=True)

    def _call_signature(self, node: Node, name: str) -> Symbol:
        symbol = self._symbol(node, name, [])
        return structs.replace(symbol, signature=f"{name}{symbol.signature}", is_declaration=True)

    def _outer_name(self, scopes: list[_Scope]) -> str | None:
        """The `T` of C's `typedef struct { … } T`."""
        named = scopes and scopes[-1].node.type in self.grammar.naming
        return name_of(scopes[-1].node, self.grammar, self.path) if named else None

    def _is_scope(self, node: Node) -> bool:
        is_scope = self.grammar.is_scope
        return node.type in self.grammar.scopes or (is_scope is not None and is_scope(node))

    def _namespace(self, node: Node) -> _Scope:
        named = node.child_by_field_name(self.grammar.scopes.get(node.type, "name"))
        while named is not None and named.type in self.grammar.wrapped:  # `&'a mut T<…>`
            fields = self.grammar.wrapped[named.type]
            named = field_of(named, fields) if fields else next(iter(named.named_children), None)
        interface = node.child_by_field_name(self.grammar.implemented) if self.grammar.implemented else None
        return _Scope(
            node,
            plain_name(text_of(named)) if named else "",
            is_type=node.type in self.grammar.types,
            interface=" ".join(text_of(interface).split()) if interface else "",
        )

    def _defines(self, node: Node) -> bool:
        if self.grammar.is_key is not None and self.grammar.is_key(node):
            return False
        if node.type in self.grammar.values:
            return function_value(node, self.grammar) is not None
        kind = self.grammar.kinds.get(node.type)
        if self._declares(node):
            return True
        if kind is None or self.grammar.closing:
            return kind is not None
        needs_body = self.grammar.types_need_body or kind not in TYPES
        return not needs_body or body_of(node, self.grammar) is not None

    def _declares(self, node: Node) -> bool:
        """Whether it is a function without a body, where such are wanted."""
        if (
            not self.declarations
            or node.type not in self.grammar.declarations
            or body_of(node, self.grammar) is not None
        ):
            return False
        wanted = self.grammar.typed_declarations.get(node.type)
        kind = node.child_by_field_name("type") if wanted else None
        return not wanted or (kind is not None and any(child.type == wanted for child in kind.named_children))

    def _symbol(self, node: Node, name: str, scopes: list[_Scope]) -> Symbol:
        outer = self._outermost(node, scopes)
        place = self.around.place(node, outer, body_of(node, self.grammar))
        qualified = ".".join([*(scope.name for scope in scopes if scope.name), name])
        kind = self._kind(node, name, scopes)
        is_type = kind in TYPES
        return Symbol(
            path=self.path,
            qualified_name=qualified,
            kind=kind,
            language=self.language,
            start=place.start,
            end=last_row(node) + 1,
            definition_line=place.definition_line,
            body_start=place.body_start,
            signature=self.grammar.signature(node, place.signature),
            docstring=place.docstring,
            parameters=() if is_type else parameters(node, self.grammar),
            returns=None if is_type else returns(node, self.grammar),
            bases=bases(node, self.grammar) if is_type else (),
            decorators=place.decorators,
            public=is_public(qualified.replace("#", "_")),
            is_declaration=self._declares(node),
            docstring_start=place.docstring_start,
            docstring_end=place.docstring_end,
            implements=scopes[-1].interface if scopes else "",
        )

    def _kind(self, node: Node, name: str, scopes: list[_Scope]) -> str:
        kind = self.grammar.kinds.get(node.type) or self.grammar.declarations.get(node.type, "function")
        if kind != "function":
            inner = node.child_by_field_name("type")
            return "interface" if inner is not None and inner.type in self.grammar.interfaces else kind
        inside = next((scope for scope in reversed(scopes) if not scope.is_wrapper), None)
        member = node.type in self.grammar.members
        return "method" if member or (inside and inside.is_type) or "." in name else "function"

    def _outermost(self, node: Node, scopes: list[_Scope]) -> Node:
        """The widest wrapper that holds nothing but this definition."""
        outer = node
        for scope in reversed(scopes):
            if not scope.is_wrapper or self.source[node.end_byte : scope.node.end_byte].strip(b"; \n"):
                break
            outer = scope.node
        return outer
