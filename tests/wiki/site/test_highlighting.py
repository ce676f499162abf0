"""Colour changes no line and lets no markup through."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest

from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.wiki.site.highlighting import LANGUAGES, highlight_key, highlighted

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


def test_names_of_a_word_s_parts_stay_plain() -> None:
    (line,) = highlighted("fold = 3 if prefix_if else 0x1F", "py")
    assert line.count('class="k"') == 2
    assert '<span class="n">0x1F</span>' in line


def test_strings_end_where_they_end() -> None:
    lines = highlighted('a = """x\n\\""" y\n"""\nb = "it\'s"; c = \'\n d = rb"z" # "e"\n', "python")
    assert [re.sub(r'<span class="s">(.*?)</span>', "S", line) for line in lines[:3]] == ["a = S", "S", "S"]
    assert lines[3].count('class="s"') == 2
    assert 'class="c"' in lines[4]
    assert highlighted("let x: &'a str = 'b';", "rust")[0].count('class="s"') == 1
    assert highlighted("/* a\nb */ int c;", "c")[1].startswith('<span class="c">b */</span>')


def test_languages_of_paths() -> None:
    assert [highlight_key(path) for path in ("a/b.PY", "Dockerfile", "x", "a.unknown")] == ["py", "", "", ""]


HOSTILE = [
    '"',
    "'",
    "`",
    '"""x',
    "/*",
    "//",
    "#",
    "\\",
    'R"(',
    'f"{',
    "a",
    "1e",
    "@a.",
    "'\\",
    " ",
    "\n#",
    "rb",
    "<!--",
    "*/",
]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "js", "go", "rust", "java", "c", "sh", "toml", "ini", "json"])
def test_hostile_text_takes_linear_time(language: str) -> None:
    for piece in HOSTILE:
        text = piece * (60_000 // len(piece))
        start = time.process_time()
        found = highlighted(text, language)
        assert time.process_time() - start < 1, piece
        assert "\n".join(map(text_of, found)) == "\n".join(split_lines(text))


def test_a_line_of_five_million_characters() -> None:
    start = time.process_time()
    assert len(highlighted("x = " + "a" * 5_000_000, "python")) == 1
    assert time.process_time() - start < 5
