"""The modules of a repository as the tree beside every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.pages.structure import Page

__all__ = ["Branch", "module_branches"]


@dataclass(frozen=True)
class Branch:
    """A module in the tree.

    Attributes:
        id: Of its page.
        words: Its path, without that of the module around it.
        place: Of its page in the site.
        inside: The modules in it.
    """

    id: str
    words: str
    place: str
    inside: tuple[Branch, ...]

    def holds(self, page_id: str) -> bool:
        """Whether a page is this module's or that of one in it."""
        return self.id == page_id or any(branch.holds(page_id) for branch in self.inside)


def module_branches(pages: Sequence[Page], places: Mapping[str, str]) -> tuple[Branch, ...]:
    """The topmost modules with all that they hold.

    Args:
        pages: Of the type Module.
        places: Of each page's id, where it lies in the site.
    """
    by_id = {page.id: page for page in pages}
    inside = {
        page.id: [edge.target for edge in page.edges if edge.kind == "contains" and edge.target in by_id]
        for page in pages
    }
    held = {target for targets in inside.values() for target in targets}

    def branch(page_id: str, around: str, seen: frozenset[str]) -> Branch:
        title = by_id[page_id].title
        words = title.removeprefix(f"{around}/") if around else title
        deeper = [one for one in inside[page_id] if one not in seen]
        inner = tuple(branch(one, title, seen | {page_id}) for one in sorted(deeper))
        return Branch(page_id, words, places[page_id], inner)

    return tuple(branch(page_id, "", frozenset()) for page_id in sorted(by_id) if page_id not in held)
