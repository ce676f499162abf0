"""The lines that raise an error: of a file, and of a definition; a class's are those of what makes its instances."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codebase_gardener.knowledge.apis.calls import constructor_of_class
from codebase_gardener.knowledge.apis.class_fields import has_fields
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import family_of

__all__ = ["RaisingLine", "constructors_of", "raised_error", "raised_in", "raised_within"]

_RAISES = re.compile(r"(?:^|[\s;{})])(?:raise|throw)\s+(?:new\s+)?([A-Za-z_][\w.]*)")
_WHOLE_RAISE = re.compile(r"\s*raise\s+[A-Za-z_][\w.]*(?:\s+from\s+\w+)?\s*(?:#.*)?")
_TYPE = re.compile(r"([A-Z][\w.]*)(?:<.*>|\[.*\])?\Z", re.DOTALL)
_TYPE_OF_TAG = re.compile(r"@returns?\s*\{([^{}\n]{1,100})\}")
_AFTER_FIELDS = ("__post_init__", "__attrs_post_init__")


@dataclass(frozen=True)
class RaisingLine:
    """A line that raises an error.

    Attributes:
        scope: Qualified name of the innermost definition around it; "" for none.
    """

    path: str
    line: int
    error: str
    scope: str
    text: str


def raised_in(path: str, start: int, end: int, repository: RepositoryFacts) -> Iterator[RaisingLine]:
    """The lines that raise: a keyword before a name that the file's facts know as one that is called there."""
    found = [
        (number, line, match[1])
        for number, line in enumerate(repository.lines(path, start, end), start)
        if ("raise" in line or "throw" in line) and (match := _RAISES.search(line))
    ]
    if not found:
        return
    facts = repository.facts[path]
    called = {(reference.start, reference.name) for reference in facts.references}
    for number, line, error in found:
        if (number, error) in called or _WHOLE_RAISE.fullmatch(line):
            yield RaisingLine(path, number, error, _scope(facts, number), line.strip())


def raised_within(symbol: Symbol, context: ApiContext) -> Iterator[RaisingLine]:
    """What a definition's own body raises; of a class also what its constructors do."""
    for each in (symbol, *constructors_of(symbol, context)):
        for line in raised_in(each.path, each.start, each.end, context.repository):
            if line.scope == each.qualified_name:
                yield line


def raised_error(line: RaisingLine, symbol: Symbol, context: ApiContext) -> str:
    """The type of what a line raises: of a function that makes it, the type that this returns; "" for a variable."""
    name = line.error.rpartition(".")[2]
    if name[:1].isupper():
        return line.error
    makers = (target for target, _ in context.calls_of(symbol) if target.name.rpartition(".")[2] == name)
    made = (context.repository.symbols.get((target.path, target.name)) for target in makers)
    returned = next((_returned(one) for one in made if one is not None), "")
    found = _TYPE.match(returned)
    return found[1] if found else ""


def _returned(symbol: Symbol) -> str:
    """What it returns by its signature, else by the tag of its comment."""
    told = _TYPE_OF_TAG.search(symbol.docstring or "")
    return symbol.returns or (told[1].strip() if told else "")


def constructors_of(symbol: Symbol, context: ApiContext) -> tuple[Symbol, ...]:
    """The methods that run when an instance of a class is made, its own or the nearest inherited ones."""
    if symbol.kind != "class":
        return ()
    if family_of(symbol.language):
        made = constructor_of_class(symbol, context)
        return (made,) if made else ()
    has_own = context.inside(symbol, "__init__") is not None
    made_by = _AFTER_FIELDS if has_fields(symbol, context) and not has_own else ("__init__",)
    found = (context.member(symbol, name) for name in ("__new__", *made_by))
    return tuple(filter(None, found))


def _scope(facts: FileFacts, line: int) -> str:
    """The innermost definition around a line."""
    around = [symbol for symbol in facts.symbols if symbol.start <= line <= symbol.end]
    return max(around, key=lambda symbol: symbol.start).qualified_name if around else ""
