"""What a build of a wiki gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codebase_gardener.knowledge.pages.findings import Finding
from codebase_gardener.knowledge.pages.overrides import Applied
from codebase_gardener.knowledge.pages.structure import Page

if TYPE_CHECKING:
    from codebase_gardener.knowledge.writers.prose_writing import ProseReport

__all__ = ["Build", "judged"]


@dataclass(frozen=True)
class Build:
    """A wiki that was built.

    Attributes:
        files: Text by path within the wiki's folder.
        pages: All pages.
        phase: The last phase done.
        findings: What the audit found and could not mend.
        corrections: What became of the overrides.
        prose: What became of the writer's answers; None without a writer.
        references: How many references of code there are to names.
        unresolved: How many of them have no target.
        unread: Files of code that could not be parsed, whole or in part.
    """

    files: Mapping[str, str]
    pages: tuple[Page, ...]
    phase: str
    findings: tuple[Finding, ...]
    corrections: Applied
    prose: ProseReport | None
    references: int
    unresolved: int
    unread: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "phase": self.phase,
            "pages": dict(sorted(Counter(page.type for page in self.pages).items())),
            "references": self.references,
            "unresolved": self.unresolved,
            "unread": list(self.unread),
            "findings": [vars(finding) for finding in self.findings],
            "corrected": list(self.corrections.corrected),
            "stale_corrections": dict(self.corrections.stale),
            "problems": list(self.corrections.problems),
            "writer": self.prose.as_dict() if self.prose else None,
        }


def judged(findings: Iterable[Finding], phase: str) -> tuple[Finding, ...]:
    """What counts after a phase: until the last, pages that others lead to are not all there."""
    return tuple(one for one in findings if phase == "6" or one.check not in ("links", "pair", "unreachable"))
