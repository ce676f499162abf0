"""Packages that only tests need, where a packaging file has one list of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msgspec import structs

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import areas_of
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["with_test_needs"]


def with_test_needs(facts: Mapping[str, FileFacts]) -> dict[str, FileFacts]:
    """A requirement that files of tests alone import is in a group of its own; one that nothing imports stays.

    Args:
        facts: By path.
    """
    found = dict(facts)
    listing = {path: families for path, file in facts.items() if (families := _families(file))}
    areas = areas_of(facts) if listing else {}
    for path, families in listing.items():
        importing: dict[str, set[bool]] = {}
        for other, file in facts.items():
            if family_of(file.language) in families:
                for one in file.imports:
                    importing.setdefault(one.module, set()).add(areas[other] == "tests")
        evidence = tuple(
            structs.replace(each, kind="group", scope="test")
            if each.kind == "requirement" and _for_tests(each.name, importing)
            else each
            for each in facts[path].evidence
        )
        found[path] = replace(facts[path], evidence=evidence)
    return found


def _families(file: FileFacts) -> set[str]:
    """Of the packages that a packaging file names, those whose requirements stand in one list."""
    named = {family_of(entry.language) for entry in file.entries}
    return {name for name in named if name in FAMILIES and FAMILIES[name].one_list}


def _for_tests(name: str, importing: Mapping[str, set[bool]]) -> bool:
    """Whether all imports of a module, or of what lies in it, are those of tests."""
    kinds = set().union(
        *(kinds for module, kinds in importing.items() if f"{module}/".startswith(f"{name}/"))
    )
    return kinds == {True}
