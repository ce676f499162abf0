"""Code that a document shows to say that it is not to be written: "Don't do this:", "deprecated, use that instead"."""

from __future__ import annotations

import re

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.sentences import sentences, takes_back
from codebase_gardener.knowledge.apis.words_beside import lead_in, remark_above, snippet_around
from codebase_gardener.knowledge.links.uses import Use
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["is_taken_back", "stands_in_a_warning"]

_AGAINST = re.compile(
    r"\A\W*(?:please\s+)?(?:(?:don.t|do not|never|avoid)\s+(?!forget|worry|hesitate|be\b|miss\b)"
    r"|(?:bad|wrong|incorrect)\b\W*(?:\Z|\w+\W*\Z)"
    r"|deprecated\b|obsolete\b|anti-?pattern\b|not recommended\b|(?:instead of|rather than)\b[^,]{0,120}:\Z)",
    re.IGNORECASE,
)
"""How words before code begin that say not to write it."""
_ANOTHER = re.compile(r",\s|;|\b(?:but|use|call|prefer|do it)\b", re.IGNORECASE)
"""What leads from what is not to be written to what is."""
_NOT_THIS = re.compile(
    r"\A\W*(?:please\s+)?(?:don.t|do not|never|avoid)\s+(?:do|doing|use|using|write|writing)\s+(?:this|that|it)\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s(?:#|//|--)\s+(\S.*)\Z")


def is_taken_back(use: Use, repository: RepositoryFacts) -> bool:
    """Whether the words around a block, or the comment at its line, say not to write what a document shows."""
    remark = remark_above(use, repository)
    if remark and (_AGAINST.match(remark[2]) or takes_back(remark[2])):
        return True
    line = next(iter(repository.lines(use.path, use.end, use.end)), "")
    comment = _COMMENT.search(line[:400])
    if comment and (_AGAINST.match(comment[1]) or takes_back(comment[1])):
        return True
    return stands_in_a_warning(use, repository)


def stands_in_a_warning(use: Use, repository: RepositoryFacts) -> bool:
    """Whether the words before or after the block that a use stands in say not to write that."""
    snippet = snippet_around(use, repository)
    if snippet is None:
        return False
    lead = lead_in(use, repository)
    said = sentences(plain_text(lead[2])) if lead else _short_lead(snippet, use.path, repository)
    last = said[-1] if said else ""
    against = _AGAINST.match(last)
    if against and not _ANOTHER.search(last, against.end()):
        return True
    return bool(_NOT_THIS.match(_following(snippet, use.path, repository)))


def _short_lead(snippet: Snippet, path: str, repository: RepositoryFacts) -> list[str]:
    """The line before a block, where it is too short for a paragraph of prose."""
    lines = repository.lines(path, max(1, snippet.start - 4), snippet.start - 1)
    said = [
        line.strip()
        for line in lines
        if re.search(r"\w{2}", line) and not line.lstrip().startswith(("```", "~~~", ".. "))
    ]
    return [plain_text(said[-1])] if said and said[-1].endswith(":") else []


def _following(snippet: Snippet, path: str, repository: RepositoryFacts) -> str:
    """The first line of words after a block."""
    lines = repository.lines(path, snippet.end + 1, snippet.end + 4)
    return next((plain_text(line) for line in lines if re.match(r"\s*[A-Za-z*_]", line)), "")
