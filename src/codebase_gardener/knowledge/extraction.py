"""The facts of one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from codebase_gardener.documents.comment_snippets import comment_snippets
from codebase_gardener.documents.docstring_snippets import docstring_snippets
from codebase_gardener.documents.purposes import purpose_of
from codebase_gardener.documents.reading import DOCUMENTS, document_facts
from codebase_gardener.knowledge.environments.file_evidence import environment_evidence, manifest_evidence
from codebase_gardener.knowledge.heuristics.evidence import heuristic_evidence
from codebase_gardener.knowledge.sources.command_evidence import command_evidence
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.engine.parsing import parsed_tree
from codebase_gardener.languages.facts import Code
from codebase_gardener.languages.python.code import python_code
from codebase_gardener.languages.python.constants import python_constants
from codebase_gardener.languages.python.symbols import python_symbols
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.languages.table import FAMILIES, GRAMMARS, family_of, is_hidden
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.repository.scripts import script_of
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["extract"]

_SENTENCE = 4
"""Words that make a sentence of a comment."""

_ABOVE_CODE = re.compile(r"(?:[ \t]*(?://(?!/)[^\n]*)?\n)*+((?:[ \t]*///[^\n]*\n)++)(?=[ \t]*\S)")
"""The first comment of a file whose mark says that it is of the line below it, which is no blank one."""

_LETTER = re.compile(r"[^\W\d_]")


def extract(file: SourceFile) -> FileFacts:
    """All that is kept of a file; a function of its path, language and text alone, and nothing of it is run.

    Example:
        >>> facts = extract(SourceFile("a.py", "python", "", '"Adds up."\\ndef add(x, y):\\n    return sum(x, y)\\n'))
        >>> facts.purpose, facts.symbols[0].qualified_name, facts.references[0].name
        ('Adds up.', 'add', 'sum')
    """
    tree = parse_python(file.text) if file.language == "python" else None
    if file.language in GRAMMARS:
        table, code = _tree_facts(file)
    elif tree is None:
        table, code = symbols_of(file.path, file.text, file.language), Code()
    else:
        table, code = python_symbols(file.path, file.text, tree), python_code(file.text, tree=tree)
        if isinstance(tree, ast.Module):
            code = replace(code, constants=tuple(python_constants(file.path, file.text, tree)))
    module = tree if isinstance(tree, ast.Module) else None
    docstring = ast.get_docstring(module) if module is not None else None
    document = document_facts(file.path, file.language, file.text)
    about = (file.path, file.language, file.text, module, table.symbols)
    manifest = read_manifest(file.path, file.text)
    family = FAMILIES.get(family_of(file.language))
    left_out = family is not None and family.leaves_out(file.path, file.text)
    symbols = (
        tuple(structs.replace(each, left_out=True) for each in table.symbols) if left_out else table.symbols
    )
    needs = manifest_evidence(manifest) if manifest else environment_evidence(*about)
    return FileFacts(
        path=file.path,
        language=file.language,
        sha256=file.sha256,
        lines=file.lines,
        purpose=_purpose(file, docstring, (*table.symbols, *code.constants)),
        symbols=symbols,
        problem=table.problem or "",
        imports=code.imports,
        bindings=code.bindings,
        references=code.references,
        exports=code.exports,
        names=code.names,
        headings=document.headings,
        snippets=(
            *document.snippets,
            *(docstring_snippets(module, split_lines(file.text)) if module else ()),
            *comment_snippets(file.language, split_lines(file.text), table.symbols),
        ),
        listings=document.listings,
        mentions=document.mentions,
        includes=document.includes,
        evidence=(*needs, *heuristic_evidence(*about), *command_evidence(file.path, file.text, module)),
        entries=manifest.entries if manifest else (),
        constants=code.constants,
        tests=code.tests,
        left_out=left_out,
        features=manifest.features if manifest else (),
        script=script_of(file.text) if file.language in DOCUMENTS else "",
    )


def _purpose(file: SourceFile, docstring: str | None, defined: Sequence[Symbol]) -> str:
    """What a file says that it is for.

    The comment of its first definition says so where that is all it offers, or what it is named after.
    """
    said = purpose_of(file.language, file.text, docstring)
    if docstring or not said:
        return said
    outer = [each for each in defined if "." not in each.qualified_name]
    lines = split_lines(file.text)
    told = next(
        (
            each
            for each in outer
            if said == purpose_of(file.language, "", each.docstring) and _is_marked(each, lines)
        ),
        None,
    )
    if told is None:
        above = _ABOVE_CODE.match(file.text)
        return "" if above and said == purpose_of(file.language, above[1], None) else said
    words = identifier_words(file.path.rpartition("/")[2].partition(".")[0].lower())
    is_named_after = "".join(words) == "".join(identifier_words(told.name.lower()))
    is_all = {each.name for each in outer if each.public and not is_hidden(each)} == {told.name}
    return said if is_all or is_named_after else ""


def _tree_facts(file: SourceFile) -> tuple[SymbolTable, Code]:
    """Symbols, declared ones included, and code of a language that tree-sitter reads, from one parse."""
    from codebase_gardener.languages.engine.symbols import tree_symbols

    tree = parsed_tree(file.text.encode("utf-8", "surrogatepass"), file.language)
    if tree is None:
        return symbols_of(file.path, file.text, file.language), Code()
    table = tree_symbols(file.path, file.text, file.language, tree, declarations=True)
    lines = split_lines(file.text)
    symbols = tuple(
        symbol if _is_documentation(symbol, lines) else structs.replace(symbol, docstring=None)
        for symbol in table.symbols
    )
    table = replace(table, symbols=symbols)
    code = tree_code(file.text, file.language, symbols=table.symbols, tree=tree, path=file.path)
    constants = tuple(
        each if _is_documentation(each, lines) else structs.replace(each, docstring=None)
        for each in code.constants
    )
    return table, replace(code, constants=constants)


def _is_documentation(symbol: Symbol, lines: Sequence[str]) -> bool:
    """Whether the comment above a definition speaks of it: a sentence, a doc comment, or one that begins with its name.

    A short plain comment, such as "wrappers", is the title of a part of the file.
    """
    words = (symbol.docstring or "").split()
    is_sentence = len([word for word in words if _LETTER.search(word)]) >= _SENTENCE
    return not words or is_sentence or _is_marked(symbol, lines)


def _is_marked(symbol: Symbol, lines: Sequence[str]) -> bool:
    """Whether the comment above a definition is of it by its mark, or by the name that it begins with."""
    family = FAMILIES.get(family_of(symbol.language))
    if family is None:  # Python's documentation stands in docstrings
        return False
    words = (symbol.docstring or "").split()
    if family.named_comment and words[:1] == [symbol.name]:
        return True
    said = lines[max(symbol.docstring_start - 1, 0) : symbol.docstring_end]
    return any(family.doc_comment.match(line) for line in said)
