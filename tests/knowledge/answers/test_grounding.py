"""What a model's answer says that is not in the repository."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.grounding import Grounds, marked
from samples.written_context import context_of

from .conftest import FILES


@pytest.fixture(scope="module")
def grounds(graph: Graph) -> Grounds:
    return Grounds(context_of(FILES).repository.snapshot.files, graph.names)


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ("Call `garden.wither` first.", "name", "garden.wither"),
        ("Call wither_all() first.", "name", "wither_all"),
        ("Use the PlantFactory for that.", "name", "PlantFactory"),
        ("`Plant(colour=1)` makes one.", "name", "colour"),
        ("Give it `--force`.", "name", "--force"),
        ("Give it --force.", "name", "--force"),
        ("```python\nfrom garden import Tree\n```", "name", "Tree"),
        ("```python\nplant = Plant('a')\nplant.explode()\n```", "name", "explode"),
        ("```python\nPlant('a', colour=3)\n```", "name", "colour"),
        ("It is in src/garden/trees.py.", "path", "src/garden/trees.py"),
        ("It is in `trees.py`.", "path", "trees.py"),
        ("See src/garden/plants.py:L10-900.", "lines", "src/garden/plants.py:L10-900"),
        ("It holds 4711 plants.", "number", "4711"),
        ("It says \"no plant may ever die\".", "quote", '"no plant may ever die"'),
        ("It says “no plant may ever die”.", "quote", "“no plant may ever die”"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_found_and_marked(grounds: Grounds, answer: str, kind: str, text: str) -> None:
    [found] = grounds.unverified(answer)
    assert (found.kind, found.text) == (kind, text)
    assert f"{text}[?]" in marked(answer, [found])
    assert marked(answer, [found]).replace("[?]", "") == answer


@pytest.mark.parametrize(
    "answer",
    [
        "`Plant` has `height`, `10` by default; see src/garden/plants.py:L12-30 and `plants.py`.",
        "`Plant(name, height=10)` makes Plants; call `plant.save(path)` then. It raises WiltedError.",
        "```python\nimport os\nfrom garden import Plant, grow\n\nmine = Plant('rose', height=7)\n"
        "mine.save(os.path.join('a', 'b'))\nnames = []\nnames.append(mine)\nprint(len(names))\n"
        "for each in names:\n    grow(each, days=3)\n```",
        "1. First grow it.\n2. Then prune it, e.g. by 1.",
        "The docs say \"A plant of a garden\", and “Cut it back.”",
        "See https://example.org/a/b.html or mail a@b.org.",
        "A plain sentence about plants, their shed and nothing else.",
    ],
)  # fmt: skip
def test_what_is_there_passes(grounds: Grounds, answer: str) -> None:
    assert grounds.unverified(answer) == ()


def test_a_number_of_the_question_may_be_repeated_a_name_may_not(grounds: Grounds) -> None:
    question = "can frob_it grow 4711 plants?"
    assert [one.text for one in grounds.unverified("frob_it grows 4711 plants.", question)] == ["frob_it"]


def test_each_is_listed_once_and_marked_everywhere(grounds: Grounds) -> None:
    answer = "`wither` and wither() and `wither`."
    found = grounds.unverified(answer)
    assert [one.text for one in found] == ["wither"]
    assert marked(answer, found).count("[?]") == 3
    assert marked("`a`", ()) == "`a`"


@pytest.mark.slow
def test_a_long_answer_of_marks_takes_no_long_time(grounds: Grounds) -> None:
    for piece in ("`", '"', "a.", "a/", "```\n", "1,", "(", "\\", "'"):
        started = time.perf_counter()
        grounds.unverified(piece * 20_000)
        assert time.perf_counter() - started < 5, piece
