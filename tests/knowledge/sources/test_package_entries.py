"""Under which names packages of other languages are imported."""

# ruff: noqa: E501 - sources of one line each

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.sources.package_entries import package_entries


def names(path: str, text: str) -> list[tuple[str, str]]:
    return [(entry.name, entry.path) for entry in package_entries(path, text)]


def test_package_json() -> None:
    text = '{"name": "m", "exports": {".": {"a": ["./a.js", null], "b": {"c": "./b.mjs"}}, "./x": "./x.js", "./*": "./*"}}'
    assert names("package.json", text) == [("m", "./a.js"), ("m", "./b.mjs"), ("m/x", "./x.js"), ("m", "")]
    assert names("package.json", '{"name": "m", "main": "a.js", "exports": "./c.js"}') == [
        ("m", "./c.js"), ("m", "a.js"), ("m", ""),
    ]  # fmt: skip


def test_cargo_toml_and_go_mod() -> None:
    assert names("Cargo.toml", '[package]\nname = "a-b"') == [("a_b", "src/lib.rs"), ("a_b", "src/main.rs")]
    assert names("x/Cargo.toml", '[package]\nname="a"\n[lib]\nname="l"\npath="l.rs"')[0] == ("l", "l.rs")
    assert names("go.mod", '// c\nmodule "e.org/x" // d\n\ngo 1.21') == [("e.org/x", "")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", "[" * 100_000), ("package.json", "[]"), ("package.json", '{"name": 1}'),
        ("package.json", '{"name": "' + "a" * 300 + '"}'), ("Cargo.toml", "[package"), ("Cargo.toml", "package = 1"),
        ("Cargo.toml", '[package]\nname = "a b"'), ("go.mod", "module"), ("setup.py", "module x"),
    ],
)  # fmt: skip
def test_what_names_nothing(path: str, text: str) -> None:
    assert package_entries(path, text) == ()
