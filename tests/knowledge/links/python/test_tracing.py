"""What is said to be of another package is of it: what cannot be known stays unknown."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.links.resolution import resolve

from ..test_resolution import facts_of

BASES = {
    "src/pots/__init__.py": "from .kiln import Kiln, Glazed\n",
    "src/pots/kiln.py": """\
import clay

class Kiln(clay.Oven):
    def run(self):
        self.stack()
        self.heat()

class Glazed(Kiln):
    def stack(self): ...
""",
}


def outside(code: str, **files: str) -> set[str]:
    resolution = resolve(facts_of({**BASES, "examples/s.py": code, **files}))
    return {use.target.name for passage in resolution.passages for use in passage.uses if use.target.external}


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("import clay\nm = clay.AutoPot.from_shop('x')\nm.fire()\n", {"clay.AutoPot.from_shop"}),
        ("import clay\nm = clay.Pot('x')\nm.fire()\n", {"clay.Pot", "clay.Pot.fire"}),
        ("import clay\ndef f(oven: clay.Oven):\n    oven.save()\n", set()),
        ("import clay\ndef f(pot: clay.Pot):\n    pot.fire()\n", {"clay.Pot.fire"}),
        ("import clay\nclay.Oven().heat()\n", {"clay.Oven", "clay.Oven.heat"}),
    ],
    ids=["what a loader gives", "an instance", "a base as annotation", "an annotation", "a base made"],
)
def test_attributes_of_what_is_from_outside(code: str, known: set[str]) -> None:
    assert outside(code) == known


def test_what_an_heir_defines_is_not_the_bases() -> None:
    resolution = resolve(facts_of(BASES))
    assert {target.name for target in resolution.callers} & {"clay.Oven.stack", "clay.Oven.heat"} == {
        "clay.Oven.heat"
    }


def test_a_script_finds_the_modules_beside_it() -> None:
    files = {
        "examples/wheel/__init__.py": "",
        "examples/wheel/turn.py": "from utils.hands import wet\nwet()\n",
        "examples/wheel/utils/__init__.py": "",
        "examples/wheel/utils/hands.py": "def wet(): ...\n",
    }
    assert outside("", **files) == set()
