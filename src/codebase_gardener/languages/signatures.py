"""Parameters with their types and defaults, from the signature's text, in the languages that tree-sitter reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from codebase_gardener.languages.families import family_of
from codebase_gardener.languages.symbols import Symbol

__all__ = ["TypedName", "named_types", "receiver_of", "typed_parameters"]

MAX_CHARS = 20_000
_PATH = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*)*")
_RECEIVER = re.compile(r"func\s*\(\s*(?:([A-Za-z_]\w*)\s+)?(\*?)\s*([A-Za-z_]\w*)")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_SCRIPT_MARKS = re.compile(
    r"(?:@\w+(?:\([^()]{0,200}\))?\s+)*(?:(?:public|private|protected|readonly|override)\s+)*"
)
_JAVA_MARKS = re.compile(r"(?:(?:@\w+(?:\([^()]{0,200}\))?|final)\s+)*")
_QUOTES, _SCRIPT_QUOTES = '"`', "\"'`"
"""In Rust and C++ an apostrophe may stand alone: `'a`, `1'000`."""
_MOST_PLACES = 5  # of its name in a signature, after which the parameters may stand
_OPEN, _CLOSE = "([{<", ")]}>"


@dataclass(frozen=True)
class TypedName:
    """A parameter.

    Attributes:
        name: With `...` before one that takes the rest.
        type: As written; "" where there is none.
        default: As written; "".
        required: Whether a call must give it.
    """

    name: str
    type: str = ""
    default: str = ""
    required: bool = True


def named_types(text: str) -> list[str]:
    """The dotted names in a type, in order.

    Example:
        >>> named_types("(*Command, error)"), named_types("Result<a::P, E>")
        (['Command', 'error'], ['a.P', 'E'])
    """
    return [found.replace("::", ".") for found in _PATH.findall(text[:MAX_CHARS])]


def receiver_of(symbol: Symbol) -> TypedName | None:
    """The receiver of a Go method."""
    found = _RECEIVER.match(symbol.signature) if symbol.language == "go" else None
    return TypedName(found[1], f"{found[2]}{found[3]}") if found and found[1] else None


def typed_parameters(symbol: Symbol) -> tuple[TypedName, ...]:
    """The parameters of a function or method, in order; the object itself is none.

    Example:
        For `function f(a: string, b = 2, ...c: number[]): T` these are a (string), b (default 2) and ...c (number[]).
    """
    family = family_of(symbol.language)
    inside = _between(symbol.signature[:MAX_CHARS], symbol, family)
    if inside is None:
        return tuple(TypedName(name) for name in symbol.parameters)
    quotes = _SCRIPT_QUOTES if family == "script" else _QUOTES
    parts = [part.strip() for part in _split(inside, ",", quotes)]
    read = _go_names(parts) if family == "go" else (_READERS[family](part) for part in parts if part)
    return tuple(one for one in read if one is not None and one.name)


def _between(signature: str, symbol: Symbol, family: str) -> str | None:
    """What stands between the parentheses of the parameters."""
    name = re.escape(symbol.name)
    begins = r"(?<![\w$])" + name + r"\s*(?:\??)\s*" if family != "c" else name + r"\s*"
    quotes = _SCRIPT_QUOTES if family == "script" else _QUOTES
    for found in islice(re.finditer(begins, signature), _MOST_PLACES):
        at = found.end()
        if signature[at : at + 1] in ("<", "["):
            at = _closing(signature, at, quotes) + 1
        rest = signature[at:]
        skip = re.match(r"\s*(?:[:=]\s*(?:async\s+)?(?:function\s*\w*\s*)?)?\s*", rest)
        at += skip.end() if skip else 0
        if signature[at : at + 1] == "<":
            at = _closing(signature, at, quotes) + 1
        if signature[at : at + 1] == "(":
            end = _closing(signature, at, quotes)
            if end > at:
                return signature[at + 1 : end]
    return None


def _scanned(text: str, start: int, quotes: str) -> Iterator[tuple[int, str, int]]:
    """Places outside of quotes with their letters, and how many brackets are open after them."""
    depth, quote = 0, ""
    for at in range(start, len(text)):
        letter = text[at]
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
            continue
        if letter in quotes:
            quote = letter
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE and not (letter == ">" and at and text[at - 1] in "=-"):
            depth = max(0, depth - 1)
        yield at, letter, depth


def _closing(text: str, start: int, quotes: str) -> int:
    """The place of the bracket that closes the one at `start`; -1."""
    return next(
        (at for at, letter, depth in _scanned(text, start, quotes) if not depth and letter in _CLOSE), -1
    )


def _split(text: str, mark: str, quotes: str = _QUOTES) -> Iterator[str]:
    """Split at a mark outside of brackets and quotes."""
    start = 0
    for at, letter, depth in _scanned(text, 0, quotes):
        if letter != mark or depth or (mark == "=" and _is_comparison(text, at)):
            continue
        yield text[start:at]
        start = at + 1
    yield text[start:]


def _is_comparison(text: str, at: int) -> bool:
    return text[at + 1 : at + 2] in ("=", ">") or text[max(at - 1, 0) : at] in ("=", "!", "<", ">")


def _script(part: str) -> TypedName | None:
    part = part[_SCRIPT_MARKS.match(part).end() :]  # type: ignore[union-attr]  # it matches anything
    head, *given = _split(part, "=", _SCRIPT_QUOTES)
    named, *typed = _split(head, ":", _SCRIPT_QUOTES)
    name = named.strip()
    optional = name.endswith("?")
    name = name.rstrip("?").strip()
    if name == "this":
        return None
    if name.startswith(("{", "[")):
        name = " ".join(name.split())[:60]
    default = "=".join(given).strip()
    required = not optional and not default and not name.startswith("...")
    return TypedName(name, ":".join(typed).strip(), default, required)


def _rust(part: str) -> TypedName | None:
    named, *typed = _split(part.replace("::", "\0"), ":")
    name = named.strip().removeprefix("mut ").strip()
    if not typed:
        return None  # self, in any form
    return TypedName(name, ":".join(typed).strip().replace("\0", "::"))


def _java(part: str) -> TypedName | None:
    part = part[_JAVA_MARKS.match(part).end() :].strip()  # type: ignore[union-attr]  # it matches anything
    kind, _, name = part.rpartition(" ")
    if "..." in part:
        kind, _, name = part.rpartition("...")
        return TypedName(f"...{name.strip()}", kind.strip(), "", False)
    return TypedName(name.strip(), kind.strip()) if kind and name != "this" else None


def _c(part: str) -> TypedName | None:
    head, *given = _split(part, "=")
    head = head.strip()
    if head == "...":
        return TypedName("...", "", "", False)
    pointer = re.search(r"\(\s*\*\s*([A-Za-z_]\w*)\s*\)", head)
    found = pointer or re.search(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\])*\s*$", head)
    if found is None or head in ("void",):
        return None
    kind = " ".join((head[: found.start(1)] + head[found.end(1) :]).split())
    if not kind or (not pointer and kind in ("const", "struct", "unsigned", "enum")):
        return None
    return TypedName(found[1], kind, "=".join(given).strip(), not given)


def _go_names(parts: list[str]) -> Iterator[TypedName]:
    """Several names may share the type after the last of them."""
    rows = [part.split(None, 1) for part in parts if part]
    if not any(
        len(row) > 1 and _NAME.fullmatch(row[0]) and row[0] not in ("func", "chan", "map") for row in rows
    ):
        return  # types alone
    kind = ""
    found: list[TypedName] = []
    for row in reversed(rows):
        if len(row) > 1:
            kind = row[1].strip()
        rest = kind.startswith("...")
        found.append(TypedName(f"...{row[0]}" if rest else row[0], kind.removeprefix("..."), "", not rest))
    yield from reversed(found)


_READERS = {"script": _script, "rust": _rust, "java": _java, "c": _c}
"""How each family writes a parameter; Go's are read together."""
