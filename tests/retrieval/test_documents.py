from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.retrieval.documents import Document, documents_of
from codebase_gardener.utils.anchors import source_lines

SOURCE = '''"""A module."""
import os

LIMIT = 3


class Box(dict):
    """Holds things."""

    size: int = 0

    @property
    def volume(self) -> int:
        """How much."""
        secret_of_the_body = self.size
        return secret_of_the_body**3


def outer(x):
    def inner(y):
        return y

    return inner(x)
'''


def snapshot_of(*files):
    return Snapshot("0", "here", "directory", None, "0", False, "2026-01-01", tuple(files), ())


@pytest.fixture
def documents(read_file):
    file, table = read_file("pkg/box.py", SOURCE)
    return {d.symbol or d.kind: d for d in documents_of(snapshot_of(file), {file.path: table})}


def test_each_symbol_and_the_module_level_code_is_a_document(documents):
    assert list(documents) == ["module", "Box", "Box.volume", "outer", "outer.inner"]
    assert documents["module"].text == '"""A module."""\nimport os\n\nLIMIT = 3\n'
    assert documents["outer"].anchor == "pkg/box.py:L19-23"
    assert documents["outer"].text == "".join(source_lines(SOURCE)[18:23])


def test_a_class_is_its_attributes_and_signatures(documents):
    text = documents["Box"].text
    assert '"""Holds things."""' in text
    assert "size: int = 0" in text
    assert "@property" not in text.split("size")[0]
    assert "    def volume(self) -> int: ...\n" in text
    assert "secret_of_the_body" not in text


def test_markdown_is_cut_by_heading_outside_of_fenced_code(read_file):
    text = "intro\n\n# One\nfirst\n\n```\n# not a heading\n```\n## Two ##\nsecond\n\nThree\n=====\nthird\n"
    file, _ = read_file("README.md", text)
    found = [(d.symbol, d.anchor, d.kind) for d in documents_of(snapshot_of(file), {})]
    assert found == [
        ("", "README.md:L1-1", "text"),
        ("One", "README.md:L3-8", "text"),
        ("Two", "README.md:L9-10", "text"),
        ("Three", "README.md:L12-14", "text"),
    ]


def test_data_files_give_only_their_beginning(read_file):
    file, _ = read_file("big.json", "[\n" + "1,\n" * 5_000 + "2]\n")
    assert len(documents_of(snapshot_of(file), {})) == 5


def test_a_file_that_does_not_parse_is_chunked(read_file):
    file, table = read_file("bad.py", "def broken(:\n    pass\n")
    assert table.symbols == ()
    assert [d.kind for d in documents_of(snapshot_of(file), {file.path: table})] == ["module"]


@given(
    st.lists(
        st.sampled_from(["x = 1\n", "\n", "def f():\n    return 1\n", "class A:\n    y = 2\n"]), max_size=60
    )
)
def test_every_filled_line_of_a_code_file_is_in_a_document(read_file, pieces):
    file, table = read_file("a.py", "".join(pieces))
    found = documents_of(snapshot_of(file), {file.path: table})
    covered = {n for d in found for n in range(d.line_range[0], d.line_range[1] + 1)}
    assert {n for n, line in enumerate(source_lines(file.text), 1) if line.strip()} <= covered


def test_overlap_is_of_lines_of_the_same_file():
    document = Document("a.py:L10-20", "a.py", "f", "", "function")
    assert document.overlaps("a.py", 20, 30)
    assert document.overlaps("a.py", 1, 10)
    assert document.overlaps("a.py", 12, 13)
    assert not document.overlaps("a.py", 21, 30)
    assert not document.overlaps("b.py", 10, 20)


@given(st.text(alphabet="a\n\x0c\u2028\x85 "))
def test_lines_join_to_the_text_and_break_at_newlines_only(text):
    lines = source_lines(text)
    assert "".join(lines) == text
    assert all(line.find("\n") in (-1, len(line) - 1) for line in lines)


def test_a_class_with_nested_classes_keeps_only_the_outer_signatures(read_file):
    text = "class A:\n    class B:\n        def b(self):\n            return 1\n\n    def a(self):\n        return 2\n"
    file, table = read_file("a.py", text)
    found = {d.symbol: d.text for d in documents_of(snapshot_of(file), {file.path: table})}
    assert found["A"] == "class A:\n    class B: ...\n\n    def a(self): ...\n"
    assert found["A.B"] == "    class B:\n        def b(self): ...\n"


@pytest.mark.slow
def test_a_huge_function_is_cut_at_a_line_and_many_classes_are_quick(read_file):
    huge = "def f():\n" + "    call('some argument')\n" * 5_000
    many = "".join(f"class C{n}:\n    def m(self):\n        return {n}\n" for n in range(8_000))
    file, table = read_file("a.py", huge + many)
    found = documents_of(snapshot_of(file), {file.path: table})
    assert len(found) == 16_001
    (function,) = [d for d in found if d.symbol == "f"]
    assert 19_900 < len(function.text) <= 20_000
    assert function.text.endswith(")\n")
