"""What a type has: its methods and fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of, said

FILES = {
    "kiln/__init__.py": "",
    "kiln/pot.py": (
        "class Base:\n    def heat(self): ...\n\n\nclass Pot(Base):\n    '''A pot.'''\n\n"
        "    def __init__(self, size: int): ...\n\n"
        "    def fire(self, hours):\n        '''Fires it.\n\n        Long.\n        '''\n\n"
        "    def _cool(self): ...\n\n    @property\n    def size(self): ...\n\n\nclass Lid:\n    pass\n"
    ),
    "shop/go.mod": "module example.org/shop\n",
    "shop/a.go": (
        "package shop\n\n// Cup holds tea.\ntype Cup struct {\n\t// Litres it holds.\n\tSize int\n\tinner int\n}\n"
    ),
    "shop/b.go": (
        "package shop\n\n// Pour pours.\nfunc (c *Cup) Pour() {}\n\nfunc (c *Cup) spill() {}\n\n"
        "type Drink interface {\n\tSip() error\n}\n"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder: Path = tmp_path_factory.mktemp("graph")
    return graph_of(FILES, folder)


POT = [
    ("`def fire(self, hours)`: Fires it.", "kiln/pot.py:L10-14"),
    ("and what it has of `Base`", "kiln/pot.py:L5-19"),
]


@pytest.mark.parametrize(
    "question",
    ["what methods does Pot have?", "which methods does the class Pot define", "list the methods of Pot",
     "methods of `Pot`", "Which methods does Pot provide"],
)  # fmt: skip
def test_methods_of_a_class(graph: Graph, question: str) -> None:
    assert said(graph, question, "members") == POT


def test_properties_are_attributes_and_methods_are_not(graph: Graph) -> None:
    size = ("`def size(self)`", "kiln/pot.py:L18-19")
    assert said(graph, "what attributes does Pot have", "members") == [size, POT[1]]
    assert said(graph, "what are the public members of Pot", "members") == [POT[0], size, POT[1]]


def test_members_of_a_type_of_go_stand_in_the_files_of_its_folder(graph: Graph) -> None:
    assert said(graph, "what are the members of Cup", "members") == [
        ("`Size int`: Litres it holds.", "shop/a.go:L6-6"),
        ("`func (c *Cup) Pour()`: Pour pours.", "shop/b.go:L4-4"),
    ]
    assert said(graph, "what methods does Cup have") == [
        ("`func (c *Cup) Pour()`: Pour pours.", "shop/b.go:L4-4")
    ]
    assert said(graph, "what methods does Drink have") == [("`Sip() error`", "shop/b.go:L9-9")]


def test_a_type_without_any_is_told_as_such(graph: Graph) -> None:
    assert said(graph, "what methods does Lid have") == [
        ("`Lid` itself defines no public methods", "kiln/pot.py:L22-23")
    ]


def test_no_variable_is_told_as_such(graph: Graph) -> None:
    assert said(graph, "which environment variables are read") == [
        ("the package's own code is not known to read a variable of the environment", "")
    ]
