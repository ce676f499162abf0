"""Examples in comments for documentation that a language's tools run as tests, with their lines in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.documents.snippets import MAX_TREE_CHARS, snippet
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of

__all__ = ["comment_snippets"]

_FENCE = "```"


def comment_snippets(language: str, lines: Sequence[str], symbols: Sequence[Symbol]) -> Iterator[Snippet]:
    """The fenced blocks of a file's comments that are code of its own language.

    Args:
        language: Of the file.
        lines: Of the file.
        symbols: Of the file: an example is of the definition whose comment it stands in.
    """
    family = FAMILIES.get(family_of(language))
    form = family.doctest if family is not None else None
    if form is None:
        return
    code: list[str] | None = None
    info = ""
    for number, line in enumerate(lines, 1):
        mark = form.comment.match(line)
        if mark is None:
            code = None
            continue
        text = line[mark.end() :]
        if not text.lstrip().startswith(_FENCE):
            if code is not None:
                code.append(form.hidden.sub("", text))
        elif code is None:
            code, info = [], text.strip().lstrip("`").strip()
        else:
            first = number - len(code)
            if form.info.fullmatch(info):
                scope = _documented(symbols, first)
                made = snippet(first, code, language, title=scope, scope=scope)
                if (
                    made and len(made.code) <= MAX_TREE_CHARS
                ):  # types, too: a trait is shown by implementing it
                    said = tree_code(made.code, language, made.start, types=True)
                    yield replace(made, references=said.references)
            code = None


def _documented(symbols: Sequence[Symbol], line: int) -> str:
    """The definition whose comment a line stands in; "" for the file."""
    return next(
        (one.qualified_name for one in symbols if one.docstring_start <= line <= one.docstring_end), ""
    )
