"""The order of steps on which passages agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from codebase_gardener.knowledge.resolution import Target

__all__ = ["consensus"]

SHARE = 0.5
"""Share of the passages that use a target, from which on it is a step."""


def consensus(sequences: Sequence[tuple[Target, ...]], first: Sequence[Target]) -> tuple[Target, ...]:
    """The targets that enough sequences use, in the order that most of them have.

    A target's place is how many of the others it comes before more often than after; the first sequence's order
    decides between equals.

    Args:
        sequences: Without repetitions.
        first: Says the order where the others do not.
    """
    counts = Counter(target for one in sequences for target in one)
    steps = [target for target in sorted(counts) if counts[target] >= SHARE * len(sequences)]
    ahead: Counter[tuple[Target, Target]] = Counter()
    for one, times in Counter(sequences).items():
        used = [target for target in one if target in set(steps)]
        for place, target in enumerate(used):
            for later in used[place + 1 :]:
                ahead[target, later] += times
    wins = {
        target: sum(
            (ahead[target, other] > ahead[other, target]) - (ahead[target, other] < ahead[other, target])
            for other in steps
        )
        for target in steps
    }
    places = {target: place for place, target in enumerate(first)}
    return tuple(sorted(steps, key=lambda each: (-wins[each], places.get(each, len(places)), each)))
