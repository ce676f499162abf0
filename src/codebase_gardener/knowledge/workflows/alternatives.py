"""Which APIs stand for each other: one does the same step in one test as the other in the next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.utils.identifiers import title_words

__all__ = ["alternatives"]

TOGETHER = 0.1
"""Share of an API's passages that may use its alternative, too: who uses both has two steps."""


def alternatives(sequences: Iterable[tuple[Target, ...]], context: ApiContext) -> Mapping[Target, Target]:
    """The most used of each group of APIs of which a passage uses one or the other.

    Of one group can be: classes with a common base in the repository; of another package, classes whose names end in
    the same word, and methods of one name.

    Args:
        sequences: What passages do.
        context: For the bases of classes.

    Returns:
        Target → the one it stands for, where that is another.
    """
    counts: Counter[Target] = Counter()
    together: Counter[tuple[Target, Target]] = Counter()
    kinds: dict[Target, tuple[str, ...]] = {}
    for one, times in sorted(Counter(sequences).items()):
        by_kind: dict[tuple[str, ...], list[Target]] = defaultdict(list)
        for target in one:
            counts[target] += times
            kind = kinds.setdefault(target, _kind(target, context))
            if kind:
                by_kind[kind].append(target)
        for pair in _pairs(by_kind.values()):
            together[pair] += times
    groups: dict[tuple[str, ...], list[Target]] = defaultdict(list)
    stands_for: dict[Target, Target] = {}
    for target in sorted(counts, key=lambda each: (-counts[each], each)):
        if not kinds[target]:
            continue
        leaders = groups[kinds[target]]
        least = TOGETHER * counts[target]
        leader = next(
            (each for each in leaders if together[min(each, target), max(each, target)] <= least), None
        )
        if leader is None:
            leaders.append(target)
        else:
            stands_for[target] = leader
    return stands_for


def _pairs(groups: Iterable[list[Target]]) -> Iterator[tuple[Target, Target]]:
    for group in groups:
        yield from combinations(sorted(group), 2)


def _kind(target: Target, context: ApiContext) -> tuple[str, ...]:
    """What can be alternatives has the same; () for what has none."""
    if not target.external:
        symbol = context.symbol(target)
        if symbol is None or symbol.kind != "class":
            return ()
        ancestors = context.ancestors(symbol)
        root = ancestors[-1] if ancestors else symbol
        return root.path, root.qualified_name
    package, _, rest = target.name.partition(".")
    name = rest.rpartition(".")[2]
    if name[:1].isupper():
        return package, (title_words(name) or [name])[-1]
    return (package, f".{name}") if any(part[:1].isupper() for part in rest.split(".")) else ()
