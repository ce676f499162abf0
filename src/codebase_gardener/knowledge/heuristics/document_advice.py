"""Evidence in documents: admonitions, and paragraphs that give advice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import blocks
from codebase_gardener.documents.remarks import remarks
from codebase_gardener.documents.sentences import sentences
from codebase_gardener.documents.versions import version_lists
from codebase_gardener.knowledge.heuristics.advice import signals, strength
from codebase_gardener.knowledge.sources.file_facts import Evidence

__all__ = ["ADVICE_HEADINGS", "document_evidence"]

ADVICE_HEADINGS = re.compile(
    r"\b(?:tips?|best practices?|good practices?|performance|faqs?|frequently asked|troubleshooting|gotchas?|pitfalls?|"
    r"limitations?|caveats?|recommend\w*|common (?:mistakes|errors|problems|issues)|things to (?:know|watch)|"
    r"optimi[sz]\w+|when (?:not )?to|which .* (?:use|choose)|choosing|memory|security|considerations?|trade-?offs?)\b",
    re.IGNORECASE,
)
"""Headings under which advice is expected."""

_STRONG = ("price", "harm", "saves")


def document_evidence(path: str, language: str, text: str) -> Iterator[Evidence]:
    """Notes, warnings and tips; under a heading of advice each paragraph with advice, elsewhere those with strong one.

    Args:
        path: Of the document.
        language: "markdown", "rst" or "text".
        text: Its content.
    """
    read = blocks(path, language, text)
    of_versions = version_lists(read)
    for block in remarks(read):
        if any(first <= block.start <= last for first, last in of_versions):
            continue  # what changed in a version, and no advice
        words = plain_text(block.text, code_marks=True)
        if block.kind == "admonition":
            if words or block.title:
                yield Evidence(
                    "admonition",
                    block.start,
                    block.end,
                    block.heading,
                    block.name,
                    words,
                    plain_text(block.title, code_marks=True),
                )
            continue
        reason = _reason(block.heading, words)
        if reason:
            yield Evidence("doc-tip", block.start, block.end, block.heading, "", words, reason)


def _reason(heading: str, text: str) -> str:
    """Why a paragraph is taken; "" if it is not."""
    if len(text) < 40 or strength(text) < 2:
        return ""
    if ADVICE_HEADINGS.search(heading):
        return "heading"
    return "advice" if any(_advises(signals(one)) for one in sentences(text)) else ""


def _advises(found: tuple[str, ...]) -> bool:
    """Whether a sentence recommends, or says what to do and what it is good for or costs."""
    return "recommendation" in found or ("duty" in found and any(name in found for name in _STRONG))
