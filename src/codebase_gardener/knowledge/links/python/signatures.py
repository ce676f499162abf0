"""Whether a signature can take a call."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.symbols import Symbol

__all__ = ["can_make", "can_take"]

_BINDING = frozenset({"staticmethod", "classmethod", "abstractmethod", "abc.abstractmethod"})


def can_take(definitions: Sequence[Symbol], call: Reference) -> bool:
    """Whether one of a name's definitions can be called so.

    Args:
        definitions: Those of one qualified name. One that a decorator may have changed takes everything.
        call: Its arguments count as far as its text, which is cut, can be read.
    """
    return any(_takes(each, call, bound=False) for each in definitions) or not definitions


def can_make(kinds: Sequence[Symbol], constructors: Sequence[Symbol], call: Reference) -> bool:
    """Whether a class can be called so; one that a decorator, a base or a metaclass may have changed takes everything.

    Args:
        kinds: The definitions of the class.
        constructors: Its own `__init__`, with its overloads.
        call: As for `can_take`.
    """
    if not constructors or not all(map(_is_plain, kinds)):
        return True
    return any(_takes(each, call, bound=True) for each in constructors)


def _is_plain(kind: Symbol) -> bool:
    """Whether its own `__init__` alone says what makes it: its bases are `object` and the errors of Python itself."""
    bases = [getattr(builtins, base, None) for base in kind.bases]
    return not (kind.decorators or "metaclass" in kind.signature) and all(
        base is object or (isinstance(base, type) and issubclass(base, BaseException)) for base in bases
    )


def _takes(function: Symbol, call: Reference, *, bound: bool) -> bool:
    if not _BINDING.issuperset(function.decorators):
        return True
    names = function.parameters
    takes_rest = any(name.startswith("*") and not name.startswith("**") for name in names)
    takes_any = any(name.startswith("**") for name in names)
    receiver = function.kind == "method" and not bound  # what is called on its class is given the object
    plain = sum(not name.startswith("*") for name in names)
    return (takes_any or set(call.keywords) <= {*names, "self", "cls"}) and (
        takes_rest
        or call.text.count(",") < plain + receiver  # so it gives no more, and need not be parsed
        or _positional(call.text) <= plain + receiver
    )


def _positional(text: str) -> int:
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return 0
    return sum(not isinstance(each, ast.Starred) for each in node.args) if isinstance(node, ast.Call) else 0
