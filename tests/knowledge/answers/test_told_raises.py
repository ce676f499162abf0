"""What documents say that a function raises."""

from __future__ import annotations

from codebase_gardener.knowledge.answers.told_raises import said_to_raise
from codebase_gardener.repository.snapshot import SourceFile

GUIDE = """# Baking

Call `.bake()` to bake. It may throw up smoke.

Others throw, `bake` does not throw.

If the kiln is cold, `pot.bake(clay)` throws something. When it is full, the `.bake()` method throws a `KilnError`.

A `rebake` throws a `RebakeError`.
"""


def test_sentences_that_name_the_function_and_say_that_it_raises_are_told_those_with_the_error_first() -> (
    None
):
    files = [SourceFile("docs/a.md", "markdown", "", GUIDE), SourceFile("docs/b/c.md", "markdown", "", GUIDE)]
    assert [(error, line.text, line.anchor) for error, line in said_to_raise(files, "Pot.bake")] == [
        ("KilnError", "“When it is full, the `.bake()` method throws a `KilnError`.”", "docs/a.md:L7-7"),
        ("", "“If the kiln is cold, `pot.bake(clay)` throws something.”", "docs/a.md:L7-7"),
    ]
    assert list(said_to_raise(files, "clay")) == []
