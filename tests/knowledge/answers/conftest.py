"""The graph of a small repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_graph import graph_of

FILES = {
    "pyproject.toml": """
        [project]
        name = "garden"
        version = "2.1"
        requires-python = ">=3.11"
        dependencies = ["numpy>=1.20"]

        [project.optional-dependencies]
        pot = ["clay>=2"]
        """,
    "README.md": """
        # Garden

        ## Growing a plant

        ```python
        from garden import Plant, grow

        grow(Plant("rose"), days=10)
        ```
        """,
    "src/garden/__init__.py": """
        from .plants import Plant
        from .growing import grow, prune

        __all__ = ["Plant", "grow", "prune"]
        """,
    "src/garden/plants.py": '''
        """Plants."""

        LIMIT = (
            3
        )


        class WiltedError(ValueError):
            """It is too late."""


        class Plant:
            """A plant of a garden.

            Args:
                name: What it is called.
                height: In centimetres.
            """

            def __init__(self, name: str, height: int = 10) -> None:
                self.name, self.height = name, height

            def save(self, path: str) -> None:
                """Write it.

                Raises:
                    OSError: The disk is full.
                """
                if not path:
                    raise WiltedError("no path")  # never raise NothingError
        ''',
    "src/garden/growing.py": '''
        """Growing."""

        from .plants import Plant, WiltedError


        def grow(plant: Plant, days: int) -> Plant:
            """Let a plant grow for some days.

            .. deprecated:: 2.0
               Use `prune`.
            """
            prune(plant)
            return plant


        def prune(plant: Plant, by: int = 1) -> Plant:
            """Cut it back."""
            raise WiltedError


        def pot(plant: Plant) -> None:
            import clay
        ''',
    "src/garden/shed.py": '''
        """A shed."""


        def save(what: object) -> None:
            """Keep it in the shed."""
        ''',
    "tests/test_growing.py": """
        from garden import Plant, grow


        def test_growing():
            grow(Plant("a"), days=3)
        """,
}


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder: Path = tmp_path_factory.mktemp("graph")
    return graph_of(FILES, folder)
