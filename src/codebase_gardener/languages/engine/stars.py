"""The units that are visible by stars: an include, `export *`, `use a::*`, and what these make visible in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codebase_gardener.languages.engine.spaces import Space
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.facts import Import

__all__ = ["Stars"]


class Stars:
    """Each unit is reached once, however many ways lead to it: headers include each other in circles.

    Args:
        spaces: Of the family, by key.
        units: Which files imports mean.
    """

    def __init__(self, spaces: Mapping[str, Space], units: Units) -> None:
        self._spaces = spaces
        self._units = units
        self._bases: dict[str, list[str]] = {}
        self._reached: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, frozenset[str]] = {}

    def reached(self, key: str) -> tuple[str, ...]:
        """The units that a space sees by its stars, in order: each before what it passes on itself."""
        if key not in self._reached:
            seen: dict[str, None] = {}
            pending = list(reversed(self._seen_from(key)))
            while pending:
                unit = pending.pop()
                if unit not in seen and unit != key:
                    seen[unit] = None
                    pending.extend(reversed(self._seen_from(unit)))
            self._reached[key] = tuple(seen)
        return self._reached[key]

    def has(self, unit: str, name: str) -> bool:
        """Whether a unit may itself mean something by a name; True where its files are not asked for it here."""
        space = self._spaces.get(unit)
        if space is None:
            return ":" in unit
        if unit not in self._names:
            self._names[unit] = frozenset(
                (*space.symbols, *space.imports, *space.names, *space.bound_names())
            )
        return name in self._names[unit]

    def _seen_from(self, key: str) -> list[str]:
        if key not in self._bases:
            space = self._spaces.get(key)
            stars: Iterable[Import] = space.stars if space is not None else ()
            self._bases[key] = [unit for star in stars if (unit := self._units.find(star.module, key))]
        return self._bases[key]
