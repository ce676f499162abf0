"""The order in which nested calls are evaluated: what is handed to a call is made before it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codebase_gardener.knowledge.links.uses import Use

__all__ = ["in_order_of_evaluation"]

_FUNCTION = re.compile(
    r"=>|\s->\s|\b(?:lambda|function|func|fn|def|do|class)\b|\|[\w\s,&:]{0,80}\||\{\s*\w+\s+in\b"
)
"""What begins a function that is handed on: it runs when it is called, not when it is handed on."""
_MOST_AROUND = 50  # calls around another that are looked at
_QUOTED = re.compile(r"\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'|`[^`\n]{0,400}`")


def in_order_of_evaluation(uses: Iterable[Use]) -> list[Use]:
    """Calls after the calls that make their arguments; the others in the order that they have.

    Example:
        >>> from codebase_gardener.knowledge.links.uses import Target
        >>> texts = ["app.mount(wrap(inner))", "wrap(inner)"]
        >>> uses = [Use(Target("a.js", text), "a.js", 1, 1, "", "call", "import", (), text) for text in texts]
        >>> [use.text for use in in_order_of_evaluation(uses)]
        ['wrap(inner)', 'app.mount(wrap(inner))']
    """
    found: list[Use] = []
    around: list[Use] = []
    for use in uses:
        around = [each for each in around if each.path == use.path and use.start <= each.end][-_MOST_AROUND:]
        inner = next((each for each in reversed(around) if _is_handed(use, each)), None)
        if inner is None:
            found.append(use)
        else:
            at = len(found) - 1
            while found[at] is not inner:
                at -= 1
            found.insert(at, use)
        if use.kind == "call":
            around.append(use)
    return found


def _is_handed(use: Use, call: Use) -> bool:
    """Whether a use stands among the arguments of a call, and in no function that is one."""
    if use.kind != "call" or not (call.start <= use.start and use.end <= call.end):
        return False
    at = call.text.find(use.text) if use.text else -1
    before = _still_open(_QUOTED.sub("", call.text[: max(at, 0)]))
    return bool(before) and not _FUNCTION.search(before)


def _still_open(text: str) -> str:
    """What follows the first bracket that is not closed, without what stands in closed ones; "" without any."""
    kept: list[str] = [""]
    for each in text:
        if each in "([{":
            kept.append("")
        elif each not in ")]}":
            kept[-1] += each
        elif len(kept) > 1:
            kept.pop()
    return "(".join(["", *kept[1:]])
