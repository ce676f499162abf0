"""What site generators add to CommonMark, with the lines of what stands within."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.documents.markdown import markdown_blocks


def _blocks(text: str) -> list[tuple[str, int, int, str, str]]:
    return [(b.kind, b.start, b.end, b.text, b.label) for b in markdown_blocks(text)]


def test_tabs_hold_code_and_boxes() -> None:
    assert _blocks('=== "One"\n\n    !!! warning "Hot"\n        Now.\n\n\n        Later.\n\nAfter.\n') == [
        ("box", 1, 7, "One", "tab"), ("box", 3, 7, "Hot", "warning"),
        ("paragraph", 4, 4, "Now.", ""), ("paragraph", 7, 7, "Later.", ""), ("paragraph", 9, 9, "After.", ""),
    ]  # fmt: skip


def test_tables_are_rows_and_items_have_their_marks() -> None:
    assert _blocks("| a | b |\n|---|---|\n| 1 | 2 |\n\n1. one\n\n   more\n- two\n") == [
        ("row", 1, 1, "| a | b |", ""), ("row", 3, 3, "| 1 | 2 |", ""),
        ("item", 5, 5, "one", "1."), ("paragraph", 7, 7, "more", ""), ("item", 8, 8, "two", "-"),
    ]  # fmt: skip


def test_a_tip_on_one_line_and_one_without_an_end() -> None:
    assert _blocks("<Tip>Save.</Tip>\n\n<Tip>\n\nNever ends.\n") == [
        ("box", 1, 1, "", "tip"), ("paragraph", 1, 1, "Save.", ""), ("paragraph", 5, 5, "Never ends.", ""),
    ]  # fmt: skip


def test_marks_in_code_are_code() -> None:
    assert _blocks("```\n!!! note\n::: a.b\n<Tip>\n```\n") == [("code", 2, 4, "!!! note\n::: a.b\n<Tip>", "")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["<Tip>\n", ":::a\n", "!!! note\n", "/// note\n", "```{note}\n", "> [!NOTE]\n\n"]
)
def test_thousands_of_boxes_without_an_end_take_seconds(line: str) -> None:
    begin = time.process_time()
    markdown_blocks(line * 20_000)
    assert time.process_time() - begin < 8
