from __future__ import annotations

import pytest

from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.table import GRAMMARS, LANGUAGES, is_code, is_erased, language_of


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a.py", "", "python"), ("a.pyi", "", "python"), ("a.PY", "", "python"), ("a.go", "", "go"),
        ("a.ts", "", "typescript"), ("a.tsx", "", "tsx"), ("a.mjs", "", "javascript"), ("a.rs", "", "rust"),
        ("A.java", "", "java"), ("a.c", "", "c"), ("a.cc", "", "cpp"), ("a.h", "int f(void);", "c"),
        ("a.h", "namespace x {", "cpp"), ("a.h", "template <class T>", "cpp"), ("Makefile", "", "makefile"),
        ("Dockerfile", "", "dockerfile"), ("README", "", "text"), ("x/.bashrc", "", "text"),
        ("run", "#!/bin/sh\n", "shell"), ("run", "#! /usr/bin/python3.11 -u", "python"),
        ("run", "#!/usr/bin/env -S python3 -u\n", "python"), ("run", "#!/usr/bin/env node", "javascript"),
        ("run", "#!", "text"), ("a.unknown", "", "text"), ("noext.", "", "text"), ("a.md", "", "markdown"),
    ],
)  # fmt: skip
def test_languages_are_told_apart(path: str, text: str, language: str) -> None:
    assert language_of(path, text) == language


def test_code_and_the_rest() -> None:
    assert is_code("python") and is_code("shell")
    assert not is_code("markdown") and not is_code("text") and not is_code("json")


def test_no_extension_belongs_to_two_languages() -> None:
    extensions = [extension for row in LANGUAGES.values() for extension in row.extensions]
    assert len(extensions) == len(set(extensions))


def test_every_grammar_is_a_language() -> None:
    assert set(GRAMMARS) <= set(LANGUAGES)


def test_only_the_compiler_knows_types_of_a_script() -> None:
    text = "export interface Pot {\n  size: number\n}\n\nexport class Kiln {\n  fire() {}\n}\n"
    known = {one.name: is_erased(one) for one in symbols_of("kiln.ts", text, "typescript").symbols}
    assert known == {"Pot": True, "Kiln": False, "fire": False}
