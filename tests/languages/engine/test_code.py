"""Code of the languages that tree-sitter reads: imports, exports, names, bindings and calls."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.reading import document_facts
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.table import GRAMMARS
from samples.written import facts_of


def test_snippets_of_documents_are_read() -> None:
    found = document_facts(
        "README.md", "markdown", '# A\n\n```ts\nimport { z } from "zod";\n\nz.string();\n```\n'
    ).snippets
    assert [(one.line, one.module, one.alias) for one in found[0].imports] == [(4, "zod", "z")]
    assert [(one.start, one.name) for one in found[0].references] == [(6, "z.string")]


@pytest.mark.parametrize("language", sorted(GRAMMARS))
@pytest.mark.parametrize(
    "unit", ["a.b(", "a().", "f(x);\n", "import ", "{", "use a::{", "export ", '"', "let x = "]
)
def test_odd_code_is_read_in_linear_time(language: str, unit: str) -> None:
    found = tree_code(unit * 2_000, language)
    assert all(len(one.name) <= 500 and len(one.text) <= 200 for one in found.references)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("a.ts", "// wrappers\nexport function wrap() {}\n", None),
        ("a.ts", "// ---- base methods ----\nexport function wrap() {}\n", None),
        ("a.ts", "/** Wraps. */\nexport function wrap() {}\n", "Wraps."),
        ("a.ts", "/**\n * Wraps it.\n */\nexport function wrap() {}\n", "Wraps it."),
        ("a.ts", "// Wraps what it is given.\nexport function wrap() {}\n", "Wraps what it is given."),
        ("a.rs", "/// Wraps.\n#[inline]\npub fn wrap() {}\n", "Wraps."),
        ("a.go", "package a\n\n// wrap wraps.\nfunc wrap() {}\n", "wrap wraps."),
        ("a.go", "package a\n\n// helpers\nfunc wrap() {}\n", None),
    ],
)
def test_a_section_s_comment_documents_nothing(path: str, text: str, said: str | None) -> None:
    assert facts_of({path: text})[path].symbols[0].docstring == said
