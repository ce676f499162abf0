"""The constants and registries of a module: what its files give a value at their outer level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.languages.symbols import Symbol

__all__ = ["Constants"]


@dataclass(frozen=True)
class Constants:
    """Those that others may use: what is public; of the rest what another file uses, and what lists definitions.

    Attributes:
        context: The repository with its links.
    """

    context: ApiContext

    def of_files(self, paths: Sequence[str]) -> Iterator[Symbol]:
        """In the order of paths and lines."""
        for path in paths:
            for one in self.context.repository.facts[path].constants:
                if one.public or one.kind == "registry" or self._is_used_elsewhere(one):
                    yield one

    def _is_used_elsewhere(self, one: Symbol) -> bool:
        uses = self.context.resolution.callers.get(self.context.target(one), ())
        if any(use.path != one.path for use in uses):
            return True
        parts = one.path.rpartition(".")[0].removesuffix("/__init__").split("/")
        return bool(self._importers.get(one.name, set()) & {parts[-1], ""})

    @cached_property
    def _importers(self) -> dict[str, set[str]]:
        """Of each private name that the package's code imports, the last names of the modules that it comes from."""
        found: dict[str, set[str]] = defaultdict(set)
        repository = self.context.repository
        for path, facts in repository.facts.items():
            for one in facts.imports if repository.areas[path] == "package" else ():
                if one.name.startswith("_"):
                    found[one.name].add(one.module.rpartition(".")[2])
        return found
