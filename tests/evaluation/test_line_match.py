"""Lines are compared as RepoBench and CrossCodeEval do."""

from __future__ import annotations

import pytest

from codebase_gardener.evaluation.line_match import match_lines


@pytest.mark.parametrize(
    ("said", "expected", "exact", "exact_lines"),
    [
        ("    return a\n", "  return a\n", True, True),
        ("\n\nreturn a\nmore\n", "return a\n", True, True),
        ("return a\nb = 1\n", "return a\n\nb = 2\n", True, False),
        ("return b\n", "return a\n", False, False),
        ("", "return a\n", False, False),
    ],
)
def test_what_is_exact(said: str, expected: str, exact: bool, exact_lines: bool) -> None:
    found = match_lines(said, expected)
    assert (found.exact, found.exact_lines) == (exact, exact_lines)


def test_similarity_is_that_of_the_lines_that_were_asked_for() -> None:
    found = match_lines("abcd\nnever asked for", "abce\n")
    assert found.similarity == pytest.approx(0.75)
    assert found.similarity_lines == pytest.approx(0.75)
    assert match_lines("", "x\n").similarity == 0
