"""Which of the names of a row or sentence belong to which of its citations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from codebase_gardener.knowledge.claims.forms import ClaimCitation, Name, Statement

__all__ = ["bind_names", "in_apposition", "in_one_list"]

_MAX_PAIRS = 10_000
_LISTED = re.compile(r"[\s`,/&+]*(?:and|or)?[\s`]*")
_APPOSITION = re.compile(r"[\s`*]*[(\[][\s`*]*(?:(?:at|in|see|from|source|defined in):?)?[\s`*]*")


def bind_names(
    statement: Statement,
    citations: Sequence[ClaimCitation],
    names: Sequence[Name],
    misfit: Callable[[ClaimCitation, Name], float],
) -> list[list[Name]]:
    """The names of each citation, in the order of the citations.

    One citation takes all names, but in a sentence that says "`a` (p:L1-3)" only those of that list. As many names as
    citations, all on one side: one each. In turn ("`a` (p:L1-3), `b` (p:L5-9)"): those next to it.

    Args:
        statement: The row or sentence.
        citations: Those to be judged.
        names: The symbols among its names, in order.
        misfit: How far a name's symbol is from the lines.
    """
    if not names:
        return [[] for _ in citations]
    if len(citations) == 1:
        return [_of_apposition(statement, citations[0], names) or list(names)]
    if len(names) == 1:
        return [list(names) for _ in citations]
    sides = {name.at > citation.at for name in names for citation in (citations[0], citations[-1])}
    if len(sides) == 1:
        return _paired(citations, names, misfit)
    return _in_turn(citations, names)


def in_one_list(text: str, one: Name, other: Name) -> bool:
    """Whether only commas and the like stand between two names."""
    first, second = (one, other) if one.at <= other.at else (other, one)
    gap = text[first.until : second.at]
    return len(gap) <= 12 and _LISTED.fullmatch(gap) is not None


def in_apposition(text: str, name: Name, citation: ClaimCitation) -> bool:
    """Whether a citation in brackets follows a name at once: "`a` (p:L1-3)"."""
    gap = citation.at - name.until
    return 0 < gap <= 20 and _APPOSITION.fullmatch(text, name.until, citation.at) is not None


def _of_apposition(statement: Statement, citation: ClaimCitation, names: Sequence[Name]) -> list[Name]:
    """The list of names that a citation in brackets follows; none where it does not."""
    before = [name for name in names if name.until <= citation.at]
    if statement.is_row or not before:
        return []
    if not in_apposition(statement.text, before[-1], citation):
        return []
    listed = [before.pop()]
    while before and in_one_list(statement.text, before[-1], listed[0]):
        listed.insert(0, before.pop())
    return listed


def _paired(
    citations: Sequence[ClaimCitation], names: Sequence[Name], misfit: Callable[[ClaimCitation, Name], float]
) -> list[list[Name]]:
    if len(names) == len(citations):
        return [[name] for name in names]
    if len(names) * len(citations) > _MAX_PAIRS:
        return [[names[number % len(names)]] for number in range(len(citations))]
    bound: list[list[Name]] = [[] for _ in citations]
    for name in names:
        fits = [misfit(citation, name) for citation in citations]
        bound[fits.index(min(fits))].append(name)
    return bound


def _in_turn(citations: Sequence[ClaimCitation], names: Sequence[Name]) -> list[list[Name]]:
    """Each run of names with the run of citations next to it: after it where a name comes first, before it else."""
    items: list[ClaimCitation | Name] = sorted([*citations, *names], key=lambda item: item.at)
    names_first = isinstance(items[0], Name)
    bound: dict[int, list[Name]] = {}
    pending: list[Name] = []
    cited: list[ClaimCitation] = []
    for item in items if names_first else reversed(items):
        if isinstance(item, ClaimCitation):
            cited.append(item)
            continue
        if cited:
            bound.update(_shares(cited, pending))
            pending, cited = [], []
        pending.append(item)
    bound.update(_shares(cited, pending))
    return [bound.get(id(citation), []) for citation in citations]


def _shares(citations: Sequence[ClaimCitation], names: Sequence[Name]) -> dict[int, list[Name]]:
    """One each where there are as many, else all names for every citation."""
    if len(citations) == len(names):
        ordered = zip(citations, names, strict=True)
        return {id(citation): [name] for citation, name in ordered}
    return {id(citation): sorted(names, key=lambda name: name.at) for citation in citations}
