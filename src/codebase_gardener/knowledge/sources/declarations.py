"""Files that only declare what the code beside them defines: JavaScript's `.js` with its `.d.ts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msgspec import structs

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["with_declarations"]


def with_declarations(facts: Mapping[str, FileFacts]) -> dict[str, FileFacts]:
    """Each definition once: that with a body, which knows its declaration; what is only declared stays.

    Args:
        facts: By path.
    """
    found = dict(facts)
    for path, file in facts.items():
        family = FAMILIES.get(family_of(file.language))
        declaring = found.get(family.declarations(path)) if family is not None else None
        if declaring is None:
            continue
        declared = _handed_out(declaring) | {one.qualified_name: one for one in reversed(declaring.symbols)}
        names = {symbol.qualified_name for symbol in file.symbols}
        told = tuple(
            structs.replace(symbol, declared=declared.get(symbol.qualified_name)) for symbol in file.symbols
        )
        again = {declared[name].qualified_name for name in names if name in declared}
        rest = tuple(symbol for symbol in declaring.symbols if symbol.qualified_name not in names | again)
        found[path] = replace(file, symbols=told)
        found[declaring.path] = replace(declaring, symbols=rest)
    return found


def _handed_out(facts: FileFacts) -> dict[str, Symbol]:
    """The functions of what a file hands out as a whole (`export = kiln`), by their own names."""
    whole = {one.value for one in facts.bindings if one.name == "default" and not one.scope}
    return {
        one.name: one
        for one in reversed(facts.symbols)
        if one.kind == "function" and one.qualified_name.rpartition(".")[0] in whole
    }
