"""Colour changes no line and lets no markup through."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest

from codebase_gardener.gardener.site.highlighting import CLASSES, LANGUAGES, highlighted, language_of
from codebase_gardener.repository.anchors import split_lines

TEXTS = [
    "", "\n", "\n\na = 1\n", "a = 1", 'x = """\n<script>\n"""\n', "a\x0cb\n\x85c\u2028d\n", "a\r\nb\rc\n", "\tif x:\n",
    "'unterminated\nb\n", "def f(:\n  <b>&amp;\n", "\0\n", "f'{x!r:>{w}}'\n", "# ]]> <!-- -->\n",
]  # fmt: skip


def text_of(html: str) -> str:
    assert re.sub(r"</?span( class=\"[a-z]\")?>", "", html).count("<") == 0
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("language", [*sorted(LANGUAGES), "", "nosuch"])
def test_every_line_is_there_as_it_was(language: str) -> None:
    for text in TEXTS:
        found = [text_of(line) for line in highlighted(text, language)]
        assert found == [line.replace("\0", "\ufffd") for line in split_lines(text)]


def test_python_is_coloured() -> None:
    (line,) = highlighted("def grow(x): return 'a'  # b", "python")
    assert '<span class="k">def</span>' in line
    assert '<span class="f">grow</span>' in line
    assert '<span class="c"># b</span>' in line


def test_every_class_of_the_style_sheet_is_one_letter() -> None:
    assert all(re.fullmatch("[a-z]", css) for _, css in CLASSES)


def test_languages_of_paths() -> None:
    assert [language_of(path) for path in ("a/b.PY", "Dockerfile", "x", "a.unknown")] == [
        "python",
        "docker",
        "",
        "",
    ]


@pytest.mark.parametrize("text", ["x" * 5_000_000, "[" * 3_000 + "\n", '"' * 1_999 + "\n" + "(" * 1_999])
def test_long_lines_take_no_time(text: str) -> None:
    start = time.process_time()
    assert len(highlighted(text, "python")) == len(split_lines(text))
    assert time.process_time() - start < 2
