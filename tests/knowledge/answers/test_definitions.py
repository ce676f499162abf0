"""Which definition a name means."""

from __future__ import annotations

from pathlib import Path

from codebase_gardener.knowledge.answers.definitions import definitions
from codebase_gardener.knowledge.answers.questions import Asked
from samples.written_graph import graph_of, said

PACKAGE = '{"name": "pot", "main": "src/index.ts"}'


def test_an_older_version_comes_after_the_newer_one_beside_it(tmp_path: Path) -> None:
    pot = "export class Pot { bake(): number { return 1 } }\n"
    graph = graph_of({"package.json": PACKAGE, "src/v3/a.ts": pot, "src/v4/b.ts": pot}, tmp_path)
    assert [row.place.path for row in definitions(graph, Asked("takes", "Pot.bake"))] == [
        "src/v4/b.ts",
        "src/v3/a.ts",
    ]


def test_what_is_deprecated_comes_last(tmp_path: Path) -> None:
    old = "/** @deprecated Use the other one. */\nexport function bake() {}\n"
    new = "/** Bakes. */\nexport function bake() {}\n"
    graph = graph_of({"package.json": PACKAGE, "src/a.ts": old, "src/b.ts": new}, tmp_path)
    assert [row.place.path for row in definitions(graph, Asked("takes", "bake"))] == ["src/b.ts", "src/a.ts"]


def test_a_name_does_not_mean_one_that_ends_in_it(tmp_path: Path) -> None:
    graph = graph_of({"pot/__init__.py": "def bake(): ...\n\n\ndef _bake(): ...\n"}, tmp_path)
    assert [row.name for row in definitions(graph, Asked("takes", "bake"))] == ["bake"]


def test_a_path_leads_to_its_file_or_folder(tmp_path: Path) -> None:
    files = {"pot/app/base.py": "x = 1\n", "pot/app/__init__.py": "", "tests/app/base.py": "x = 1\n"}
    graph = graph_of({**files, "pot/base.py": "def app(): ...\n"}, tmp_path)
    told = {
        path: [(row.kind, row.name, row.place.anchor) for row in definitions(graph, Asked("where", path))]
        for path in ("pot/app/base.py", "app/base.py", "./pot/app/", "pot/app/__init__.py", "pot/none.py")
    }
    assert told == {
        "pot/app/base.py": [("file", "pot/app/base.py", "pot/app/base.py:L1-1")],
        "app/base.py": [
            ("file", "pot/app/base.py", "pot/app/base.py:L1-1"), ("file", "tests/app/base.py", "tests/app/base.py:L1-1")
        ],
        "./pot/app/": [("folder", "pot/app", "pot/app/base.py:L1-1")],
        "pot/app/__init__.py": [("file", "pot/app/__init__.py", "")],  # it is empty: there are no lines to name
        "pot/none.py": [],
    }  # fmt: skip
    assert said(graph, "what is pot/app?", "what")[1][0] == "2 files: `__init__.py`, `base.py`"
    missing = said(graph, "where is pot/app/bases.py?", "where")
    assert missing[0] == ("the repository has no `pot/app/bases.py`", "")
    assert missing[1][0] == "near: `pot/app/base.py`"
    assert missing[-1] == ("folder `pot/app`", "pot/app/base.py:L1-1")


def test_those_that_raise_nothing_are_told_in_one_line(tmp_path: Path) -> None:
    code = "class A:\n    def bake(self): ...\n\n\nclass B:\n    def bake(self): ...\n\n\n"
    raising = "class C:\n    def bake(self):\n        raise ValueError(1)\n"
    graph = graph_of({"pot/__init__.py": code + raising}, tmp_path)
    told = [text for text, _ in said(graph, "what does bake raise?", "raises")]
    assert told == [
        "raises `ValueError`: `raise ValueError(1)`",
        "`A.bake`, `B.bake` themselves raise nothing; what they call may",
    ]
