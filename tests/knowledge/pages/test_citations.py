"""Anchors and quotes of a text."""

from __future__ import annotations

from codebase_gardener.knowledge.pages.citations import read_citations, read_quotes
from codebase_gardener.utils.anchors import Anchor


def test_anchors_and_quotes_are_found_outside_of_code() -> None:
    text = "See `a.py:L1-2`.\n\n```\n`b.py:L1-2`\n```\n\nFrom `c d.py:L3-4`:\n\n```python\nx = 1\n\ny = 2\n```\nwords\n"
    assert [(item.anchor, item.line) for item in read_citations(text)] == [
        (Anchor("a.py", 1, 2), 1), (Anchor("c d.py", 3, 4), 7),
    ]  # fmt: skip
    assert [(item.anchor, item.text, item.line) for item in read_quotes(text)] == [
        (Anchor("c d.py", 3, 4), "x = 1\n\ny = 2", 7)
    ]
    without_blank = text.replace(":\n\n```python", ":\n```python")
    assert [item.text for item in read_quotes(without_blank)] == ["x = 1\n\ny = 2"]
