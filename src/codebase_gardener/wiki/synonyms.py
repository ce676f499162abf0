"""Words that say the same of an API: who asks how to delete something is answered by what removes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from codebase_gardener.retrieval.stems import stem

__all__ = ["had", "same_act"]

_SAME_ACTS = (
    "delete remove erase",
    "add insert append",
    "cancel abort",
    "change modify update edit",
    "check validate verify",
    "fetch retrieve get",
    "run execute",
    "raise throw",
    "save store keep",
    "start begin launch",
    "stop terminate",
)
"""Of what can be done with a thing that nearly every library has: each row names one act.

No repository has to write both words of a row, so no text of it can show that they are the same; a reader takes the
one, its author the other. Only verbs are here, only of acts on things of any kind, and only where each word may stand
for each other one: what a repository calls its things is learnt from its own documents (`with_what_shows_them`).
"""

_SAME_MEASURES = ("deep depth", "high height", "long length", "wide width", "limit maximum", "least minimum")
"""Of what is measured: how much it is, and what that is called; who limits something sets its maximum."""

_OTHERS = {
    word: tuple(other for other in same if other != word)
    for row in (*_SAME_ACTS, *_SAME_MEASURES)
    for same in [[stem(verb) for verb in row.split()]]
    for word in same
}


def same_act(word: str) -> tuple[str, ...]:
    """The other stems that name what this stem does, or how much it says that something is.

    Example:
        >>> same_act("delet"), same_act("pot")
        (('remov', 'eras'), ())
    """
    return _OTHERS.get(word, ())


def had(asked: Iterable[str], words: Collection[str]) -> set[str]:
    """The stems of a question that a text has, or has another verb for.

    Example:
        >>> sorted(had(["delet", "pot", "fast"], {"remov", "pot"}))
        ['delet', 'pot']
    """
    return {word for word in asked if word in words or any(other in words for other in same_act(word))}
