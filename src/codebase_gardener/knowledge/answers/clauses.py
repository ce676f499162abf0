"""A question that asks for several things, as the questions that it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codebase_gardener.knowledge.answers.questions import forms_of, is_like_code

__all__ = ["Clauses", "clauses_of"]

_DOES = r"(?:is|are|was|were|do|does|did|can|could|will|would|should|must|may|has|have)"
_SUBJECT = r"(?:it|its|they|i|we|you|one|there|this|that|these|those|the|such|my|a|an|any)"
_FIRST = r"(?:(?:in|by|on|to|from|with|at|for|of|under|through|since) )?"
_ASKS = (
    rf"(?:{_FIRST}(?:what|which|whom?|whose|why|how)\b(?! *(?:,|\?|$))|{_FIRST}(?:where|when) {_DOES}\b"
    rf"|{_DOES} {_SUBJECT}\b)"
)
_ASKS_ANEW = (  # and does not tell more of what stands before a comma, as "which is made of clay" does
    rf"(?:{_FIRST}(?:what|why|how)\b(?! *(?:,|\?|$))|{_FIRST}(?:where|when|whom?) {_DOES}\b"
    rf"|{_FIRST}which (?!{_DOES}\b)(?:[\w-]+ ){{1,4}}{_DOES}\b|{_DOES} {_SUBJECT}\b)"
)
_ENDS = re.compile(
    rf"[?!]+\s+|(?<=\w)\.\s+(?=(?-i:[A-Z]))|(?<=\0)\s+(?=(?-i:[A-Z])\w+ )|;\s+|:\s+(?={_ASKS})"
    rf"|,?\s+(?:and|or|but)\s+(?={_ASKS})|,\s+(?={_ASKS_ANEW})",
    re.IGNORECASE,
)
"""Where another question begins; "and when no route matches" goes on with the one before."""

_IS_ASKING = re.compile(rf"(?:and |or |but |then )?{_ASKS}", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"\n]*\"|`[^`\n]*`|“[^”\n]*”")
_IT = re.compile(r"\bit\b", re.IGNORECASE)
_ITS = re.compile(r"\bits\b", re.IGNORECASE)
_KEPT = re.compile("\0(\\d+)\0")
_DONE = re.compile(rf"\b{_DOES}\b", re.IGNORECASE)
_WHOLE = 4  # words of a question without a verb: "and how often" goes on with the one before


@dataclass(frozen=True)
class Clauses:
    """What a question is made of.

    Attributes:
        asked: Its questions, in order; "it" is the name that the one before asks for.
        told: What it says besides: sentences that ask for nothing.
    """

    asked: tuple[str, ...]
    told: str = ""


def clauses_of(question: str) -> Clauses:
    """The questions in a question, at least one.

    Example:
        >>> clauses_of("What does `grow` return, and who calls it?").asked
        ('What does `grow` return', 'who calls `grow`')
        >>> clauses_of("My pot leaks. Why, and how do I mend it?")
        Clauses(asked=('how do I mend it',), told='My pot leaks')
    """
    kept = _QUOTED.findall(question)
    numbers = iter(range(len(kept)))
    marked = _QUOTED.sub(lambda _: f"\0{next(numbers)}\0", question.strip(" ?!."))
    parts = [_KEPT.sub(lambda found: kept[int(found[1])], part).strip(" ,") for part in _ENDS.split(marked)]
    asked: list[str] = []
    told: list[str] = []
    name = ""
    for part in parts:
        if not _IS_ASKING.match(part):
            told.append(part)
            continue
        it = _ITS.sub(f"`{name}`'s", _IT.sub(f"`{name}`", part, count=1)) if name else part
        if asked and len(part.split()) < _WHOLE and not _name_in(it) and not _DONE.search(part):
            asked[-1] += f" and {part}"
        else:
            asked.append(it)
            name = _name_in(part) or name
    if len(parts) < 2 or not asked:
        return Clauses((question,))
    return Clauses(tuple(asked), " ".join(part for part in told if " " in part))


def _name_in(question: str) -> str:
    """The name of code that a question asks for; "" where it asks for none."""
    names = [asked.what for asked in forms_of(question) if asked.form != "how"]
    written = [text.strip('`"“”') for text in _QUOTED.findall(question) if text.startswith("`")]
    found = [name for name in (*names, *written) if name and " " not in name]
    return next((name for name in found if is_like_code(name) or name in written or name[:1].isupper()), "")
