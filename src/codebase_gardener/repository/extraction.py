"""Symbols of a file in any language that has a reader."""

from __future__ import annotations

from codebase_gardener.repository.grammars import GRAMMARS
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.repository.symbols import SymbolTable

__all__ = ["extract_symbols"]


def extract_symbols(file: SourceFile) -> SymbolTable:
    """The functions, methods and classes of a file, from its syntax tree; nothing of it is run.

    Args:
        file: Of a snapshot.

    Returns:
        The symbols. A file that does not parse gives none (Python) or those outside the damage (others),
        and a problem; a language without a reader gives none and no problem.

    Example:
        >>> file = SourceFile("a.py", "python", "", "def f(x):\\n    return x\\n")
        >>> [(symbol.qualified_name, str(symbol.anchor)) for symbol in extract_symbols(file).symbols]
        [('f', 'a.py:L1-2')]
    """
    if file.language == "python":
        from codebase_gardener.repository.python_symbols import python_symbols

        return python_symbols(file.path, file.text)
    if file.language in GRAMMARS:
        from codebase_gardener.repository.tree_symbols import tree_symbols

        return tree_symbols(file.path, file.text, file.language)
    return SymbolTable(())
