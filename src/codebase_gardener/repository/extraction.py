"""The symbols of a snapshot's files, and those that no row may show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["extract_tables", "without_secrets"]


def extract_tables(
    snapshot: Snapshot, progress: Progress = silent, *, kept: Mapping[str, SymbolTable] | None = None
) -> dict[str, SymbolTable]:
    """The symbols of every code file, by path.

    Args:
        snapshot: Its files.
        progress: Called with files done.
        kept: What is known of some files already.
    """
    tables: dict[str, SymbolTable] = {}
    for done, file in enumerate(snapshot.files, start=1):
        if is_code(file.language):
            known = kept.get(file.path) if kept else None
            tables[file.path] = known or symbols_of(file.path, file.text, file.language)
        progress(done, len(snapshot.files))
    return tables


def without_secrets(tables: Mapping[str, SymbolTable], snapshot: Snapshot) -> dict[str, SymbolTable]:
    """The tables without the definitions that hold a secret; a type stays, since its text is in no row."""
    hidden = {file.path: file.hidden for file in snapshot.files if file.hidden}
    return {
        path: replace(table, symbols=tuple(s for s in table.symbols if _is_open(s, hidden[path])))
        if path in hidden
        else table
        for path, table in tables.items()
    }


def _is_open(symbol: Symbol, hidden: Sequence[tuple[int, int]]) -> bool:
    return symbol.kind not in ("function", "method") or not any(
        symbol.start <= end and start <= symbol.end for start, end in hidden
    )
