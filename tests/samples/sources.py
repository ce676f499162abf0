"""What is read of a piece of source code in a language that tree-sitter reads, as short rows that a test compares."""

from collections.abc import Mapping

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links import families
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.engine.symbols import tree_symbols
from codebase_gardener.languages.engine.units import Units
from codebase_gardener.languages.facts import Code
from codebase_gardener.languages.signatures import typed_parameters
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, GRAMMARS, language_of
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import split_lines

__all__ = [
    "bound",
    "calls",
    "code_in",
    "imports",
    "last_symbol",
    "parameters",
    "places",
    "symbols_in",
    "units_of",
]


def symbols_in(text: str, language: str) -> dict[str, Symbol]:
    """By qualified name; bodies begin after an opening brace, and end with the closing one."""
    found, lines = tree_symbols("a", text, language), split_lines(text)
    assert found.problem is None
    for symbol in found.symbols:
        assert symbol.language == language
        if symbol.body_start and not GRAMMARS[language].closing:
            assert lines[symbol.body_start - 2].rstrip().endswith("{")
            assert lines[symbol.end - 1].strip().startswith("}")
        if symbol.body_start:
            assert symbol.start <= symbol.definition_line < symbol.body_start <= symbol.end
        else:
            assert symbol.end in (symbol.start, symbol.definition_line)
    return {symbol.qualified_name: symbol for symbol in found.symbols}


def places(text: str, language: str) -> list[tuple[str, str, int, int]]:
    """Name, kind, first and last line of each symbol."""
    found = symbols_in(text, language).values()
    return [(symbol.qualified_name, symbol.kind, symbol.start, symbol.end) for symbol in found]


def last_symbol(text: str, language: str) -> Symbol:
    """The last definition."""
    return tree_symbols("a", text, language).symbols[-1]


def parameters(text: str, language: str) -> list[tuple[str, str, str, bool]]:
    """Name, type, default of the last definition's, and whether a call must give them."""
    found = typed_parameters(last_symbol(text, language))
    return [(one.name, one.type, one.default, one.required) for one in found]


def code_in(text: str, language: str) -> Code:
    """With the scopes of its symbols."""
    return tree_code(text, language, symbols=tree_symbols("a", text, language).symbols)


def imports(code: Code) -> list[str]:
    """`line module:name:alias` of each."""
    return [f"{one.line} {one.module}:{one.name}:{one.alias}" for one in code.imports]


def calls(code: Code) -> list[str]:
    """`line scope name` of each."""
    return [f"{one.start} {one.scope} {one.name}" for one in code.references if one.kind != "value"]


def bound(code: Code) -> list[tuple[str, str]]:
    """Variables and what they are given."""
    return [(one.name, one.value) for one in code.bindings if one.how != "def"]


def units_of(files: Mapping[str, str], family: str) -> Units:
    """The units of import of files."""
    facts = {path: extract(SourceFile(path, language_of(path), "", text)) for path, text in files.items()}
    return families.units_of(facts, FAMILIES[family])
