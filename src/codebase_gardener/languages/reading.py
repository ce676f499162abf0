"""Symbols of a text in any language that has a reader."""

from __future__ import annotations

from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.languages.table import GRAMMARS

__all__ = ["symbols_of"]


def symbols_of(path: str, text: str, language: str) -> SymbolTable:
    """The functions, methods and classes of a text, from its syntax tree; nothing of it is run.

    Args:
        path: Of the file, for the anchors.
        text: Its content.
        language: As `language_of` says.

    Returns:
        The symbols. A file that does not parse gives none (Python) or those outside the damage (others),
        and a problem; a language without a reader gives none and no problem.

    Example:
        >>> found = symbols_of("a.py", "def f(x):\\n    return x\\n", "python")
        >>> [(symbol.qualified_name, str(symbol.anchor)) for symbol in found.symbols]
        [('f', 'a.py:L1-2')]
    """
    if language == "python":
        from codebase_gardener.languages.python.symbols import python_symbols

        return python_symbols(path, text)
    if language in GRAMMARS:
        from codebase_gardener.languages.engine.symbols import tree_symbols

        return tree_symbols(path, text, language)
    return SymbolTable(())
