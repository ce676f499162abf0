"""Whether a comment is code that somebody has put out of use: it describes nothing."""

from __future__ import annotations

import re

__all__ = ["is_code_line", "is_commented_out"]

_LONGEST = 400
_CODE = re.compile(
    r"(?:import|export|const|let|var|throw|await|function|public|private|static|func|fn|pub)\b.*[;{(,]\s*\Z"
    r"|[\w.$]+(?:[ \t]*=(?!=)|\().*[;{(]\s*\Z"
    r"|[)}\]]+[;,)]*\s*\Z"
    r"|import [\w.]+(?: as \w+)?\s*\Z|from [\w.]+ import [\w, ()*]+\Z"
)


def is_code_line(line: str) -> bool:
    """Whether a line is a statement, and no sentence.

    Example:
        >>> lines = ["import { a } from './a.js';", "export type A = B;", "a.b(1);", "See {@link A}", "In ms;"]
        >>> [is_code_line(line) for line in lines]
        [True, True, True, False, False]
    """
    return bool(_CODE.match(line.strip()[:_LONGEST]))


def is_commented_out(text: str) -> bool:
    """Whether all lines of a comment are statements."""
    lines = [line for line in text.split("\n") if line.strip()]
    return bool(lines) and all(map(is_code_line, lines))
