"""Prose without marks: of Markdown, of reStructuredText, and none of the code within changes."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.documents.prose import mentioned_names, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Put `~/.bashrc`, `form.<NAME>.data`, `import *` and `__init__.py` there", None),
        (
            "Where `nargs > 1`: x > 0, x[i][0], `[` and `]`, Framework :: Flask, *args, C:\\dir and __init__",
            None,
        ),
        (
            "See `Quart`_, `PyPI <https://a.b/>`__, |fetch|_ and Jinja_.",
            "See Quart, PyPI, |fetch| and Jinja.",
        ),
        ("Use :ref:`the guide <guide>` or {meth}`~a.B.run`::", "Use the guide or `run`:"),
        ("Use {doc}`it <a-b>` or :meth:`db.run() <a.B.run>`", "Use it or `db.run()`"),
        ("``a b`` [`x`] [it][1] [that](b.md){.c}", "`a b` `x` it that"),
        (r"_**Do**_ *so*, <b>now</b> &lt;here\> __At once__", "Do so, now <here> At once"),
        ("> [!TIP]\n> Use\n> it.", "Use it."),
        ("Title { #anchor }", "Title"),
        ("Title [[anchor]] [[step::Principle:a b]] if [[ -f x ]]", "Title if [[ -f x ]]"),
    ],
)
def test_marks_go_and_code_stays(text: str, plain: str | None) -> None:
    assert plain_text(text, code_marks=True) == (text if plain is None else plain)
    assert plain_text(text) == (text if plain is None else plain).replace("`", "")


def test_what_a_role_of_its_own_document_names_is_not_shown() -> None:
    assert plain_text("Call `load <pot.Pot.load>`, or `a <b`", code_marks=True) == "Call `load`, or `a <b`"


def test_names_in_code_marks_are_mentioned() -> None:
    assert list(mentioned_names("``A.b`` `c(x)`, :class:`t <Dog>` and `e + f`")) == ["A.b", "Dog"]


@pytest.mark.parametrize(
    "unit", ["`", "[", "*a ", "_a", "<a", "`a <", ":a", "[a][", "{.a", "\\", "<!--", "&a;"]
)
def test_it_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    plain_text(unit * 20_000, code_marks=True)
    assert time.process_time() - started < 1
