"""Macros of Rust: what they offer, and what they and attributes use.

No grammar reads their tokens, so calls, types and paths are told here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from codebase_gardener.languages.meanings import Offer, Place
from codebase_gardener.languages.rows import MacroNames, TokenUse
from codebase_gardener.languages.symbols import Symbol

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["defined_types", "is_closed_macro", "macro_names", "macro_offers", "token_uses"]

_CALL = re.compile(r"(?:\$?\w+\s*::\s*)*\w+\s*!(?!=)")
_HIDDEN = re.compile(r"doc\(\s*hidden\b")

_NAMES = frozenset(("identifier", "self", "super", "crate", "metavariable"))
_TREES = frozenset(("token_tree", "token_repetition"))
_SIGNS = frozenset(("::", ".", "?", "<", ">", ">>", "=", "=>", ":", "!"))
_MAY_DEFINE = re.compile(rb"\b(?:struct|enum|union|trait|type)\s")
_TYPES = frozenset(("struct", "enum", "union", "trait", "type"))
_DECLARE = frozenset(("fn", "let", "mutable_specifier", "ref", "mod", "struct", "enum", "trait", "type"))

_PATH = re.compile(
    r"(?P<of>::|\.)?(?P<root>\w+)(?:(?:::|\.)\w+|\(\)|\?|(?<=[\w)])\[\](?=\.\w)|::<[^()\[\]{}]{0,200}?>(?=\(\))){0,30}"
)
_CALLED = re.compile(r"\(\)")
_NO_NAME = re.compile(r"::<[^()]*>|\.await\b|\?")
_CALLED_MACRO = ("!(", "![", "!{")
_NAMED = ("=", ":", "!", ".", "[]")
"""What follows the name of an option, a field, a macro or a variable."""


def macro_names(crate_root: Callable[[Units, str], str]) -> MacroNames:
    """How macros are called, given the root of a file's crate."""
    return MacroNames(_CALL, crate_root, frozenset(("crate", "$crate", "self", "super")))


def is_closed_macro(symbol: Symbol) -> bool:
    """Whether users of the crate cannot call a macro, or are not told of it."""
    exported = any(one.startswith("macro_export") for one in symbol.decorators)
    return not exported or any(map(_HIDDEN.match, symbol.decorators))


def macro_offers(
    units: Units,
    spaces: Mapping[str, Space],
    crates: Mapping[str, str],
    crate_root: Callable[[Units, str], str],
) -> Iterator[tuple[Place, Offer]]:
    """Exported macros: users find them at the root of the crate, wherever they stand.

    Args:
        units: Which files imports mean.
        spaces: Of the package's files.
        crates: The names of crates by their root's path.
        crate_root: The root of a file's crate.
    """
    for path, space in spaces.items():
        crate = crates.get(crate_root(units, path), "") if space.macros else ""
        for qualified, symbol in space.macros.items() if crate else ():
            if not is_closed_macro(symbol):
                yield (path, qualified), Offer(f"{crate}.{symbol.name}", f"use {crate}::{symbol.name};")


def token_uses(tree: Node, source: bytes) -> Iterator[TokenUse]:
    """Calls, types, and paths and names that may be functions handed on, in the tokens of a macro or an attribute.

    In an attribute a value begins after a `=`: `#[arg(short, value_parser = parse)]`.
    """
    pending = [(tree, tree.parent is None or tree.parent.type != "attribute")]
    while pending:
        tree, is_code = pending.pop()
        run: list[Node] = []
        reads = is_code
        for token in tree.children:
            if token.type in _TREES:
                pending.append((token, reads))
            if not is_code and token.type in ("=", ","):
                yield from _uses(run, source)
                run, reads = [], token.type == "="
            elif reads:
                run.append(token)
        yield from _uses(run, source)


def defined_types(tree: Node, source: bytes) -> Iterator[str]:
    """The types that the tokens of a macro's call define: `flags! { pub struct Shown: u8 {} }`."""
    if tree.parent is None or tree.parent.type != "macro_invocation":
        return
    if not _MAY_DEFINE.search(source, tree.start_byte, tree.end_byte):
        return
    for word, name in pairwise(tree.children):
        if word.type in _TYPES and name.type == "identifier":
            yield source[name.start_byte : name.end_byte].decode("utf-8", "replace")


def _uses(tokens: list[Node], source: bytes) -> Iterator[TokenUse]:
    """Of tokens that follow each other in one tree."""
    pieces: list[str] = []
    for token in tokens:
        piece = _piece(token, source)
        pieces.append(f" {piece}" if piece[0].isalnum() and pieces and pieces[-1][-1].isalnum() else piece)
    text, ends = "".join(pieces), list(accumulate(map(len, pieces)))

    def token_at(place: int) -> Node:
        return tokens[bisect_right(ends, place)]

    for path in _PATH.finditer(text):
        start, end = path.span()
        if "@" in text[max(start - 1, 0) : start]:
            continue
        first = token_at(path.start("root"))
        for kind, name, size in _read(path[0], text[end : end + 2]):
            yield first, token_at(start + size - 1), name, kind


def _piece(token: Node, source: bytes) -> str:
    """A name as it is, `0` for what has none, `()` and the like for a tree, `@` before what is declared."""
    kind = token.type
    if kind in _NAMES:
        text = source[token.start_byte : token.end_byte].decode("utf-8", "replace").removeprefix("r#")
        return text if text.isidentifier() else "crate" if text == "$crate" else "0"
    if kind in _TREES:
        first = source[token.start_byte : token.start_byte + 1]
        return "()" if first == b"(" else "[]" if first == b"[" else "{}"
    if kind.endswith("_literal"):
        return "0"
    return kind if kind in _SIGNS else "@" if kind in _DECLARE else ";"


def _read(path: str, following: str) -> Iterator[tuple[str, str, int]]:
    """Kinds and names of the uses in `a::b()?.c()`, and the length of what each takes."""
    for called in _CALLED.finditer(path):
        name = _dotted(path[: called.start()])
        if not name.endswith("()") and name != "?":
            yield "call", name, called.end()
            yield from _variant_s(name, called.start())
    name, size = _dotted(path), len(path)
    owner, _, last = name.rpartition(".")
    if path.endswith(("()", "?")) or name.startswith("?"):
        return
    if following in _CALLED_MACRO:
        yield "call", name, size + 2
    elif following == "{}" and _is_type(last):
        yield "call", name, size + len(following)
    elif "." in path or (not owner and following.startswith(_NAMED)):
        return
    elif not _is_type(last):
        yield "value", name, size
    elif not _is_type(owner):
        yield "annotation", name, size
    yield from _variant_s(name, size)


def _variant_s(name: str, size: int) -> Iterator[tuple[str, str, int]]:
    """The type of `Kind::Variant`."""
    owner, _, last = name.rpartition(".")
    if _is_type(last) and _is_type(owner):
        yield "annotation", owner, size


def _is_type(name: str) -> bool:
    """Whether its last part begins with a capital, as the compiler asks of types."""
    return name.rpartition(".")[2][:1].isupper()


def _dotted(path: str) -> str:
    name = _NO_NAME.sub("", path).replace("::", ".")
    return f"?{name}" if name.startswith(".") else re.sub(r"\A0", "?", name)
