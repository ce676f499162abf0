"""Sections of docstrings stand on their lines."""

from __future__ import annotations

from codebase_gardener.documents.docstring_sections import docstring_sections


def _sections(text: str) -> list[tuple[str, int, int]]:
    return [
        (one.name, one.body, one.end) for one in docstring_sections(text.split("\n")) if one.end > one.body
    ]


def test_sections_of_google() -> None:
    assert _sections("Does it.\n\nArgs:\n    a: One.\n    b: Two.\n\nNote:\n    Hot.\n\nMore.") == [
        ("", 0, 2), ("args", 3, 6), ("note", 7, 9), ("", 9, 10),
    ]  # fmt: skip


def test_sections_of_numpy() -> None:
    assert _sections("Does it.\n\nParameters\n----------\na : int\n    One.\n\nReturns\n-------\nint") == [
        ("", 0, 2), ("parameters", 4, 7), ("returns", 9, 10),
    ]  # fmt: skip


def test_a_line_that_only_looks_like_a_section() -> None:
    assert _sections("See this:\n    that\nParameters\nfollow") == [("", 0, 4)]
