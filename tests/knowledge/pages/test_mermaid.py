"""Diagrams: mermaid's own parser takes what is written, whatever the names, and the site reads it back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.pages.markup import fenced
from codebase_gardener.knowledge.pages.mermaid import (
    MAX_BOXES,
    Arrow,
    class_diagram,
    flowchart,
    read_chart,
    read_sequence,
    sequence,
)
from codebase_gardener.utils.progress import Quiet
from samples.node_packages import node_packages
from samples.pot import PACKAGE
from samples.written_context import context_of

HOSTILE = [
    'a"b',
    "end",
    "[x](y)",
    "a;b #c",
    "`md`",
    "<b>|{}",
    "%%{init}%%",
    "e\u0301 ü 漢",
    "style N0",
    "--> x",
    "a\\",
]
ARROWS = [Arrow(at, at + 1, name) for at, name in enumerate(HOSTILE[:-1])]


@pytest.fixture(scope="module")
def parser() -> Path:
    """A script that reads diagrams; without node or the npm registry it is left out, or fails in CI."""
    folder = node_packages("DIAGRAMS ARE NOT CHECKED BY MERMAID'S PARSER")
    return Path(shutil.copy(Path(__file__).parents[2] / "samples/mermaid_parser.mjs", folder))


def refused(parser: Path, diagrams: list[str]) -> list[tuple[int, str]]:
    """Of diagrams without fences, those that mermaid refuses, with its words."""
    told = subprocess.run(
        ["node", parser], input=json.dumps(list(enumerate(diagrams))),
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return [tuple(one) for one in json.loads(told.stdout)]


def inside(diagram: str) -> str:
    language, text = fenced(diagram)
    assert language == "mermaid"
    return text


@pytest.mark.slow
def test_mermaid_takes_hostile_names_and_refuses_what_is_none(parser: Path) -> None:
    drawn = [
        flowchart(HOSTILE, ARROWS), flowchart(HOSTILE, ARROWS, "TD"), sequence(HOSTILE, ARROWS),
        class_diagram(HOSTILE, [(0, at) for at in range(1, len(HOSTILE))]),
    ]  # fmt: skip
    assert refused(parser, [inside(one) for one in drawn]) == []
    assert [at for at, _ in refused(parser, ['flowchart LR\n  N0["a', inside(drawn[0])])] == [0]


@pytest.mark.slow
def test_mermaid_takes_every_diagram_of_a_wiki(parser: Path) -> None:
    classes = "\n\n".join(f"class C{at}(Config):\n    pass" for at in range(40))
    files = PACKAGE | {
        "pot/sub/__init__.py": '"""Stews of all kinds."""\n' + "x = 1\n" * 30,
        "README.md": "# Pot\n\n```python\nfrom pot import Config, boil, make\nboil(make(Config()), None)\n```\n",
        "pot/sub/kinds.py": f"from pot.core import Config, make\n\n\n{classes}\n\n\ndef cook():\n    make(C1())\n",
    }
    texts = build(context_of(files).repository, Quiet()).files
    diagrams = [
        found for text in texts.values() for found in re.findall(r"```mermaid\n(.*?)\n```", text, re.S)
    ]
    assert {one.split()[0] for one in diagrams} >= {"flowchart", "classDiagram", "sequenceDiagram"}
    assert refused(parser, diagrams) == []
    for one in diagrams:
        assert len(re.findall(r'\["|participant', one)) <= MAX_BOXES


def test_a_flowchart_is_read_back() -> None:
    chart = read_chart(inside(flowchart(HOSTILE, ARROWS)))
    assert chart is not None
    assert (list(chart.boxes), list(chart.arrows)) == (HOSTILE, ARROWS)
    assert read_chart(inside(sequence(["a"], []))) is None
    asked = read_sequence(inside(sequence(HOSTILE, ARROWS)))
    assert asked
    assert asked.boxes == tuple(HOSTILE)
    assert asked.arrows == tuple(ARROWS)
    assert read_sequence(inside(flowchart(HOSTILE, ARROWS))) is None
