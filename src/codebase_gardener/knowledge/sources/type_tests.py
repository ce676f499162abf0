"""Files beside code that only check its types: tests, whatever they are called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.rows import Family, TypeTests
from codebase_gardener.languages.table import FAMILIES, family_of
from codebase_gardener.repository.areas import area_of

__all__ = ["with_type_tests"]


def with_type_tests(facts: Mapping[str, FileFacts], programs: Collection[str] = ()) -> dict[str, FileFacts]:
    """The facts with every line of a file that checks types marked as a test's.

    Such a file stands in a package that is checked by a tool that reads all files, or imports what such tools give;
    it uses the package, and nothing uses it.

    Args:
        facts: By path.
        programs: Paths of files that are run by themselves.
    """
    found = dict(facts)
    for family in FAMILIES.values():
        for path in _of_family(facts, family, family.type_tests) if family.type_tests else ():
            if path in programs:
                continue
            found[path] = replace(facts[path], tests=((1, max(facts[path].lines, 1), ""),))
    return found


def _of_family(facts: Mapping[str, FileFacts], family: Family, told: TypeTests) -> Iterator[str]:
    code = {path: each for path, each in facts.items() if family_of(each.language) == family.name}
    checked = tuple(
        path.rpartition("/")[0]
        for path, each in facts.items()
        if each.entries and any(one.name in told.checkers for one in each.evidence)
    )
    candidates = [path for path, each in code.items() if _may_be_one(path, each, told, checked)]
    if not candidates:
        return
    entries = [
        (path.rpartition("/")[0], one.name, one.path)
        for path, each in facts.items()
        for one in each.entries
        if family_of(one.language) == family.name
    ]
    units = Units(family, code, entries)
    used = {units.find(one.module, path) for path, each in code.items() for one in each.imports}
    if family.entry is not None:
        used |= {family.entry(units, folder, path) for folder, _, path in entries if path}
    for path in candidates:
        if path not in used and any(units.find(one.module, path) for one in code[path].imports):
            yield path


def _may_be_one(path: str, file: FileFacts, told: TypeTests, checked: Iterable[str]) -> bool:
    if not told.files.search(path) or area_of(path, file.language) != "package":
        return False
    return any(one.module in told.asserters for one in file.imports) or any(
        not folder or path.startswith(f"{folder}/") for folder in checked
    )
