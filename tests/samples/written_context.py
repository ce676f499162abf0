"""Small repositories that a test writes down, with their links: what the pages of APIs are computed from."""

from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent

from codebase_gardener.documents.reading import document_facts
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts, text_hash
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import GRAMMARS, language_of
from codebase_gardener.repository.snapshot import Snapshot, SourceFile

__all__ = ["context_of", "symbol_named"]


def context_of(files: Mapping[str, str]) -> ApiContext:
    """The context of a repository given as {path: text}; texts are dedented."""
    texts = {path: dedent(text).lstrip("\n") for path, text in sorted(files.items())}
    sources = tuple(
        SourceFile(path, language_of(path, text), text_hash([text]), text) for path, text in texts.items()
    )
    snapshot = Snapshot(
        "0", "/written", "directory", None, "0" * 64, False, "2026-01-01T00:00:00+00:00", sources, ()
    )
    facts = {file.path: _facts(file) for file in sources}
    return ApiContext(RepositoryFacts("o_r", snapshot, facts), resolve(facts))


def symbol_named(context: ApiContext, name: str) -> Symbol:
    """The only symbol of a qualified name."""
    (found,) = [s for s in context.repository.symbols.values() if s.qualified_name == name]
    return found


def _facts(file: SourceFile) -> FileFacts:
    facts = extract(file)
    if facts.snippets or facts.headings:
        return facts
    if file.language in GRAMMARS:
        code = tree_code(file.text, file.language, symbols=facts.symbols)
        return replace(facts, imports=code.imports, exports=code.exports, names=code.names)
    found = document_facts(file.path, file.language, file.text)
    return replace(
        facts,
        headings=found.headings,
        snippets=found.snippets,
        listings=found.listings,
        mentions=found.mentions,
    )
