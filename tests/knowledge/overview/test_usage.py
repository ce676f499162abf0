"""What the Overview says that people do with it."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.building import build
from codebase_gardener.utils.progress import Quiet
from samples.written_context import context_of

DEEDS = ("Filling a pot", "Close the kiln", "Cleaning lids", "Heating water")


def shown(titles: tuple[str, ...]) -> str:
    names = [f"step_{at}" for at in range(2 * len(titles))]
    code = "".join(f'def {name}(pot):\n    """Does {name}."""\n    return pot\n\n\n' for name in names)
    sections = (
        f"## {title}\n\n```python\nfrom pots import {one}, {two}\n\npot = {one}(1)\n{two}(pot)\n```\n\n"
        for title, one, two in zip(titles, names[::2], names[1::2], strict=True)
    )
    files = {"pots/__init__.py": code, "docs/guide.md": "# Guide\n\n" + "".join(sections)}
    built = build(context_of(files).repository, Quiet())
    return next(page.usage for page in built.pages if page.type == "Overview")


def test_where_enough_workflows_say_what_is_done_other_titles_are_left_to_the_index() -> None:
    usage = shown((*DEEDS, "Lids: Example", "Using a pot"))
    assert all(f"[{deed}]" in usage for deed in DEEDS)
    assert "Example" not in usage
    assert "Using a pot" not in usage
    assert "And 2 more" in usage


@pytest.mark.parametrize("titles", [("Lids and rims", "Filling a pot")])
def test_of_few_workflows_all_are_shown_what_is_done_first(titles: tuple[str, ...]) -> None:
    usage = shown(titles)
    assert 0 < usage.index("[Filling a pot]") < usage.index("[Lids and rims]")
