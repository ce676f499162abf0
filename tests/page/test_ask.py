"""The view that asks, in a browser, with real models of two layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.progress import Quiet
from conftest import FUNCTIONS
from samples.browser import SIZES, axe_violations

from .conftest import LEFT_OUT, Home, served, tab

pytestmark = pytest.mark.slow

ASK = "page/ask/geometry"
BASE_AND_ADAPTER = "model=geometry/default@1:base&model=geometry/default@1"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, ready: Callable[..., VersionRow]
) -> Iterator[Home]:
    """A project `geometry` with a wiki and two adapters of the tiny base; a file of it has a hostile name."""
    folder = tmp_path_factory.mktemp("ask")
    root = folder / "geometry"
    root.mkdir()
    for name in ("square", "circle", "kite"):
        (root / f"{name}.py").write_text(FUNCTIONS.format(name=name))
    (root / f"{HOSTILE.replace('/', '')}.py").write_text(f'"""{HOSTILE} </textarea></script>"""\n')
    made = {"base": str(tiny_base), "device": "cpu", "inference_dtype": "float32", "min_free_bytes": 0}
    with served(folder / "home", **made) as running:
        gardener = running.gardener
        gardener.add(str(root), name="geometry")
        for seed, name in enumerate(("default", "other"), 1):
            ready(gardener.manager, "geometry", name, seed=seed)
        wiki = gardener.wiki("geometry")
        wiki.build(wiki.source.latest(), Quiet())
        yield running


def said_by_the_interface(home: Home, path: str, model: str, **body: Any) -> str:
    answer = httpx2.post(f"{home.url}/v1/{path}", json={**body, "model": model}, timeout=60).json()
    return str(answer["choices"][0]["message"]["content"])


def test_from_a_project_to_what_the_graph_and_two_models_say(home: Home, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home.url}/page/projects/geometry")
    page.get_by_role("link", name="Ask it").click()
    question = "where is kite_area defined?"
    page.get_by_label("Question about geometry").fill(question)
    page.get_by_label("Tokens at most").fill("6")
    page.get_by_role("button", name="Ask", exact=True).click()
    known = page.get_by_role("region", name="Computed from the repository")
    expect(known).to_contain_text("kite_area")
    panels = page.get_by_role("article")
    expect(panels).to_have_count(2)
    for number, model in enumerate(("geometry/default@1:base", "geometry/default@1")):
        expect(panels.nth(number).get_by_role("status")).to_contain_text("done: ")
        turns = [{"role": "user", "content": question}]
        wanted = said_by_the_interface(home, "chat/completions", model, messages=turns, max_tokens=6)
        assert panels.nth(number).locator(".answer").text_content() == wanted or not wanted
        expect(panels.nth(number).get_by_role("link").first).to_be_visible()
    assert not any("code_editor" in url for url in asked)
    page.reload()
    expect(panels.nth(1).get_by_role("status")).to_contain_text("done: ")
    panels.nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(".py:L")
    page.go_back()
    known.get_by_role("link").first.click()
    expect(page.get_by_role("group", name="Text")).to_contain_text("def kite_area(width, height):")


def test_stop_ends_the_answers_in_the_server_too(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/{ASK}?q=what+is+a+kite&tokens=1500&bare=1&{BASE_AND_ADAPTER}")
    expect(page.get_by_role("article").first.get_by_role("status")).to_have_text("writing …")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("article").last.get_by_role("status")).to_have_text("stopped")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
