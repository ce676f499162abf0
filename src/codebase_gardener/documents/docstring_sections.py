"""The sections of a docstring in Google's and NumPy's styles, with their lines: griffe gives none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.documents.blocks import ADMONITIONS, indent_of

__all__ = ["NOTES", "PARAMETERS", "DocstringSection", "docstring_sections"]

PARAMETERS = {"args", "arguments", "parameters", "params", "attributes", "keyword args", "keyword arguments",
               "other parameters", "options"}  # fmt: skip
NOTES = {name for name, kind in ADMONITIONS.items() if kind and name not in ("check", "admonition", "error")}
_OTHERS = {"returns", "return", "raises", "yields", "yield", "example", "examples", "see also", "references", "usage",
           "todo", "methods", "warns", "except", "exceptions"}  # fmt: skip
_HEADER = re.compile(r"\s*\**([A-Za-z][A-Za-z ]{2,18}):?\**:?\s*$")


@dataclass(frozen=True)
class DocstringSection:
    """A run of a docstring's lines: its name in lower case, "" for plain text; positions in the docstring."""

    name: str
    start: int
    body: int
    end: int


def docstring_sections(text: Sequence[str]) -> Iterator[DocstringSection]:
    """Google and NumPy sections, and the plain text between them, in order.

    Args:
        text: The lines of a docstring, without the indentation that they share.
    """
    plain, at = 0, 0
    while at < len(text):
        found = _header(text, at)
        if found is None:
            at += 1
            continue
        name, numpy = found
        yield DocstringSection("", plain, plain, at)
        body = at + (2 if numpy else 1)
        end = _section_end(text, body, indent_of(text[at]), numpy=numpy)
        yield DocstringSection(name, at, body, end)
        plain = at = max(end, at + 1)
    yield DocstringSection("", plain, plain, len(text))


def _header(text: Sequence[str], at: int) -> tuple[str, bool] | None:
    line = text[at]
    found = _HEADER.match(line) if len(line) < 60 else None
    if found is None:
        return None
    name = found[1].strip().lower()
    if name not in PARAMETERS and name not in NOTES and name not in _OTHERS:
        return None
    below = text[at + 1].strip() if at + 1 < len(text) else ""
    if len(below) >= 3 and not below.strip("-="):
        return name, True
    return (name, False) if ":" in line else None


def _section_end(text: Sequence[str], body: int, indent: int, *, numpy: bool) -> int:
    for at in range(body, len(text)):
        if not text[at].strip():
            continue
        if indent_of(text[at]) <= indent and (not numpy or _header(text, at) is not None):
            return at
    return len(text)
