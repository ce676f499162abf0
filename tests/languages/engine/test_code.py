"""Code of the languages that tree-sitter reads: imports, exports, names, bindings and calls."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.reading import document_facts
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.table import GRAMMARS
from samples.written import facts_of
from samples.written_context import context_of, symbol_named


def test_snippets_of_documents_are_read() -> None:
    found = document_facts(
        "README.md", "markdown", '# A\n\n```ts\nimport { z } from "zod";\n\nz.string();\n```\n'
    ).snippets
    assert [(one.line, one.module, one.alias) for one in found[0].imports] == [(4, "zod", "z")]
    assert [(one.start, one.name) for one in found[0].references] == [(6, "z.string")]


@pytest.mark.slow
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


HANDED_ON = {
    "rust": {
        "Cargo.toml": "[package]\nname = 'kiln'\n",
        "src/lib.rs": (
            "mod a;\nuse a::fire;\nstruct Pot { by: fn() }\n"
            "fn full(pots: P) { pots.map(fire).map(a::fire); }\n"
            "fn other(fire: u8) { let x = Pot { by: a::fire }; cool(fire, x.fire) }\n"
            "fn third(pots: P) { if let Some((fire, _)) = pots { cool(fire) } }\n"
        ),
        "src/a.rs": "pub fn fire() {}\n",
    },
    "go": {
        "go.mod": "module example.org/kiln\n",
        "a.go": "package kiln\n\nfunc fire() {}\n",
        "b.go": (
            'package kiln\n\nfunc full() { http.HandleFunc("/", fire) }\n'
            "func other() { x := Pot{by: fire, fire: 1}; cool(x.fire) }\n"
            "func third(fire int) { cool(fire) }\n"
            "func fourth() { for _, fire := range all { cool(fire) } }\n"
        ),
    },
    "javascript": {
        "package.json": '{"name": "kiln", "main": "index.js"}',
        "a.js": "exports.fire = fire\nfunction fire() {}\n",
        "index.js": (
            "const { fire } = require('./a')\nconst a = require('./a')\n"
            "exports.full = function full(pots) { pots.map(fire).map(a.fire) }\n"
            "function other({ fire = 1 }) { cool(fire, pots.fire) }\n"
            "function third(pots) { pots.map(fire => cool(fire)) }\n"
        ),
    },
    "typescript": {
        "package.json": '{"name": "kiln", "main": "index.ts"}',
        "a.ts": "export function fire() {}\n",
        "index.ts": (
            "import { fire } from './a'\nimport * as a from './a'\n"
            "export function full(pots: P) { pots.map(fire).map(a.fire) }\n"
            "export function other(fire?: P) { cool(fire) }\n"
        ),
    },
}


@pytest.mark.parametrize("language", HANDED_ON)
def test_a_function_that_is_handed_on_is_used_and_a_variable_of_its_name_is_not(language: str) -> None:
    context = context_of(HANDED_ON[language])
    used = context.resolution.callers[context.target(symbol_named(context, "fire"))]
    expected = {"rust": ["full", "full", "other"], "go": ["full", "other"]}
    assert [one.scope for one in used] == expected.get(language, ["full", "full"])
    assert {one.kind for one in used} == {"value"}
