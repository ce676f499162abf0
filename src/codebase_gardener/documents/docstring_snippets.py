"""Examples in docstrings, with the exact lines they stand on in the file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.docstring_sections import docstrings
from codebase_gardener.documents.facts import Snippet
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.documents.snippets import snippet

__all__ = ["docstring_snippets"]

_TELLING = re.compile(r">>>|```|~~~|::|\b(?:[Ee]xamples?|[Uu]sage)[ \t]*:")


def docstring_snippets(tree: ast.Module, lines: Sequence[str]) -> Iterator[Snippet]:
    """Doctests, fenced and literal blocks and "Example:" sections of docstrings, the module's first.

    Args:
        tree: Of a file of Python.
        lines: Of that file.
    """
    for scope, first, text in docstrings(tree, lines):
        if not any(_TELLING.search(line) for line in text):
            continue
        title = scope or next((line.strip() for line in text if line.strip()), "")
        for block in rst_blocks(text, first, docstring=True):
            if block.kind == "code":
                made = snippet(block.start, block.text.split("\n"), block.label, title=title, scope=scope)
                if made:
                    yield made
