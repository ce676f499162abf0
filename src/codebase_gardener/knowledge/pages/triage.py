"""Phase 5: what to do with the files that no workflow leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.repo_map import coverage
from codebase_gardener.knowledge.pages.structure import Page, Wiki
from codebase_gardener.knowledge.pages.wording import counted, enumerated
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.areas import area_of

__all__ = [
    "ORPHAN",
    "RULES",
    "WAYS_IN",
    "Review",
    "TriageRule",
    "Triaged",
    "is_orphan",
    "orphan_note",
    "triage",
]

ORPHAN = "kept as an orphan: "
"""How the notes of a page begin that no workflow leads to, and that is there on purpose."""

ALGORITHM_LINES = 30
"""A function of this many lines, with a docstring, is taken for an algorithm of its own."""


@dataclass(frozen=True)
class TriageRule:
    """A rule of triage; the first that applies decides.

    Attributes:
        decision: "discard" or "keep".
        what: In words.
        applies: Path and number of lines.
        source: Where the rule is from.
    """

    decision: str
    what: str
    applies: Callable[[str, int], bool]
    source: str = "wiki format, phase 5"


def _path(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda path: bool(compiled.search(f"/{path}"))


_is_init = _path(r"/__init__\.py$")
_in_kernels = _path(r"/kernels/")
_in_models = _path(r"/models/")

RULES: tuple[TriageRule, ...] = (
    TriageRule("discard", "at most 20 lines", lambda path, lines: lines <= 20),
    TriageRule(
        "discard", "an __init__ of less than 100 lines", lambda path, lines: _is_init(path) and lines < 100
    ),
    TriageRule("discard", "a test", lambda path, lines: area_of(path) == "tests"),
    TriageRule("discard", "a benchmark", lambda path, lines: area_of(path) == "benchmarks"),
    TriageRule("discard", "a script", lambda path, lines: area_of(path) == "scripts"),
    TriageRule("keep", "at least 300 lines", lambda path, lines: lines >= 300),
    TriageRule(
        "keep", "a kernel of at least 100 lines", lambda path, lines: _in_kernels(path) and lines >= 100
    ),
    TriageRule(
        "keep", "a model of at least 200 lines", lambda path, lines: _in_models(path) and lines >= 200
    ),
)
"""In order; a file that none applies to is reviewed."""


@dataclass(frozen=True)
class Review:
    """The three questions of a review, each with its evidence; "" is a no."""

    public_api: str
    user_facing: str
    algorithm: str

    @property
    def decision(self) -> str:
        """Keep where any is a yes."""
        return "keep" if self.public_api or self.user_facing or self.algorithm else "discard"

    @property
    def what(self) -> str:
        """The answers, in words."""
        said = filter(None, (self.public_api, self.user_facing, self.algorithm))
        return "; ".join(said) or "no public API, not user-facing, no algorithm of its own"


@dataclass(frozen=True)
class Triaged:
    """What became of a file.

    Attributes:
        path: A file of code that no page covers but orphans.
        lines: Its lines.
        decision: "discard" or "keep".
        reason: The rule, or the answers of the review.
        review: None where a rule decided.
        pages: Ids of the orphans that cover it.
    """

    path: str
    lines: int
    decision: str
    reason: str
    review: Review | None
    pages: tuple[str, ...]


WAYS_IN = ("Overview", "Module")
"""Types of pages that are about all files: what they say of one is no page about it."""


def is_orphan(page: Page) -> bool:
    """Whether a page says that it is an orphan on purpose."""
    return page.notes.startswith(ORPHAN)


def orphan_note(reason: str) -> str:
    """The notes of such a page.

    Example:
        >>> orphan_note("public API")
        'kept as an orphan: public API'
    """
    return ORPHAN + reason


def triage(wiki: Wiki, repository: RepositoryFacts, resolution: Resolution) -> tuple[Triaged, ...]:
    """Each file of code that no page covers, orphans not counted, by path.

    Documents, configuration and data are not triaged: a page is about code.
    """
    pages = coverage(page for page in wiki.pages if page.type not in WAYS_IN)
    reviewer = _Reviewer(repository, resolution)
    found = []
    for path, facts in sorted(repository.facts.items()):
        covering = pages.get(path, ())
        if not is_code(facts.language) or any(not is_orphan(page) for page in covering):
            continue
        rule = next((rule for rule in RULES if rule.applies(path, facts.lines)), None)
        told = rule or reviewer.review(facts)
        review = told if isinstance(told, Review) else None
        ids = tuple(page.id for page in covering)
        found.append(Triaged(path, facts.lines, told.decision, told.what, review, ids))
    return tuple(found)


@dataclass(frozen=True)
class _Reviewer:
    repository: RepositoryFacts
    resolution: Resolution

    def review(self, facts: FileFacts) -> Review:
        exported = self._exported.get(facts.path, [])
        shown = self._shown.get(facts.path, [])
        callers = self._callers(facts.path)
        longest = max(
            (symbol for symbol in facts.symbols if symbol.kind != "class" and symbol.docstring),
            key=lambda symbol: (symbol.end - symbol.start, symbol.qualified_name), default=None,
        )  # fmt: skip
        lines = longest.end - longest.start + 1 if longest else 0
        algorithm = longest is not None and lines >= ALGORITHM_LINES
        called = f", called from {counted(callers, 'other file')}" if callers else ""
        return Review(
            f"public API: exports {_some(exported)}" if exported else "",
            f"user-facing: shown in {_some(shown)}" if shown else "",
            f"algorithm: `{longest.qualified_name}` of {lines} lines{called}"
            if longest and algorithm
            else "",
        )

    def _callers(self, path: str) -> int:
        """How many other files call what this one defines."""
        uses = (use for target in self._targets.get(path, ()) for use in self.resolution.callers[target])
        return len({use.path for use in uses if use.path != path})

    @cached_property
    def _exported(self) -> dict[str, list[str]]:
        """Of each path, the public names that a package exports from it."""
        found: dict[str, list[str]] = {}
        for target, name in self.resolution.exported.items():
            found.setdefault(target.path, []).append(name)
        return found

    @cached_property
    def _shown(self) -> dict[str, list[str]]:
        """Of each path, the documents and examples that use what it defines."""
        found: dict[str, set[str]] = {}
        for passage in self.resolution.passages:
            if passage.area not in ("readme", "docs", "example"):
                continue
            for use in passage.uses:
                found.setdefault(use.target.path, set()).add(passage.path)
        return {path: sorted(documents) for path, documents in found.items()}

    @cached_property
    def _targets(self) -> dict[str, list[Target]]:
        found: dict[str, list[Target]] = {}
        for target in self.resolution.callers:
            found.setdefault(target.path, []).append(target)
        return found


def _some(names: list[str]) -> str:
    return enumerated([f"`{name}`" for name in names[:3]], len(names))
