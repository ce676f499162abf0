"""The code of a passage on a Workflow's page: what a reader copies."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.knowledge.links.uses import Passage
from codebase_gardener.knowledge.pages.citations import quote
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.anchors import Anchor

__all__ = ["passage_code"]

_MOST_LINES = 60


def passage_code(passage: Passage, repository: RepositoryFacts, sources: PageSources) -> str:
    """The passage's blocks of code that use something, quoted; "" where they are longer than 60 lines together.

    Args:
        passage: Whose code is shown: blocks of a document, or lines of an example or test.
        repository: Its facts.
        sources: Of the page, to which the anchors are added.
    """
    blocks = [block for block in _blocks(passage, repository) if _is_used(passage, block)]
    if not blocks or sum(end - start + 1 for start, end, _ in blocks) > _MOST_LINES:
        return ""
    for start, end, _ in blocks:
        sources.cite(passage.path, start, end)
    return "\n\n".join(
        quote(Anchor(passage.path, start, end), repository.lines(passage.path, start, end), language)
        for start, end, language in blocks
    )


def _blocks(passage: Passage, repository: RepositoryFacts) -> Iterator[tuple[int, int, str]]:
    """First and last line, and language, of what is code within the passage."""
    facts = repository.facts[passage.path]
    snippets = [each for each in facts.snippets if passage.start <= each.start and each.end <= passage.end]
    if snippets:
        yield from ((each.start, each.end, each.language) for each in snippets)
    else:
        yield passage.start, passage.end, facts.language


def _is_used(passage: Passage, block: tuple[int, int, str]) -> bool:
    return any(use.path == passage.path and block[0] <= use.start <= block[1] for use in passage.uses)
