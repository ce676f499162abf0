"""The order of steps on which passages agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from codebase_gardener.knowledge.links.uses import Target

__all__ = ["consensus"]

SHARE = 0.5
"""Share of the passages that use a target, from which on it is a step."""


def consensus(sequences: Sequence[tuple[Target, ...]], first: Sequence[Target]) -> tuple[Target, ...]:
    """The targets that enough sequences use, in the order that most of them have.

    The order is that of ranked pairs: of two targets that one comes first which more sequences have first; the pairs
    with the most votes decide, a pair that would close a ring is left out. The first sequence's order decides the rest.

    Args:
        sequences: Without repetitions.
        first: Says the order where the others do not.
    """
    counts = Counter(target for one in sequences for target in one)
    steps = {target for target in counts if counts[target] >= SHARE * len(sequences)}
    ahead: Counter[tuple[Target, Target]] = Counter()
    for one, times in Counter(sequences).items():
        used = [target for target in one if target in steps]
        for place, target in enumerate(used):
            for later in used[place + 1 :]:
                ahead[target, later] += times
    votes = [
        (count, count - ahead[later, target], target, later)
        for (target, later), count in list(ahead.items())
        if count > ahead[later, target]
    ]
    votes.sort(key=lambda vote: (-vote[1], -vote[0], vote[2], vote[3]))
    after: dict[Target, set[Target]] = {
        target: set() for target in steps
    }  # all that come later, near and far
    for _, _, target, later in votes:
        if target not in after[later]:
            behind = {later} | after[later]
            for each in steps:
                if each == target or target in after[each]:
                    after[each] |= behind
    places = {target: place for place, target in enumerate(first)}
    return _sorted(after, lambda target: (places.get(target, len(places)), -counts[target], target))


def _sorted(
    after: Mapping[Target, AbstractSet[Target]], rank: Callable[[Target], tuple[object, ...]]
) -> tuple[Target, ...]:
    """An order in which each comes before all that come after it; of several that could be next, the first by rank."""
    left, found = set(after), []
    while left:
        later = {target for each in left for target in after[each]}
        found.append(min(left - later, key=rank))
        left.discard(found[-1])
    return tuple(found)
