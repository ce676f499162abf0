"""Examples in docstrings, with the exact lines they stand on in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.blocks import without_indent
from codebase_gardener.documents.facts import Snippet
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.documents.snippets import snippet
from codebase_gardener.languages.symbols import Symbol

__all__ = ["docstring_snippets"]

MAX_HEADER_LINES = 400
"""A docstring begins at most this many lines below its `def`."""

_OPENER = re.compile(r"[ \t]*[rRuU]?(\"\"\"|'''|\"|')")
_TELLING = re.compile(r">>>|```|~~~|::|\b(?:[Ee]xamples?|[Uu]sage)[ \t]*:")


def docstring_snippets(symbols: Sequence[Symbol], lines: Sequence[str]) -> tuple[Snippet, ...]:
    """Doctests, fenced and literal blocks and "Example:" sections of Python docstrings, the module's first.

    Args:
        symbols: Of one file; those of other languages have comments instead, and are left out.
        lines: Of that file.
    """
    found = list(_module_snippets(lines)) if all(symbol.language == "python" for symbol in symbols) else []
    for symbol in symbols:
        if symbol.language == "python" and symbol.docstring and _TELLING.search(symbol.docstring):
            first = _first_line(symbol, lines)
            if first:
                length = symbol.docstring.count("\n") + 1
                found.extend(_snippets(lines, first, length, symbol.qualified_name))
    return tuple(found)


def _first_line(symbol: Symbol, lines: Sequence[str]) -> int:
    """The line on which the docstring's text begins; 0 where it is not found (one made of pieces, say)."""
    opening = (symbol.docstring or "").partition("\n")[0].strip()
    last = min(symbol.end, symbol.definition_line + MAX_HEADER_LINES, len(lines))
    for number in range(symbol.definition_line + 1, last + 1):
        opener = _OPENER.match(lines[number - 1])
        if not opener:
            continue
        text, begins = lines[number - 1][opener.end() :], number
        while not text.strip(" \t\\\r") and begins < min(symbol.end, len(lines)):
            text = lines[begins]
            begins += 1
        if text.strip().startswith(opening[:40].rstrip()) or "\\" in text:
            return begins
    return 0


def _module_snippets(lines: Sequence[str]) -> Iterator[Snippet]:
    """Of the docstring at the top of the file."""
    first = 0
    while first < min(len(lines), MAX_HEADER_LINES) and _is_no_code(lines[first]):
        first += 1
    opener = _OPENER.match(lines[first]) if first < len(lines) else None
    if not opener or len(opener[1]) != 3:
        return
    last = first
    rest = lines[first][opener.end() :]
    while opener[1] not in rest and last + 1 < len(lines):
        last += 1
        rest = lines[last]
    if any(_TELLING.search(line) for line in lines[first : last + 1]):
        yield from _snippets(lines, first + 1, last - first + 1, "")


def _is_no_code(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _snippets(lines: Sequence[str], first: int, length: int, scope: str) -> Iterator[Snippet]:
    """Those of the `length` lines from `first` on, 1-based."""
    taken = [line.rstrip("\r") for line in lines[first - 1 : first - 1 + length]]
    opener = _OPENER.match(taken[0])
    if opener:
        taken[0] = taken[0][opener.end() :].lstrip()
        mark = opener[1]
    else:
        mark = ""
    for quotes in (mark,) if mark else ('"""', "'''"):
        if taken[-1].rstrip().endswith(quotes):
            taken[-1] = taken[-1].rstrip().removesuffix(quotes)
    if opener:  # what follows the first line is indented at least like it
        indent = len(opener[0]) - len(opener[0].lstrip())
        dedented = [taken[0].strip(), *without_indent(taken[1:], at_most=indent)]
    else:
        dedented = without_indent(taken)
    title = scope or next((line.strip() for line in dedented if line.strip()), "")
    for block in rst_blocks(dedented, first, docstring=True):
        if block.kind == "code":
            made = snippet(block.start, block.text.split("\n"), block.label, title=title, scope=scope)
            if made:
                yield made
