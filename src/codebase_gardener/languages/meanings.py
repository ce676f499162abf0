"""What a name means across files, and what a package offers to its users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["OUTSIDE", "PLACES", "Entity", "Offer", "Place", "joined"]

Place = tuple[str, str]
"""A definition: the path of its file and its qualified name."""

PLACES = ("class", "function", "constant")
"""Kinds of entities that are definitions."""


class Entity(NamedTuple):
    """A thing that a name means.

    Attributes:
        kind: "module", "namespace" (a folder of modules), "class", "function", "instance" (of a class), "holder" (of
            several instances), "constant" (a module's own name), "field" (an attribute of a class), "super";
            "external" (a name from outside), "external instance", "external value" (of an unknown type from outside),
            "elsewhere" (of another package or the language itself, in what tree-sitter reads), "builtin".
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


def joined(folder: str, path: str) -> str:
    """A relative path taken from a folder, without dots; one that leaves the root begins with `..`."""
    parts = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
