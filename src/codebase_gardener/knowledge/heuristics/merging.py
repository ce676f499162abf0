"""Remarks that say the same are one heuristic: near-duplicates, and the texts of one option."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from codebase_gardener.knowledge.heuristics.items import Item

__all__ = ["SAME_OPTION", "SAME_TEXT", "merged", "similar", "words_of"]

SAME_TEXT = 0.6
"""Jaccard similarity of the sets of words from which two remarks say the same."""
SAME_OPTION = 0.4
"""The same for texts on options of one name in several classes; those of different names need `_OTHER_OPTION`."""
_OTHER_OPTION = 0.85
_SHORT, _SAME_SHORT = 10, 0.75
"""Texts of fewer words must be more alike: one word may be all that they are about."""
_MAX_POSTINGS = 64
"""Leaders looked at for one word: what bounds the work for many texts that share all their rare words."""
_WORD = re.compile(r"[^\W\d_]+|\d+")


@lru_cache(maxsize=1 << 13)
def words_of(text: str) -> frozenset[str]:
    """The different words in small letters; every number is "0", letters by themselves are left out."""
    return frozenset(
        "0" if word[0].isdigit() else word
        for word in _WORD.findall(text.lower())
        if len(word) > 1 or word.isdigit()
    )


def merged(items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """Groups of items, best item first; the groups in the order of their best.

    Prefix filtering (Chaudhuri, Ganti, Kaushik 2006): two sets of a Jaccard similarity t share one of the
    first |x| - ⌈t·|x|⌉ + 1 words of each, where words are ordered from rare to common. Each item is compared with
    the first item of each group only, so the work stays linear in practice.
    """
    ordered = sorted(items, key=lambda one: one.order)
    sets = [words_of(item.evidence.text) for item in ordered]
    frequency = Counter(word for one in sets for word in one)
    group = list(range(len(ordered)))
    postings: dict[str, list[int]] = defaultdict(list)
    by_option: dict[tuple[str, str, str], int] = {}
    for number, item in enumerate(ordered):
        option = item.option
        leader = by_option.get(option) if option else None
        prefix = sorted(sets[number], key=lambda word: (frequency[word], word))
        prefix = prefix[: len(prefix) - int(SAME_OPTION * len(prefix)) + 1]
        if leader is None:
            leader = _leader(number, ordered, sets, prefix, postings)
        if leader is None:
            for word in prefix:
                if len(postings[word]) < _MAX_POSTINGS:
                    postings[word].append(number)
        else:
            group[number] = leader
        if option:
            by_option.setdefault(option, group[number])
    groups: dict[int, list[Item]] = defaultdict(list)
    for number, item in enumerate(ordered):
        groups[group[number]].append(item)
    return [tuple(groups[leader]) for leader in sorted(groups)]


def _leader(
    number: int,
    items: list[Item],
    sets: list[frozenset[str]],
    prefix: list[str],
    postings: dict[str, list[int]],
) -> int | None:
    """The first group whose leader says the same."""
    candidates = sorted({one for word in prefix for one in postings.get(word, ())})
    own = sets[number]
    for leader in candidates:
        other = sets[leader]
        needed = _needed(items[number], items[leader])
        if min(len(own), len(other)) < _SHORT:
            needed = max(needed, _SAME_SHORT)
        if similar(own, other, needed):
            return leader
    return None


def similar(one: frozenset[str], other: frozenset[str], least: float) -> bool:
    """Whether the Jaccard similarity of two sets is at least `least`; empty sets are like nothing."""
    if min(len(one), len(other)) < least * max(len(one), len(other)) or not one:
        return False
    common = len(one & other)
    return common >= least * (len(one) + len(other) - common)


def _needed(one: Item, other: Item) -> float:
    if one.option and other.option:
        return SAME_OPTION if one.evidence.name == other.evidence.name else _OTHER_OPTION
    return SAME_TEXT
