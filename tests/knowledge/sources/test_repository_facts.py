"""A snapshot's facts: which of several definitions a name means, and the evidence of a range."""

from samples.written_context import context_of


def test_of_several_definitions_the_first_that_is_no_overload_is_meant() -> None:
    text = """
        from typing import overload

        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: str) -> str: ...
        def f(x):
            return x
        def f(x, y):
            return y
    """
    repository = context_of({"a.py": text}).repository
    assert [each.start for each in repository.definitions["a.py", "f"]] == [3, 5, 7, 9]
    assert str(repository.source_of(repository.symbols["a.py", "f"]).anchor) == "a.py:L7-8"


def test_translations_and_documents_of_an_older_version_are_no_evidence() -> None:
    guide = "# Load\n\n```python\nfrom pot import load\n\nload()\n```\n"
    files = {
        "pot.py": "def load():\n    return 1\n",
        "README.md": "# Pot\n\nKeeps the soup warm.\n",
        "docs/a.md": guide,
        "docs-v1/b.md": guide.replace("# Load", "# Load it all"),
        "other/README_KO.md": guide.replace("# Load", "# 불러오기\n\n수프를 따뜻하게 합니다."),
    }
    context = context_of(files)
    areas = context.repository.areas
    assert [areas[path] for path in ("docs/a.md", "docs-v1/b.md", "other/README_KO.md")] == [
        "docs", "other", "other",
    ]  # fmt: skip
    assert {one.path for one in context.resolution.passages} == {"docs/a.md"}
