"""Evidence in docstrings: parameters whose description advises, notes, warnings, paragraphs of advice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.blocks import ADMONITIONS
from codebase_gardener.documents.docstring_sections import (
    NOTES,
    PARAMETERS,
    DocstringEntry,
    docstring_sections,
    docstrings,
    field_entries,
    is_field,
    section_entries,
)
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.remarks import remarks
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.knowledge.heuristics.advice import signals, strength
from codebase_gardener.knowledge.sources.file_facts import Evidence

__all__ = ["docstring_evidence"]

_TYPED_DEFAULT = re.compile(r"defaults?(?: to| is|[:=])?\s*[`'\"*]{0,3}([\w.\-/]{1,40})", re.IGNORECASE)
_DEFAULT = re.compile(
    r"(?:\bdefaults to|\(default[:=s]?|\b[Dd]efault(?: value)? is|\bDefault:)(?! not\b)\s*[`'\"*]{0,3}([\w.\-/]{1,40})"
)
_NAMED = "|".join(name for name, kind in ADMONITIONS.items() if kind)
_BOX = re.compile(rf"\.\. (?:{_NAMED})::?\s", re.IGNORECASE)
"""The mark of a box within a parameter's description."""
_STRONG = ("recommendation", "price", "harm", "saves")
_MIN_PARAMETER = 1.5
"""Strength from which a parameter's description is taken for advice."""


def docstring_evidence(tree: ast.Module, lines: Sequence[str]) -> Iterator[Evidence]:
    """Advice in the docstrings of the module and all definitions."""
    for scope, first, text in docstrings(tree, lines):
        yield from _advice(scope, first, text)


def _advice(scope: str, first: int, text: list[str]) -> Iterator[Evidence]:
    for section in docstring_sections(text):
        body = text[section.body : section.end]
        if section.name in PARAMETERS:
            for entry in section_entries(body):
                yield from _parameter(scope, entry, first + section.body)
        elif section.name in NOTES:
            words = plain_text("\n".join(body), code_marks=True)
            end = section.body + max((i for i, line in enumerate(body, 1) if line.strip()), default=0)
            if words:
                name = ADMONITIONS[section.name]
                yield Evidence("docstring-note", first + section.start, first + end - 1, scope, name, words)
        elif not section.name:
            for entry in field_entries(body):
                yield from _parameter(scope, entry, first + section.body)
            yield from _paragraphs(scope, body, first + section.body)


def _parameter(scope: str, entry: DocstringEntry, first: int) -> Iterator[Evidence]:
    words = plain_text(_BOX.sub(" ", entry.text), code_marks=True)
    if strength(words) >= _MIN_PARAMETER:
        default = _TYPED_DEFAULT.search(entry.type) or _DEFAULT.search(words)
        value = default[1].rstrip(".") if default else ""
        yield Evidence(
            "parameter-doc", first + entry.start, first + entry.end - 1, scope, entry.name, words, value
        )


def _paragraphs(scope: str, body: list[str], first: int) -> Iterator[Evidence]:
    """Admonitions, and paragraphs of strong advice or that begin with "Note that"."""
    for block in remarks(rst_blocks(body, first, docstring=True)):
        words = plain_text(block.text, code_marks=True)
        if block.kind == "admonition":
            yield Evidence(
                "docstring-note",
                block.start,
                block.end,
                scope,
                block.name,
                words,
                plain_text(block.title, code_marks=True),
            )
        elif len(words) >= 30 and not is_field(block.text):
            found = signals(words)
            noted = re.match(r"(?:please )?note\b|be aware|important:|keep in mind", words, re.IGNORECASE)
            if (
                noted
                or (any(name in found for name in _STRONG) and "duty" in found)
                or "recommendation" in found
            ):
                yield Evidence(
                    "docstring-note", block.start, block.end, scope, "note" if noted else "", words
                )
