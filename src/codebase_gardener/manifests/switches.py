"""Features and extras of a packaging file, each with the comment above it."""

from __future__ import annotations

import re

from codebase_gardener.manifests.contents import Switch
from codebase_gardener.manifests.values import MAX_TEXT, LocatedValue, comment_above, one_line
from codebase_gardener.utils.anchors import split_lines

__all__ = ["switches_of"]

_BESIDE = re.compile(r"\][ \t]*#+[ \t]*([^\s#].*)")


def switches_of(kind: str, table: LocatedValue, text: str) -> tuple[Switch, ...]:
    """Of a table of lists.

    Args:
        kind: As `Switch.kind`.
        table: By name what each brings.
        text: Of the whole file.
    """
    lines = split_lines(text)
    found = []
    for name, row in table.table.items():
        says, first = comment_above(lines, row.start)
        beside = _BESIDE.search(lines[row.end - 1][-MAX_TEXT:])
        says = " ".join(filter(None, (says, one_line(beside[1]) if beside else "")))
        brings = tuple(each.text for each in row.entries if each.text)
        found.append(Switch(kind, one_line(name), brings, says, first, row.end))
    return tuple(found)
