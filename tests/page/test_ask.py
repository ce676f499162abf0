"""The view that asks, in a browser, with real models of two layers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.progress import Quiet
from samples.browser import SIZES, axe_violations
from samples.geometry import FUNCTIONS

from .conftest import LEFT_OUT, Home, served, tab

pytestmark = pytest.mark.slow

ASK = "page/ask/geometry"
BASE_AND_ADAPTER = "model=geometry/default@1:base&model=geometry/default@1"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, ready: Callable[..., VersionRow]
) -> Iterator[Home]:
    """A project `geometry` with a wiki and an adapter of the tiny base; a file of it has a hostile name."""
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
        ready(gardener.manager, "geometry", seed=2)  # of this seed it says something
        wiki = gardener.wiki("geometry")
        wiki.build(wiki.source.latest(), Quiet())
        yield running


def said_by_the_interface(home: Home, wire: str, model: str, **body: Any) -> str:
    answer = httpx2.post(f"{home.url}/v1/{wire}", json={**body, "model": model}, timeout=60).json()
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
        assert panels.nth(number).locator(".answer").text_content() == wanted != ""
        expect(panels.nth(number).get_by_role("link").first).to_be_visible()
    expect(panels.last.get_by_role("status")).to_contain_text("cut there: “Tokens at most” allows more")
    assert not any("code_editor" in url for url in asked)
    page.reload()
    expect(panels.nth(1).get_by_role("status")).to_contain_text("done: ")
    panels.nth(1).get_by_role("link", name=".py:L").first.click()
    expect(page).to_have_url(re.compile(r"/page/wiki/geometry/.*#L\d+"))
    expect(page.locator(".row.on").first).to_be_in_viewport()
    page.go_back()
    known.get_by_role("link").first.click()
    expect(page.locator(".row.on").first).to_contain_text("def kite_area(width, height):")


def test_stop_ends_the_answers_in_the_server_too(home: Home, page: Page) -> None:
    asked = f"{home.url}/{ASK}?q=what+is+a+kite&tokens=1500&bare=1&{BASE_AND_ADAPTER}"
    page.goto(asked, wait_until="commit")
    for _ in range(
        15
    ):  # a key comes first while the small model's answer comes, in two seconds; a look would wait
        page.keyboard.press("Escape")
        time.sleep(0.1)
    state = page.get_by_role("article").last.get_by_role("status")
    expect(state).to_have_text("stopped")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    until = time.monotonic() + 20
    while "gardener_engine_running 0.0" not in httpx2.get(f"{home.url}/metrics").text:
        assert time.monotonic() < until


def test_code_is_filled_in_at_the_cursor_of_the_editor(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/{ASK}/fill?path=kite.py&line=8&tokens=8&{BASE_AND_ADAPTER}")
    editor = page.get_by_role("textbox", name="Code", exact=True)
    expect(editor).to_contain_text("def kite_perimeter")
    editor.press_sequentially(" + kite_")
    editor.press("Control+Enter")
    panels = page.get_by_role("article")
    expect(panels).to_have_count(2)
    expect(panels.last.get_by_role("status")).to_contain_text("done: ")
    lines = FUNCTIONS.format(name="kite").splitlines(keepends=True)
    parts = {"prompt": "".join(lines[:8])[:-1] + " + kite_", "suffix": "\n" + "".join(lines[8:])}
    wanted = said_by_the_interface(
        home, "fim/completions", "geometry/default@1", **parts, path="kite.py", max_tokens=8
    )
    assert wanted
    assert panels.last.locator(".answer").text_content() == wanted
    panels.last.get_by_role("button", name="Put it in").click()
    expect(editor).to_contain_text(f"width * height + kite_{wanted.splitlines()[0].rstrip()}")
    page.get_by_role("checkbox", name="default@1").uncheck()
    page.get_by_role("button", name="Fill in at the cursor").click()
    expect(panels).to_have_count(1)
    assert "default%401%3Abase" in page.url
    assert "kite.py" in page.url


def test_without_scripts_forms_do_it(home: Home, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{home.url}/{ASK}?q=what+is+a+kite&tokens=6&{BASE_AND_ADAPTER}")
    page.get_by_role("button", name="Let the models answer").click()
    panels = page.get_by_role("article")
    expect(panels.get_by_role("status")).to_have_text(["done", "done"])
    page.goto(f"{home.url}/{ASK}/fill?path=kite.py&line=8&tokens=8&{BASE_AND_ADAPTER}")
    page.get_by_label("Code behind the cursor").fill("\n    return area\n")
    page.get_by_role("button", name="Fill in at the cursor").click()
    expect(panels).to_have_count(2)
    expect(page.get_by_label("Code before the cursor")).to_have_value(re.compile(r"width \* height$"))
    lines = FUNCTIONS.format(name="kite").splitlines(keepends=True)
    parts = {"prompt": "".join(lines[:8])[:-1], "suffix": "\n    return area\n", "path": "kite.py"}
    wanted = said_by_the_interface(home, "fim/completions", "geometry/default@1", **parts, max_tokens=8)
    assert panels.last.locator(".answer").text_content() == wanted
    context.close()


def test_names_that_are_not_in_the_repository_are_marked(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/{ASK}?q=b&tokens=40&bare=1&model=geometry:base")
    panel = page.get_by_role("article")
    expect(panel.locator("mark").first).to_have_text("cL")
    expect(panel).to_contain_text("Not in the repository: cL")


def test_what_a_model_says_is_text_and_unknown_names_are_marked(home: Home, page: Page) -> None:
    """No model can be made to say this, so the stream is written here."""
    row = '{"choices": [{"index": 0, "delta": {"content": "<b>kite_area</b> %s calls nowhere_fn()"}}]}'
    told = '{"choices": [], "gardener": {"sources": ["%s:L1-1"], "unverified": ["nowhere_fn"]}}'
    events = [row % HOSTILE, told % HOSTILE, '{"choices": [], "usage": {"completion_tokens": 3}}', "[DONE]"]
    stream = "".join(f"data: {event}\n\n" for event in events)
    page.route("**/v1/chat/completions", lambda route: route.fulfill(body=stream))
    page.goto(f"{home.url}/{ASK}?q={HOSTILE}&model=geometry/default@1")
    panel = page.get_by_role("article")
    expect(panel.locator(".answer")).to_have_text(f"<b>kite_area</b> {HOSTILE} calls nowhere_fn()")
    expect(panel.locator("mark")).to_have_text("nowhere_fn")
    expect(panel).to_contain_text("Not in the repository: nowhere_fn")
    expect(page.get_by_label("Question about geometry")).to_have_value(HOSTILE)
    assert page.locator("img").count() == 0


def test_code_that_would_end_the_page_is_text(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/{ASK}/fill")
    page.get_by_label("Begin with a file").fill(f"{HOSTILE}.py")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("textbox", name="Code", exact=True)).to_contain_text(
        f'"""{HOSTILE} </textarea></script>"""'
    )


def test_errors_say_what_to_do_next(home: Home, chromium: Browser) -> None:
    with tab(chromium, allowed=lambda line: "Failed to load resource" in line) as page:
        page.goto(f"{home.url}/{ASK}?q=kite&model=geometry/gone@9")
        expect(page.get_by_role("article").get_by_role("alert")).to_contain_text("there are: geometry")
        page.route("**/v1/chat/completions", lambda route: route.abort())
        page.goto(f"{home.url}/{ASK}?q=kite&model=geometry/default@1")
        expect(page.get_by_role("article").get_by_role("alert")).to_contain_text("gardener open")
        page.goto(f"{home.url}/{ASK}?q=kite&" + "&".join(f"model=m{number}" for number in range(5)))
        expect(page.get_by_role("main")).to_contain_text("choose 4 at most")
        page.goto(f"{home.url}/{ASK}/fill?path=gone.py&line=7")
        expect(page.get_by_role("alert")).to_contain_text("choose one of the list")
        expect(page.get_by_label("Cursor behind line")).to_have_value("7")
        page.goto(f"{home.url}/{ASK}?q=what+changed+since")
        expect(
            page.get_by_role("region", name="Computed from the repository").get_by_role("alert")
        ).to_contain_text("What to do: ")
        home.gardener.registry.add_project("young", "/src/young", "git")
        page.goto(f"{home.url}/page/ask")
        page.get_by_role("link", name="young").click()
        expect(page.get_by_role("main")).to_contain_text("has no adapter yet")


def test_another_site_starts_no_model(home: Home, page: Page) -> None:
    page.goto(f"data:text/html,<a href='{home.url}/{ASK}?q=kite'>look</a>")
    page.get_by_role("link").click()
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_role("article").first.get_by_role("status")).to_have_text("")


@pytest.mark.parametrize("path", ["page/ask", f"{ASK}?q=where+is+kite_area&tokens=4", f"{ASK}/fill?path=kite.py",
                                  f"{ASK}/read?what=kite.py:L1-9"])  # fmt: skip
def test_the_view_is_accessible_and_fits(home: Home, page: Page, path: str) -> None:
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.goto(f"{home.url}/{path}")
            assert axe_violations(page, LEFT_OUT) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
