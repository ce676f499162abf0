"""The area of every file of a snapshot: by its path, and by the files beside it."""

from __future__ import annotations

from collections.abc import Mapping

from codebase_gardener.knowledge.sources.compiled_scripts import compiled_files
from codebase_gardener.knowledge.sources.facts import FileFacts
from codebase_gardener.repository.areas import area_of

__all__ = ["areas_of"]

_FOLDERS_ARE_PACKAGES = ("go", "java")


def areas_of(facts: Mapping[str, FileFacts]) -> dict[str, str]:
    """Of each path, in order, as `area_of` says; scripts that a compiler wrote from others here are "other"."""
    compiled = compiled_files(facts)
    return {path: "other" if path in compiled else _area(path, facts[path]) for path in sorted(facts)}


def _area(path: str, facts: FileFacts) -> str:
    """A folder `doc` of Go or Java is a package as any other."""
    area = area_of(path)
    is_package = area == "docs" and facts.language in _FOLDERS_ARE_PACKAGES
    return area_of(f"{path.rpartition('/')[2]}") if is_package else area
