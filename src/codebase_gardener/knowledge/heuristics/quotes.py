"""The repository's words inside a Heuristic page: data, whatever they say.

A quote of lines is a fenced block after "From `path:Lx-y`:"; a quote of words is one line in which nothing is a link, a
tag, a heading or an anchor.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from codebase_gardener.utils.anchors import Anchor

__all__ = ["cut", "quoted_lines", "quoted_words"]

_SPAN = re.compile(r"`([^`\n]{1,120})`")
_UNSAFE_SPAN = re.compile(r"\[\[|\]\]|:L?\d+(?:-\d+)?$|::|^\s|\s$|[<>]")
_MARKS = re.compile(
    r"[\\`*\[\]<>|]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|&(?=#?\w+;)|^(?:#|[-+]|\d+[.)])(?=\s)"
)


def quoted_words(text: str) -> str:
    """A text of the repository in quotation marks; names in code marks stay code, all else is plain words.

    Example:
        >>> quoted_words("Use `r=8`, see [[step::X]] <b>")
        '“Use `r=8`, see \\\\[\\\\[step::X\\\\]\\\\] \\\\<b\\\\>”'
    """
    line = " ".join(text.split())
    parts: list[str] = []
    at = 0
    for span in _SPAN.finditer(line):
        if _UNSAFE_SPAN.search(span[1]):
            continue
        parts += [_escaped(line[at : span.start()]), span[0]]
        at = span.end()
    return f"“{''.join([*parts, _escaped(line[at:])])}”"


def quoted_lines(anchor: Anchor, lines: Iterable[str], language: str = "") -> str:
    """The lines of an anchor as a fenced block, without their common indentation."""
    text = textwrap.dedent("\n".join(line.rstrip() for line in lines))
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"From `{anchor}`:\n\n{mark}{language}\n{text}\n{mark}"


def cut(text: str, most: int) -> str:
    """The text, cut at a word and with "…" where it is longer."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0].rstrip(" ,;:(") + " …"


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", text)
