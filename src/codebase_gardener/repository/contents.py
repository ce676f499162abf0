"""Reasons to leave a file out by what is in it."""

from __future__ import annotations

import re

from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.utils.foreign_files import is_lfs_pointer

__all__ = ["content_problem"]

MAX_LINES = 50_000
MAX_LINE_CHARS = 20_000
MAX_TEXT_CHARS = 100_000
_HEAD_LINES = 20
_HEAD_CHARS = 4_000

_COMMENT = re.compile(r"""\s*(?:\#|//+|/\*+|\*|--|;+|%+|<!--|\.\.|\{\#|"{3}|'{3}|!)\s?""")
_GENERATED = re.compile(
    r"(^|\s)@generated\b"
    r"|\bdo not (edit|modify)\b"
    r"|^\W*((this|the) (file|code|module) (is|was|has been) )?"
    r"(auto(matically)?[- ]?)?generated (by|from|with|using)\b"
    r"|^\W*(this|the) (file|code|module) (is|was|has been) auto(matically)?[- ]?generated\b"
    r"|^\W*auto[- ]?generated\b",
    re.IGNORECASE,
)


def content_problem(path: str, text: str, language: str) -> str | None:
    """Why the text is not source that somebody wrote, else None.

    A packaging file that names a package counts whoever wrote it: Cargo writes those of all published crates anew.

    Args:
        path: POSIX, from the root.
        text: The decoded content.
        language: As `language_of` tells.
    """
    if is_lfs_pointer(text):
        return "a Git LFS pointer, not the file itself: run `git lfs pull`"
    if problem := _shape_problem(text, language):
        return problem
    generated = _generated(text)
    if generated and (manifest := read_manifest(path, text)) and manifest.name.text:
        return None
    return generated


def _shape_problem(text: str, language: str) -> str | None:
    lines = text.count("\n") + 1
    if lines > MAX_LINES:
        return f"too many lines: {lines:,} (at most {MAX_LINES:,})"
    longest = max(map(len, text.split("\n")))
    if longest > MAX_LINE_CHARS and language != "notebook":  # pictures stand on one line there
        return f"a line of {longest:,} characters (at most {MAX_LINE_CHARS:,}): minified or data"
    if language not in LANGUAGES and len(text) > MAX_TEXT_CHARS:
        return f"data: text of {len(text):,} characters in no known language"
    return None


def _generated(text: str) -> str | None:
    for number, line in enumerate(text[:_HEAD_CHARS].split("\n")[:_HEAD_LINES], 1):
        comment = _COMMENT.match(line)
        if comment and _GENERATED.search(line[comment.end() :]):
            return f"generated: line {number} says so"
    return None
