"""Other forms of one call that a passage shows beside it: they are alternatives, not further steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.knowledge.links.uses import Target, Use
from codebase_gardener.utils.identifiers import title_words

__all__ = ["other_forms"]

_ASSIGNED = re.compile(r"\s*(?:\w+\s+)?(\w+)\s*(?::[^=\n]{1,80})?:?=(?![=>])")
"""What a line gives a value."""
_CALLED = re.compile(r"\b(\w+)\(")


def other_forms(uses: Sequence[Use], lines: Sequence[str], first: int) -> frozenset[Target]:
    """What is called by a longer form of another called name, and whose result no later line uses.

    Args:
        uses: The steps of a passage.
        lines: Of the passage.
        first: The number of the first line.

    Example:
        >>> lines = ["const found = await scan(a)", "const same = scanSync(a)", "print(found)"]
        >>> use = Use(Target("a.js", "scanSync"), "README.md", 2, 2, "", "call", "import", (), "scanSync(a)")
        >>> other_forms([use], lines, 1)
        frozenset({Target(path='a.js', name='scanSync')})
    """
    found: dict[Target, bool] = {}
    for use in uses:
        found[use.target] = (
            found.get(use.target, True) and _is_idle(use, lines, first) and _is_longer(use, lines)
        )
    return frozenset(target for target, is_other in found.items() if is_other)


def _is_longer(use: Use, lines: Sequence[str]) -> bool:
    """Whether its name has all words of another name that is called, and more."""
    written = _CALLED.search(use.text)
    own = _words(written[1] if written else use.target.name.rpartition(".")[2])
    return any(words and words < own for words in map(_words, _CALLED.findall("\n".join(lines))))


def _is_idle(use: Use, lines: Sequence[str], first: int) -> bool:
    """Whether it is assigned to a name that no later line has."""
    found = _ASSIGNED.match(lines[use.start - first]) if 0 <= use.start - first < len(lines) else None
    later = "\n".join(lines[use.end - first + 1 :])
    return found is not None and not re.search(rf"\b{re.escape(found[1])}\b", later)


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in title_words(name))
