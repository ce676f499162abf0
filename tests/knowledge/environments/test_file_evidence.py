"""Each guard, and what a packaging file says, on small files; hostile ones end quickly and without a crash."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.environments.file_evidence import (
    KINDS,
    manifest_evidence,
)
from codebase_gardener.manifests.table import read_manifest
from samples.guards import GUARDS, evidence


def rows(path: str, text: str, kind: str) -> list[tuple[str, ...]]:
    return [row[1:] for row in evidence(path, text) if row[0] == kind]


PYPROJECT = """\
[project]
name = "tool"
version = "1.2"
requires-python = ">= 3.10"
[project.optional-dependencies]
fast = ["uvloop~=0.19"]
"""


def test_other_languages_variables() -> None:
    assert rows("src/a.ts", "\nconst t = process.env.API_TOKEN;\n", "environment-variable") == [
        ("", "API_TOKEN", "", 2)
    ]
    for text in (
        "'NO_COLOR' in process?.env",
        "process.env['NO_COLOR']",
        "import.meta.env?.NO_COLOR",
        "Deno.env.get('NO_COLOR')",
    ):
        assert rows("src/a.ts", text, "environment-variable") == [("", "NO_COLOR", "", 1)]
    assert rows("a.go", 'x := os.Getenv("HOME_DIR")', "environment-variable") == [("", "HOME_DIR", "", 1)]


def test_what_a_build_sets_itself_is_no_setting() -> None:
    text = 'env::var("CARGO_CFG_TARGET_ARCH"); env::var("OUT_DIR"); env::var("CARGO_HOME"); env::var("POT")'
    assert [row[1] for row in rows("build.rs", text, "environment-variable")] == ["CARGO_HOME", "POT"]


def test_what_code_is_built_on_is_evidence() -> None:
    assert rows("pot.go", "//go:build !windows\n\npackage pot\n", "build-condition") == [
        ("", "!windows", "", 1)
    ]
    assert rows("a.rs", "\n#[cfg(unix)]\nfn f() {}\n", "build-condition") == [("", "unix", "", 2)]


def test_code_of_tests_and_examples_counts_for_nothing() -> None:
    assert evidence("tests/test_a.py", GUARDS) == evidence("examples/a.py", GUARDS) == []


def test_what_a_packaging_file_says() -> None:
    manifest = read_manifest("pyproject.toml", PYPROJECT)
    assert manifest is not None
    found = list(manifest_evidence(manifest))
    assert all(one.kind in KINDS for one in found)
    assert [(one.kind, one.scope, one.name, one.value, one.start, one.end) for one in found] == [
        ("package", "", "tool", "1.2", 2, 2),
        ("release", "", "1.2", "", 3, 3),
        ("runtime", "", "Python", ">=3.10", 4, 4),
        ("extra", "fast", "uvloop", "~=0.19", 6, 6),
    ]
    private = read_manifest("package.json", '{"name": "root", "version": "1", "private": true}')
    assert private is not None
    assert list(manifest_evidence(private)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pkg/a.py", "x = " + "-" * 200 + "1 # is_a_available \n" + "y = '" + "cuda" * 250_000 + "'\n"),
        ("pkg/a.py", "x = [" + "'cuda', " * 100_000 + "]\n"),
        ("pkg/a.py", "x = " + " + ".join(["os.getenv('A_B')"] * 900) + "\n"),
        ("src/a.js", "process.env" * 100_000),
    ],
)
def test_large_files_end_in_time(path: str, text: str) -> None:
    start = time.process_time()
    evidence(path, text)
    assert time.process_time() - start < 5
