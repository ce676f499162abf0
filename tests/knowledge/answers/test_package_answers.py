"""What a package needs, how it is installed, and where a name is imported from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

KILN = """[project]
name = "kiln-fire"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["clay>=2", "slip; python_version < '3.11'"]

[project.optional-dependencies]
glaze = ["matt", "shine"]

[dependency-groups]
dev = ["pytest"]
"""
PYTHON = {
    "pyproject.toml": KILN,
    "README.md": (
        "# Kiln\n\n```sh\n$ pip install kiln-fire\n```\n\nOr `uv add kiln-fire`, and `pip install clay` for clay.\n"
        "\n    pip install kiln-fire-extras\n"
    ),
    "docs/install.md": "# Install\n\n```\npip install kiln-fire\nconda install -c forge kiln-fire\n```\n",
    "CHANGELOG.md": "- `pip install kiln-fire==0.1`\n",
    "kiln_fire/__init__.py": "from kiln_fire.pot import bake\n\n__all__ = ['bake']\n",
    "kiln_fire/pot.py": "def bake():\n    '''Bakes.'''\n\n\ndef _cool():\n    '''Cools.'''\n",
    "examples/package.json": '{"name": "shop", "dependencies": {"left": "1"}}',
}
NODE = {
    "package.json": (
        '{"name": "@o/kiln", "private": true, "engines": {"node": ">=18"},\n'
        '"peerDependencies": {"react": ">=18"},\n"peerDependenciesMeta": {"react": {"optional": true}}}'
    ),
    "index.js": "export function fire() {}\n",
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, str]], Graph]:
    made: dict[int, Graph] = {}

    def give(files: Mapping[str, str]) -> Graph:
        if id(files) not in made:
            folder: Path = tmp_path_factory.mktemp("graph")
            made[id(files)] = graph_of(files, folder)
        return made[id(files)]

    return give


Give = Callable[[Mapping[str, str]], Graph]
NEEDED = [
    ("Python >=3.10", "pyproject.toml:L4-4"),
    ("clay >=2 is required", "pyproject.toml:L5-5"),
    ("slip is required, where python_version < '3.11'", "pyproject.toml:L5-5"),
    ("with the extra [glaze]: `matt`, `shine`", "pyproject.toml:L8-8"),
]


@pytest.mark.parametrize(
    "question",
    [
        "what does it depend on?",
        "What are the dependencies",
        "what are its runtime dependencies",
        "what are the dependencies of kiln-fire?",
        "which packages does kiln-fire need",
        "which third-party libraries does the project use",
        "what does kiln_fire pull in",
    ],
)
def test_what_the_package_needs(graph: Give, question: str) -> None:
    assert sorted(said(graph(PYTHON), question, "dependencies")) == sorted(NEEDED)


def test_what_something_else_needs_is_not_what_the_package_needs(graph: Give) -> None:
    assert answer_from_graph(graph(PYTHON), "what does the moon depend on") is None
    assert said(graph(PYTHON), "what do the tests need")[0][0].startswith("the group [dev]")


@pytest.mark.parametrize(
    "question",
    ["how do I install it", "how to install kiln-fire with pip?", "installation", "how is the package installed",
     "How can I get kiln-fire", "what is the install command for kiln-fire"],
)  # fmt: skip
def test_how_it_is_installed(graph: Give, question: str) -> None:
    assert said(graph(PYTHON), question, "install") == [
        ("`pip install kiln-fire`", "README.md:L4-4"),
        ("`uv add kiln-fire`", "README.md:L7-7"),
        ("`conda install -c forge kiln-fire`", "docs/install.md:L5-5"),
    ]


def test_a_program_is_installed_as_one(tmp_path: Path) -> None:
    graph = graph_of({"Cargo.toml": "[package]\nname = 'kiln'\n", "src/main.rs": "fn main() {}\n"}, tmp_path)
    assert said(graph, "how do I install kiln") == [("`cargo install kiln`", "Cargo.toml:L2-2")]


def test_each_package_of_several_has_its_own(tmp_path: Path) -> None:
    project = '[project]\nname = "{}"\ndependencies = ["{}"]\n'
    graph = graph_of(
        {
            "a/pyproject.toml": project.format("kiln-a", "clay"),
            "b/pyproject.toml": project.format("kiln-b", "glaze"),
            "README.md": "```\npip install kiln-a\n```\n",
        },
        tmp_path,
    )
    assert said(graph, "what does kiln-b depend on") == [("glaze is required", "b/pyproject.toml:L3-3")]
    assert said(graph, "how do I install kiln-b") == [("`pip install kiln-b`", "b/pyproject.toml:L2-2")]
    assert said(graph, "how do I install kiln-a") == [("`pip install kiln-a`", "README.md:L2-2")]


def test_what_only_looks_like_a_command_is_none(tmp_path: Path) -> None:
    """Prose, and what the tool itself installs where the tool is the repository's package."""
    readme = (
        "# poetry\n\nnpm install the poetry package is what people do.\n\n"
        "```\npoetry add pendulum\npipx install poetry \\\n  --quiet\n```\n\n    pip install poetry\n"
    )
    graph = graph_of({"pyproject.toml": KILN.replace("kiln-fire", "poetry"), "README.md": readme}, tmp_path)
    assert said(graph, "how do I install it") == [
        ("`pipx install poetry`", "README.md:L7-7"),
        ("`pip install poetry`", "README.md:L11-11"),
    ]


