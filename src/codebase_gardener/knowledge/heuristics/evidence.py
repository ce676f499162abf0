"""What the authors of a file wrote down for others: warnings, notes, help texts, advice; read from that file alone."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codebase_gardener.knowledge.heuristics.code_advice import call_evidence
from codebase_gardener.knowledge.heuristics.comment_advice import comment_evidence
from codebase_gardener.knowledge.heuristics.docstring_advice import docstring_evidence
from codebase_gardener.knowledge.heuristics.document_advice import document_evidence
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import is_code
from codebase_gardener.utils.anchors import split_lines

__all__ = ["KINDS", "heuristic_evidence"]

KINDS: dict[str, str] = {
    "warn": "`warnings.warn(…)`, `@deprecated(…)`; name: the category, value: the condition it stands under",
    "log": "`logger.warning(…)` and its kin; value: the condition it stands under",
    "comment": "a block of comments; name: its mark (TODO, NOTE …), \"\" where it gives a reason without one",
    "option-help": "help text of an option or field; name: the option, value: its default",
    "parameter-doc": "a parameter's description in a docstring that carries advice; value: its default",
    "docstring-note": "a note, warning or tip in a docstring (name says which), or a paragraph of advice (name \"\")",
    "admonition": "a note, warning or tip in a document; name: which, value: its title",
    "doc-tip": "a paragraph or list item of a document that carries advice; value: why it was taken",
}  # fmt: skip
"""Kinds of evidence of heuristics. Source: `wiki-format`, "Where facts come from", Heuristics."""

_DOCUMENTS = ("markdown", "rst", "text")
_MAX_LINE = 20_000


def heuristic_evidence(
    path: str, language: str, text: str, tree: ast.Module | None, symbols: Sequence[Symbol]
) -> tuple[Evidence, ...]:
    """All that a file says to those who use it, in the order of its lines.

    Args:
        path: From the root, POSIX.
        language: As in `SourceFile`.
        text: The file's content.
        tree: Its syntax tree, for Python that could be parsed.
        symbols: Its symbols.
    """
    lines = [line if len(line) <= _MAX_LINE else "" for line in split_lines(text)]
    found: list[Evidence] = []
    if tree is not None:
        found += call_evidence(tree, lines)
        found += docstring_evidence(tree, lines)
    if is_code(language):
        found += comment_evidence(language, lines, tree, symbols)
    elif language in _DOCUMENTS and _is_document(path, language):
        found += document_evidence(path, language, text)
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.kind, one.name)))


def _is_document(path: str, language: str) -> bool:
    """Plain text is a document only as README or the like: others are requirements, data, licences."""
    return language != "text" or path.rpartition("/")[2].lower().startswith(("readme", "faq", "tips"))
