"""Fences open and close as CommonMark has it."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.fences import Fence, closes_fence, fence_after, opened_fence


@pytest.mark.parametrize(
    ("line", "fence"),
    [
        ("```py", Fence("```", "py", 0)),
        ("  ~~~~ {.rust hl}", Fence("~~~~", "{.rust hl}", 2)),
        ("~~~ `a`", Fence("~~~", "`a`", 0)),
        ("```a`", None),
        ("``a", None),
        ("text ```", None),
    ],
)
def test_opening_lines(line: str, fence: Fence | None) -> None:
    assert opened_fence(line) == fence


def test_languages() -> None:
    lines = ("```c++ title=x", "~~~{.rust hl}", "```", "``` {note}")
    assert [fence.language for line in lines if (fence := opened_fence(line))] == ["c++", "rust", "", "note"]


def test_a_fence_is_closed_by_its_own_mark_alone() -> None:
    assert closes_fence("  ````  ", "```")
    assert not closes_fence("``", "```")
    assert not closes_fence("~~~", "```")
    assert not closes_fence("```py", "```")


def test_the_open_fence_from_line_to_line() -> None:
    mark, open_after = "", []
    for line in ("a", "```py", "~~~", "``", "    ```", "````", "b"):
        mark = fence_after(line, mark)
        open_after.append(mark)
    assert open_after == ["", "```", "```", "```", "```", "", ""]
