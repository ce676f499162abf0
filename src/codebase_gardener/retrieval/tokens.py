"""Words of code: whole identifiers and their parts, lowercase."""

from __future__ import annotations

import re
from functools import lru_cache

from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["code_tokens", "identifiers", "tokens_of"]

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_FIGURES = "0123456789"
_MAX_IDENTIFIER_CHARS = 80

# Words in nearly every document rank nothing and are most of a query's cost.
_STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and as assert async await be by case cls def do elif else end except finally for from func
        function if import in is it lambda new none not null of on or pass public private raise return self
        static string that the then this to true false try var let const void while with yield""",
    )
)


def code_tokens(text: str) -> list[str]:
    """The tokens of a text, in order, repeated as often as they occur.

    Each identifier gives itself and, where it is made of several words, its words.

    Example:
        >>> code_tokens("def getHTTPHeader(max_rank): pass")
        ['gethttpheader', 'get', 'http', 'header', 'max_rank', 'max', 'rank']
    """
    return [token for word in identifiers(text) for token in tokens_of(word)]


def identifiers(text: str) -> list[str]:
    """The identifiers of a text as they are written, in order, repeated as often as they occur."""
    return _IDENTIFIER.findall(text)


@lru_cache(maxsize=100_000)
def tokens_of(identifier: str) -> tuple[str, ...]:
    """The tokens of one identifier; none for what is in nearly every text, or too long to be a name."""
    if len(identifier) > _MAX_IDENTIFIER_CHARS:  # base64 and the like
        return ()
    whole = identifier.lower()
    parts = [part.strip(_FIGURES).lower() for part in identifier_words(identifier)]
    words = [whole] if parts == [whole] else [whole, *parts]
    return tuple(word for word in words if len(word) > 1 and word not in _STOPWORDS)
