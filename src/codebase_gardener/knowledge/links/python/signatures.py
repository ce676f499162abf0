"""Whether a function's signature can take a call."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.symbols import Symbol

__all__ = ["can_take"]

_BINDING = frozenset({"staticmethod", "classmethod", "abstractmethod", "abc.abstractmethod"})


def can_take(definitions: Sequence[Symbol], call: Reference) -> bool:
    """Whether one of a name's definitions can be called so.

    Args:
        definitions: Those of one qualified name. One that a decorator may have changed takes everything.
        call: Its arguments count as far as its text, which is cut, can be read.
    """
    return any(_takes(each, call) for each in definitions) or not definitions


def _takes(function: Symbol, call: Reference) -> bool:
    if not _BINDING.issuperset(function.decorators):
        return True
    names = function.parameters
    takes_rest = any(name.startswith("*") and not name.startswith("**") for name in names)
    takes_any = any(name.startswith("**") for name in names)
    receiver = function.kind == "method"
    plain = sum(not name.startswith("*") for name in names)
    return (takes_any or set(call.keywords) <= {*names, "self", "cls"}) and (
        takes_rest or _positional(call.text) <= plain + receiver
    )


def _positional(text: str) -> int:
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return 0
    return sum(not isinstance(each, ast.Starred) for each in node.args) if isinstance(node, ast.Call) else 0
