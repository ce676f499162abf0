"""What the verifier can find, and how each finding is mended."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHECKS", "Finding", "PageCounts"]

CHECKS: dict[str, str] = {
    "front matter": "build the wiki again",
    "name": "a page lies in its type's folder under its own name: build the wiki again",
    "commit": "the wiki is of another state of the repository: build it again",
    "sections": "build the wiki again; a correction belongs into the overrides file",
    "links": "link to a page that exists, of a type that the edge allows",
    "inverse": "inverse links are derived: build the wiki again",
    "pair": "a Principle has one Implementation, and an Implementation at most one Principle",
    "steps": "a Workflow has at least 2 steps or is one command, numbered, each with the link of its edge, and no code",
    "unreachable": "link it from a page that a Workflow reaches, or say in its notes why it is kept",
    "evidence": "an Environment names at least 2 anchors in Code Evidence",
    "anchor": "name lines that exist, and list each anchor of the text among the sources",
    "hash": "the lines have changed: build the wiki again",
    "symbol": "the range is the definition's, from its first decorator to its last line: build the wiki again",
    "quote": "a quote equals its lines: build the wiki again",
    "form": "the page is not as the tool writes it: a correction belongs into the overrides file",
    "index": "indexes are computed from the pages: build the wiki again",
    "report": "reports are computed from the pages: build the wiki again",
    "missing": "build the wiki again",
    "stray": "remove the file, or move it out of the wiki",
}
"""What is checked, and how each is mended."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something that does not hold.

    Attributes:
        file: In the wiki.
        line: 1-based; 0 for the file as a whole.
        check: A key of `CHECKS`.
        what: In words.
    """

    file: str
    line: int
    check: str
    what: str

    @property
    def mend(self) -> str:
        """What to do."""
        return CHECKS[self.check]


@dataclass(frozen=True)
class PageCounts:
    """How much of a page was checked."""

    links: int
    anchors: int
    quotes: int
