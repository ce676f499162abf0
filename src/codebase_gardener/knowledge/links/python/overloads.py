"""Which overloads a call can mean, by the literals among its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codebase_gardener.languages.facts import Binding

__all__ = ["chosen_overloads"]


def chosen_overloads(overloads: Mapping[int, Sequence[Binding]], arguments: str) -> tuple[int, ...]:
    """The lines of those that take the literals; () where that cannot be told.

    An overload that says of a literal what it gives goes before one that takes any value there.

    Args:
        overloads: What each takes, by its line, as `Binding` says.
        arguments: As `Binding` says.
    """
    given = dict(part.split("=", 1) for part in arguments.split(",") if part)
    if "*" in given:
        return ()
    fitting: dict[int, set[str]] = {}
    for line, taken in overloads.items():
        met = _met(taken, given)
        if met is not None:
            fitting[line] = met
    told = set().union(*fitting.values()) if fitting else set()
    known = {line: {binding.name for binding in overloads[line]} for line in fitting}
    return tuple(line for line in fitting if told <= known[line]) if told else ()


def _met(taken: Sequence[Binding], given: Mapping[str, str]) -> set[str] | None:
    """The parameters whose literals are given, or left out where they may be; None where others are."""
    met = set()
    for name in {binding.name for binding in taken if binding.name}:
        own = [binding for binding in taken if binding.name == name]
        value = given.get(name, given.get(str(own[0].item)))
        if value == "?":
            continue
        if value is None and not own[0].passes:
            return None
        if value is not None and value not in {binding.value for binding in own}:
            return None
        met.add(name)
    return met
