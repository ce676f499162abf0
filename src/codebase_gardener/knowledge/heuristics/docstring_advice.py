"""Evidence in docstrings: parameters whose description advises, notes, warnings, paragraphs of advice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.blocks import ADMONITIONS, indent_of
from codebase_gardener.documents.docstring_sections import NOTES, PARAMETERS, docstring_sections
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.remarks import remarks
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.knowledge.heuristics.advice import signals, strength
from codebase_gardener.knowledge.sources.facts import Evidence
from codebase_gardener.languages.python.node_search import Definition, definitions

__all__ = ["docstring_evidence"]

_ENTRY = re.compile(
    r"\s*[`*]{0,2}([A-Za-z_][\w.]*)[`*]{0,2}(?:\s*,\s*[`*]{0,2}\w+[`*]{0,2})*\s*(\(.*?\)(?=\s*:|\s*$)|:|$)"
)
_SPHINX = re.compile(
    r"\s*:(?:param|parameter|arg|argument|key|keyword)\s+(?:[\w.\[\], |]{1,80}\s)?\*{0,2}(\w+)\s*:"
)
_SPHINX_OTHER = re.compile(r"\s*:\w+(?:\s+[\w.*]+)*\s*:")
_TYPED_DEFAULT = re.compile(r"defaults?(?: to| is|[:=])?\s*[`'\"*]{0,3}([\w.\-/]{1,40})", re.IGNORECASE)
_DEFAULT = re.compile(
    r"(?:\bdefaults to|\(default[:=s]?|\b[Dd]efault(?: value)? is|\bDefault:)\s*[`'\"*]{0,3}([\w.\-/]{1,40})"
)
_STRONG = ("recommendation", "price", "harm", "saves")
_MIN_PARAMETER = 1.5
"""Strength from which a parameter's description is taken for advice."""


def docstring_evidence(tree: ast.Module, lines: Sequence[str]) -> Iterator[Evidence]:
    """Advice in the docstrings of the module and all definitions."""
    for scope, node in definitions(tree):
        found = _docstring(node)
        if found is None:
            continue
        first, last = found.lineno, found.end_lineno or found.lineno
        text = [*lines[first - 1 : last]]
        if not text:
            continue
        text[0] = re.sub(r"^\s*[rRuUbBfF]{0,2}(\"\"\"|'''|\"|')", lambda mark: " " * len(mark[0]), text[0])
        text[-1] = re.sub(r"(\"\"\"|'''|\"|')[^\"']*$", "", text[-1])
        yield from _advice(scope, _dedented(text), first)


def _docstring(node: ast.Module | Definition) -> ast.Constant | None:
    head = node.body[0] if node.body else None
    if (
        isinstance(head, ast.Expr)
        and isinstance(head.value, ast.Constant)
        and isinstance(head.value.value, str)
    ):
        return head.value
    return None


def _dedented(text: list[str]) -> list[str]:
    """Without the indentation that all lines but the first share."""
    margins = [indent_of(line) for line in text[1:] if line.strip()]
    margin = min(margins, default=0)
    return [text[0].strip(), *(line[margin:] for line in text[1:])]


def _advice(scope: str, text: list[str], first: int) -> Iterator[Evidence]:
    for section in docstring_sections(text):
        body = text[section.body : section.end]
        if section.name in PARAMETERS:
            yield from _parameters(scope, body, first + section.body)
        elif section.name in NOTES:
            words = plain_text("\n".join(body), code_marks=True)
            end = section.body + max((i for i, line in enumerate(body, 1) if line.strip()), default=0)
            if words:
                name = ADMONITIONS[section.name]
                yield Evidence("docstring-note", first + section.start, first + end - 1, scope, name, words)
        elif not section.name:
            yield from _sphinx(scope, body, first + section.body)
            yield from _paragraphs(scope, body, first + section.body)


def _parameters(scope: str, body: list[str], first: int) -> Iterator[Evidence]:
    """Entries at the section's own indentation, each with the deeper lines that follow."""
    written = [indent_of(line) for line in body if line.strip()]
    if not written:
        return
    indent, starts = written[0], []
    for at, line in enumerate(body):
        if line.strip() and indent_of(line) == indent and len(line) < 1000 and (found := _ENTRY.match(line)):
            starts.append((at, found))
    ends = [at for at, _ in starts[1:]] + [len(body)] * bool(starts)
    for (at, found), end in zip(starts, ends, strict=True):
        head = body[at][found.end() :].lstrip(" :")
        typed = found[2] if found[2].startswith("(") else ""
        yield from _parameter(scope, found[1], typed, [head, *body[at + 1 : end]], first + at)


def _sphinx(scope: str, body: list[str], first: int) -> Iterator[Evidence]:
    """`:param x: …`, with its further lines up to the next field or a blank line."""
    at = 0
    while at < len(body):
        found = _SPHINX.match(body[at]) if len(body[at]) < 1000 else None
        at += 1
        if found is None:
            continue
        start, content = at - 1, [body[at - 1][found.end() :]]
        while at < len(body) and body[at].strip() and not _SPHINX_OTHER.match(body[at]):
            content.append(body[at])
            at += 1
        yield from _parameter(scope, found[1], "", content, first + start)


def _parameter(scope: str, name: str, typed: str, content: list[str], start: int) -> Iterator[Evidence]:
    while content and not content[-1].strip():
        content.pop()
    words = plain_text("\n".join(content), code_marks=True)
    if strength(words) < _MIN_PARAMETER:
        return
    default = _TYPED_DEFAULT.search(typed) or _DEFAULT.search(words)
    value = default[1].rstrip(".") if default else ""
    yield Evidence("parameter-doc", start, start + len(content) - 1, scope, name, words, value)


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
        elif len(words) >= 30 and not _SPHINX_OTHER.match(block.text):
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
