"""Remarks are what blocks say: no code, no tables, each box told once."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.reading import blocks
from codebase_gardener.documents.remarks import Remark, remarks
from codebase_gardener.documents.rst import rst_blocks


def _said(text: str, path: str = "a.md", language: str = "markdown") -> list[tuple[str, str, int, int, str]]:
    found = remarks(blocks(path, language, text))
    return [(one.kind, one.name, one.start, one.end, one.text) for one in found]


def test_items_and_paragraphs_under_their_heading() -> None:
    text = "# A `b`\n\nText\ngoes on.\n\n- one *a* b\n- two\n\n  more\n\n| a |\n|---|\n| b |\n\n    code\n"
    assert list(remarks(blocks("a.md", "markdown", text))) == [
        Remark("paragraph", "", "", "A b", 3, 4, "Text goes on."),
        Remark("item", "", "", "A b", 6, 6, "one *a* b"),
        Remark("item", "", "", "A b", 7, 7, "two"),
        Remark("paragraph", "", "", "A b", 9, 9, "more"),
    ]


def test_items_of_rst_without_blank_lines() -> None:
    assert _said("Tips\n====\n\n* One *a* b\n  goes on.\n* Two.\n", "a.rst", "rst") == [
        ("item", "", 4, 5, "One *a* b goes on."), ("item", "", 6, 6, "Two."),
    ]  # fmt: skip


def test_code_in_a_box_is_left_out_with_a_mark() -> None:
    text = '!!! tip\n    One.\n\n    ```py\n    a()\n    ```\n\n    Two.\n\n=== "Tab"\n\n    Three.\n'
    assert _said(text) == [("admonition", "tip", 1, 8, "One. … Two."), ("paragraph", "", 12, 12, "Three.")]


def test_a_box_within_a_box_is_told_apart() -> None:
    assert _said(":::::{note}\nOuter.\n\n:::{warning}\nInner.\n:::\n:::::\n") == [
        ("admonition", "note", 1, 7, "Outer."), ("admonition", "warning", 4, 6, "Inner."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("box", "name", "end"),
    [
        ("!!! warning\n    Hot.\n", "warning", 2),
        ("<Tip warning={true}>\n\nHot.\n\n</Tip>\n", "warning", 5),
        ("> [!NOTE]\n> Hot.\n", "note", 2),
        (":::{tip}\nHot.\n:::\n", "tip", 3),
        (".. note::\n   Hot.\n", "note", 2),
        ("Note: Hot.\n", "note", 1),
    ],
)
def test_boxes_of_docstrings(box: str, name: str, end: int) -> None:
    found = list(remarks(rst_blocks(f"{box}\nAfter.".split("\n"), docstring=True)))
    assert [(one.kind, one.name, one.start, one.end, one.text) for one in found] == [
        ("admonition", name, 1, end, "Hot."), ("paragraph", "", end + 2, end + 2, "After."),
    ]  # fmt: skip
