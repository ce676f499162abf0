"""Prompts of an editor: what stands before and behind a cursor, with the project's code before it as in training.

A completion is what training asks for (`prompts.completion_prompt`): retrieved code, the file's path, what stands
before the cursor. A fill-in for a base without tokens for it has what stands behind the cursor first, as a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codebase_gardener.dataset.prompts import comment_prefix, context_part, path_line
from codebase_gardener.languages.table import language_of
from codebase_gardener.retrieval.documents import Document

__all__ = [
    "AFTER_TOKENS",
    "BEFORE_TOKENS",
    "Cursor",
    "cursor_query",
    "cut_cursor",
    "editor_prompt",
    "fill_in_text",
    "infill_prompt",
    "prompt_parts",
]

BEFORE_TOKENS = 1_500
AFTER_TOKENS = 300
_OPENING_TOKENS = 300
_CHARS_A_TOKEN = 8  # no code has longer ones on average: what is cut before counting is more than fits
_PATH = re.compile(r"\W{1,4}\s*(?i:path|filepath|file|filename)\s*[:=]\s*(\S{1,400})\s*\Z")
_PATH_LINES = 3
_CLASS = re.compile(r"[\w\s]*\b(class|impl|interface|struct|trait|enum|module)\b")


@dataclass(frozen=True)
class Cursor:
    """A place in a file.

    Attributes:
        before: The text before it.
        after: The text behind it.
        path: The file's path in its repository; "" where the editor does not say.
        language: A key of `LANGUAGES`; "" where the editor does not say: that of the path.
    """

    before: str
    after: str = ""
    path: str = ""
    language: str = ""

    def named(self, default_language: str) -> Cursor:
        """With its path, where its own first lines say it, and its language."""
        path, before = self.path, self.before
        for number, line in enumerate(before.splitlines(keepends=True)[:_PATH_LINES]):
            if not path and (found := _PATH.match(line)):
                path = found[1]
                lines = before.splitlines(keepends=True)
                before = "".join(lines[:number] + lines[number + 1 :])
        return Cursor(before, self.after, path, self.language or language_of(path) or default_language)


def cursor_query(cursor: Cursor) -> str:
    """What to search for: the path, and the lines that open the class and the function around the cursor.

    It is the same wherever in a function the cursor is, so that what is found, and a cache of it, stay the same.
    """
    opening = _openings(cursor.before)
    if opening and not _CLASS.match(opening[0]):
        del opening[1:]
    return "\n".join([cursor.path, *opening[:2]])


def _openings(before: str) -> list[str]:
    """The lines, outermost first, that each open a block around the end of a text."""
    lines = [line for line in before.splitlines() if line.strip()]
    depth = _indent(before.rpartition("\n")[2]) if before.rpartition("\n")[2].strip() else None
    opening: list[str] = []
    for line in reversed(lines):
        indent = _indent(line)
        if depth is None:
            depth = indent + 1 if line.rstrip().endswith((":", "{", "(")) else indent
        if indent < depth and line.strip()[0] not in "}])#/*":
            opening.append(line)
            depth = indent
        if depth == 0:
            break
    return opening[::-1]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def cut_cursor(cursor: Cursor, count: Callable[[str], int]) -> Cursor:
    """What fits: the last lines before the cursor, the file's opening lines above them, the first lines behind it.

    Args:
        cursor: A place, in a file of any length.
        count: Tokens of a text.
    """
    before = cursor.before
    if len(before) > BEFORE_TOKENS or not before.isascii():
        kept = _last_lines(before, BEFORE_TOKENS, count)
        if kept != before:
            opening = _first_lines(_opening_part(before[: len(before) - len(kept)]), _OPENING_TOKENS, count)
            kept = _last_lines(before, BEFORE_TOKENS - count(opening), count)
            before = f"{opening}{comment_prefix(cursor.language)} ...\n{kept}"
    return Cursor(before, _first_lines(cursor.after, AFTER_TOKENS, count), cursor.path, cursor.language)


def _opening_part(text: str) -> str:
    """Imports and what else stands at a file's top: up to the first line that opens a block."""
    lines = text.splitlines(keepends=True)
    end = next(
        (
            n
            for n, line in enumerate(lines[1:], 1)
            if line[:1] in " \t" and line.strip() and lines[n - 1].strip()
        ),
        len(lines) + 1,
    )
    return "".join(lines[: max(0, end - 1)])


def _last_lines(text: str, tokens: int, count: Callable[[str], int]) -> str:
    """The last lines that have together no more than so many tokens, and of one line that has more its end."""
    text = text[-tokens * _CHARS_A_TOKEN :]
    lines = text.splitlines(keepends=True)
    low, high = 0, len(lines)
    while low < high:  # the first line from which on all fit
        middle = (low + high) // 2
        if count("".join(lines[middle:])) <= tokens:
            high = middle
        else:
            low = middle + 1
    return "".join(lines[low:]) or text[-tokens:]


def _first_lines(text: str, tokens: int, count: Callable[[str], int]) -> str:
    lines = text[: tokens * _CHARS_A_TOKEN].splitlines(keepends=True)
    while lines and count("".join(lines)) > tokens:
        lines = lines[: len(lines) * 3 // 4]
    return "".join(lines)


def editor_prompt(cursor: Cursor, context: Sequence[Document] = ()) -> str:
    """What the model goes on with: retrieved code, the path, what stands before the cursor."""
    return "".join(prompt_parts(cursor, context))


def prompt_parts(cursor: Cursor, context: Sequence[Document] = ()) -> tuple[str, str]:
    """Retrieved code; the path with what stands before the cursor."""
    path = path_line(cursor.path, cursor.language) if cursor.path else ""
    return context_part(context, comment_prefix(cursor.language)), path + cursor.before


def infill_prompt(cursor: Cursor, context: Sequence[Document] = ()) -> str:
    """What a base without tokens for fill-ins goes on with."""
    front, before = prompt_parts(cursor, context)
    return front + fill_in_text(before, cursor.after, cursor.language)


def fill_in_text(before: str, after: str, language: str) -> str:
    """A fill-in in plain text: what stands behind the place, as a comment, and then what stands before it.

    The comment's first line is the rest of the place's own line: nothing, where the place is at a line's end.
    """
    comment = comment_prefix(language)
    lines = "".join(f"{comment} | {line}".rstrip() + "\n" for line in after.rstrip().splitlines())
    return f"{comment} what follows:\n{lines}\n{before}" if lines else before
