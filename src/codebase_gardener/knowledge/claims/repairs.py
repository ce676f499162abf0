"""Citations written anew: those whose right range is certain, and only if they are exact afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from codebase_gardener.knowledge.claims.editing import ClaimDocument, Edit
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict

__all__ = ["repaired"]

Place = tuple[int, tuple[tuple[int, int], ...]]


def repaired(
    document: ClaimDocument, data: bytes, verdicts: Sequence[ClaimVerdict], sources: ClaimSources
) -> tuple[bytes, list[ClaimVerdict]]:
    """A document with its certain repairs, judged again; what is not exact then is left as it was.

    Args:
        document: As it is.
        data: Its bytes.
        verdicts: On all its claims.
        sources: What they were judged by.

    Returns:
        The bytes, and the verdicts: `fixed`, or with the reason why not in `doubt`.
    """
    edits, doubts = _edits(document, verdicts)
    while edits:
        made = document.edited(edit for pieces in edits.values() for edit in pieces)
        again = ClaimDocument(document.name, made).judge(sources)
        failed = _not_exact(verdicts, again) & set(edits) if len(again) == len(verdicts) else set(edits)
        if not failed:
            return made, [
                replace(verdict, fixed=True)
                if _place(verdict) in edits and not verdict.holds
                else replace(verdict, doubt=doubts.get(_place(verdict), verdict.doubt))
                for verdict in verdicts
            ]
        for place in failed:
            doubts[place] = "the claim would not be exact afterwards"
            del edits[place]
    return data, [replace(v, doubt=doubts.get(_place(v), v.doubt)) for v in verdicts]


def _place(verdict: ClaimVerdict) -> Place:
    return verdict.line, verdict.numbers


def _edits(
    document: ClaimDocument, verdicts: Sequence[ClaimVerdict]
) -> tuple[dict[Place, list[Edit]], dict[Place, str]]:
    """What to write at each place, and why nothing is where several names share a range."""
    shared: dict[Place, list[ClaimVerdict]] = defaultdict(list)
    for verdict in verdicts:
        shared[_place(verdict)].append(verdict)
    edits: dict[Place, list[Edit]] = {}
    doubts: dict[Place, str] = {}
    for place, claims in shared.items():
        if all(claim.holds for claim in claims) or all(
            claim.repair is None and not claim.target for claim in claims
        ):
            continue
        if len({claim.repair for claim in claims}) > 1:
            doubts[place] = "several names or quotes belong to one range"
        elif pieces := document.edits(claims[0]):
            edits[place] = pieces
        else:
            doubts[place] = "the numbers of its range cannot be told apart"
    return edits, doubts


def _not_exact(verdicts: Sequence[ClaimVerdict], again: Sequence[ClaimVerdict]) -> set[Place]:
    """Places of which a claim is not exact now, or another one."""
    pairs = zip(verdicts, again, strict=True)
    return {_place(old) for old, new in pairs if new.verdict != "exact" or new.symbol != old.symbol}
