"""Judging one entry: it is text that somebody wrote, or there is a reason why it is left out."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from codebase_gardener.languages.python.row import is_python
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.contents import content_problem
from codebase_gardener.repository.decoding import decode, looks_binary
from codebase_gardener.repository.entries import Entry
from codebase_gardener.repository.filters import name_problem, path_problem, size_problem
from codebase_gardener.utils.memo import remembered

__all__ = ["JudgedText", "LeftOutError", "judge"]


class LeftOutError(Exception):
    """The file is left out; the message is the reason."""


class JudgedText(NamedTuple):
    """What a snapshot keeps of a file."""

    language: str
    sha256: str
    text: str


def judge(entry: Entry, max_file_bytes: int) -> JudgedText:
    """Read an entry, cheapest reason to leave it out first.

    Args:
        entry: Its name has not been looked at yet.
        max_file_bytes: Larger files are left out.

    Raises:
        LeftOutError: With the reason.
    """
    _refuse(name_problem(entry.path))
    _refuse(entry.problem)
    _refuse(path_problem(entry.path))
    _refuse(size_problem(entry, max_file_bytes))
    data = _content(entry)
    _refuse("too large: it grew while it was read" if len(data) > max_file_bytes else None)
    _refuse("binary" if looks_binary(data) else None)
    text = decode(data, python=is_python(entry.path))
    language = language_of(entry.path, text)
    _refuse(_text_problem(entry.path, text, language) or None)
    return JudgedText(language, hashlib.sha256(data).hexdigest(), text)


@remembered
def _text_problem(path: str, text: str, language: str) -> str:
    """Why a text is not kept; "" where it is."""
    return content_problem(path, text, language) or ""


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise LeftOutError(reason)


def _content(entry: Entry) -> bytes:
    try:
        return entry.read()
    except Exception as error:  # archives raise whatever their codec raises: one bad file never stops the run
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LeftOutError(f"cannot be read: {reason}") from error
