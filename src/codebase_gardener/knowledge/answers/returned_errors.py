"""Errors that are returned rather than raised: what a function makes, and what it may hand on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.sentences import sentences
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.languages.engine.brackets import named_types
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.utils.anchors import Anchor

__all__ = ["MOST_LINES", "ReturnedErrors", "whole_call"]

_MOST = 100
MOST_LINES = 8
"""Of one error."""
_LONGEST_LINE = 500  # characters of a line that are read
_LONGEST = 150  # characters of what makes an error
_LONGEST_SAID = 300  # characters of what a docstring says
_HEADING = re.compile(r"#{1,6} (?P<title>.{1,80}?)[ \t#]*")
_MOST_SAID = 2
_SAYS_RAISED = re.compile(r"\b(?:throws?|raises?|panics?)\b", re.IGNORECASE)
_FAILING = ("errors", "panics", "throws", "raises", "exceptions")


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

        Of a definition of a language that raises errors only what its docstring has a heading for.
        """
        language = LANGUAGES[symbol.language]
        told = list(_told(symbol))
        if not language.error or language.errors is None or symbol.kind not in ("function", "method"):
            return told
        if not _returns_error(symbol):
            given = f"returns `{symbol.returns}`" if symbol.returns else "returns nothing"
            return [*told, (symbol.anchor, f"{given}: no `{language.error}`")]
        calls = self._calls.get((symbol.path, symbol.qualified_name), [])
        found = [*told, *self._made(symbol, language.errors), *sorted(calls, key=lambda row: row[0].start)]
        article = "an" if language.error[0] in "aeiou" else "a"
        unknown = (
            f"returns {article} `{language.error}`; which one, neither its own lines nor known calls say"
        )
        return found[:_MOST] or [(symbol.anchor, unknown)]

    def _made(self, symbol: Symbol, errors: re.Pattern[str]) -> Iterator[tuple[Anchor, str]]:
        lines = self._repository.lines(symbol.path, symbol.start, symbol.end)
        for at, line in enumerate(lines):
            found = errors.match(line[:_LONGEST_LINE])
            if found and found.lastindex:
                text, end = whole_call(lines, at, found[found.lastindex].strip())
                while text.endswith((";", ",")) or (text.endswith(")") and text.count(")") > text.count("(")):
                    text = text[:-1]
                said = f"makes or returns the error `{inline(text, _LONGEST)}`"
                yield Anchor(symbol.path, symbol.start + at, symbol.start + end), said


def whole_call(lines: Sequence[str], at: int, text: str) -> tuple[str, int]:
    """What a line begins, on one line, up to where its parentheses close; and the number of the line that it ends on.

    Args:
        lines: That it stands among.
        at: Its number among them.
        text: What is taken of that line.
    """
    end = at
    while text.count("(") > text.count(")") and end + 1 < min(at + MOST_LINES, len(lines)):
        end += 1
        text = f"{text} {lines[end].strip()}"
    return re.sub(r"([({]) | (?=[)}])", r"\1", text).replace(",)", ")") if end > at else text, end


def _returns_error(symbol: Symbol) -> bool:
    error = LANGUAGES[symbol.language].error
    named = (name.rpartition(".")[2] for name in named_types(symbol.returns or ""))
    return bool(error) and error in named


def _told(symbol: Symbol) -> Iterator[tuple[Anchor, str]]:
    """What a docstring says under a heading such as rustdoc's "# Errors" and "# Panics", else in its prose."""
    at = symbol.docstring_anchor
    lines = (symbol.docstring or "").split("\n") if at is not None else []
    titles = {
        number: found["title"] for number, line in enumerate(lines) if (found := _HEADING.fullmatch(line))
    }
    is_headed = False
    for number, title in titles.items():
        if at is None or title.lower() not in _FAILING:
            continue
        end = next((other for other in titles if other > number), len(lines))
        while not lines[end - 1].strip():
            end -= 1
        if said := " ".join(" ".join(lines[number + 1 : end]).split()):
            is_line_by_line = at.end - at.start + 1 == len(lines)
            where = Anchor(at.path, at.start + number, at.start + end - 1) if is_line_by_line else at
            is_headed = True
            yield where, f"its docstring says under “{title}”: “{inline(said, _LONGEST_SAID)}”"
    says = documented(symbol)
    if at is None or is_headed or says.raises:
        return
    told = [
        one for part in (says.summary, *says.text.split("\n\n")) for one in sentences(" ".join(part.split()))
    ]
    for one in [one for one in told if _SAYS_RAISED.search(one)][:_MOST_SAID]:
        yield at, f"its docstring says: “{inline(one, _LONGEST_SAID)}”"
