"""Heuristic pages: what the authors of a repository advise, warn of and explain, each with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.heuristics.items import THRESHOLD, TOO_LITTLE, Item, all_items, worth
from codebase_gardener.knowledge.heuristics.layout import Author
from codebase_gardener.knowledge.heuristics.merging import SAME_OPTION, merged, similar, words_of
from codebase_gardener.knowledge.heuristics.names import Namer
from codebase_gardener.knowledge.heuristics.scope import Scope
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["HeuristicPage", "Heuristics", "heuristic_pages"]


@dataclass(frozen=True)
class HeuristicPage:
    """A page and what leads to it.

    Attributes:
        page: Of the type Heuristic, without edges.
        applies: Definitions to which it applies, sorted: their pages use it.
        score: What its best remark is worth, and a little for each further one.
        remarks: How many remarks it unites.
        documents: Documents that it stands in, sorted.
        options: Names of the options that it is about, sorted: a workflow that gives one of them uses it.
        deprecation: Whether it lists what is deprecated.
        near: Also what its section shows and what leads to it: a workflow with such a step uses it.
    """

    page: Page
    applies: tuple[Target, ...]
    score: float
    remarks: int
    documents: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    deprecation: bool = False
    near: tuple[Target, ...] = ()


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
        resolution: To find what calls the definitions that a remark stands in, and which of them are public; without it
            names decide.

    Returns:
        As many pages as there is advice; what is left out is counted by reason.
    """
    public = {(target.path, target.name) for target in resolution.public.values()} if resolution else ()
    remarks = all_items(repository, public)
    chosen = [item for item, reason in remarks if not reason]
    options = [item for item, _ in remarks if item.option and item.area == "package"]
    groups = merged([item for item in chosen if not item.deprecation])
    groups = sorted((group for group in groups if worth(group) >= THRESHOLD), key=_order)
    groups = sorted(_with_options(groups, options), key=_order)
    groups += [tuple(item for item in chosen if item.deprecation)]
    namer = Namer(item.evidence.text for item in (*chosen, *options))
    author = Author(repository, options)
    scope = Scope(repository, resolution)
    pages: list[HeuristicPage] = []
    for group in groups:
        shown = tuple(item for item in group if author.can_quote(item))
        if shown:
            page = author.page(namer.name(shown), shown, namer.key_phrases(shown[0].evidence.text, 6))
            pages.append(
                HeuristicPage(
                    page, scope.targets(shown), worth(shown), len(shown), _documents(shown),
                    tuple(sorted({item.evidence.name for item in shown if item.option})) if shown[0].option else (),
                    shown[0].deprecation, scope.near(shown),
                )
            )  # fmt: skip
    return Heuristics(tuple(pages), _left_out(remarks, [item for group in groups for item in group], author))


def _left_out(
    remarks: Sequence[tuple[Item, str]], grouped: Sequence[Item], author: Author
) -> tuple[tuple[str, int], ...]:
    """Each remark that is on no page, counted by its reason."""
    on_pages = set(grouped)
    counts: Counter[str] = Counter()
    for item, reason in remarks:
        if item not in on_pages:
            counts[reason or TOO_LITTLE] += 1
        elif not author.can_quote(item):
            counts["is too long to be quoted"] += 1
    return tuple(sorted(counts.items()))


def _with_options(groups: Sequence[tuple[Item, ...]], options: Sequence[Item]) -> list[tuple[Item, ...]]:
    """The groups with all that is said of their best remark's option, whether that by itself is advice or not.

    Texts on options of the same name elsewhere join the first group that they resemble.
    """
    by_name: dict[str, list[Item]] = {}
    for item in options:
        by_name.setdefault(item.evidence.name, []).append(item)
    taken = {item for group in groups for item in group}
    found: list[tuple[Item, ...]] = []
    for group in groups:
        first = group[0]
        words = words_of(first.evidence.text)
        joining: list[Item] = []
        for item in by_name.get(first.evidence.name, ()) if first.option else ():
            same = item.option == first.option or similar(words_of(item.evidence.text), words, SAME_OPTION)
            if same and item not in taken and not item.deprecation:
                joining.append(item)
                taken.add(item)
        found.append((*group, *sorted(joining, key=lambda one: (one.option != first.option, *one.order))))
    return found


def _documents(group: Sequence[Item]) -> tuple[str, ...]:
    return tuple(sorted({item.path for item in group if item.evidence.kind in ("admonition", "doc-tip")}))


def _order(group: tuple[Item, ...]) -> tuple[float, str, int]:
    return -worth(group), group[0].path, group[0].evidence.start
