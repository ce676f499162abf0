"""What each passage does, as a sequence of steps, and how much two of them have in common."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.links.uses import Passage, Target, Use

__all__ = ["AREAS", "SequenceIndex", "ShownSequence", "Weights", "common_order", "is_direct"]

AREAS = ("readme", "docs", "example", "docstring", "test")
"""Areas of passages, those written for readers first."""


@dataclass(frozen=True)
class ShownSequence:
    """A passage's steps.

    Attributes:
        passage: Where they stand.
        targets: Each once, in order.
    """

    passage: Passage
    targets: tuple[Target, ...]

    @property
    def area(self) -> str:
        """Of the passage."""
        return self.passage.area

    @property
    def direct(self) -> frozenset[Target]:
        """Those that stand in the passage's own lines; a test's helpers and fixtures use the others."""
        return frozenset(use.target for use in self.passage.uses if is_direct(self.passage, use)) & set(
            self.targets
        )

    @property
    def rank(self) -> tuple[object, ...]:
        """Written for readers first, then by place: an order in which no two are equal."""
        one = self.passage
        return AREAS.index(one.area), one.path, one.start, -one.end, one.scope


def is_direct(passage: Passage, use: Use) -> bool:
    """Whether a use stands in the passage's own lines, not in those of a test's helper or fixture."""
    return use.path == passage.path and passage.start <= use.start <= passage.end


_MANY_FILES, _COMMON_IN = 6, 3


class Weights:
    """How much each target tells: the logarithm of the share of files that do not use it.

    Args:
        sequences: All of them; files count, not passages, since tests repeat themselves.
    """

    def __init__(self, sequences: Sequence[ShownSequence]) -> None:
        files = {(target, one.passage.path) for one in sequences for target in one.targets}
        total = len({path for _, path in files})
        counts = sorted(Counter(target for target, _ in files).items())
        self._of = {target: math.log(1 + total / count) for target, count in counts}
        many = total >= _MANY_FILES
        self._common = {target for target, count in counts if many and count * _COMMON_IN >= total}

    def __getitem__(self, target: Target) -> float:
        return self._of[target]

    def is_common(self, target: Target) -> bool:
        """Whether a third of many files use it: it tells none of them apart."""
        return target in self._common

    def total(self, targets: Iterable[Target]) -> float:
        """Of several together; summed in a fixed order."""
        return math.fsum(self._of[target] for target in targets)

    def overlap(self, one: Sequence[Target], other: Sequence[Target]) -> float:
        """Share of their weight that two sets have in common: 0 to 1."""
        both = self.total(set(one) & set(other))
        return both / (self.total(one) + self.total(other) - both) if both else 0.0

    def followed(self, path: Sequence[Target], by: Sequence[Target]) -> float:
        """Share of a path's weight that a sequence takes in the path's order: 0 to 1."""
        return self.total(common_order(path, by)) / self.total(path) if path else 0.0


def common_order(one: Sequence[Target], other: Sequence[Target]) -> tuple[Target, ...]:
    """The longest common subsequence of two sequences without repetitions.

    Since nothing repeats, it is the longest increasing run of places: O(n log n).
    """
    places = {target: index for index, target in enumerate(other)}
    shared = [target for target in one if target in places]
    best: list[int] = []  # of each length, the index into `shared` of the run with the lowest end
    before: list[int] = []
    for index, target in enumerate(shared):
        low = bisect_left(best, places[target], key=lambda at: places[shared[at]])
        before.append(best[low - 1] if low else -1)
        best[low : low + 1] = [index]
    found: list[Target] = []
    at = best[-1] if best else -1
    while at >= 0:
        found.append(shared[at])
        at = before[at]
    return tuple(reversed(found))


class SequenceIndex:
    """Finds sequences that may overlap enough with a given one, by their rarest targets.

    Two sets with a weighted overlap of `share` or more have a target in common among the rarest ones of each: those
    that are left out at the end may not weigh more than the rest allows.

    Args:
        weights: Of targets.
        share: Least overlap that is looked for.
    """

    def __init__(self, weights: Weights, share: float) -> None:
        self._weights = weights
        self._share = share
        self._by_target: dict[Target, list[int]] = defaultdict(list)

    def add(self, number: int, targets: Sequence[Target]) -> None:
        """Take in a sequence under a number."""
        for target in self._prefix(targets):
            self._by_target[target].append(number)

    def near(self, targets: Sequence[Target]) -> list[int]:
        """Numbers of those that may overlap enough, ascending."""
        return sorted(
            {number for target in self._prefix(targets) for number in self._by_target.get(target, ())}
        )

    def _prefix(self, targets: Sequence[Target]) -> Iterator[Target]:
        total = self._weights.total(targets)
        taken = 0.0
        for target in sorted(targets, key=lambda each: (-self._weights[each], each)):
            if taken > (1 - self._share) * total + 1e-9:
                return
            yield target
            taken += self._weights[target]
