"""Documents that nobody wrote in good faith: nothing raises, and time grows with the size."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.documents.comment_snippets import comment_snippets
from codebase_gardener.documents.docstring_snippets import docstring_snippets
from codebase_gardener.documents.reading import MAX_LINES, DocumentFacts, document_facts
from codebase_gardener.utils.anchors import split_lines

FORMS = [("a.md", "markdown"), ("a.rst", "rst"), ("a.ipynb", "json"), ("a.adoc", "text"), ("README", "text")]
PIECES = [
    "# A", "A\n=\n", "===", "```", "```py", "~~~", "```{note}", "```{eval-rst}", ":::{tip}", ":::", "!!! a",
    "=== 'a'", "/// a", "///",
    "> ", "> [!NOTE]", "- ", "1. ", "    ", "\t", "\n", "\n\n", ".. note::", ".. code-block:: py",
    ".. autoclass:: A", "   :members: b",
    ".. ", ".. _a:", "::", "a::", ">>> f()", "... b", "$ a", "Example:", "`a`", ":meth:`b`", "[a](b)", "![",
    "<div>", "<!--", "<h1>a</h1>",
    "{* a *}", "::: a.b", "[[autodoc]] A", "- b", "import a", "f(x)", "---", "+++", "----", "[source,py]",
    "\x00", "\ud800", "\r", "\x0c", "é",
    '{"cells": [{"cell_type": "code", "source": ["', '"]}]}', '\\n', '", "', '"""', "'''",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, " ", "\n", "\n  ", "\n    "]), max_size=40).map("".join))
def test_any_text_is_read_and_every_range_is_in_the_file(text: str) -> None:
    lines = split_lines(text)
    for path, language in FORMS:
        found = document_facts(path, language, text)
        for one in (*found.headings, *found.snippets):
            assert 1 <= one.start <= one.end <= len(lines)
        if not path.endswith("ipynb"):
            _assert_code_is_that_of_the_lines(found, lines)


def _assert_code_is_that_of_the_lines(found: DocumentFacts, lines: list[str]) -> None:
    for snippet in found.snippets:
        code = snippet.code.split("\n")
        assert len(code) == snippet.end - snippet.start + 1
        for shown, line in zip(code, lines[snippet.start - 1 :], strict=False):
            assert _comparable(shown).strip() in _comparable(line)


def _comparable(text: str) -> str:
    return text.replace("\x00", "").replace("\ufffd", "").replace("\r", " ")  # CommonMark replaces NUL


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([piece for piece in PIECES if piece != '"""']), max_size=20).map("\n    ".join)
)
def test_any_docstring_is_read(text: str) -> None:
    source = f'def f():\n    r"""{text}\n    """\n'.replace("\x00", "").replace("\ud800", "")
    lines = split_lines(source)
    for snippet in docstring_snippets(ast.parse(source), lines):
        code = snippet.code.split("\n")
        assert len(code) == snippet.end - snippet.start + 1
        for shown, line in zip(code, lines[snippet.start - 1 :], strict=False):
            assert shown.strip() in line


@pytest.mark.parametrize(("path", "language"), FORMS[:3])
@pytest.mark.parametrize("unit", ["`", "> ", ".. ", "[", "{"])
def test_a_megabyte_of_one_mark_takes_seconds_at_most(unit: str, path: str, language: str) -> None:
    text = unit * (1_000_000 // len(unit))
    begin = time.process_time()
    document_facts(path, language, text)
    assert time.process_time() - begin < 8  # well below a second; quadratic would take minutes


@pytest.mark.parametrize(
    "text", ['"' + "ab\n" * 200_000, '\\"' * 300_000, '"' + 'a\\"' * 200_000, '"\\' * 300_000]
)
def test_strings_without_an_end_in_a_notebook(text: str) -> None:
    begin = time.process_time()
    assert document_facts("a.ipynb", "json", text) == DocumentFacts()
    assert (
        time.process_time() - begin < 5
    )  # it took minutes with a pattern that tried every split of the string


def test_a_document_is_read_up_to_a_limit() -> None:
    text = "# A\n" * (MAX_LINES + 10)
    assert len(document_facts("a.md", "markdown", text).headings) == MAX_LINES


def test_the_words_behind_a_fence_in_a_comment_are_read_once() -> None:
    words = "ignore" * 200  # each of them could be one more
    comment = [f"/// ```{words}", "/// let x = 1;", "/// ```", "fn a() {}"]
    assert not list(comment_snippets("rust", comment, []))
    assert [
        one.start for one in comment_snippets("rust", ["/// ```ignore-wasm, no_run", *comment[1:]], [])
    ] == [2]
