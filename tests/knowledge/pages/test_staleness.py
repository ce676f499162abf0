"""Pages whose evidence has changed."""

from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.pages.staleness import changes_of
from codebase_gardener.repository.snapshot import Snapshot
from samples.small_wiki import FILES, OWNER, repository, wiki

BEFORE = repository()
PAGES = wiki(BEFORE).pages
CORE = "src/kiln/core.py"


def later(files: dict[str, str]) -> Snapshot:
    return replace(repository(files).snapshot, tree_hash="2" * 64)


def test_nothing_is_told_of_what_holds() -> None:
    assert changes_of(PAGES, BEFORE.snapshot, BEFORE.snapshot) == ()
    assert changes_of(PAGES, BEFORE.snapshot, later(FILES | {"new.md": "# New\n"})) == ()


def test_lines_that_moved_and_lines_that_changed() -> None:
    moved = changes_of(PAGES, BEFORE.snapshot, later(FILES | {CORE: "# moved\n" + FILES[CORE]}))
    assert {change.found.state for change in moved} == {"moved"}
    load = next(change for change in moved if change.page == f"Implementation:{OWNER}_load")
    assert str(load) == f"{CORE}:L6-10 is now {CORE}:L7-11"
    text = FILES[CORE].replace("Load a pot", "Take a pot")
    changed = changes_of(PAGES, BEFORE.snapshot, later(FILES | {CORE: text}))
    load = next(change for change in changed if change.page == f"Implementation:{OWNER}_load")
    assert load.found.state == "changed"
    assert "Take a pot" in str(load)


def test_what_is_gone() -> None:
    without = {path: text for path, text in FILES.items() if path != CORE}
    changes = changes_of(PAGES, BEFORE.snapshot, later(without))
    assert any(str(change) == f"{CORE}:L6-10 is gone" for change in changes)
