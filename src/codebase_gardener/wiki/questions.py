"""What a question is about, and the documents that say most of it."""

from __future__ import annotations

import re

from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.retrieval.index import Hit, SymbolIndex

__all__ = ["content_words", "is_page", "ranked_hits"]

_ASKING = (  # words of a question that name nothing
    "can class code defined do does file find from function how i located "
    "me method show tell use used what when where which who why work works"
)


def is_page(document: Document) -> bool:
    """Whether it is a page of the wiki."""
    return document.kind == PAGE_KIND


def content_words(question: str) -> list[str]:
    """The words of a question that say what it is about, in order."""
    from bm25s.stopwords import STOPWORDS_EN

    filler = {*STOPWORDS_EN, *_ASKING.split()}
    return [word for word in re.findall(r"\w+", question) if word.lower() not in filler]


def ranked_hits(index: SymbolIndex, question: str, k: int) -> list[Hit]:
    """The pages of an index that fit a question best.

    Each word counts with and without an s at its end: prose has "merges the adapter" where a question has "merge
    adapters". The other form counts half; in full, rare forms of common words would outrank the words.

    Args:
        index: Of code and pages.
        question: In plain words, or names of code.
        k: How many at most.
    """
    words = content_words(question)
    others = [word[:-1] if word.endswith("s") else f"{word}s" for word in words if len(word) > 2]
    query = " ".join(words) or question
    return index.search(query, k=k, half=" ".join(others), exclude=lambda document: not is_page(document))
