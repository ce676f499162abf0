"""A small pottery: a README with two workflows, and tests that take a third."""

from codebase_gardener.knowledge.workflows.golden_path import GoldenPath
from codebase_gardener.knowledge.workflows.mining import mine
from samples.written_context import context_of

__all__ = ["COOLING", "CORE", "FILES", "README", "UNTOLD", "mined", "steps", "titled"]

CORE = '''
class Kiln:
    """A kiln."""

    def fire(self, pot, heat=900):
        """Fire a pot."""
        return pot

    def cool(self, hours=1):
        """Let it cool."""

    def open(self):
        """Open the door."""


class PotConfig:
    """How a pot is made."""


class BowlConfig(PotConfig):
    """How a bowl is made."""


class VaseConfig(PotConfig):
    """How a vase is made."""


def make_kiln(size):
    """Build a kiln."""
    return Kiln()


def throw(config):
    """Throw a pot."""
    return config


def glaze(pot, colour="blue"):
    """Glaze a pot."""
    return pot


def sell(pot):
    """Sell a pot."""


def weigh(pot):
    """Weigh a pot."""
    return 1
'''
NAMES = "BowlConfig, Kiln, PotConfig, VaseConfig, glaze, make_kiln, sell, throw, weigh"
README = """
# Pottery 🏺

## Quickstart

Pots are thrown and fired in this order. More follows.

```python
from clay import ClayStore
from pottery import PotConfig, glaze, make_kiln, throw

clay = ClayStore.from_shop("x", fresh=True)
pot = throw(PotConfig(clay))
kiln = make_kiln(3)
kiln.fire(pot, heat=800)
glaze(pot, colour="red")
print(pot)
```

## Selling pots

```python
from pottery import sell, weigh

weigh(pot)
sell(pot)
```

## Installation

```bash
pip install pottery
```
"""
FIRING = """
from clay import ClayStore
from pottery import PotConfig, glaze, make_kiln, throw
import numpy as np
import pytest


def test_firing_red():
    pot = throw(PotConfig(ClayStore.from_shop("y")))
    kiln = make_kiln(1)
    kiln.fire(pot)
    glaze(pot)
    assert np.allclose(pot, 1)


def test_firing_raises():
    with pytest.raises(ValueError):
        kiln = make_kiln(1)
        kiln.fire(throw(PotConfig(None)))
        glaze(None)
"""
COOLING = (
    "from pottery import BowlConfig, VaseConfig, make_kiln, throw\n\n\nclass TestSlowCooling:\n"
    + "".join(
        f"    def test_cool_slowly_{name}(self):\n"
        f"        pot = throw({'Vase' if name == 'vase' else 'Bowl'}Config())\n"
        "        kiln = make_kiln(2)\n"
        f"        kiln.cool(hours={number})\n"
        "        kiln.open()\n\n"
        for number, name in enumerate(("bowl", "vase", "cup", "plate", "mug"))
    )
)
FILES = {
    "pyproject.toml": '[project]\nname = "pottery"\ndependencies = ["clay"]\n',
    "README.md": README,
    "src/pottery/__init__.py": f"from pottery.core import {NAMES}\n\n__all__ = {sorted(NAMES.split(', '))!r}\n",
    "src/pottery/core.py": CORE,
    "tests/test_firing.py": FIRING,
    "tests/test_cooling.py": COOLING,
}
UNTOLD = {**FILES, "README.md": "# Pottery"}
"""The same without a document that shows anything."""


def mined(files: dict[str, str]) -> tuple[GoldenPath, ...]:
    context = context_of(files)
    return mine(context)


def steps(path: GoldenPath) -> list[str]:
    return [step.target.name for step in path.steps]


def titled(paths: tuple[GoldenPath, ...], title: str) -> GoldenPath:
    return next(path for path in paths if path.title == title)
