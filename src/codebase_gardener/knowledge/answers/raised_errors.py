"""Errors that lines raise: by their class, also where a variable holds one or a function makes it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from codebase_gardener.knowledge.answers.graph_rows import Place, Raised
from codebase_gardener.knowledge.answers.returned_errors import MOST_LINES, whole_call
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.raises import RaisingLine, raised_in
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.languages.engine.brackets import named_types
from codebase_gardener.languages.symbols import Symbol

__all__ = ["RaisedErrors"]

_LONGEST = 200
_LONGEST_LINE = 500  # characters of a line that are read
_RETURNS = re.compile(r"\s*return\s+(?:new\s+)?([A-Za-z_$][\w$]*)")
_NAMED_ERROR = re.compile(r"(?:Error|Exception|Warning|Throwable)\Z")


class RaisedErrors:
    """What each definition raises by its own lines.

    Args:
        context: Of the repository.
        paths: Of its files of code.
    """

    def __init__(self, context: ApiContext, paths: Iterable[str]) -> None:
        self._context = context
        self._repository = context.repository
        self._by_scope: dict[tuple[str, str], list[Place]] = defaultdict(list)
        found = [one for path in paths for one in raised_in(path, 1, self._lines_of(path), self._repository)]
        self._made = self._makers({one.error.rpartition(".")[2] for one in found})
        self.rows = [row for one in found for row in self._rows(one)]

    def within(self, symbol: Symbol) -> list[Place]:
        """Each error that a definition's own lines raise: `what` is its name."""
        return self._by_scope.get((symbol.path, symbol.qualified_name), [])

    def _lines_of(self, path: str) -> int:
        return self._repository.facts[path].lines

    def _rows(self, one: RaisingLine) -> Iterator[Raised]:
        area, bindings = self._repository.areas[one.path], self._repository.facts[one.path].bindings
        types = self._made.get((one.path, one.line, one.error.rpartition(".")[2]), ())
        text, end = whole_call(self._repository.lines(one.path, one.line, one.line + MOST_LINES), 0, one.text)
        place, text = Place(one.path, one.line, one.line + end, one.scope, area), inline(text, _LONGEST)
        for error in types or (one.error,):
            self._by_scope[one.path, one.scope].append(Place(one.path, place.start, place.end, error, area))
        yield from (Raised(error, place, text) for error in dict.fromkeys((one.error, *types)))
        for made in bindings:  # `error = PotError()`, then `raise error`
            is_it = (made.name, made.scope, made.how) == (one.error, one.scope, "call")
            if is_it and made.line < one.line:
                yield Raised(made.value.rpartition(".")[2], place, text)

    def _makers(self, names: set[str]) -> dict[tuple[str, int, str], tuple[str, ...]]:
        """Of each call of a function that makes errors, on its line: their classes."""
        found: dict[tuple[str, int, str], tuple[str, ...]] = {}
        for symbol in self._repository.symbols.values():
            if symbol.name in names and symbol.kind in ("function", "method"):
                types = tuple(dict.fromkeys(self._types(symbol)))
                for use in self._context.resolution.callers.get(self._context.target(symbol), ()):
                    if use.kind == "call" and types:
                        found[use.path, use.start, symbol.name] = types
        return found

    def _types(self, symbol: Symbol) -> Iterator[str]:
        """What a function says that it returns, else the classes whose instances its lines return."""
        told = [name.rpartition(".")[2] for name in named_types(symbol.returns or "")]
        if errors := [name for name in told if _NAMED_ERROR.search(name)]:
            yield from errors
            return
        bound = {
            one.name: one.value.rpartition(".")[2]
            for one in self._repository.facts[symbol.path].bindings
            if one.scope == symbol.qualified_name and one.how == "call"
        }
        for line in self._repository.lines(symbol.path, symbol.start, symbol.end):
            if returned := _RETURNS.match(line[:_LONGEST_LINE]):
                name = bound.get(returned[1], returned[1])
                if _NAMED_ERROR.search(name):
                    yield name
