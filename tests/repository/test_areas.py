"""The one table of areas, on paths of many languages."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.repository.areas import area_of, is_about_versions_or_work, is_for_tests

AREAS = {
    "tests": "tests/a.py Tests/a.cs pkg/testdata/x.json src/test/java/A.java src/__tests__/a.js e2e/a.ts testing/a.py "
    "spec/a_spec.rb specs/a.js pkg/test_a.py a/test_x.c conftest.py pkg/a_test.go a_test.rb src/a.test.tsx "
    "src/a.spec.mts src/FooTest.java src/FooTests.cs tests/README.md typing_tests/a.py runtime-tests/a/b.ts "
    "test-d/a.ts src/a.test-d.ts src/a.tst.ts",
    "benchmarks": "bench/a.ts benches/a.rs benchmarks/a.py src/a_bench.py packages/bench/x.ts",
    "examples": "examples/a.py docs/examples/a.py a.ipynb docs_src/testing/a.py docs_src/async_tests/a.py "
    "cookbook/a.md playground/a.ts _examples/a/main.go",
    "docs": "docs/conf.py README CHANGES.rst a/b.md HISTORY website/x.js spec/overview.md specs/001/plan.md",
    "scripts": "scripts/a.py .github/workflows/a.yml tools/a.go .claude/skills/a/scripts/a.mjs .tool/a.py",
    "other": "setup.py noxfile.py LICENSE pyproject.toml specs/openapi.json data/ab_test.csv "
    "Rakefile lib/tasks/a.rake kiln.gemspec build.gradle.kts deploy.sh schema.sql "
    "vitest.config.mts packages/a/.eslintrc.cjs",
    "package": "src/kiln/a.py kiln/testing/a.py kiln/testing.py kiln/latest.py kiln/contest.go src/Latest.java "
    "kiln/history.py kiln/security.py lib/a.mjs kiln/method.rb kiln/inspect/a.py "
    "lib/a.dart lib/a.ex kiln/_fast.pyx src/A.kt kiln/setup.py "
    "src/app.config.ts kiln/load_tests/a.py",
}


@pytest.mark.parametrize(
    ("area", "path"), [(area, path) for area, paths in AREAS.items() for path in paths.split()]
)
def test_areas(area: str, path: str) -> None:
    assert area_of(path) == area


@pytest.mark.parametrize("language", [name for name, row in LANGUAGES.items() if row.code])
def test_the_row_of_a_language_says_what_is_a_programs_code(language: str) -> None:
    row = LANGUAGES[language]
    expected = "other" if row.scripts == ".*" else "package"
    assert area_of(f"src/kiln{row.extensions[0]}") == expected
    assert area_of(f"src/test_kiln{row.extensions[0]}") == "tests"


def test_a_folder_doc_of_go_is_a_package() -> None:
    assert (area_of("doc/man.go"), area_of("doc/man.go", "go"), area_of("doc/README.md", "markdown")) == (
        "docs", "package", "docs",
    )  # fmt: skip


def test_names_that_are_there_for_tests() -> None:
    names = "test tests testing _testing test_utils testutils testing_utils conftest TestClient mock mocks fake_server"
    assert all(map(is_for_tests, names.split()))
    assert not any(map(is_for_tests, ["contest", "latest", "attest", "tester", "mockingbird", "fakery"]))


def test_documents_of_versions_and_of_work() -> None:
    told = (
        "CHANGELOG.md CHANGES docs/changes.rst docs/history.md NEWS.txt docs/whatsnew/2.0.md docs/releases/1.md "
        "docs/release-notes.md MIGRATION.md docs/upgrading.rst CONTRIBUTING.md .github/SUPPORT.md changelog.d/1.md "
        "SECURITY.md AUTHORS LICENSE-APACHE.md AGENTS.md docs/migration_guide/a.md docs/Release_Notes.md "
        "docs/previous-versions/v3.md docs/migration-guides/a.md docs/legacy/a.md "
        ".claude/skills/triage/SKILL.md packages/a/AGENTS.md wiki/compile-plan.md PLAN.md rfcs/0001-a.md"
    )
    assert [path for path in told.split() if not is_about_versions_or_work(path)] == []
    used = (
        "README.md docs/security.md docs/agents.md src/history.py src/migrations/a.py docs/newsletter.md "
        "docs/plan.md docs/guides/agents.md guide/floor-plans.md rfcs.py"
    )
    assert [path for path in used.split() if is_about_versions_or_work(path)] == []


def test_a_long_path_ends_in_time() -> None:
    start = time.process_time()
    for part in (
        "test_",
        "a.spec.",
        "specs/",
        "history",
        "docs/",
        "_test",
        "Test",
        ".a/",
        "-plan",
        "a-",
        "-/",
    ):
        area_of(part * 200 + "x")
        is_about_versions_or_work(part * 200 + "x")
    assert time.process_time() - start < 1