def test_a_fence_within_a_fence_ends_none(tmp_path: Path) -> None:
    readme = "````md\n```sh\npip install kiln-fire\n```\nuv add kiln-fire\n````\n"
    graph = graph_of({"pyproject.toml": KILN, "README.md": readme}, tmp_path)
    assert said(graph, "how do I install it") == [
        ("`pip install kiln-fire`", "README.md:L3-3"),
        ("`uv add kiln-fire`", "README.md:L5-5"),
    ]


@pytest.mark.parametrize(
    "question",
    ["how do I import this library?", "how are handlers imported", "how do I import models from a folder",
     "what modules does the library have", "what is install", "install", "dependencies", "how do I get the glaze"],
)  # fmt: skip
def test_what_asks_for_something_else_is_left_to_others(graph: Give, question: str) -> None:
    answer = answer_from_graph(graph(PYTHON), question)
    assert answer is None or not answer.known or answer.form not in ("install", "dependencies", "import")


@pytest.mark.parametrize("question", ["how do I install with pip", "how do I install using conda"])
def test_by_what_it_is_installed_is_no_name(graph: Give, question: str) -> None:
    assert said(graph(PYTHON), question, "install")[0][0] == "`pip install kiln-fire`"


def test_an_extra_is_installed_by_its_name(graph: Give) -> None:
    assert said(graph(PYTHON), "how do I install glaze") == [
        ("matt comes with the extra [glaze]", "pyproject.toml:L8-8"),
        ("shine comes with the extra [glaze]", "pyproject.toml:L8-8"),
    ]


def test_without_a_document_the_packaging_file_tells(tmp_path: Path) -> None:
    files = {"pyproject.toml": KILN, "README.md": "`pip install kiln-fire[glaze]`\n"}
    assert said(graph_of(files, tmp_path), "how do I install it") == [
        ("`pip install kiln-fire`", "pyproject.toml:L2-2"),
        ("`pip install kiln-fire[glaze]`", "README.md:L1-1"),
    ]


def test_peers_of_npm_that_may_be_left_out_are_no_extra(graph: Give) -> None:
    assert said(graph(NODE), "what does kiln depend on")[-1] == (
        "used where installed: `react`", "package.json:L2-2"
    )  # fmt: skip
    assert said(graph(NODE), "which version of react is needed") == [
        ("react >=18 is used where it is installed", "package.json:L2-2")
    ]


@pytest.mark.parametrize(
    "question",
    ["how do I import bake", "from where do I import bake?", "where do I import bake from", "how is `bake` imported",
     "what is the import path of bake", "from which module can I import bake"],
)  # fmt: skip
def test_where_a_name_is_imported_from(graph: Give, question: str) -> None:
    assert said(graph(PYTHON), question, "import")[0] == (
        "`from kiln_fire import bake`",
        "kiln_fire/pot.py:L1-2",
    )


