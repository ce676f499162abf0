"""The error that is meant by what goes wrong."""

from __future__ import annotations

from pathlib import Path

from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.wiki.error_types import error_lines
from codebase_gardener.wiki.search import WikiIndex
from samples.written_graph import graph_of

POTS = '''class PotError(Exception):
    """A pot is broken."""


class TooHot(PotError):
    """The kiln is hot."""

    def __str__(self):
        return "the oven burns"


class LidError(ValueError):
    """A lid is lost."""


class _LidHiddenError(LidError):
    """A lid is lost in the oven."""
'''


def told(wrong: str, tmp_path: Path) -> list[str]:
    graph = graph_of({"pot/__init__.py": POTS}, tmp_path)
    code = Document("pot/__init__.py:L8-9", "pot/__init__.py", "TooHot.__str__", "def __str__(self):\n"
                    '    return "the oven burns"\n', "method")  # fmt: skip
    return [line.text for line in error_lines(graph, WikiIndex(SymbolIndex.build([code])), wrong)]


def test_an_error_is_found_by_its_docs_and_by_its_code_with_the_line_that_says_so(tmp_path: Path) -> None:
    assert told("a broken pot", tmp_path) == ["class `PotError`: A pot is broken."]
    assert told("a burning oven", tmp_path) == [
        "class `TooHot`: The kiln is hot.", '`return "the oven burns"`'
    ]  # fmt: skip


def test_what_users_cannot_name_is_not_told_before_what_they_can(tmp_path: Path) -> None:
    assert told("a lost lid", tmp_path) == ["class `LidError`: A lid is lost."]


def test_nothing_is_told_of_what_no_error_speaks_of(tmp_path: Path) -> None:
    assert told("a purple galaxy", tmp_path) == []
    assert told("", tmp_path) == []
