"""Lines of code that give a field of something a value: what some workflows are about, and no call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["fields_set"]

_LITERAL = re.compile(r"\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'")
_COMMENT = re.compile(r"\s(?:#|//)\s")
_FIELD = re.compile(r"(?:>>> ?)?([^\W\d]\w*)(?=[.(\[])(?:[\w.]|\[[^\[\]]{0,80}\]|\([^()]{0,80}\))*\.\w+")
_LONGEST = 160
_IS_GIVEN = re.compile(r"[ \t]*=(?![=>~])[ \t]*[^\s({\[]")


def fields_set(lines: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """The number and text of each line that gives a field of what the lines before it name a value.

    Args:
        lines: Of code and the prose around it.
        first: The number of the first one.

    Example:
        >>> list(fields_set(["flags := new()", "flags.Sorted = false", "go(x.y=1)", "module.exports = 1"], 1))
        [(2, 'flags.Sorted = false')]
    """
    known: set[str] = set()
    for number, line in enumerate(lines, first):
        text = line.strip()
        found = _FIELD.match(text) if len(text) <= _LONGEST else None
        if found and _IS_GIVEN.match(text, found.end()):
            is_call = "(" in _LITERAL.sub("", found[0])
            if is_call or found[1] in known:
                yield number, _COMMENT.split(text, maxsplit=1)[0].strip(" ;").removeprefix(">>> ")
        if "=" in line:
            known.update(re.findall(r"([^\W\d]\w*)[ \t]*:?=(?![=>])", line[:_LONGEST]))
