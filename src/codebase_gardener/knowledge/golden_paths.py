"""Golden paths: the workflows that a repository's authors show their users, mined from what they show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.golden_path import GoldenPath, Step
from codebase_gardener.knowledge.passage_sequences import SequenceMaker, ShownSequence
from codebase_gardener.knowledge.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.resolution import Passage, Resolution, Target, Use
from codebase_gardener.knowledge.wiki_names import page_name, unique_names

__all__ = ["Mined", "mine", "needed_targets"]

AREAS = ("readme", "docs", "example", "docstring", "test")
"""Areas of passages, those written for readers first."""
SAME = 0.6
"""Weighted overlap from which two sequences do the same."""
TEST_SUPPORT = 5
"""Tests that make a path of their own."""


@dataclass(frozen=True)
class Mined:
    """What was found.

    Attributes:
        paths: Best first.
        passages: How many passages there are.
        sequences: How many of them have at least two steps.
        dropped: Why sequences became no path, with how many.
    """

    paths: tuple[GoldenPath, ...]
    passages: int = 0
    sequences: int = 0
    dropped: Mapping[str, int] | None = None


def mine(repository: RepositoryFacts, resolution: Resolution) -> Mined:
    """Find the golden paths.

    Args:
        repository: Its facts.
        resolution: Its passages with what they use.

    Returns:
        All that the rules let through; a function of the arguments alone.
    """
    maker = SequenceMaker(repository, resolution)
    sequences = maker.sequences
    weights = maker.weights(sequences)
    clusters: list[list[ShownSequence]] = []
    for one in sorted(sequences, key=_order):
        best = max(clusters, key=lambda cluster: _overlap(one, cluster[0], weights), default=None)
        if best and _overlap(one, best[0], weights) >= SAME:
            best.append(one)
        else:
            clusters.append([one])
    kept = [cluster for cluster in clusters if _is_kept(cluster)]
    dropped = {"too few tests do the same": sum(map(len, clusters)) - sum(map(len, kept))}
    kept.sort(key=_rank)
    pages = unique_names(page_name("x", cluster[0].passage.title).removeprefix("x_") for cluster in kept)
    paths = tuple(_path(cluster, page, maker) for cluster, page in zip(kept, pages, strict=True))
    return Mined(paths, len(resolution.passages), len(sequences), dropped)


def needed_targets(paths: Iterable[GoldenPath]) -> tuple[Target, ...]:
    """What the paths' steps need a page for, in the order in which they come."""
    return tuple(dict.fromkeys(step.target for path in paths for step in path.steps))


def _order(one: ShownSequence) -> tuple[object, ...]:
    passage = one.passage
    return (
        AREAS.index(passage.area),
        -len(one.targets),
        passage.path,
        passage.start,
        passage.end,
        passage.scope,
    )


def _overlap(one: ShownSequence, other: ShownSequence, weights: Mapping[Target, float]) -> float:
    both = one.set & other.set
    if not both:
        return 0.0
    return sum(weights[t] for t in sorted(both)) / sum(weights[t] for t in sorted(one.set | other.set))


def _is_kept(cluster: Sequence[ShownSequence]) -> bool:
    return cluster[0].passage.area in AREAS[:3] or len(cluster) >= TEST_SUPPORT


def _rank(cluster: Sequence[ShownSequence]) -> tuple[object, ...]:
    return AREAS.index(cluster[0].passage.area), -len(cluster), _order(cluster[0])


def _path(cluster: Sequence[ShownSequence], page: str, maker: SequenceMaker) -> GoldenPath:
    counts = Counter(target for one in cluster for target in one.targets)
    steps = [
        target
        for target in cluster[0].targets
        if counts[target] * 2 >= len(cluster) or cluster[0].passage.area != "test"
    ]
    if len(steps) < 2:
        steps = list(cluster[0].targets)
    passages = tuple(one.passage for one in cluster)
    title = re.sub(r"\s+", " ", cluster[0].passage.title)[:120]
    return GoldenPath(title, page, tuple(Step(target, _uses(target, passages)) for target in steps), passages)


def _uses(target: Target, passages: Sequence[Passage]) -> tuple[Use, ...]:
    found = [use for passage in passages for use in passage.uses if use.target == target]
    return tuple(dict.fromkeys(found))
