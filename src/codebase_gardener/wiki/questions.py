"""What a question is about."""

from __future__ import annotations

import re

from codebase_gardener.retrieval.documents import PAGE_KIND, Document

__all__ = ["content_words", "is_page"]

_ASKING = (  # words of a question that name nothing
    "able about any anything can class code could defined do does file find from function get gets getting goes got "
    "how i located made make makes making may me method might must need own should show shown shows some something "
    "tell tells together told use used uses using want way what when where which who why without work works would"
)
_STOPWORDS = (  # Lucene's
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with"
)
_FILLER = frozenset(f"{_STOPWORDS} {_ASKING}".split())


def is_page(document: Document) -> bool:
    """Whether it is a page of the wiki."""
    return document.kind == PAGE_KIND


def content_words(question: str) -> list[str]:
    """The words of a question that say what it is about, in order."""
    return [word for word in re.findall(r"\w+", question) if word.lower() not in _FILLER]
