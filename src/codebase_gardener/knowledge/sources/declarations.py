"""Files that only declare what the code beside them defines: JavaScript's `.js` with its `.d.ts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msgspec import structs

from codebase_gardener.knowledge.sources.file_facts import FileFacts
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
        declared = {symbol.qualified_name: symbol for symbol in reversed(declaring.symbols)}
        names = {symbol.qualified_name for symbol in file.symbols}
        told = tuple(
            structs.replace(symbol, declared=declared.get(symbol.qualified_name)) for symbol in file.symbols
        )
        rest = tuple(symbol for symbol in declaring.symbols if symbol.qualified_name not in names)
        found[path] = replace(file, symbols=told)
        found[declaring.path] = replace(declaring, symbols=rest)
    return found
