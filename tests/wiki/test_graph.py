"""The graph that is kept beside a project's indexes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.utils.progress import Quiet, Stage
from codebase_gardener.wiki import graph as kept
from codebase_gardener.wiki.paths import WikiPaths


def test_a_graph_that_other_code_wrote_is_made_again(
    settings: Settings, small_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="garden")
        wiki = gardener.wiki("garden")
        folders = WikiPaths(settings.projects_dir / "garden").graphs
        wiki.graph()
        (first,) = (one.name for one in folders.iterdir() if not one.name.startswith("."))
        wiki.graph()
        assert [one.name for one in folders.iterdir() if not one.name.startswith(".")] == [first]
        monkeypatch.setattr(kept, "extractor_version", lambda: "other")
        wiki.graph()
        (second,) = (one.name for one in folders.iterdir() if not one.name.startswith("."))
        assert second != first


def test_whoever_waits_for_it_is_told_and_nobody_else(settings: Settings, small_repository: Path) -> None:
    class Told(Quiet):
        stages: ClassVar[list[str]] = []

        def stage(self, title: str, unit: str) -> AbstractContextManager[Stage]:
            self.stages.append(f"{title}, {unit}")
            return super().stage(title, unit)

    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="garden")
        wiki = gardener.wiki("garden")
        wiki.graph(Told)
        assert Told.stages[-1] == "graph of the code, definitions"
        told = len(Told.stages)
        wiki.graph(Told)
        assert len(Told.stages) == told
