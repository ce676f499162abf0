"""Code spans are paired as CommonMark does it."""

from __future__ import annotations

from codebase_gardener.documents.code_spans import code_spans


def _texts(text: str) -> list[str]:
    return [text[start + marks : end - marks] for start, end, marks in code_spans(text)]


def test_marks_are_paired_by_length() -> None:
    assert _texts("`a` ``b`c`` `` d ` e") == ["a", "b`c"]


def test_an_escaped_mark_opens_none() -> None:
    assert _texts(r"\`a` b `c`") == [" b "]
    assert _texts(r"\\`a`") == ["a"]
