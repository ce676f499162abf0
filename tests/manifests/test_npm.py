# ruff: noqa: E501 - sources of one line each

from __future__ import annotations

from samples.manifests import everything, names, read


def test_package_json() -> None:
    text = """\
{
  "name": "@o/lib", "version": "2.0.0",
  "engines": {"node": ">=18"},
  "dependencies": {"zod": "^3.0.0"},
  "peerDependencies": {"react": ">=17", "vue": "3"},
  "peerDependenciesMeta": {"vue": {"optional": true}},
  "devDependencies": {
    "react": "18"
  }
}
"""
    assert everything("package.json", text) == [
        ("runtime", "", "Node.js", ">=18", 3),
        ("requirement", "", "zod", "^3.0.0", 4),
        ("requirement", "peer", "react", ">=17", 5),
        ("extra", "optional", "vue", "3", 5),
        ("group", "dev", "react", "18", 8),
    ]
    found = read("package.json", text)
    assert (found.name.text, found.name.start, found.version.text) == ("@o/lib", 2, "2.0.0")
    assert not read("package.json", '{"name": "root", "private": true}').published


def test_a_table_of_many_lines_and_one_of_one_line() -> None:
    text = '{"dependencies": {"a": "1", "b":\n  "2"},\n"devDependencies": {\n  "a": "*"}}'
    found = read("package.json", text).dependencies
    assert [(each.name, each.version, each.start, each.end) for each in found] == [
        ("a", "1", 1, 1), ("b", "2", 1, 2), ("a", "", 4, 4),
    ]  # fmt: skip


def test_programs() -> None:
    assert read("package.json", '{"name": "@o/tool", "bin": "./a.js"}').commands == ("tool",)
    assert read("package.json", '{"name": "x", "bin": {"one": "./a.js", "two": "b"}}').commands == (
        "one",
        "two",
    )


def test_what_it_lets_others_import() -> None:
    text = '{"name": "m", "exports": {".": {"a": ["./a.js", null], "b": {"c": "./b.mjs"}}, "./x": "./x.js", "./*": "./*"}}'
    assert names("package.json", text) == [
        ("m", "./a.js"),
        ("m", "./b.mjs"),
        ("m/x", "./x.js"),
        ("m/*", "./*"),
        ("m", ""),
    ]
    assert names("package.json", '{"name": "m", "main": "a.js", "exports": "./c.js"}') == [
        ("m", "./c.js"), ("m", "a.js"), ("m", ""),
    ]  # fmt: skip
    text = (
        '{"name": "m", "exports": {"some": {"types": "./s.d.ts"}, "source": "./m.ts", "import": "./m.mjs"}}'
    )
    assert [path for _, path in names("package.json", text)] == ["./m.ts", "./m.mjs", "./s.d.ts", ""]
    assert (
        names("package.json", '{"name": 1}') == names("package.json", '{"name": "' + "a" * 300 + '"}') == []
    )


def test_an_alias_tells_its_package() -> None:
    text = '{"dependencies": {"a": "npm:b@^1", "c": "npm:@d/e@2", "f": "npm:g", "h": "^3"}}'
    found = [(one.name, one.package, one.version) for one in read("package.json", text).dependencies]
    assert found == [("a", "b", "^1"), ("c", "@d/e", "2"), ("f", "g", ""), ("h", "", "^3")]
