"""Packages that only tests need, where a packaging file has one list of all."""

from __future__ import annotations

from codebase_gardener.knowledge.sources.needs_of_tests import with_test_needs
from samples.written_context import context_of

MOD = "module example.org/pot\n\nrequire (\n\ta.org/check v1.0.0\n\ta.org/fire v1.0.0\n\ta.org/unused v1.0.0\n)\n"


def kinds(files: dict[str, str], manifest: str) -> dict[str, tuple[str, str]]:
    found = with_test_needs(context_of(files).repository.facts)[manifest].evidence
    return {one.name: (one.kind, one.scope) for one in found if one.name.startswith(("a.org", "@a"))}


def test_what_only_tests_of_go_import_is_needed_for_tests() -> None:
    files = {
        "go.mod": MOD,
        "pot.go": 'package pot\n\nimport "a.org/fire/hot"\n\nfunc Boil() {}\n',
        "pot_test.go": 'package pot\n\nimport (\n\t"a.org/check/assert"\n\t"a.org/fire"\n)\n',
    }
    assert kinds(files, "go.mod") == {
        "a.org/check": ("group", "test"), "a.org/fire": ("requirement", ""), "a.org/unused": ("requirement", ""),
    }  # fmt: skip


def test_what_a_file_with_lists_of_its_own_says_stays() -> None:
    files = {
        "package.json": '{"name": "pot", "main": "index.js", "dependencies": {"@a/check": "1"}}',
        "index.js": "export function boil() {}\n",
        "test/index.test.js": 'import check from "@a/check";\n',
    }
    assert kinds(files, "package.json") == {"@a/check": ("requirement", "")}
