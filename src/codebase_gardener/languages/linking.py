"""What links names across files: what a name means, and what a language's row may ask of the linker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from codebase_gardener.languages.facts import Import
    from codebase_gardener.languages.symbols import Symbol

__all__ = ["OUTSIDE", "PLACES", "Entity", "Linker", "Offer", "Place", "Space", "Units", "joined"]

Place = tuple[str, str]
"""A definition: the path of its file and its qualified name."""

PLACES = ("class", "function", "constant")
"""Kinds of entities that are definitions."""


class Entity(NamedTuple):
    """A thing that a name means.

    Attributes:
        kind: "module", "namespace" (a folder of modules), "class", "function", "instance" (of a class), "constant"
            (a module's own name), "field" (an attribute of a class), "super"; "external" (a name from outside),
            "external instance", "external value" (of an unknown type from outside), "elsewhere" (of another package
            or the language itself, in what tree-sitter reads), "builtin".
        path: The namespace's key; "" for what comes from outside.
        name: Qualified name, or dotted from outside.
        how: As in `Use`.
        owner: Of a method, the (path, name) of the class that it was taken from; ("", dotted) from outside.
    """

    kind: str
    path: str
    name: str
    how: str = "import"
    owner: tuple[str, str] | None = None


OUTSIDE = Entity("elsewhere", "", "")
"""Something of another package or of the language itself: known, and not of this repository."""


@dataclass(frozen=True)
class Offer:
    """How users get at something.

    Attributes:
        name: With the package's name, as the language joins them by a dot: "zod.string", "cobra.Command".
        statement: That imports it.
    """

    name: str
    statement: str


class Space(Protocol):
    """The names of one file."""

    @property
    def path(self) -> str:
        """Of the file."""

    @property
    def symbols(self) -> Mapping[str, Symbol]:
        """Its definitions by their qualified name."""

    @property
    def exports(self) -> tuple[str, ...]:
        """What it lets others use."""

    @property
    def stars(self) -> Sequence[Import]:
        """Imports that make all names of a module visible."""


class Units(Protocol):
    """The units of import of a family: files, or folders where `Family.unit` says so."""

    @property
    def paths(self) -> frozenset[str]:
        """Of the family's files."""

    @property
    def files(self) -> Mapping[str, Sequence[str]]:
        """The files of each unit, by its key."""

    @property
    def entries(self) -> Mapping[str, str]:
        """What packaging files let others import: the name, and the file that it means."""

    @property
    def roots(self) -> Sequence[tuple[str, str]]:
        """Folders of packaging files with the name that each gives, the deepest first."""

    def existing(self, path: str) -> str:
        """The path, if it is a file of the family; else ""."""

    def ending(self, exact: str, mark: str, path: str) -> str:
        """The unit `exact`, else the one nearest to the root whose key begins with a mark and ends with a path."""

    def find(self, module: str, importer: str) -> str:
        """The unit of a module as an import writes it; "" for one from outside."""


class Linker(Protocol):
    """What names mean in the files of a family."""

    @property
    def units(self) -> Units:
        """Which files imports mean."""

    def of_unit(self, unit: str, name: str) -> Entity | None:
        """A name of any file of a folder, where a unit is a folder."""

    def offered(self, unit: str, name: str) -> Entity | None:
        """What a unit means by a name."""

    def member(self, entity: Entity, name: str) -> Entity | None:
        """What stands after the dot."""

    def ending(self, dotted: str, path: str) -> Entity | None:
        """The definition whose qualified name ends so; of several the one of this file, else none."""


def joined(folder: str, path: str) -> str:
    """A relative path taken from a folder, without dots; one that leaves the root begins with `..`."""
    parts = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
