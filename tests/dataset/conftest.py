from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import settings

from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import Snapshot, SourceFile

settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def snapshot_of() -> Callable[[Mapping[str, str]], Snapshot]:
    """Path → text, as a snapshot."""

    def build(files: Mapping[str, str]) -> Snapshot:
        found = tuple(
            SourceFile(path, language_of(path, text), hashlib.sha256(text.encode()).hexdigest(), text)
            for path, text in sorted(files.items())
        )
        tree = hashlib.sha256("".join(file.path + file.sha256 for file in found).encode()).hexdigest()
        return Snapshot(tree[:16], "/here", "directory", None, tree, False, "2026-01-01", found, ())

    return build


@pytest.fixture(scope="session")
def garden(snapshot_of) -> Snapshot:
    """A repository of twelve modules that resemble each other, with a README."""
    files = {f"garden/{name}.py": _module(name) for name in _PLANTS}
    return snapshot_of({**files, "README.md": "# Garden\nRun `water_rose` every day.\n"})


_PLANTS = ["rose", "tulip", "lily", "oak", "fern", "moss", "ivy", "pine", "reed", "sage", "mint", "yew"]


def _module(name: str) -> str:
    number = _PLANTS.index(name) + 2
    return f'''"""About {name}."""
import math

from garden.ground import Ground


class {name.title()}(Ground):
    """A {name} that grows in its own way.

    It has {number} leaves.
    """

    leaves: int = {number}

    def __init__(self, height):
        super().__init__(name="{name}")
        self.height = height * {number}

    def water(self, litres, *, slowly=False) -> float:
        """Pour water on the {name}. It drinks some."""
        drunk = min(litres, self.height / {number})
        if slowly:
            drunk = math.sqrt(drunk) + {number}
        self.{name}_level = drunk
        return drunk

    def _prune(self):
        pass


@Ground.register
def water_{name}(plants, litres={number}):
    """Water every {name} of the list."""

    total_{name} = 0
    for plant in plants:
        total_{name} += plant.water(litres, slowly=plant.height > {number})
    return total_{name}
'''
