"""The graph that the first question waits for, made beside the page."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from codebase_gardener.page.first_graphs import FirstGraphs
from codebase_gardener.wiki.project import ProjectWiki

from .conftest import asked


def test_a_question_that_comes_too_early_is_told_so(
    tmp_path: Path, small_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, made, began = threading.Event(), ProjectWiki.graph, list[str]()

    def slow(self: ProjectWiki, *args: object) -> object:
        if threading.current_thread().daemon and not go_on.is_set():
            began.append(self.project)
            go_on.wait(60)
        return made(self)

    monkeypatch.setattr(ProjectWiki, "graph", slow)
    monkeypatch.setattr("codebase_gardener.page.ask._PATIENCE_S", 0.1)
    with asked(tmp_path / "home", device="cpu", offline=True, min_free_bytes=0) as (home, client):
        home.gardener.add(str(small_repository), name="garden")
        assert "being made" not in client.get("/page/ask/garden").text
        early = client.get("/page/ask/garden?q=where+is+kite_area+defined%3F")
        assert early.status_code == 200
        assert "code is being made, which takes some seconds once" in early.text
        assert began == ["garden"], "once, from when the view was opened"
        go_on.set()
        monkeypatch.setattr("codebase_gardener.page.ask._PATIENCE_S", 60.0)
        assert "kite.py:L" in client.get("/page/ask/garden?q=where+is+kite_area+defined%3F").text


def test_what_cannot_be_made_is_told_by_the_question(tmp_path: Path, small_repository: Path) -> None:
    with asked(tmp_path / "home", device="cpu", offline=True, min_free_bytes=0) as (home, _):
        graphs = FirstGraphs(home.gardener)
        assert graphs.is_made("nothing", 60.0)
        home.gardener.add(str(small_repository), name="garden")
        assert graphs.is_made("garden", 60.0)
        assert graphs.begin("garden") is not graphs.begin("nothing")
