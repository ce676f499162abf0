"""What a section of a document is called alone: its heading, after the one around it where it tells little."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.documents.facts import Heading
from codebase_gardener.knowledge.links.uses import Passage
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = [
    "headings_around",
    "is_general",
    "is_name",
    "is_signature",
    "opens_section",
    "passage_title",
    "says_nothing",
    "told_with_its_outer",
]

_GENERAL = frozenset((
    "a", "about", "advanced", "an", "and", "basic", "basics", "configuration", "demo", "example", "examples", "for",
    "full", "getting", "guide", "how", "in", "installation", "intro", "introduction", "more", "next", "note", "notes",
    "of", "overview", "quick", "quickstart", "read", "simple", "start", "started", "steps", "summary", "the", "this",
    "tips", "to", "tutorial", "usage", "use", "using", "with",
))  # fmt: skip
"""Words of headings that tell nothing without their document's title."""
_REST = frozenset(("additional", "another", "further", "misc", "miscellaneous", "more", "other", "others"))
"""First words of headings of what stands nowhere else."""
_NAME = re.compile(r"(?=\S*(?:[._:#$]|[a-z][A-Z]))[\w$#]+(?:(?:\.|::|#)[\w$]+)*(?:\.\w+)?\Z")
_SIGNATURE = re.compile(r"[\w.:$#]+\s?\([^()]{0,200}\)?\W*\Z")


def passage_title(passage: Passage, repository: RepositoryFacts) -> str:
    """Of a section of a document; what the passage is called of another kind."""
    if passage.area not in ("readme", "docs") or passage.scope:
        return passage.title
    return told_with_its_outer(headings_around(passage, repository), passage.area) or passage.title


def headings_around(passage: Passage, repository: RepositoryFacts) -> list[Heading]:
    """Those with a title of the sections that a passage stands in, the innermost first."""
    found = [
        each
        for each in repository.facts[passage.path].headings
        if each.title and each.start <= passage.start and passage.end <= each.end
    ]
    return sorted(found, key=lambda each: (-each.level, -each.start))


def told_with_its_outer(around: Sequence[Heading], area: str) -> str:
    """The innermost heading; after the one around it where its own words tell nothing alone.

    A README's title names the project, of which all is told.
    """
    if not around:
        return ""
    inner, *outer = around
    if area == "readme":
        outer = [each for each in outer if each.level > 1]
    outer = [each for each in outer if not says_nothing(each.title)]
    if not is_general(inner.title) or not outer:
        return inner.title
    return f"{outer[0].title}: {inner.title}"


def opens_section(passage: Passage, heading: Heading, repository: RepositoryFacts) -> bool:
    """Whether its code is the first of a section, whose first words lead to it."""
    return not any(
        heading.start <= each.start < passage.start for each in repository.facts[passage.path].snippets
    )


def is_general(title: str) -> bool:
    """Whether a heading is one word, or of words that are the same in all documents.

    Example:
        >>> is_general("Quick start"), is_general("Sampling"), is_general("Log sampling")
        (True, True, False)
    """
    words = re.findall(r"[\w']+", title.lower())
    return len(words) < 2 or words[0] in _REST or says_nothing(title)


def says_nothing(title: str) -> bool:
    """Whether all of its words are the same in all documents: "Getting started"."""
    return all(word in _GENERAL for word in re.findall(r"[\w']+", title.lower()))


def is_name(title: str) -> bool:
    """Whether a heading is only the name of a definition or of a file.

    Example:
        >>> [is_name(title) for title in ("z.record", "main.py", "make_kiln", "Sampling", "Log sampling")]
        [True, True, True, False, False]
    """
    return bool(_NAME.match(title[:300]))


def is_signature(title: str) -> bool:
    """Whether a heading is what one writes to call something: "load(path, mode)"."""
    return bool(_SIGNATURE.fullmatch(title[:300]))
