"""A small repository of which a wiki can be built, for tests."""

from __future__ import annotations

from pathlib import Path

__all__ = ["INIT", "TESTS", "write_repository"]

README = """# Garden

## Growing a plant

```python
from garden import Plant, grow

plant = Plant("rose", height=3)
grow(plant, days=10)
plant.water(2)
plant.save("rose.json")
```
"""
INIT = "from .plants import Plant\nfrom .growing import grow, prune\n\n__all__ = ['Plant', 'grow', 'prune']\n"
PLANTS = '''"""Plants and what is done to them."""

import json
import warnings


class Plant:
    """A plant of a garden.

    Args:
        name: What it is called.
        height: In centimetres; 10 is recommended for most plants, larger ones need more memory.
    """

    def __init__(self, name: str, height: int = 10) -> None:
        self.name, self.height = name, height

    def water(self, litres: float) -> None:
        """Give it water."""
        if litres > 5:
            warnings.warn("Use at most 2 litres a day: more than 5 litres may cause rot and is unsafe for small plants")

    def save(self, path: str) -> None:
        """Write it to a file."""
        json.dump(vars(self), open(path, "w"))
'''
GROWING = '''"""Growing."""

from .plants import Plant


def grow(plant: Plant, days: int) -> Plant:
    """Let a plant grow for some days."""
    plant.height += days
    return plant


def prune(plant: Plant, by: int = 1) -> Plant:
    """Cut it back. NOTE: pruning in winter is slower but safer."""
    plant.height -= by
    return plant
'''
TESTS = """from garden import Plant, grow, prune


def test_growing():
    plant = Plant("a")
    grow(plant, days=3)
    plant.water(1)
    assert plant.height == 13


def test_pruning():
    plant = Plant("a")
    prune(plant, by=2)
    plant.save("x")
"""
PYPROJECT = """[project]
name = "garden"
version = "1"
requires-python = ">=3.10"
dependencies = ["numpy>=1.20", "attrs"]

[project.optional-dependencies]
pot = ["clay>=2"]
"""


def write_repository(root: Path) -> None:
    files = {
        "README.md": README, "src/garden/__init__.py": INIT, "src/garden/plants.py": PLANTS,
        "src/garden/growing.py": GROWING, "tests/test_growing.py": TESTS, "pyproject.toml": PYPROJECT,
    }  # fmt: skip
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
