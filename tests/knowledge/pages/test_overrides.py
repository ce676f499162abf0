"""A person's corrections."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.pages.overrides import Override, apply_overrides, correct, read_overrides
from codebase_gardener.utils.error_handling import InvalidInputError
from samples.small_wiki import FILES, OWNER, repository, wiki

FACTS = repository()
PAGES = wiki(FACTS).pages
LOAD = next(page for page in PAGES if page.name == f"{OWNER}_load")


def test_a_correction_is_kept_and_put_in(tmp_path: Path) -> None:
    path = tmp_path / "overrides.yaml"
    correct(path, LOAD, "usage", "Call it at `anchor:fire`.", FACTS)
    correct(path, LOAD, "Usage Examples", "None.", FACTS)
    applied = apply_overrides(PAGES, read_overrides(path), FACTS)
    page = next(page for page in applied.pages if page.id == LOAD.id)
    fire = FACTS.symbols["src/kiln/core.py", "fire"]
    assert page.usage == f"Call it at `{fire.anchor}`."
    assert FACTS.source_of(fire) in page.sources
    assert page.sections[2].body == "None."
    assert (applied.corrected, applied.stale, applied.problems) == ((LOAD.id,), {}, ())


def test_a_correction_of_lines_that_changed_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "overrides.yaml"
    correct(path, LOAD, "usage", "Words.", FACTS)
    changed = repository(
        FILES | {"src/kiln/core.py": FILES["src/kiln/core.py"].replace("Load a pot", "Take a pot")}
    )
    applied = apply_overrides(wiki(changed).pages, read_overrides(path), changed)
    assert "+" in applied.stale[LOAD.id]
    assert "stale" in next(page for page in applied.pages if page.id == LOAD.id).notes


@pytest.mark.parametrize("text", ["# A", "see [[x]]", "at a.py:L1-2", "`anchor:nowhere`", " "])
def test_what_breaks_a_page_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be put in"):
        correct(tmp_path / "o.yaml", LOAD, "usage", text, FACTS)
    assert not (tmp_path / "o.yaml").exists()


@pytest.mark.parametrize(
    "text", ["- a", "a: 1", "a: {colour: red}", "a: {usage: [1]}", "a: {sections: x}", "a: [", "\x00"]
)
def test_a_malformed_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "o.yaml").write_text(text)
    with pytest.raises(InvalidInputError, match="cannot be used"):
        read_overrides(tmp_path / "o.yaml")


def test_a_correction_of_no_page_is_told() -> None:
    applied = apply_overrides(PAGES, {"Principle:gone": Override({"usage": "x"})}, FACTS)
    assert applied.problems == ("Principle:gone: there is no such page (any more)",)
