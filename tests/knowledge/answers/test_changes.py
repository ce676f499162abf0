"""What changed between two states."""

from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.answers.changes import changes_since
from samples.written_context import context_of

BEFORE = {
    "garden/a.py": "def kept():\n    return 1\n\n\ndef wider(x):\n    return x\n\n\ndef gone():\n    pass\n",
    "docs/a.md": "# A\n",
    "tests/test_a.py": "def test_it():\n    pass\n",
}
NOW = {
    "garden/a.py": "def kept():\n    return 2\n\n\ndef wider(x, y=1):\n    return x\n\n\ndef new():\n    pass\n",
    "docs/b.md": "# B\n",
    "tests/test_a.py": "def test_that():\n    pass\n",
}


def test_signatures_come_first_then_what_went_and_came_and_bodies_the_package_before_the_rest() -> None:
    before, now = (context_of(files).repository.snapshot for files in (BEFORE, NOW))
    lines = [(line.text, line.anchor) for line in changes_since("v1", before, now)]
    assert lines == [
        ("since v1: 1 changed signatures, 2 definitions removed, 2 definitions added, 1 changed bodies, "
         "2 other files", ""),
        ("signature of `wider`: `def wider(x)` became `def wider(x, y=1)`", "garden/a.py:L5-6"),
        ("removed: `gone`; it stood there at v1", "garden/a.py:L9-10"),
        ("added: `def new()`", "garden/a.py:L9-10"),
        ("body of `kept` changed", "garden/a.py:L1-2"),
        ("removed: `test_it`; it stood there at v1", "tests/test_a.py:L1-2"),
        ("added: `def test_that()`", "tests/test_a.py:L1-2"),
        ("file `docs/a.md` removed; it was there at v1", "docs/a.md:L1-1"),
        ("file `docs/b.md` added", "docs/b.md:L1-1"),
    ]  # fmt: skip
    assert [line.text for line in changes_since("v1", now, now)] == ["since v1: nothing"]


def test_many_changes_are_counted_and_the_first_are_shown() -> None:
    now = context_of({"a.py": "\n".join(f"def f{n}():\n    pass\n" for n in range(99))}).repository.snapshot
    lines = changes_since("v1", replace(now, files=()), now)
    assert len(lines) == 52
    assert lines[-1].text == "and 49 more"
