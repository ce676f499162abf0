"""Parameters with their types and defaults, from the signature's text, in the languages that tree-sitter reads."""

from __future__ import annotations

import re
from itertools import islice

from codebase_gardener.languages.engine.brackets import MAX_CHARS, closing, split
from codebase_gardener.languages.symbols import Symbol, TypedName
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["receiver_of", "typed_parameters"]

# up to the parameters of `f = async (a)`, `f = function g(a)`, `f: (a)`, and inside a cast: `f = ((a) => …) as F`
_BEFORE = re.compile(
    r"\s*(?:[:=]\s*(?:\(\s*){0,9}(?=[(<]|async\s*[(<]|async\s+(?:function\b|[\w$]+\s*=>)|function\b)(?:async\s+)?(?:function\s*\w*\s*)?)?\s*"
)
_MOST_PLACES = 5  # of its name in a signature, after which the parameters may stand


def receiver_of(symbol: Symbol) -> TypedName | None:
    """The receiver that a method's signature names."""
    family = FAMILIES.get(family_of(symbol.language))
    return family.receiver(symbol) if family else None


def typed_parameters(symbol: Symbol) -> tuple[TypedName, ...]:
    """The parameters of a function or method, in order; the object itself is none.

    Example:
        For `function f(a: string, b = 2, ...c: number[]): T` these are a (string), b (default 2) and ...c (number[]).
    """
    family = FAMILIES[family_of(symbol.language)]
    inside = _between(symbol.signature[:MAX_CHARS], symbol.inner_name or symbol.name, family.quotes)
    if inside is None:
        return tuple(TypedName(name) for name in symbol.parameters)
    parts = (part.strip() for part in split(inside, ",", family.quotes))
    read = family.parameters([part for part in parts if part])
    return tuple(one for one in read if one is not None and one.name)


def _between(signature: str, name: str, quotes: str) -> str | None:
    """What stands between the parentheses of the parameters."""
    begins = r"(?<![\w$])" + re.escape(name) + r"\s*(?:\??)\s*"
    for found in islice(re.finditer(begins, signature), _MOST_PLACES):
        at = found.end()
        if signature[at : at + 1] in ("<", "["):
            at = closing(signature, at, quotes) + 1
        rest = signature[at:]
        skip = _BEFORE.match(rest)
        at += skip.end() if skip else 0
        if signature[at : at + 1] == "<":
            at = closing(signature, at, quotes) + 1
        if signature[at : at + 1] == "(":
            end = closing(signature, at, quotes)
            if end > at:
                return signature[at + 1 : end]
    return None
