"""How an API of Go, TypeScript, JavaScript, Rust, Java, C or C++ is called, and what its comment says in tags."""

from __future__ import annotations

import re
from functools import lru_cache

from codebase_gardener.documents.docstrings import Documentation, documentation
from codebase_gardener.languages.families import FAMILIES, family_of
from codebase_gardener.languages.signatures import typed_parameters
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.identifiers import title_words

__all__ = ["documented", "is_constructor", "tree_call"]

_MOST_ARGUMENTS = 6
_LONGEST = 50_000
_TAG = re.compile(r"[@\\](\w+)\s*(.*)\Z", re.DOTALL)
_BEGINS = re.compile(r"^[ \t]*[@\\](?=\w)", re.MULTILINE)
_TYPED = re.compile(r"\{[^{}\n]{0,200}\}\s*")
_NAMED = re.compile(r"(?:\[[a-z,]{2,6}\]\s*)?\[?([\w.$]+)(?:=[^\]\n]{0,100})?\]?\s*[-:]?\s*(.*)\Z", re.DOTALL)
_FIELDS = {
    # tag of JSDoc, Javadoc and Doxygen: the Sphinx field that says the same, whether a name follows
    "param": ("param", True), "arg": ("param", True), "argument": ("param", True), "tparam": ("", False),
    "return": ("returns", False), "returns": ("returns", False), "throws": ("raises", True),
    "throw": ("raises", True), "exception": ("raises", True), "brief": ("text", False), "details": ("text", False),
    "summary": ("text", False), "description": ("text", False), "remarks": ("text", False), "note": ("text", False),
    "deprecated": ("deprecated", False),
}  # fmt: skip


def tree_call(symbol: Symbol, constructor: Symbol | None, public: str) -> str:
    """How it is written in code, with what a call must give.

    Args:
        symbol: Of a language other than Python.
        constructor: Of a class, where it has one.
        public: The name under which its package offers it, "cobra.ExactArgs"; "".
    """
    family = family_of(symbol.language)
    joint = FAMILIES[family].joint
    name = symbol.name
    if symbol.kind in ("type", "interface"):
        return public if family == "go" and public else symbol.qualified_name.replace(".", joint)
    if symbol.kind == "class":
        return (
            f"new {name}({_arguments(constructor)})"
            if family != "c"
            else f"{name}({_arguments(constructor)})"
        )
    if symbol.kind == "method":
        owner = symbol.qualified_name.rpartition(".")[0]
        if is_constructor(symbol):
            return f"new {owner}({_arguments(symbol)})"
        if _is_static(symbol, family):
            return f"{owner.replace('.', joint)}{joint}{name}({_arguments(symbol)})"
        return f"{_instance(owner)}.{name}({_arguments(symbol)})"
    shown = public if family == "go" and public else symbol.qualified_name.replace(".", joint)
    return f"{shown}({_arguments(symbol)})"


def is_constructor(symbol: Symbol) -> bool:
    """Whether it makes the object of its class: by its name."""
    owner, _, name = symbol.qualified_name.rpartition(".")
    return bool(owner) and name in ("constructor", owner.rpartition(".")[2])


@lru_cache(maxsize=4096)
def _read(docstring: str) -> Documentation:
    return documentation(_as_fields(docstring[:_LONGEST]))


def documented(symbol: Symbol) -> Documentation:
    """What its docstring says; the tags of JSDoc, Javadoc and Doxygen are read as the fields of Python's."""
    if symbol.language == "python" or not symbol.docstring:
        return documentation(symbol.docstring)
    return _read(symbol.docstring)


def _as_fields(docstring: str) -> str:
    first, *tags = _BEGINS.split(docstring)
    texts, fields = [first.strip()], []
    for tag in tags:
        found = _TAG.match(f"@{tag}")
        field, named = _FIELDS.get(found[1], ("", False)) if found else ("", False)
        said = _TYPED.sub("", found[2], count=1) if found else ""
        if field == "text":
            texts.append(said.strip())
        elif field == "deprecated":
            texts.append(f"Deprecated: {said.strip()}")
        elif field and named:
            name = _NAMED.match(said.strip())
            if name:
                fields.append(f":{field} {name[1]}: {' '.join(name[2].split())}")
        elif field:
            fields.append(f":{field}: {' '.join(said.split())}")
    return "\n\n".join([*filter(None, texts), "\n".join(fields)]).strip()


def _arguments(symbol: Symbol | None) -> str:
    required = [one.name for one in typed_parameters(symbol) if one.required] if symbol else []
    return ", ".join(required[:_MOST_ARGUMENTS]) + (", ..." if len(required) > _MOST_ARGUMENTS else "")


def _is_static(symbol: Symbol, family: str) -> bool:
    if family == "rust":
        return "self" not in re.split(r"\W+", symbol.signature.partition("(")[2].partition(")")[0])[:5]
    return bool(re.match(r"(?:[\w()@]+\s+){0,5}static\b", symbol.signature))


def _instance(owner: str) -> str:
    """A variable's name for an instance: "RootCommand" is "rootCommand"."""
    words = title_words(owner.rpartition(".")[2])
    return "".join([words[0].lower(), *words[1:]]) if words else "value"
