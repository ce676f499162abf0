"""Questions of whoever works on the repository, and of what it is as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

PROJECT = """[project]
name = "garden"
dependencies = ["clay>=2"]

[project.optional-dependencies]
pot = ["kiln"]

[dependency-groups]
tests = [
    "pytest",
    "pytest-cov",
]
docs = ["sphinx"]

[tool.tox.env_run_base]
description = "pytest on latest versions"
commands = [["pytest"]]

[tool.tox.env.docs]
commands = [["sphinx-build", "docs", "out"]]
"""
FILES = {
    "pyproject.toml": PROJECT,
    "LICENSE": "MIT License\n\nCopyright\n",
    "Makefile": 'fmt:\n\ttest -z "$(gofmt -l .)"\n\ntest:\n\tpytest\n\nlint:\n\truff check\n',
    "CONTRIBUTING.md": "# Contributing\n\n## Run the tests\n\n```sh\ntox\n```\n\n## Say thanks\n\nPlease.\n",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: pytest --ci\n",
    "scripts/test.sh": "#!/bin/sh\npytest\n",
    "garden/__init__.py": "",
    "garden/pot.py": (
        "import os\n\nimport clay\nimport clay.glaze\n\n\nclass Consumer:\n    '''Eats.'''\n\n\n"
        "def bake():\n    return os.environ.get('KILN_HEAT', 'low')\n"
    ),
    "tests/test_pot.py": "from garden.pot import bake\n\n\ndef consumer(): ...\n\n\ndef test_bake():\n    bake()\n",
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder: Path = tmp_path_factory.mktemp("graph")
    return graph_of(FILES, folder)


NEEDS = ("the group [tests]: `pytest`, `pytest-cov`", "pyproject.toml:L10-11")


@pytest.mark.parametrize(
    "question",
    ["which extra is needed for the tests?", "what do I install to run the tests", "which packages do the tests need",
     "what are the test dependencies", "what do I need to run the test suite"],
)  # fmt: skip
def test_what_the_tests_need_comes_before_how_they_are_run(graph: Graph, question: str) -> None:
    assert said(graph, question)[0] == NEEDS
    assert ("`make test`: pytest", "Makefile:L4-5") in said(graph, question)


@pytest.mark.parametrize(
    "question", ["how do I run the tests?", "how are the tests run", "which command runs the tests"]
)
def test_how_the_tests_are_run_is_told_by_what_files_say(graph: Graph, question: str) -> None:
    assert said(graph, question) == [
        ("told in `CONTRIBUTING.md`, under “Run the tests”", "CONTRIBUTING.md:L3-8"),
        ("`tox`: Run the tests", "CONTRIBUTING.md:L6-6"),
        ("`make test`: pytest", "Makefile:L4-5"),
        ("the script `scripts/test.sh`", "scripts/test.sh:L1-2"),
        NEEDS,
    ]


def test_what_is_built_or_checked_is_told_too(graph: Graph) -> None:
    assert said(graph, "how do I build the docs") == [
        ("`tox -e docs`: sphinx-build docs out", "pyproject.toml:L19-20"),
        ("the group [docs]: `sphinx`", "pyproject.toml:L13-13"),
    ]
    assert ("`make lint`: ruff check", "Makefile:L7-8") in said(graph, "how do I run the linters")


def test_how_to_contribute_is_told_by_the_guide_and_never_by_a_script(graph: Graph) -> None:
    told = said(graph, "how do I contribute?")
    assert told[0] == ("told in `CONTRIBUTING.md`", "CONTRIBUTING.md:L1-11")
    assert not any(text.startswith("the script") for text, _ in told)


def test_without_a_group_the_installs_beside_the_tests_are_told(tmp_path: Path) -> None:
    flow = "jobs:\n  a:\n    steps:\n      - run: pip install redis\n      - run: python runtests.py\n"
    graph = graph_of({".github/workflows/ci.yml": flow, "a.py": "x = 1\n"}, tmp_path)
    assert said(graph, "what do I install to run the tests") == [
        ("no packaging file names an extra or a group for tests", ""),
        ("`pip install redis`", ".github/workflows/ci.yml:L4-4"),
        ("`python runtests.py`", ".github/workflows/ci.yml:L5-5"),
    ]


def test_where_no_file_says_it_others_are_asked(tmp_path: Path) -> None:
    graph = graph_of({"a.py": "x = 1\n"}, tmp_path)
    assert answer_from_graph(graph, "how do I run the tests") is None
    assert answer_from_graph(graph, "how do I test my garden") is None


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("what is the license?", ("`LICENSE`: MIT License", "LICENSE:L1-3")),
        ("under which license is it", ("`LICENSE`: MIT License", "LICENSE:L1-3")),
        ("where are the tests", ("1 file of tests in `tests/`, first `tests/test_pot.py`", "tests/test_pot.py:L1-8")),
        ("which environment variables does it read",
         ("`KILN_HEAT`, `'low'` by default, in `bake`", "garden/pot.py:L12-12")),
        ("what uses clay", ("`garden/pot.py` imports `clay`", "garden/pot.py:L3-3")),
        ("does it depend on clay", ("clay >=2 is required", "pyproject.toml:L3-3")),
        ("what is a consumer", ("Eats.", "garden/pot.py:L8-8")),
    ],
)  # fmt: skip
def test_a_newcomers_question_is_answered_with_its_line(
    graph: Graph, question: str, line: tuple[str, str]
) -> None:
    assert said(graph, question)[0] == line or line in said(graph, question)


def test_a_packages_script_comes_before_what_a_job_does_to_the_files_of_tests(tmp_path: Path) -> None:
    scripts = ",\n".join(f'    "step{at}": "run-{at}"' for at in range(20))
    steps = "".join(
        f"          {line}\n" for line in ("sed -i s/a/b/ tests/a.ts", "ls tests", "npm run test:all")
    )
    files = {
        "package.json": f'{{\n  "name": "a",\n  "scripts": {{\n{scripts},\n    "test": "vitest"\n  }}\n}}\n',
        "CONTRIBUTING.md": "# Contributing\n\n```sh\ncp tests/a tests/b\n```\n",
        ".github/workflows/ci.yml": f"jobs:\n  a:\n    steps:\n      - run: |\n{steps}",
        "src/a.ts": "export const a = 1\n",
    }
    graph = graph_of(files, tmp_path)
    assert said(graph, "how do I run the tests") == [("`npm run test`: vitest", "package.json:L24-24")]


def test_the_plainest_command_comes_first_one_for_each_version_and_no_build_of_documents(
    tmp_path: Path,
) -> None:
    files = {
        ".github/CONTRIBUTING.md": (
            "# Contributing\n\n## Setting up\n\nWith `uv run pytest` you run the tests at once. "
            "We like `pots` and [*tox*](a). Build pages with `make docs`.\n"
        ),
        "tox.ini": (
            "[testenv:py311-tests]\ncommands = pytest tests/slow\n\n[testenv:py312-tests]\ncommands = pytest\n\n"
            "[testenv:docs-doctests]\ncommands = sphinx-build -b doctest docs\n\n"
            "[testenv:tests]\ncommands = pytest tests\n"
        ),
        ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: tox -e $PY-tests\n",
        "Makefile": "slow-test:\n\tpytest slow\n\ntest:\n\tpytest\n",
        "a.py": "x = 1\n",
    }
    graph = graph_of(files, tmp_path)
    assert said(graph, "how do I run the tests") == [
        ("`uv run pytest`: With uv run pytest you run the tests at once.", ".github/CONTRIBUTING.md:L5-5"),
        ("`make test`: pytest", "Makefile:L4-5"),
        ("`tox -e tests`: pytest tests", "tox.ini:L10-11"),
        ("`make slow-test`: pytest slow", "Makefile:L1-2"),
        ("`tox -e py311-tests`: pytest tests/slow", "tox.ini:L1-2"),
    ]
