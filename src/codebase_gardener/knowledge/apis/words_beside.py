"""The words beside the code that a use stands in: the paragraph before its block, the comment above its line."""

from __future__ import annotations

import re
from functools import lru_cache

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.documents.html_comments import comment_free
from codebase_gardener.documents.sentences import whole_remarks
from codebase_gardener.knowledge.links.uses import Use
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.anchors import split_lines

__all__ = ["lead_in", "remark_above", "remark_over", "snippet_around"]

_IS_FENCE = re.compile(r"\s*(?:`{3}|~{3}|\.\. [\w-]+::|:[\w-]+:(?!`)|[=\-~^]{3,}\s*$|#{1,6} |<|!\[|\[!)")
_IS_PROSE = re.compile(r"(?<![A-Za-z])[A-Za-z]{2,}+\s++[A-Za-z]{2,}+\s++[A-Za-z`]{2}")
_REMARK = re.compile(r"\s*(?:>>> |\.\.\. )?\s*(?:#+|//+|--)\s+(?=[`\"'(]*[^\W\d_])(.+)")
_IS_REMARK = re.compile(r"(?=(?:\W*\b[^\W\d_]+\b){3})[^=;{}<>]{1,300}\Z")
"""Three words, and no code that is commented out."""
_MOST_LEAD = 12


def lead_in(use: Use, repository: RepositoryFacts) -> tuple[int, int, str] | None:
    """The paragraph of prose before the block of code that a use stands in: first line, last line, text."""
    snippet = snippet_around(use, repository)
    if snippet is None:
        return None
    facts = repository.facts[use.path]
    lines = _prose(repository.texts[use.path], facts.language)
    end = min(snippet.start - 1, len(lines))
    before = [each.start for each in facts.headings] + [each.end for each in facts.snippets]
    last = max(
        (line for line in before if line < snippet.start), default=0
    )  # what stands above it is of another
    while end and (not lines[end - 1].strip() or _IS_FENCE.match(lines[end - 1])):
        end -= 1
    start = end
    while (
        start
        and lines[start - 1].strip()
        and not _IS_FENCE.match(lines[start - 1])
        and end - start < _MOST_LEAD
    ):
        start -= 1
    text = "\n".join(lines[start:end])
    if start < last or not text.strip() or start == end or not _IS_PROSE.search(text):
        return None
    return start + 1, end, text


@lru_cache(maxsize=64)
def _prose(text: str, language: str) -> tuple[str, ...]:
    """The lines of a document without comments. Many uses of one are asked for in turn."""
    lines = split_lines(text)
    return tuple(comment_free(lines) if language == "markdown" else lines)


def remark_above(use: Use, repository: RepositoryFacts) -> tuple[int, int, str] | None:
    """The comment right above the line of a use in a document's code: first line, last line, its words."""
    snippet = snippet_around(use, repository)
    return _remark_above(use.path, snippet.start, use.start, repository) if snippet else None


def remark_over(use: Use, repository: RepositoryFacts) -> tuple[int, int, str] | None:
    """The comment above the lines of a document's code among which a use stands; an empty line ends them."""
    snippet = snippet_around(use, repository)
    if snippet is None:
        return None
    lines = repository.lines(use.path, snippet.start, use.start - 1)
    while lines and lines[-1].strip() and not _REMARK.match(lines[-1]):
        lines.pop()
    return _remark_above(use.path, snippet.start, snippet.start + len(lines), repository)


def _remark_above(
    path: str, first: int, line: int, repository: RepositoryFacts
) -> tuple[int, int, str] | None:
    lines = repository.lines(path, first, line - 1)
    words: list[str] = []
    while lines and len(words) < _MOST_LEAD and (found := _REMARK.match(lines[-1])):
        words.insert(0, found[1].strip())
        lines.pop()
    said = next(iter(whole_remarks(" ".join(words))), "")
    return (line - len(words), line - 1, said) if _IS_REMARK.match(said) else None


def snippet_around(use: Use, repository: RepositoryFacts) -> Snippet | None:
    """The block of code in a document that a use stands in."""
    return next(
        (each for each in repository.facts[use.path].snippets if each.start <= use.start <= each.end),
        None,
    )
