"""Errors that are returned rather than raised: what a function makes, and what it may hand on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.languages.engine.brackets import named_types
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.utils.anchors import Anchor

__all__ = ["ReturnedErrors"]

_MOST = 100
_MOST_LINES = 8  # of one error
_LONGEST_LINE = 500  # characters of a line that are read
_LONGEST = 150  # characters of what makes an error


class ReturnedErrors:
    """What functions can fail with, in languages that return errors.

    Args:
        context: Of the repository.
    """

    def __init__(self, context: ApiContext) -> None:
        self._repository = context.repository
        self._calls: dict[tuple[str, str], list[tuple[Anchor, str]]] = defaultdict(list)
        for symbol in self._repository.symbols.values():
            callers = context.resolution.callers.get(context.target(symbol), ())
            for use in callers if _returns_error(symbol) else ():
                at = Anchor(use.path, use.start, use.end)
                said = f"calls `{symbol.qualified_name}`, which returns an error"
                self._calls[use.path, use.scope].append((at, said))

    def of(self, symbol: Symbol) -> list[tuple[Anchor, str]]:
        """A sentence for each error that it makes, and for each call that returns one; else what is not known.

        Nothing for a definition of a language that raises errors.
        """
        language = LANGUAGES[symbol.language]
        if not language.error or language.errors is None or symbol.kind not in ("function", "method"):
            return []
        if not _returns_error(symbol):
            given = f"returns `{symbol.returns}`" if symbol.returns else "returns nothing"
            return [(symbol.anchor, f"{given}: no `{language.error}`")]
        calls = self._calls.get((symbol.path, symbol.qualified_name), [])
        found = [*self._made(symbol, language.errors), *sorted(calls, key=lambda row: row[0].start)]
        unknown = f"returns an `{language.error}`; which one, neither its own lines nor known calls say"
        return found[:_MOST] or [(symbol.anchor, unknown)]

    def _made(self, symbol: Symbol, errors: re.Pattern[str]) -> Iterator[tuple[Anchor, str]]:
        lines = self._repository.lines(symbol.path, symbol.start, symbol.end)
        for at, line in enumerate(lines):
            found = errors.match(line[:_LONGEST_LINE])
            if found and found.lastindex:
                text, end = found[found.lastindex].strip(), at + 1
                while text.count("(") > text.count(")") and end < min(at + _MOST_LINES, len(lines)):
                    text, end = f"{text} {lines[end].strip()}", end + 1
                text = re.sub(r"([({]) | (?=[)}])", r"\1", text).replace(",)", ")")
                said = f"makes or returns the error `{inline(text, _LONGEST)}`"
                yield Anchor(symbol.path, symbol.start + at, symbol.start + end - 1), said


def _returns_error(symbol: Symbol) -> bool:
    error = LANGUAGES[symbol.language].error
    return bool(error) and error in named_types(symbol.returns or "")
