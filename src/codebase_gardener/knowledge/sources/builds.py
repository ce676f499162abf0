"""What a build that asks for nothing leaves out, where a packaging file says which features are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msgspec import structs

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["with_builds"]


def with_builds(facts: Mapping[str, FileFacts]) -> dict[str, FileFacts]:
    """The facts with what is left out marked; of constants of one name in a file only that which is built stays.

    Args:
        facts: By path.
    """
    found = dict(facts)
    features = {path.rpartition("/")[0]: file.features for path, file in facts.items() if file.features}
    for path, file in facts.items():
        family = FAMILIES.get(family_of(file.language))
        if family is None or family.is_left_out is None:
            continue
        on = next((features[folder] for folder in _folders(path) if folder in features), ())
        symbols, constants = (
            [
                structs.replace(one, left_out=True) if family.is_left_out(one.decorators, on) else one
                for one in every
            ]
            for every in (file.symbols, file.constants)
        )
        first: dict[str, Symbol] = {}
        for one in sorted(constants, key=lambda one: one.left_out):
            first.setdefault(one.qualified_name, one)
        kept = tuple(sorted(first.values(), key=lambda one: one.start))
        found[path] = replace(file, symbols=tuple(symbols), constants=kept)
    return found


def _folders(path: str) -> list[str]:
    """The folders around a file, the innermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:at]) for at in range(len(parts), -1, -1)]
