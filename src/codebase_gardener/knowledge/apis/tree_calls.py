"""How an API of another language than Python is called, and what its comment says in tags."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from codebase_gardener.documents.docstrings import Documentation, documentation
from codebase_gardener.languages.rows import Family
from codebase_gardener.languages.signatures import receiver_of, typed_parameters
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of
from codebase_gardener.utils.identifiers import title_words

__all__ = ["constructor_names", "documented", "is_constructor", "tree_call"]

_MOST_ARGUMENTS = 6
_LONGEST = 50_000
_TAG = re.compile(r"[@\\](\w+)\s*(.*)\Z", re.DOTALL)
_BEGINS = re.compile(r"^[ \t]*[@\\](?=\w)", re.MULTILINE)
_TYPED = re.compile(r"\{[^{}\n]{0,200}\}\s*")
_NAMED = re.compile(r"(?:\[[a-z,]{2,6}\]\s*)?\[?([\w.$]+)(?:=[^\]\n]{0,100})?\]?\s*[-:]?\s*(.*)\Z", re.DOTALL)
_ERROR = re.compile(
    r"(?:\{([\w.$]+)\}|(?!(?:an?|the|if|when(?:ever)?|unless|where|on|in|as|for|any|this|will)\b)([\w$]+(?:(?:\.|::)[\w$]+)*)(?![\w$]))"
    r"\s*[-:]?\s*(.*)\Z",
    re.DOTALL | re.IGNORECASE,
)
"""The type of an error, in braces or as the first word where this is no word of a sentence, and what is said of it."""
_FIELDS = {
    # tag of JSDoc, Javadoc and Doxygen: the Sphinx field that says the same, whether a name follows
    "param": ("param", True), "arg": ("param", True), "argument": ("param", True), "tparam": ("", False),
    "return": ("returns", False), "returns": ("returns", False), "throws": ("raises", True),
    "throw": ("raises", True), "exception": ("raises", True), "brief": ("text", False), "details": ("text", False),
    "summary": ("text", False), "description": ("text", False), "remarks": ("text", False), "note": ("text", False),
    "deprecated": ("deprecated", False),
}  # fmt: skip


def tree_call(
    symbol: Symbol, constructor: Symbol | None, public: str, made: str = "", taken: Collection[str] = ()
) -> str:
    """How it is written in code, with what a call must give.

    Args:
        symbol: Of a language other than Python.
        constructor: Of a class, where it has one.
        public: The name under which its package offers it, "cobra.ExactArgs"; "".
        made: Of a method: how its object is made; "" where that is not known.
        taken: Names that users take for something else than an object.
    """
    family = FAMILIES[family_of(symbol.language)]
    joint, name = family.joint, symbol.name
    shown = public if family.by_package and public else symbol.qualified_name.replace(".", joint)
    if family.renames and public and symbol.qualified_name == name:
        shown = public.rpartition(".")[2]
    if symbol.kind in ("type", "interface", "macro"):
        return f"{shown}!(…)" if symbol.kind == "macro" else shown
    if symbol.kind == "class":
        return _construction(shown, constructor, family)
    if symbol.kind == "method":
        owner = symbol.qualified_name.rpartition(".")[0]
        if is_constructor(symbol):
            return _construction(owner.replace(".", joint), symbol, family)
        if family.is_static(symbol):
            return f"{owner.replace('.', joint)}{family.method_joint or joint}{name}({_arguments(symbol)})"
        given = _instance(owner)
        if given in taken:
            given = (_receiver(symbol, owner) if family.by_package else made) or given
        return f"{given}.{name}({_arguments(symbol)})"
    return f"{shown}({_arguments(symbol)})"


def is_constructor(symbol: Symbol) -> bool:
    """Whether it makes the object of its class: by its name."""
    owner, _, name = symbol.qualified_name.rpartition(".")
    return bool(owner) and name in (*_constructors(symbol), owner.rpartition(".")[2])


def constructor_names(symbol: Symbol) -> tuple[str, ...]:
    """The names of methods that make the object of a class."""
    return (*_constructors(symbol), symbol.name)


def _constructors(symbol: Symbol) -> tuple[str, ...]:
    family = FAMILIES.get(family_of(symbol.language))
    return family.constructors if family else ()


@lru_cache(maxsize=4096)
def _documentation(docstring: str) -> Documentation:
    return documentation(_as_fields(docstring[:_LONGEST]))


def documented(symbol: Symbol) -> Documentation:
    """What its docstring says; the tags of JSDoc, Javadoc and Doxygen are read as the fields of Python's."""
    if symbol.declared is not None and not symbol.docstring:
        return documented(symbol.declared)
    if not family_of(symbol.language) or not symbol.docstring:
        return documentation(symbol.docstring)
    return _documentation(symbol.docstring)


def _as_fields(docstring: str) -> str:
    first, *tags = _BEGINS.split(docstring)
    texts, fields = [first.strip()], []
    for tag in tags:
        found = _TAG.match(f"@{tag}")
        field, named = _FIELDS.get(found[1], ("", False)) if found else ("", False)
        told = found[2] if found else ""
        said = _TYPED.sub("", told, count=1)
        if field == "text":
            texts.append(said.strip())
        elif field == "deprecated":
            texts.append(f"Deprecated: {said.strip()}")
        elif field == "raises":
            error = _ERROR.match(told)
            if error:
                about = " ".join(error[3].split())
                fields.append(f":raises {error[1] or error[2]}: {about}")
            else:  # "@throws If it is cold": no error's name
                texts.append(f"@{tag.strip()}")
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


def _construction(path: str, constructor: Symbol | None, family: Family) -> str:
    name = path.rpartition(family.joint)[2]
    return family.construction.format(path=path, name=name, arguments=_arguments(constructor))


def _instance(owner: str) -> str:
    """A variable's name for an instance: "RootCommand" is "rootCommand"."""
    words = title_words(owner.rpartition(".")[2])
    return "".join([words[0].lower(), *words[1:]]) if words else "value"


def _receiver(symbol: Symbol, owner: str) -> str:
    """What a method itself calls its object; of one without a body the first letter of its type."""
    receiver = receiver_of(symbol)
    named = receiver.name.strip("_") if receiver is not None else ""
    return named or owner[:1].lower()
