"""The area of every file of a snapshot: by its path, and by the files beside it."""

from __future__ import annotations

from collections.abc import Mapping

from codebase_gardener.knowledge.sources.areas import area_of
from codebase_gardener.knowledge.sources.facts import FileFacts
from codebase_gardener.languages.table import FAMILIES, LANGUAGES, family_of

__all__ = ["areas_of"]


def areas_of(facts: Mapping[str, FileFacts]) -> dict[str, str]:
    """Of each path, in order, as `area_of` says; what a compiler wrote from other files here is "other"."""
    compiled = _compiled(facts)
    return {path: "other" if path in compiled else _area(path, facts[path]) for path in sorted(facts)}


def _compiled(facts: Mapping[str, FileFacts]) -> frozenset[str]:
    folders = {path.rpartition("/")[0] for path, each in facts.items() if each.entries}
    roots = sorted(folders, key=len, reverse=True)
    paths: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for path, each in facts.items():
        if family_of(each.language):
            paths[family_of(each.language)].append(path)
    return frozenset().union(
        *(FAMILIES[name].compiled(of_family, roots) for name, of_family in paths.items())
    )


def _area(path: str, facts: FileFacts) -> str:
    """A folder `doc` is a package as any other where folders are packages."""
    area = area_of(path)
    row = LANGUAGES.get(facts.language) if area == "docs" else None
    is_package = row is not None and row.family is not None and ":" in row.family.unit(path)
    return area_of(path.rpartition("/")[2]) if is_package else area
