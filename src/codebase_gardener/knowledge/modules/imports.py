"""Which file imports which: what a use of a name does not tell, since a file may only hand on what it imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from codebase_gardener.knowledge.links.families import units_of
from codebase_gardener.knowledge.links.python.module_names import ModuleNames, is_package
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["imported_files"]


def imported_files(facts: Mapping[str, FileFacts]) -> dict[str, dict[str, int]]:
    """Of each file, the other files that its import statements mean, where each means one, each with the first line."""
    modules = ModuleNames(facts)
    units: dict[str, Units] = {}
    found: dict[str, dict[str, int]] = {}
    for path, each in facts.items():
        family = family_of(each.language)
        if family and each.imports and family not in units:
            units[family] = units_of(facts, FAMILIES[family])
        for one in each.imports:
            meant = _of_unit(one, path, units[family]) if family else _of_python(one, path, modules)
            for file in meant:
                if file in facts and file != path:
                    lines = found.setdefault(path, {})
                    lines[file] = min(one.line, lines.get(file, one.line))
    return found


def _of_unit(one: Import, path: str, units: Units) -> Iterator[str]:
    files = units.files.get(units.find(one.module, path), [])
    if len(files) == 1:  # a folder of several does not tell which of them is meant
        yield files[0]


def _of_python(one: Import, path: str, modules: ModuleNames) -> Iterator[str]:
    module = modules.relative(path, one.level, one.module) if one.level else modules.find(one.module, path)
    if module is None:
        return
    folder = module.rpartition("/")[0] if is_package(module) else module
    inside = modules.inside(folder, one.name) if one.name not in ("", "*") else None
    yield inside or module
