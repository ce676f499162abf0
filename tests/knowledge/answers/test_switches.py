"""What users switch on by its name: features, extras, build tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

CARGO = """[package]
name = "pot"
version = "1.0.0"

[dependencies]
kiln = { version = "1", optional = true }

### FEATURES ###

[features]
default = ["std"]
# Bakes in the order
# in which pots came.
#
# It is slow.
keep_order = ["dep:kiln", "std"]
std = [] # With the standard library.
"""
GO = {
    "go.mod": "module example.org/pot\n",
    "pot.go": "package pot\n\nfunc Boil() {}\n",
    "codec_fast.go": (
        "// Copyright 2020 A. B.\n// All rights reserved.\n\n//go:build fast && (linux || windows) && go1.18\n\n"
        "package pot\n\n// This file boils\n// by other means.\n\nfunc codec() {}\n"
    ),
    "codec.go": "//go:build !(fast && linux)\n// +build !fast\n\npackage pot\n\nfunc codec() {}\n",
    "codec_test.go": "//go:build integration\n\npackage pot\n",
}


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder: Path = tmp_path_factory.mktemp("crate")
    return graph_of({"Cargo.toml": CARGO, "src/lib.rs": "pub fn boil() {}\n"}, folder)


KEEPS = (
    "the feature `keep_order` brings `dep:kiln`, `std`: Bakes in the order in which pots came. It is slow.",
    "Cargo.toml:L12-16",
)


@pytest.mark.parametrize(
    "question",
    ["which features are there?", "what features does it have", "list the cargo features", "features",
     "does it have any optional features?", "what features does pot have?", "does pot have features I can turn on",
     "which feature flags can I enable", "what are the features of this crate", "which features does the crate offer"],
)  # fmt: skip
def test_features_are_listed_with_their_comments(crate: Graph, question: str) -> None:
    assert said(crate, question, "switches") == [
        ("the feature `default` brings `std`", "Cargo.toml:L11-11"),
        KEEPS,
        ("the feature `std` brings nothing else: With the standard library.", "Cargo.toml:L17-17"),
    ]


@pytest.mark.parametrize(
    "question",
    [
        "what is keep_order",
        "what does the feature keep_order do",
        "what does `keep_order` enable",
        "where is keep_order",
    ],
)
def test_a_feature_is_known_by_its_name(crate: Graph, question: str) -> None:
    assert said(crate, question) == [KEEPS]


def test_the_feature_that_brings_a_package_is_named(crate: Graph) -> None:
    assert said(crate, "which feature brings kiln?") == [
        ("kiln 1 comes with the feature `keep_order`", "Cargo.toml:L6-6")
    ]


def test_build_tags_are_those_that_the_project_made(tmp_path: Path) -> None:
    graph = graph_of(GO, tmp_path)
    fast = (
        "the build tag `fast` builds `codec_fast.go` and leaves out `codec.go`: This file boils by other means.",
        "codec_fast.go:L4-4",
    )
    for question in ("which build tags are there", "what build tags can I set", "what is fast"):
        assert said(graph, question) == [fast]


def test_where_nothing_is_switched_on_features_are_what_it_can_do(tmp_path: Path) -> None:
    graph = graph_of({"a.py": "x = 1\n"}, tmp_path)
    assert answer_from_graph(graph, "which features are there") is None


def test_an_extras_comment_is_told(tmp_path: Path) -> None:
    text = "[project]\nname = 'pot'\n\n[project.optional-dependencies]\n# Pots of clay.\nclay_pots = ['kiln>=2']\n"
    graph = graph_of({"pyproject.toml": text, "a.py": "x = 1\n"}, tmp_path)
    line = ("the extra [clay_pots] brings `kiln>=2`: Pots of clay.", "pyproject.toml:L5-6")
    assert line in said(graph, "what is clay_pots")


def test_an_optional_dependency_is_a_feature_where_no_other_names_it(tmp_path: Path) -> None:
    text = CARGO.replace(
        "kiln = {", '# Fires on all cores.\nhearth = { version = "2", optional = true }\nkiln = {'
    )
    graph = graph_of({"Cargo.toml": text, "src/lib.rs": "pub fn boil() {}\n"}, tmp_path)
    told = said(graph, "which features are there?", "switches")
    line = ("the feature `hearth` brings `dep:hearth`: Fires on all cores.", "Cargo.toml:L6-7")
    assert line in told
    assert not [text for text, _ in told if "feature `kiln`" in text]


@pytest.mark.parametrize("question", ["does it have build tags?", "which build tags are there"])
def test_no_build_tag_is_told_as_none(crate: Graph, question: str) -> None:
    assert said(crate, question, "switches") == [("no file of code names a build tag of its own", "")]
