"""The written forms of a citation, and the units that they stand in."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.claim_units import read_units
from codebase_gardener.knowledge.claims.forms import read_claims


@pytest.mark.parametrize(
    ("text", "path", "start", "end"),
    [
        ("src/a.py:L3-9", "src/a.py", 3, 9),
        ("`src/a.py:L3-L9`", "src/a.py", 3, 9),
        ("src/a.py:3-9", "src/a.py", 3, 9),
        ("src/a.py:3–9", "src/a.py", 3, 9),
        ("(a.py:3)", "a.py", 3, 3),
        ("a.py:L3.", "a.py", 3, 3),
        ("a.py#L3-L9", "a.py", 3, 9),
        ("a.py#L3C1-L9C20", "a.py", 3, 9),
        ("`a.py`:3-9", "a.py", 3, 9),
        ("**a.py**:L3-9", "a.py", 3, 9),
        ("./src/a.py:3-9", "src/a.py", 3, 9),
        ("src\\a.py:3-9", "src/a.py", 3, 9),
        ("[x](https://github.com/o/r/blob/main/src/a.py#L3-L9)", "src/a.py", 3, 9),
        ("`a.py` (L3-9)", "a.py", 3, 9),
        ("`a.py`, lines 3-9", "a.py", 3, 9),
        ("`a.py` (lines 3 to 9)", "a.py", 3, 9),
        ("line 3 of `a.py`", "a.py", 3, 3),
        ("a.py:9-3", "a.py", 9, 3),
        ("Makefile:3", "Makefile", 3, 3),
        ("templates/page.tmpl:3-9", "templates/page.tmpl", 3, 9),
        ("| `src/a.py` | L3-9 | `x` |", "src/a.py", 3, 9),
        ("| `src/a.py` | `L3` | `x` |", "src/a.py", 3, 3),
        ("| File | Lines |\n|---|---|\n| src/a.py | 3-9 |", "src/a.py", 3, 9),
        ("File | Lines\n---|---\nsrc/a.py | 3-9", "src/a.py", 3, 9),
        ("| File | Position |\n|---|---|\n| a.py | 3-9 |", "a.py", 3, 9),
        ("| Name | File | Position |\n|---|---|---|\n| `x` | a.py | L3-L9 |", "a.py", 3, 9),
        ("| 3-9 | a.py | `x` |", "a.py", 3, 9),
        ("| API | File | Lines |\n|---|---|---|\n| `x` | a.py | 3 |", "a.py", 3, 3),
        ("| File | Line |\n|---|---|\n| a.py | 3 |", "a.py", 3, 3),
        ("`x` in a.py (3-9) here", "a.py", 3, 9),
        ("`x` in `a.py` (3-9)", "a.py", 3, 9),
        ("`x` in `a.py`, 3-9.", "a.py", 3, 9),
        ("| `x` | a.py, 3-9 |", "a.py", 3, 9),
        ("a.py:L123456789-1234567890", "a.py", 123456789, 1234567890),
        ("> a.py:L3-9", "a.py", 3, 9),
        ("```\na.py:L3-9\n```", "a.py", 3, 9),
        ("```python title=a.py:L3-9\nx = 1\n```", "a.py", 3, 9),
        ("```python\n# a.py:L3-9\nx = 1\n```", "a.py", 3, 9),
    ],
)
def test_forms_of_a_citation(text: str, path: str, start: int, end: int) -> None:
    statements = read_claims(text)
    assert [(c.path, c.start, c.end) for s in statements for c in s.citations] == [(path, start, end)]


@pytest.mark.parametrize(
    "text",
    [
        "host:80",
        "example.com:80",
        "10:30",
        "1.2:3",
        "http://h:80/a.py",
        "a.py",
        "L3-9",
        "| a.py | 33 |",
        "| File | Lines |\n|---|---|\n| a.py | 33 |",
        "| File | Layers |\n|---|---|\n| a.py | 33 |",
        "| a.py | b.py | 3-4 |",
        "In `a.py`, 3-4 layers are made",
        "http://localhost:8000-8080",
        "a.py:x",
        "a.py:3x",
    ],
)
def test_no_citation(text: str) -> None:
    assert read_claims(text) == ()


def test_the_line_of_a_citation_is_where_it_stands() -> None:
    text = "# T\n\nOne `a`\nand two (`a.py:3`,\n`b.py:4`). Three\n\n| x |\n|---|\n| c.py:5 |\n```\n\nd.py:6\n```\n"
    lines = {c.path: c.line for s in read_claims(text) for c in s.citations}
    assert lines == {"a.py": 4, "b.py": 5, "c.py": 9, "d.py": 12}


def test_sentences_end_where_sentences_end() -> None:
    text = 'A `b. C` is, e.g. `D`, so. It says "x y." (`a.py:1`) here! **Bold** v1.2 end.'
    assert [unit.text for unit in read_units(text)] == [
        "A `b. C` is, e.g. `D`, so.",
        'It says "x y." (`a.py:1`) here!',
        "**Bold** v1.2 end.",
    ]


def test_names_in_code_marks() -> None:
    text = "a.py:1 `f` `g(x=1)` `A.b` `class C(D):` `x = h(1)` `one, two` `r=8` `--flag` `src/z.py`"
    found = [(name.text, name.rank) for name in read_claims(text)[0].names]
    assert found == [("f", 0), ("g", 0), ("A.b", 0), ("C", 0), ("h", 2), ("one", 0), ("two", 0)]


def test_bare_words_are_names_only_if_they_look_like_code() -> None:
    prose = "We merge the Model with LoraConfig and get_it or run() at a.py:1"
    assert [name.text for name in read_claims(prose)[0].names] == ["LoraConfig", "get_it", "run"]
    row = "| merge | a small thing | a.py:1 |"
    assert [(name.text, name.rank) for name in read_claims(row)[0].names] == [("merge", 3)]
