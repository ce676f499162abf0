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


def test_what_is_called_after_a_package_or_what_it_exports_is_no_object() -> None:
    go = (
        'package echo\n\nimport "context"\n\ntype Echo struct{}\n\n'
        "func (e *Echo) Start(address string) error { return nil }\n\nfunc (Echo) Stop() {}\n\n"
        "type Context struct{ inner context.Context }\n\nfunc (c *Context) Done() {}\n\n"
        "type Group struct{}\n\nfunc (g *Group) Use() {}\n"
    )
    script = (
        "export function glob() {}\n"
        "export class Glob {\n  constructor(a: string) {}\n  walk(b: number) { return 1 }\n}\n"
        "export class Path {\n  walk() { return 1 }\n}\nexport class Inner {}\nexport { Inner as Outer }\n"
    )
    python = {
        "kiln/__init__.py": "from .core import Kiln, module as place\n",
        "kiln/core.py": (
            "def module(name): ...\n\n\n"
            "class Kiln:\n    def __init__(self, heat): ...\n    def fire(self, pot): ...\n\n\n"
            "class _Lid:\n    def shut(self): ...\n"
        ),
    }
    files = {
        "echo.go": go,
        "go.mod": "module example.com/echo\n",
        "package.json": '{"name": "glob", "main": "index.ts"}',
        "index.ts": script,
    }
    context = context_of(files | python)
    names = (
        "Echo.Start", "Echo.Stop", "Context.Done", "Group.Use",
        "Glob.walk", "Path.walk", "Inner", "Kiln.fire", "_Lid.shut", "module",
    )  # fmt: skip
    assert {name: call_of(symbol_named(context, name), context) for name in names} == {
        "Echo.Start": "e.Start(address)",
        "Echo.Stop": "e.Stop()",
        "Context.Done": "c.Done()",
        "Group.Use": "group.Use()",
        "Glob.walk": "new Glob(a).walk(b)",
        "Path.walk": "path.walk()",
        "Inner": "new Inner()",
        "Kiln.fire": "Kiln(heat).fire(pot)",
        "_Lid.shut": "lid.shut()",
        "module": "place(name)",
    }


@pytest.mark.parametrize(
    ("tag", "raised"),
    [
        ("@throws {Burnt} when hot.", [("Burnt", "when hot.")]),
        ("@throws Burnt when hot.", [("Burnt", "when hot.")]),
        ("@throws If it is hot.", []),
    ],
)
def test_the_first_word_of_a_sentence_is_no_error_s_name(tag: str, raised: list[tuple[str, str]]) -> None:
    context = context_of({"a.js": f"/**\n * Fires it.\n * {tag}\n */\nexport function fire() {{}}\n"})
    says = documented(symbol_named(context, "fire"))
    assert [(each.name, each.description) for each in says.raises] == raised
