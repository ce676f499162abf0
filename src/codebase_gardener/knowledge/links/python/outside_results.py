"""What calls of things give whose source is not here."""

from __future__ import annotations

import builtins

from codebase_gardener.knowledge.links.python.entities import FLUENT, class_part, is_loader
from codebase_gardener.languages.meanings import Entity

__all__ = ["from_builtin", "from_outside", "says_nothing"]

_UNTYPED = frozenset(
    {"Any", "Callable", "Self", "TypeVar", "Generic", "Protocol", "object", "Never", "NoReturn"}
)


def says_nothing(name: str) -> bool:
    """Whether an annotation from outside tells no type: `typing.Any`."""
    module, _, last = name.rpartition(".")
    return last in _UNTYPED and module in ("typing", "typing_extensions", "collections.abc", "builtins")


def from_outside(entity: Entity) -> tuple[Entity, ...]:
    """What a call of something from outside gives: of a class, or a loader or fluent method of one, an instance."""
    kind = class_part(entity.name)
    if kind == entity.name or (kind and is_loader(entity.name[len(kind) + 1 :])):
        return (Entity("external instance", "", kind, "type"),)
    if entity.owner is not None and entity.name.rpartition(".")[2] in FLUENT:
        return (Entity("instance" if entity.owner[0] else "external instance", *entity.owner, "type"),)
    return (Entity("external value", "", entity.name),)


def from_builtin(name: str) -> tuple[Entity, ...]:
    """What a call of something built in gives."""
    if isinstance(getattr(builtins, name, None), type):
        return (Entity("builtin", "", name),)
    return (Entity("builtin", "", "str"),) if name.startswith("str.") else ()
