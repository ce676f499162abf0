"""What a macro's name means where it is called: macros have names of their own, known all over their package."""

from __future__ import annotations

from collections.abc import Iterable

from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.facts import Reference
from codebase_gardener.languages.meanings import Entity
from codebase_gardener.languages.rows import MacroNames

__all__ = ["Macros"]


class Macros:
    """The macros of a family's files, by their package and name.

    Args:
        spaces: Of the family.
        units: Which files imports mean.
        told: How the family calls macros, and what their package is.
    """

    def __init__(self, spaces: Iterable[Space], units: Units, told: MacroNames) -> None:
        self._units = units
        self._told = told
        self._known: dict[tuple[str, str], Entity] = {}
        self._packages: dict[str, set[str]] = {}
        files = (space for space in spaces if space.is_file and space.macros)
        for space in sorted(files, key=lambda space: (space.left_out, space.area != "package")):
            root = told.package(units, space.path)
            for qualified, symbol in sorted(space.macros.items(), key=lambda row: row[1].left_out):
                self._known.setdefault((root, symbol.name), Entity("function", space.path, qualified))
                self._packages.setdefault(symbol.name, set()).add(root)

    def is_call(self, reference: Reference) -> bool:
        """Whether a reference is the call of a macro."""
        return reference.kind == "call" and bool(self._told.call.match(reference.text))

    def meant(self, space: Space, reference: Reference) -> Entity | None:
        """The macro of the repository that is called; None for one from outside."""
        first, _, rest = reference.name.partition(".")
        name = reference.name.rpartition(".")[2]
        if name not in self._packages and first not in space.imports:
            return None
        own = self._told.package(self._units, space.path) if space.is_file else ""
        if rest:
            return self._of(space, first, own, name)
        here = next((one for one in space.macros if one.rpartition(".")[2] == name), "")
        if here:
            return Entity("function", space.path, here)
        imported = space.imported(name, reference.start)
        if imported is not None and imported.name:
            return self._of(space, imported.module.partition(".")[0], own, imported.name)
        found = self._known.get((own, name)) if own else None
        whole = [
            one.module for one in space.imports.values() if not one.name
        ]  # `#[macro_use] extern crate a;`
        for module in (*whole, *(star.module for star in space.stars)):
            found = found or self._of(space, module.partition(".")[0], own, name)
        roots = self._packages.get(name, set())
        if found is None and not space.is_file and len(roots) == 1:
            found = self._known[next(iter(roots)), name]._replace(how="name")
        return found

    def _of(self, space: Space, package: str, own: str, name: str) -> Entity | None:
        """A macro of the package that a path begins with."""
        alias = space.imports.get(package)
        module = alias.module if alias is not None and not alias.name else package
        is_own = package in self._told.own
        root = own if is_own else self._units.entries.get(module.partition(".")[0], "")
        return self._known.get((root, name))
