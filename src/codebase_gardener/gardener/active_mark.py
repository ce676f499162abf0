"""Which version of an adapter is the active one: the mark follows the verdict."""

from __future__ import annotations

from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.registry.transactions import Registry

__all__ = ["move_mark"]


def move_mark(registry: Registry, row: VersionRow, word: str) -> None:
    """Make a version active unless it hurt; one that did loses the mark that it may have got untested."""
    if word != "hurt":
        registry.set_active(row.project, row.adapter_name, row.version)
    elif registry.active_version(row.project, row.adapter_name) == row.version:
        registry.set_active(row.project, row.adapter_name, None)
