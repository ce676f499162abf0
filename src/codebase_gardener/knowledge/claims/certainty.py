"""Whether a citation is of the symbol that its row or sentence names: only then may its range be written anew.

"`load` (a.py:L3-9)" is; "`load` is called at a.py:L20" is not, and "`load` clips the gradient (a.py:L7-8)" neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.knowledge.claims.binding import in_apposition
from codebase_gardener.knowledge.claims.forms import ClaimCitation, Name, Statement

__all__ = ["PERMANENT", "doubt_of"]

PERMANENT = "the link is to the file at a commit"
_MAX_GAP = 40
_DEFINED = r"(?:is\s+)?(?:defined|declared|implemented|found)\s+(?:at|in)"
_AFTER_NAME = re.compile(rf"[\s`*]*(?:[:,–—-]|{_DEFINED})?[\s`*(\[]*")
_PERMANENT = re.compile(r"/(?:blob|tree|raw|commit)/[0-9a-f]{7,64}/")
_BEFORE_NAME = re.compile(r"[\s`*)\]]*(?:[:,–—-]|defines|declares|implements)?[\s`*(\[]*")


def doubt_of(statement: Statement, citation: ClaimCitation, names: Sequence[Name], *, alone: bool) -> str:
    """Why a citation may be of something else than what is named; "" where it is of that.

    Args:
        statement: The row or sentence.
        citation: One of its citations.
        names: Those that belong to it.
        alone: Whether it is the only citation there.
    """
    if _PERMANENT.search(statement.text, citation.at, citation.until):
        return PERMANENT
    if len({name.text for name in names}) > 1:
        return "several names belong to one range"
    if not any(_beside(statement.text, name, citation) for name in names):
        if not statement.is_row:
            return "the sentence does not say that the name is defined there"
        if not alone:
            return "several ranges stand in the row"
    return ""


def _beside(text: str, name: Name, citation: ClaimCitation) -> bool:
    if in_apposition(text, name, citation):
        return True
    first, last = (name.until, citation.at) if name.until <= citation.at else (citation.until, name.at)
    pattern = _AFTER_NAME if first == name.until else _BEFORE_NAME
    return 0 <= last - first <= _MAX_GAP and pattern.fullmatch(text, first, last) is not None
