"""Pages whose evidence has changed since they were built, with the diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codebase_gardener.knowledge.pages.anchoring import AnchorIndex, Reanchored, find_again
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import split_lines

__all__ = ["Change", "changes_of"]


@dataclass(frozen=True)
class Change:
    """An anchor of a page that does not stand where it stood, or not as it stood.

    Attributes:
        page: Id.
        source: As the page has it.
        found: What became of it.
    """

    page: str
    source: Source
    found: Reanchored

    def __str__(self) -> str:
        where = {"moved": f"is now {self.found.source.anchor}", "gone": "is gone"}
        told = where.get(self.found.state, f"has changed, now {self.found.source.anchor}")
        return f"{self.source.anchor} {told}" + (f"\n{self.found.diff}" if self.found.diff else "")


def changes_of(pages: Iterable[Page], before: Snapshot, now: Snapshot) -> tuple[Change, ...]:
    """What became of the anchors of pages, in order; nothing is told of those that hold.

    Args:
        pages: As they were built.
        before: What they were built from, for the diffs.
        now: The source now.
    """
    if before.tree_hash == now.tree_hash:
        return ()
    files = {file.path: file.sha256 for file in now.files}
    changed = {file.path for file in before.files if files.get(file.path) != file.sha256}
    sources = [
        (page.id, source) for page in pages for source in page.sources if source.anchor.path in changed
    ]
    if not sources:
        return ()
    old_lines = {file.path: split_lines(file.text) for file in before.files if file.path in changed}
    index = AnchorIndex(now.files, extract_tables(now))
    return tuple(_changes(sources, index, old_lines))


def _changes(
    sources: Iterable[tuple[str, Source]], index: AnchorIndex, old_lines: dict[str, list[str]]
) -> Iterator[Change]:
    for page_id, source in sources:
        anchor = source.anchor
        found = find_again(source, index, old_lines.get(anchor.path, [])[anchor.start - 1 : anchor.end])
        if found.state != "same":
            yield Change(page_id, source, found)
