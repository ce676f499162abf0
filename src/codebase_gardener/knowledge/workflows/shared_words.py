"""Whether a sentence of a document is of the code beside it: a name or a word of it stands there, too."""

from __future__ import annotations

import re
from functools import lru_cache

from codebase_gardener.documents.prose import mentioned_names
from codebase_gardener.retrieval.stems import stem
from codebase_gardener.retrieval.tokens import code_tokens

__all__ = ["shared_words", "speaks_of"]

_OF_ANY_SENTENCE = frozenset(
    re.findall(
        r"\w+",
        """about after all allow also always an and another any are as at be because been before being but by can code
        could do does each either every example few first for from get give had has have here how if in into is it its
        just let like make makes many may more most much must need next no not now of on once one only or other our out
        over own same set should so some such take than that the their them then there these they this those through to
        two under up us use used uses using very via was way we well what when where which while who will with without
        work works would you your""",
    )
)
"""Words that stand in sentences on anything."""
_LONGEST = 20_000  # characters of code


def speaks_of(sentence: str, code: str) -> bool:
    r"""Whether a sentence that stands beside some code is of it.

    One that names code is, where one of its names stands there; another one, where one of its words does.

    Args:
        sentence: As plain text, code in its marks.
        code: Its lines, and what else they are called.

    Example:
        >>> [speaks_of(one, "kiln = make_kiln()\nkiln.fire()") for one in ("Firing it:", "Call `bake` of kilns.")]
        [True, False]
    """
    words = _words(code[:_LONGEST])
    named = {name.rpartition(".")[2].lower() for name in mentioned_names(sentence)}
    if named:
        return bool(named & frozenset(code_tokens(code[:_LONGEST]))) or bool({*map(stem, named)} & words)
    return bool(_words(sentence) & words)


def shared_words(sentence: str, name: str) -> int:
    """How many words a sentence and a name have in common.

    Example:
        >>> shared_words("Check whether it fires pots", "Kiln.fire"), shared_words("Check it", "Kiln.fire")
        (1, 0)
    """
    return len(_words(sentence) & _words(name))


@lru_cache(maxsize=256)
def _words(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in code_tokens(text) if word not in _OF_ANY_SENTENCE)
