"""What a repository's files tell to run."""

from __future__ import annotations

from codebase_gardener.knowledge.overview.tasks import guides, tasks, work_needs
from codebase_gardener.knowledge.sources.package_manager import package_manager
from samples.written_context import context_of


def test_what_a_command_of_a_job_is_given_is_no_command() -> None:
    path = ".github/workflows/ci.yml"
    block = "cat <<EOF > a.ini\n[a]\nport = 1\nEOF\npytest\n"
    text = "jobs:\n  a:\n    steps:\n      - run: |\n" + "".join(
        f"          {line}\n" for line in block.split("\n")
    )
    found = tasks({}, {path: text})
    assert [(task.command, task.start) for task in found[path]] == [("cat <<EOF > a.ini", 5), ("pytest", 9)]


def test_what_the_shell_says_and_sets_is_no_command() -> None:
    path = ".github/workflows/ci.yml"
    said = ('echo "version=1" >> "$GITHUB_OUTPUT"', "version=$(cat VERSION)", "if [ -f a ]; then", "fi")
    steps = "".join(f"          {line}\n" for line in (*said, "make check", "A=1 make test"))
    text = f"jobs:\n  a:\n    steps:\n      - run: |\n{steps}      - run: echo done\n"
    assert [task.command for task in tasks({}, {path: text})[path]] == ["make check", "A=1 make test"]


def test_what_edits_and_lists_files_and_writes_history_is_no_command_of_a_job() -> None:
    path = ".github/workflows/ci.yml"
    edits = ("sed -i s/a/b/ tests/a.ts", "git add .", "git push", "ls dist", "rm -rf out", "mkdir -p build")
    steps = "".join(f"          {line}\n" for line in (*edits, "npm test"))
    text = f"jobs:\n  a:\n    steps:\n      - run: |\n{steps}      - run: git diff --exit-code\n"
    assert [task.command for task in tasks({}, {path: text})[path]] == ["npm test"]


def test_scripts_are_run_by_the_manager_that_the_package_names() -> None:
    scripts = '  "scripts": {\n    "test": "vitest \\"a\\""\n  }'
    for manager in ("pnpm", "yarn"):
        text = f'{{\n{scripts},\n  "packageManager": "{manager}@9.1.0"\n}}\n'
        files = {"package.json": text}
        found = tasks({}, files, package_manager(files))["package.json"]
        assert [(task.command, task.does) for task in found] == [(f"{manager} run test", 'vitest "a"')]
    found = tasks({}, {"package.json": f"{{\n{scripts}\n}}\n"})["package.json"]
    assert [task.command for task in found] == ["npm run test"]


def test_a_quote_at_the_end_of_a_command_belongs_to_it() -> None:
    steps = (
        "      - run: cargo test --features \"kv std\"\n      - run: 'cargo build'\n"
        '      - run: "sh -c \\"cargo doc\\""\n      - run: "cargo" run "all"\n'
    )
    text = f"jobs:\n  a:\n    steps:\n{steps}"
    found = tasks({}, {".github/workflows/a.yml": text})
    commands = [task.command for task in found[".github/workflows/a.yml"]]
    assert commands == [
        'cargo test --features "kv std"',
        "cargo build",
        'sh -c "cargo doc"',
        'cargo" run "all',
    ]


def test_environments_of_tox_are_told_by_whole_names_and_by_what_their_factors_run() -> None:
    text = (
        "[tox]\nenv_list =\n    py3{1-3}-tests,\n    py31-mypy\n    docs-{build,check}\n\n"
        "[testenv]\ncommands =\n    tests: pytest {posargs:-n auto}\n    mypy: mypy src\n\n"
        "[testenv:py3{1,3}-tests]\ncommands = coverage run -m pytest\n\n"
        "[testenv:docs-{build,check}]\ncommands =\n    build: sphinx-build docs\n"
        "    check: sphinx-build -b doctest docs\n"
    )
    found = tasks({}, {"tox.ini": text})["tox.ini"]
    assert [(task.command, task.does, task.start, task.end) for task in found] == [
        ("tox -e py32-tests", "pytest -n auto", 7, 9),
        ("tox -e py31-mypy", "mypy src", 7, 10),
        ("tox -e py31-tests", "coverage run -m pytest", 12, 13),
        ("tox -e docs-build", "sphinx-build docs", 15, 17),
        ("tox -e docs-check", "sphinx-build -b doctest docs", 15, 18),
    ]


def test_a_folded_command_and_one_that_goes_on_are_one_each() -> None:
    path = ".github/workflows/ci.yml"
    text = (
        "jobs:\n  a:\n    steps:\n      - run: >\n          uv run\n          tox -e tests\n\n"
        "      - run: |\n          cargo test \\\n            --all\n          make check\n"
    )
    found = [(task.command, task.start, task.end) for task in tasks({}, {path: text})[path]]
    assert found == [("uv run tox -e tests", 5, 6), ("cargo test --all", 9, 10), ("make check", 11, 11)]


def test_recipes_of_just_are_commands() -> None:
    text = (
        'python := ""\n\n# All.\ntest *args="-x tests":\n    uv run pytest {{args}}\n\nlint:\n\truff check\n'
    )
    found = tasks({}, {"Justfile": text})["Justfile"]
    assert [(task.command, task.does, task.start, task.end) for task in found] == [
        ("just test", "uv run pytest {{args}}", 4, 5), ("just lint", "ruff check", 7, 8),
    ]  # fmt: skip


def test_a_guide_of_an_older_version_is_none() -> None:
    texts = {"CONTRIBUTING.md": "# A\n", "docs-v1/CONTRIBUTING.md": "# B\n", "docs/a.md": "# C\n"}
    assert guides(context_of(texts).repository.facts) == ["CONTRIBUTING.md"]


def test_the_package_itself_is_none_that_work_on_it_needs() -> None:
    text = '{"name": "tool", "devDependencies": {"vitest": "1", "tool": "workspace:*"}}'
    assert [one.names for one in work_needs({"package.json": text})] == [("vitest",)]
