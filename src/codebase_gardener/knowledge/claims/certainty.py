"""Whether a citation is of the symbol that its row or sentence names: only then may its range be written anew.

"`load` (a.py:L3-9)" is, and "The `load` function is at a.py:L3-9"; "`load` is called at a.py:L20" is not, and "The
check in `load` is at a.py:L7" neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.knowledge.claims.binding import in_apposition
from codebase_gardener.knowledge.claims.forms import ClaimCitation, Name, Statement

__all__ = ["PERMANENT", "doubt_of", "is_permanent", "is_said_defined"]

PERMANENT = "the link is to the file at a commit"
_MAX_GAP = 40
_KIND = (
    r"(?:(?:abstract|data|base|helper|error|exception)\s+)?"
    r"(?:class|dataclass|function|method|coroutine|constructor|property|decorator|constant|variable|field|exception|error"
    r"|struct|interface|protocol|trait|enum|type|macro|module|object|helper)"
)
_PLACED = (
    r"(?:(?:(?:is|are|was)|can\s+be)\s+)?(?:defined|declared|implemented|found|located)\s+(?:at|in)"
    r"|(?:is|lives|stands|sits)\s+(?:at|in)"
)
_SAID = re.compile(rf"[\s`*]*(?:\s{_KIND}\s+)?(?:{_PLACED})(?:\s+(?:the\s+)?(?:file|module))?[:\s`*(\[]*")
_SUBJECT = re.compile(
    rf"(?:\A|[.!?:;,(–—>*+-]|\b(?:and|but|while|where|whereas))[\s*_#]*(?:(?:the|an?|its|our|this)\s+)?(?:{_KIND}\s+)?[`*\[]*\Z",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(r"[\s`*]*[:,–—-]?[\s`*(\[]*")
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
    if is_permanent(statement, citation):
        return PERMANENT
    if len({name.text for name in names}) > 1:
        return "several names belong to one range"
    if not any(_beside(statement.text, name, citation) for name in names):
        if not statement.is_row:
            return "the sentence does not say that the name is defined there"
        if not alone:
            return "several ranges stand in the row"
    return ""


def is_permanent(statement: Statement, citation: ClaimCitation) -> bool:
    """Whether a citation is a link to the file at a commit, which may have other lines than the file now."""
    return _PERMANENT.search(statement.text, citation.at, citation.until) is not None


def is_said_defined(text: str, name: Name, citation: ClaimCitation) -> bool:
    """Whether a clause says of a name, as its subject, where it is: "The class `a` is defined at p:L1-3"."""
    if not 0 < citation.at - name.until <= _MAX_GAP or not _SAID.fullmatch(text, name.until, citation.at):
        return False
    return _SUBJECT.search(text[max(0, name.at - _MAX_GAP) : name.at]) is not None


def _beside(text: str, name: Name, citation: ClaimCitation) -> bool:
    if in_apposition(text, name, citation) or is_said_defined(text, name, citation):
        return True
    first, last = (name.until, citation.at) if name.until <= citation.at else (citation.until, name.at)
    pattern = _AFTER_NAME if first == name.until else _BEFORE_NAME
    return 0 <= last - first <= _MAX_GAP and pattern.fullmatch(text, first, last) is not None
