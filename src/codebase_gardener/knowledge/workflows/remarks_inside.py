"""What the comments in a document's code say of its steps: each is of the lines below it, up to an empty one."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from codebase_gardener.knowledge.apis.words_beside import remark_over
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.shared_words import shared_words

__all__ = ["Remark", "remarks_inside", "said_of_the_end"]

_THIS = re.compile(r"\b(?:this|these)(?= [a-z])")
_POINTS_BACK = re.compile(r"\b(?:it|its|them|they|this|these|that|those)\b", re.IGNORECASE)

Remark = tuple[int, int, str]
"""First line, last line, words."""


def remarks_inside(
    passage: Passage, steps: Container[Target], repository: RepositoryFacts
) -> Mapping[Use, Remark]:
    """The uses of steps that comments speak of: that with most words of one, else that of the line below it."""
    below: dict[Remark, list[Use]] = {}
    for use in passage.uses:
        if use.acts and use.target in steps and (remark := remark_over(use, repository)):
            below.setdefault(remark, []).append(use)
    found: dict[Use, Remark] = {}
    for remark, uses in below.items():
        shared = [shared_words(remark[2], use.target.name) for use in uses]
        best = uses[shared.index(max(shared))]
        if max(shared) or best.start == remark[1] + 1:
            found[best] = remark
    return found


def said_of_the_end(passage: Passage, steps: Container[Target], repository: RepositoryFacts) -> Iterator[str]:
    """What comments say of the step that a passage ends on, the first comment first; "this pot" is "the pot"."""
    last = next((use.target for use in reversed(passage.uses) if use.acts and use.target in steps), None)
    for use, (_, _, words) in sorted(
        remarks_inside(passage, steps, repository).items(), key=lambda item: item[1]
    ):
        said = _THIS.sub("the", words)
        if use.target == last and not _POINTS_BACK.search(said.partition("(")[0]):
            yield said
