"""Heuristic pages: what the authors of a repository advise, warn of and explain, each with its evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from codebase_gardener.knowledge.heuristic_items import Item, select
from codebase_gardener.knowledge.heuristic_layout import Author
from codebase_gardener.knowledge.heuristic_merging import merged
from codebase_gardener.knowledge.heuristic_names import Namer
from codebase_gardener.knowledge.heuristic_scope import Scope
from codebase_gardener.knowledge.pages import Page
from codebase_gardener.knowledge.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.resolution import Resolution, Target

__all__ = ["HeuristicPage", "Heuristics", "heuristic_pages"]


@dataclass(frozen=True)
class HeuristicPage:
    """A page and what leads to it.

    Attributes:
        page: Of the type Heuristic, without edges.
        applies: Definitions to which it applies, sorted: their pages use it.
        score: What its best remark is worth, and a little for each further one.
        remarks: How many remarks it unites.
    """

    page: Page
    applies: tuple[Target, ...]
    score: float
    remarks: int


@dataclass(frozen=True)
class Heuristics:
    """All heuristics of a repository.

    Attributes:
        pages: The most useful first.
        left_out: Reason and number of the remarks that got no page, sorted by reason.
    """

    pages: tuple[HeuristicPage, ...]
    left_out: tuple[tuple[str, int], ...]

    @property
    def remarks(self) -> int:
        """How many remarks the pages unite."""
        return sum(one.remarks for one in self.pages)


def heuristic_pages(repository: RepositoryFacts, resolution: Resolution | None = None) -> Heuristics:
    """Choose, unite and write the heuristics of a repository.

    Args:
        repository: With the facts of all files.
        resolution: To find what calls the definitions that a remark stands in; without it names decide.

    Returns:
        As many pages as there is advice; what is left out is counted by reason.
    """
    selection = select(repository)
    groups = merged([item for item in selection.items if not item.deprecation])
    groups = sorted((_with_options(group, selection.options) for group in groups), key=_order)
    deprecations = tuple(item for item in selection.items if item.deprecation)
    if deprecations:
        groups.append(deprecations)
    namer = Namer(item.evidence.text for item in (*selection.items, *selection.options))
    author = Author(repository, selection.options)
    scope = Scope(repository, resolution)
    pages: list[HeuristicPage] = []
    left_out = Counter(dict(selection.left_out))
    for group in groups:
        shown = tuple(item for item in group if author.can_quote(item))
        if len(shown) < len(group):
            left_out["is too long to be quoted"] += len(group) - len(shown)
        if not shown:
            continue
        page = author.page(namer.name(shown), shown, namer.key_phrases(shown[0].evidence.text, 6))
        pages.append(HeuristicPage(page, scope.targets(shown), _worth(shown), len(shown)))
    return Heuristics(tuple(pages), tuple(sorted(left_out.items())))


def _with_options(group: tuple[Item, ...], options: tuple[Item, ...]) -> tuple[Item, ...]:
    """The group with all that is said of its best remark's option, whether that is advice or not."""
    option = group[0].option
    if option is None:
        return group
    return (*group, *(item for item in options if item.option == option and item not in group))


def _order(group: tuple[Item, ...]) -> tuple[float, str, int]:
    return -_worth(group), group[0].path, group[0].evidence.start


def _worth(group: tuple[Item, ...]) -> float:
    further = min(len({(item.path, item.evidence.start) for item in group}) - 1, 10)
    return round(group[0].score + 0.1 * further, 2)
