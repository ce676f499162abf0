"""Code spans: text between backticks, as CommonMark pairs them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["CodeSpan", "code_spans", "edited"]

_RUN = re.compile(r"`+")


class CodeSpan(NamedTuple):
    """Where it begins and ends, its marks included, and how many backticks a mark has."""

    start: int
    end: int
    marks: int


def code_spans(text: str) -> list[CodeSpan]:
    r"""All spans of a text, in order; an escaped backtick opens none. Linear.

    Example:
        >>> [tuple(span) for span in code_spans("see `a` and `` `b` ``")], code_spans(r"\`a` b")
        ([(4, 7, 1), (12, 21, 2)], [])
    """
    runs = [(found.start(), found.end()) for found in _RUN.finditer(text)]
    closing: dict[int, list[int]] = {}
    for index in range(len(runs) - 1, -1, -1):
        closing.setdefault(runs[index][1] - runs[index][0], []).append(index)
    spans: list[CodeSpan] = []
    index = 0
    while index < len(runs):
        start, end = runs[index]
        start += _is_escaped(text, start)
        same = closing.get(end - start, [])
        while same and same[-1] <= index:
            same.pop()
        if same:
            index = same.pop()
            spans.append(CodeSpan(start, runs[index][1], end - start))
        index += 1
    return spans


def edited(text: str, code: Callable[[str], str], prose: Callable[[str], str] = str) -> str:
    """A text with each span, its marks included, and what stands between the spans as a function makes them.

    Example:
        >>> edited("see `a` now", lambda span: span.strip("`").upper())
        'see A now'
    """
    parts, at = [], 0
    for start, end, _ in code_spans(text):
        parts += [prose(text[at:start]), code(text[start:end])]
        at = end
    return "".join([*parts, prose(text[at:])])


def _is_escaped(text: str, start: int) -> bool:
    if text[max(0, start - 1) : start] != "\\":
        return False
    before = text[max(0, start - 1_000) : start]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1
