"""Hostile packaging files: broken, huge, deep, of wrong types. None is a crash; what can be read is."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.manifests.table import (
    ECOSYSTEMS,
    MANIFESTS,
    installer_of,
    read_manifest,
    root_manifests,
)
from samples.manifests import read

NPM = {
    "name": "x", "version": "1", "private": False, "description": "d", "repository": {"url": "u"}, "homepage": "h",
    "engines": {"node": "1"}, "os": ["x"], "dependencies": {"a": "1"}, "peerDependencies": {"a": "1"},
    "peerDependenciesMeta": {"a": {"optional": True}}, "bin": {"a": "b"}, "main": "a", "exports": {".": {"a": ["b"]}},
}  # fmt: skip
PYTHON = {
    "project": {
        "name": "x", "version": "1", "description": "d", "urls": {"a": "b"}, "requires-python": "1",
        "dependencies": ["a"], "optional-dependencies": {"a": ["b"]}, "classifiers": ["a"], "scripts": {"a": "b"},
    },
    "dependency-groups": {"a": ["b"]}, "build-system": {"requires": ["a"]},
    "tool": {
        "poetry": {"name": "a", "extras": {"a": ["b"]}, "dependencies": {"a": {"version": "1"}, "python": "1"},
                   "group": {"a": {"dependencies": {"a": "1"}}}, "urls": {"a": "b"}, "scripts": {"a": "b"}},
        "flit": {"metadata": {"module": "a", "requires": ["a"], "requires-extra": {"a": ["b"]}}},
        "hatch": {"envs": {"a": {"dependencies": ["b"]}}},
    },
}  # fmt: skip
CARGO = {
    "package": {"name": "x", "version": "1", "description": "d", "repository": "u", "rust-version": "1"},
    "dependencies": {"a": {"version": "1", "optional": True}}, "workspace": {"dependencies": {"a": "1"}},
    "features": {"a": ["b"]}, "bin": [{"name": "a"}], "lib": {"name": "a", "path": "b"},
}  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab=;:/[.", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("ab.", max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def mutated(draw: st.DrawFn, tree: Any) -> Any:
    """The tree with some of its values replaced by anything."""
    if draw(st.integers(0, 5)) == 0:
        return draw(ANY)
    if isinstance(tree, dict):
        return {key: draw(mutated(value)) for key, value in tree.items()}
    return [draw(mutated(value)) for value in tree] if isinstance(tree, list) else tree


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps("" if value is None else value)


@given(mutated(NPM))
def test_wrong_types_in_package_json(tree: Any) -> None:
    read("package.json", json.dumps(tree, indent=1))


@given(mutated(PYTHON), mutated(CARGO))
def test_wrong_types_in_toml(python: Any, cargo: Any) -> None:
    for path, tree in (("pyproject.toml", python), ("Cargo.toml", cargo)):
        top = tree if isinstance(tree, dict) else {"a": tree}
        read(path, "".join(f"{json.dumps(key)} = {inline(value)}\n" for key, value in top.items()))


@given(mutated(NPM | PYTHON["project"] | {"install_requires": ["a"], "extras_require": {"a": ["b"]}}))
def test_wrong_types_in_setup_py(tree: Any) -> None:
    read("setup.py", f"setup(**{{}}, **x, entry_points={tree!r}, project_urls={tree!r})\n")
    if isinstance(tree, dict):
        words = ", ".join(f"{key}={value!r}" for key, value in tree.items() if key.isidentifier())
        read("setup.py", f"setup({words})\n")


PATHS = "pyproject.toml setup.cfg setup.py requirements.txt environment.yml package.json Cargo.toml go.mod pom.xml"
SCRAPS = "[a] name = ' \" { } <a> </a> <!-- a ( ) \\ [metadata] require dependencies: \0 é \ud800 ,"


@given(
    st.sampled_from(PATHS.split()), st.lists(st.sampled_from([*SCRAPS.split(" "), "\n", "\r", "\x85", " "]))
)
def test_scraps(path: str, scraps: list[str]) -> None:
    read(path, "".join(scraps))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project\nname = "),
        ("pyproject.toml", "project = 1\ntool = []"),
        (
            "pyproject.toml",
            '[project]\nname = 3\ndependencies = "x"\noptional-dependencies = ["a"]\nclassifiers = {}',
        ),
        ("pyproject.toml", "a = " + "[" * 5_000),
        ("setup.cfg", "no section\n[options"),
        ("setup.cfg", "[options]\ninstall_requires = %(x)s\n"),
        ("package.json", "[" * 100_000),
        ("package.json", '{"name": null, "dependencies": ["a"], "engines": 1, "os": 3}'),
        ("Cargo.toml", "[package]\nname = 1\n[dependencies]\nx = 3\n[features]\na = 1\n"),
        (
            "pom.xml",
            '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><project>&b;</dependency></a></project>',
        ),
        ("go.mod", "require (\n" + "x" * 100_000),
        ("requirements.txt", "===\n;;;\n[x]\n" + "a" * 100_000),
        ("environment.yml", "dependencies:\n- \n- ::\n  - python\n"),
        ("setup.py", "setup(**{'install_requires': f()})\nsetup(name=x, extras_require={**y})\n"),
    ],
)
def test_broken_files_are_no_crash(path: str, text: str) -> None:
    read(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project]\nname='a'\ndependencies = [" + "'a>1', " * 20_000 + "]\n"),
        ("pyproject.toml", "a" + ".a" * 50_000 + " = 1\n"),
        ("pyproject.toml", "x = {y = [{a" + ".a" * 50_000 + " = 1}]}\n"),
        ("pyproject.toml", "[a" + ".a" * 50_000 + "]\n"),
        ("pyproject.toml", "= [\na" + ".a" * 50_000 + " = 1\n"),
        ("setup.cfg", "[a]\n" + "b = c\n" * 50_000),
        ("setup.cfg", "[options]\ninstall_requires =\n" + "    a>1\n" * 20_000),
        ("pom.xml", "<" * 300_000),
        ("pom.xml", "<a>" * 100_000),
        ("pom.xml", "<!--" * 50_000),
        ("pom.xml", "<project><dependencies>" + "<dependency>x</dependency>\n" * 10_000),
        ("requirements.txt", "a>1\n" * 20_000),
        ("package.json", '{"dependencies": {' + ",".join(f'"p{i}": "1"' for i in range(20_000)) + "}}"),
        ("package.json", '{"exports": ' + '{"a": ' * 900 + "1" + "}" * 901),
    ],
)
def test_large_files_end_in_time(path: str, text: str) -> None:
    start = time.process_time()
    read(path, text)
    assert time.process_time() - start < 5


def test_other_files_are_none() -> None:
    assert read_manifest("src/module.py", "name = 1") is None
    assert read_manifest("docs/my-setup.py", "") is None


def test_those_at_the_root_in_the_order_of_the_table() -> None:
    texts = {
        "package.json": '{"name": "b"}',
        "pyproject.toml": "[project]\nname = 'a'",
        "sub/go.mod": "module c",
    }
    assert [each.name.text for each in root_manifests(texts)] == ["a", "b"]


def test_the_index_of_each_reader_says_how_it_installs() -> None:
    least = {"package_json": "{}", "setup_cfg": "[metadata]\n"}
    found = {reader("x", least.get(reader.__name__, "")).ecosystem for _, reader in MANIFESTS}
    assert found == set(ECOSYSTEMS)


@pytest.mark.parametrize(
    ("path", "text", "others", "command"),
    [
        ("Cargo.toml", "[package]\nname = 'pot'\n", ("src/main.rs",), "cargo install {}"),
        ("a/Cargo.toml", "[package]\nname = 'pot'\n", ("a/src/main.rs", "src/lib.rs"), "cargo install {}"),
        (
            "Cargo.toml",
            "[package]\nname = 'pot'\n[[bin]]\nname = 'p'\npath = 'p.rs'\n",
            ("p.rs",),
            "cargo install {}",
        ),
        ("Cargo.toml", "[package]\nname = 'pot'\n", ("src/main.rs", "src/lib.rs"), "cargo add {}"),
        (
            "Cargo.toml",
            "[package]\nname = 'pot'\n[lib]\npath = 'pot.rs'\n",
            ("pot.rs", "src/main.rs"),
            "cargo add {}",
        ),
        ("Cargo.toml", "[package]\nname = 'pot'\n", (), "cargo add {}"),
        (
            "pyproject.toml",
            "[project]\nname = 'pot'\n[project.scripts]\npot = 'pot:main'\n",
            (),
            "pip install {}",
        ),
    ],
)
def test_a_package_that_has_only_programs_is_installed_as_one(
    path: str, text: str, others: tuple[str, ...], command: str
) -> None:
    manifest = read_manifest(path, text)
    assert manifest is not None
    assert installer_of(manifest, path.rpartition("/")[0], {path, *others}) == command
