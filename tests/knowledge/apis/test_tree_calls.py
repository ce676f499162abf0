"""How an API of another language is called, and what its comment says."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.apis.calls import call_of
from codebase_gardener.knowledge.apis.tree_calls import documented
from samples.written_context import context_of, symbol_named


@pytest.mark.parametrize(
    ("file", "code", "name", "call"),
    [
        ("a.ts", "export class Box {\n  constructor(a: string, b?: number) {}\n}\n", "Box", "new Box(a)"),
        ("a.ts", "export class Box {\n  put(x: string, y = 1) {}\n}\n", "Box.put", "box.put(x)"),
        ("a.rs", "pub struct Pot;\nimpl Pot {\n    pub fn new(a: u8) -> Pot { Pot }\n}\n", "Pot.new", "Pot::new(a)"),
        ("a.go", "package a\n\nfunc Run(x int) {}\n", "Run", "Run(x)"),
    ],
)  # fmt: skip
def test_how_it_is_written(file: str, code: str, name: str, call: str) -> None:
    context = context_of({file: code})
    assert call_of(symbol_named(context, name), context) == call


def test_tags_are_read_as_fields() -> None:
    comment = "/**\n * Fires it.\n * @param {number} heat - How hot.\n"
    comment += " * @returns The pot.\n * @throws Cold if not.\n */\n"
    context = context_of({"a.js": f"{comment}export function fire(heat) {{}}\n"})
    says = documented(symbol_named(context, "fire"))
    assert says.summary == "Fires it."
    assert [(each.name, each.description) for each in says.parameters] == [("heat", "How hot.")]
    assert [each.description for each in says.returns] == ["The pot."]
    assert [(each.name, each.description) for each in says.raises] == [("Cold", "if not.")]