def test_a_package_that_an_extra_lists_twice_is_one(tmp_path: Path) -> None:
    listed = """["kiln<2; python_version < '3.9'", "kiln>=2; python_version >= '3.9'", "slip"]"""
    files = {
        "pyproject.toml": f'[project]\nname = "pot"\n\n[project.optional-dependencies]\nall = {listed}\n',
        "pot/__init__.py": "",
    }
    told = [text for text, _ in said(graph_of(files, tmp_path), "what does pot depend on")]
    assert "with the extra [all]: `kiln`, `slip`" in told


GEM = """Gem::Specification.new do |s|
  s.name = "kiln"
  s.required_ruby_version = ">= 2.7"
  s.add_dependency "clay", "~> 2.1"
end
"""
RUNTIMES = {
    "python": (PYTHON, ("Python >=3.10", "pyproject.toml:L4-4")),
    "ruby": ({"kiln.gemspec": GEM, "lib/kiln.rb": "class Kiln\nend\n"}, ("Ruby >=2.7", "kiln.gemspec:L3-3")),
    "rust": (
        {
            "Cargo.toml": '[package]\nname = "kiln"\nrust-version = "1.70"\n',
            "src/lib.rs": "pub fn fire() {}\n",
        },
        ("Rust >=1.70", "Cargo.toml:L3-3"),
    ),
    "go": (
        {"go.mod": "module o.org/kiln\n\ngo 1.21\n", "a.go": "package kiln\n"},
        ("Go >=1.21", "go.mod:L3-3"),
    ),
    "node": (NODE, ("Node.js >=18", "package.json:L1-1")),
}


@pytest.mark.parametrize(
    ("language", "question"),
    [
        (language, question.format(language))
        for language in RUNTIMES
        for question in (
            "what is the minimum supported {} version?", "minimum {} version", "what's the minimum {}?",
            "which {} do I need?", "what is the oldest {} that works?", "does it run on {} 2.6?",
            "can I still use it with {} 3?", "does the library support {} 4 or newer?", "is {} 3.8 supported?",
        )
    ]
    + [("rust", "which rustc do I need"), ("rust", "what's the MSRV?"), ("go", "minimum golang version")],
)  # fmt: skip
def test_which_version_of_a_language_it_needs(graph: Give, language: str, question: str) -> None:
    files, line = RUNTIMES[language]
    assert said(graph(files), question) == [line]


def test_what_is_no_language_is_not_told_as_one(graph: Give) -> None:
    for question in ("does it support clay?", "does it work with matt", "is Ruby 3 supported"):
        found = answer_from_graph(graph(PYTHON), question)
        assert found is None or not found.known


def test_a_gem_needs_and_is_installed(graph: Give) -> None:
    files = RUNTIMES["ruby"][0]
    needed = [("Ruby >=2.7", "kiln.gemspec:L3-3"), ("clay ~>2.1 is required", "kiln.gemspec:L4-4")]
    assert said(graph(files), "which gems does it depend on?", "dependencies") == needed
    assert said(graph(files), "how do I install kiln") == [("`gem install kiln`", "kiln.gemspec:L2-2")]


@pytest.mark.parametrize(
    "question",
    ["what runtime dependencies does it have?", "does it have any dependencies?", "what does it depend on?"],
)  # fmt: skip
def test_what_it_needs_however_it_is_asked(graph: Give, question: str) -> None:
    assert said(graph(PYTHON), question, "dependencies")[1] == ("clay >=2 is required", "pyproject.toml:L5-5")


@pytest.mark.parametrize(
    "question",
    ["which extras can I install?", "does it have optional dependencies?", "what extras are available",
     "are there any extras?", "list the optional dependencies"],
)  # fmt: skip
def test_extras_are_told_one_by_one(graph: Give, question: str) -> None:
    line = ("the extra [glaze] brings `matt`, `shine`", "pyproject.toml:L8-8")
    assert said(graph(PYTHON), question, "extra") == [line]


def test_what_is_added_to_a_project_is_the_package(graph: Give) -> None:
    told = said(graph(PYTHON), "how do I add kiln-fire to my project?", "install")
    assert told[0] == ("`pip install kiln-fire`", "README.md:L4-4")
    assert answer_from_graph(graph(PYTHON), "how do I add glaze to my app?") is None
