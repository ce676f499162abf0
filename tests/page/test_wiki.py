"""The view of wikis, in a browser."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages import reading
from codebase_gardener.knowledge.pages.overrides import read_overrides
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.building import recalling_results
from codebase_gardener.wiki.site.contents import Contents, read_contents
from samples.browser import SIZES, check_view
from samples.nasty_garden import write_nasty_repository

from .conftest import LEFT_OUT, Home, served, tab

pytestmark = pytest.mark.slow

PLANT = "implementations/garden_Plant_init.html"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("wiki") / "garden"
    write_nasty_repository(root)
    return root


@pytest.fixture(scope="module")
def home(source: Path) -> Iterator[Home]:
    with served(source.parent / "home") as made:
        build_wiki(made.gardener, str(source), Quiet())
        made.gardener.registry.add_project("fallow", "/src/fallow", "git")
        yield made


def at(home: Home, place: str = "index.html") -> str:
    return f"{home.url}/page/wiki/garden/{place}"


def test_from_the_list_to_a_page_and_the_lines_that_it_cites(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/wiki")
    expect(page.get_by_role("button", name="Build the wiki of fallow")).to_be_visible()
    page.get_by_role("link", name="garden", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("garden: the way in")
    tree = page.get_by_role("navigation", name="Modules and workflows")
    module = tree.get_by_role("link").first
    words = module.inner_text()
    module.click()
    expect(tree.locator("[aria-current]")).to_have_text(words)
    page.goto(at(home, PLANT))
    page.locator("aside .evidence a").first.click()
    assert re.search(r"/source/.*#L\d+-L\d+$", page.url)
    assert page.locator(".row.on").count() > 1
    page.go_back()
    page.locator("summary", has_text="Codebase Gardener").click()
    page.get_by_role("link", name="Wiki", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wikis")


def test_an_anchor_opens_its_lines_in_the_source_view(home: Home, page: Page) -> None:
    files = [file for file in home.gardener.wiki("garden").source.latest().files if file.text.count("\n") > 4]
    page.goto(at(home, PLANT))
    cited = page.locator("aside .evidence a").first.get_attribute("href") or ""
    for file in (files[0], files[-1]):
        page.goto(at(home, f"at?what={quote(file.path)}%3AL2-4"))
        expect(page.get_by_role("heading", level=1)).to_have_text(file.path)
        expect(page.locator(".row.on")).to_have_count(3)
        expect(page.locator("#L3")).to_be_in_viewport()
    assert re.search(r"/source/.*#L\d+", cited)
    page.goto(at(home, "at?what=Implementation%3Agarden_Plant_init%23Usage"))
    assert page.url.startswith(at(home, PLANT))


def test_lines_that_the_wiki_has_otherwise_or_not_at_all_are_shown_alone(
    home: Home, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = re.compile(r"/page/ask/\w+/read\?what=")
    file = home.gardener.wiki("garden").source.latest().files[0]
    monkeypatch.setattr(
        "codebase_gardener.page.open_wikis.OpenWiki.source_text", lambda self, path: "written since"
    )
    answer = page.request.get(at(home, f"at?what={quote(file.path)}%3AL1-2"), max_redirects=0)
    assert alone.search(answer.headers["location"])
    for project, what in (("garden", "gone.py%3AL1-2"), ("fallow", "a.py%3AL1-2")):
        answer = page.request.get(f"{home.url}/page/wiki/{project}/at?what={what}", max_redirects=0)
        assert alone.search(answer.headers["location"])


@pytest.mark.parametrize(("width", "most"), [(2000, 60), (1280, 60), (400, 100)])
def test_the_header_is_small_stays_whole_and_has_the_views_in_a_menu(
    home: Home, page: Page, width: int, most: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(at(home, "modules.html"))
    page.evaluate("document.querySelector('main').style.height = '5000px'; scrollTo(0, 2000)")
    bar = page.evaluate("document.querySelector('.top').getBoundingClientRect().toJSON()")
    assert bar["top"] == 0
    assert bar["height"] <= most
    kinds = page.get_by_role("navigation", name="Site")
    here = kinds.locator("[aria-current]").bounding_box()
    around = kinds.bounding_box()
    assert here and around and around["x"] <= here["x"] <= around["x"] + around["width"] - here["width"]
    links = page.get_by_role("navigation", name="Views").get_by_role("link")
    expect(links).to_have_count(0)
    page.locator("summary", has_text="Codebase Gardener").click()
    expect(links.filter(has_text="Projects")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(links).to_have_count(0)


_JUMP = """() => {
  const bar = document.querySelector('.top');
  const kinds = new Map();
  for (const one of document.querySelectorAll('main [id]')) {
    const box = one.getBoundingClientRect(), kind = `${one.tagName}.${one.className}`;
    if (box.top + scrollY > innerHeight && !kinds.has(kind)) kinds.set(kind, one);
  }
  return [...kinds].map(([kind, one]) => {
    location.hash = one.id;
    return [kind, one.getBoundingClientRect().top - bar.getBoundingClientRect().bottom];
  });
}"""


@pytest.mark.parametrize("size", SIZES)
def test_what_is_jumped_to_stands_below_the_header(home: Home, page: Page, size: str) -> None:
    width, _ = SIZES[size]
    page.set_viewport_size({"width": width, "height": 300})
    seen = set()
    source = page.request.get(at(home, PLANT)).text()
    cited = re.search(r'"\.\./(source/[^"#]+)#', source)
    assert cited
    for address in (at(home, PLANT), at(home, cited[1]), f"{home.url}/page/home"):
        page.goto(address)
        for kind, below in page.evaluate(_JUMP):
            assert below >= 0, (kind, address)
            seen.add(kind.partition(".")[0])
    assert {"H2", "SPAN", "DT"} <= seen
    page.goto(at(home, f"{cited[1]}#L9"))
    bar = page.evaluate("document.querySelector('.top').getBoundingClientRect().bottom")
    assert page.locator("#L9").evaluate("line => line.getBoundingClientRect().top") >= bar


def test_the_wiki_that_was_built_last_is_read_when_the_server_answers(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def read_it(folder: Path, texts: Mapping[str, str]) -> Contents:
        read.append(folder.parent.name)
        return read_contents(folder, texts)

    monkeypatch.setattr("codebase_gardener.page.open_wikis.read_contents", read_it)
    with served(home.gardener.settings.home) as again:
        ends_at = time.monotonic() + 60
        while not read and time.monotonic() < ends_at:
            time.sleep(0.01)
        urllib.request.urlopen(at(again, PLANT)).close()
    assert read == ["garden"]


def test_what_a_build_has_read_is_not_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    project = home.gardener.wiki("garden")
    results = project.paths.results.read_bytes()
    parsed: list[str] = []
    read = reading._parsed._function  # type: ignore[attr-defined]
    monkeypatch.setattr(reading._parsed, "_function", lambda text: (parsed.append(text), read(text))[1])
    assert read_contents(project.paths.require(), {}).pages and parsed
    parsed.clear()
    with recalling_results(project.paths):
        assert read_contents(project.paths.require(), {}).pages
    assert not parsed
    assert project.paths.results.read_bytes() == results


def test_every_page_is_that_of_the_static_site(home: Home) -> None:
    site = home.gardener.wiki("garden").html(Quiet())
    main = re.compile(r"<main.*</main>", re.DOTALL)
    tools = re.compile(r'<p class="tools">.*?</p>\n', re.DOTALL)
    compared = 0
    for file in sorted(site.folder.rglob("*.html")):
        place = file.relative_to(site.folder).as_posix()
        with urllib.request.urlopen(at(home, place)) as answer:
            text = answer.read().decode()
        assert main.findall(tools.sub("", text)) == main.findall(file.read_text("utf-8")), place
        compared += 1
        assert "http-equiv" not in text
    assert compared > 20


@pytest.mark.parametrize("width", [400, 900, 1280, 1920])
def test_what_the_head_finds_lies_under_its_field_within_the_window(
    home: Home, page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(at(home))
    field = page.get_by_role("searchbox", name="Search pages")
    field.press_sequentially("Plant")
    expect(page.locator("#found a").first).to_be_visible()
    listed, asked = page.locator("#found").bounding_box(), field.bounding_box()
    assert listed and asked
    assert listed["x"] >= 0
    assert listed["x"] + listed["width"] <= width
    assert listed["y"] >= asked["y"] + asked["height"]


def test_what_is_typed_finds_pages_in_the_head_and_sections_and_code_in_the_view(
    home: Home, page: Page
) -> None:
    page.goto(at(home))
    page.get_by_role("searchbox", name="Search pages").press_sequentially("Plant")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Plant"))
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox", name="Words or a name").press_sequentially("let a plant grow")
    expect(page.locator("#results")).to_contain_text("found.", timeout=20_000)
    page.get_by_label("Code, too").check()
    expect(page.locator("#results")).to_contain_text("function")
    assert "q=let%20a%20plant%20grow" in page.url.replace("+", "%20")
    assert page.url.endswith("code=1")
    page.reload()
    page.locator("#results").get_by_role("link", name=re.compile("^grow$")).first.click()
    expect(page.get_by_role("main")).to_contain_text("Let a plant grow for some days")


@pytest.mark.parametrize("place", ["/page/wiki", "index.html", PLANT, "graph.html", "search?q=plant", "changes",
                                   "lines?path=src/garden/plants.py",
                                   "correct?page=Implementation:garden_Plant_init", "build"])  # fmt: skip
@pytest.mark.parametrize("size", SIZES)
def test_every_view_is_accessible_and_fits(home: Home, page: Page, place: str, size: str) -> None:
    address = f"{home.url}{place}" if place.startswith("/") else at(home, place)
    check_view(page, LEFT_OUT, address, size, settles_in=20_000)


def test_what_changed_since_is_shown_with_its_diff_as_text(home: Home, page: Page, source: Path) -> None:
    page.goto(at(home, "changes"))
    expect(page.locator("#changes")).to_contain_text("stand as they stood", timeout=20_000)
    file = source / "src/garden/plants.py"
    before = file.read_text()
    file.write_text(before.replace("Give it water.", "Give it <img src=x onerror=alert(1)> rain."))
    try:
        page.get_by_role("button", name="Look again").click()
        expect(page.locator("#changes")).to_contain_text("cite lines that have changed", timeout=20_000)
        expect(page.locator(".diff .more").filter(has_text="rain").first).to_have_text(
            re.compile(r"\+.*Give it <img src=x onerror=alert\(1\)> rain")
        )
        assert page.locator("img").count() == 0
        page.goto(at(home, PLANT))
        page.get_by_text("Stale: what it cites has changed").click()
        expect(page.locator(".stale .diff").first).to_contain_text("rain")
    finally:
        file.write_text(before)


def test_a_correction_by_form_stands_in_the_page_after_a_build(home: Home, chromium: Browser) -> None:
    with tab(chromium, allowed=lambda line: "400 (Bad Request)" in line) as page:
        correct_and_build(home, page)


def test_the_overview_is_corrected_like_any_page(home: Home, page: Page) -> None:
    page.goto(at(home))
    page.get_by_role("link", name="Correct this page").click()
    page.get_by_label("Part").select_option("Reading Order")
    box = page.get_by_label("What is to stand under “Reading Order”")
    expect(box).not_to_have_value("")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page).to_have_url(at(home))


def correct_and_build(home: Home, page: Page) -> None:
    page.goto(at(home, PLANT))
    page.get_by_role("link", name="Correct this page").click()
    page.get_by_label("Part").select_option("description")
    box = page.get_by_label("What is to stand under “description”")
    box.fill("See src/garden/plants.py:L1-L2.")
    page.get_by_role("button", name="Keep the correction").click()
    expect(page.get_by_role("alert")).to_contain_text("line ranges are computed")
    expect(box).to_have_value("See src/garden/plants.py:L1-L2.")
    box.fill("A plant <b>grows</b>: `anchor:grow`.")
    page.get_by_role("button", name="Keep the correction").click()
    kept = read_overrides(home.gardener.wiki("garden").paths.overrides)
    assert kept["Implementation:garden_Plant_init"].texts == {
        "description": "A plant <b>grows</b>: `anchor:grow`."
    }
    expect(page.get_by_role("main")).to_contain_text("A plant <b>grows</b>")
    expect(page.get_by_role("main")).to_contain_text("The newest waits for one.")
    page.get_by_role("button", name="Build the wiki anew").click()
    expect(page.get_by_role("status")).to_have_text("It was built.", timeout=60_000)
    page.get_by_role("link", name="Changes").click()
    expect(page.get_by_role("main")).to_contain_text("A plant <b>grows</b>")
    expect(page.get_by_text("The newest waits for one.")).to_be_hidden()
    page.goto(at(home, PLANT))
    expect(page.locator("#description")).to_contain_text("A plant <b>grows</b>: src/garden/growing.py:L")


def test_what_is_not_there_is_told(home: Home) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(at(home, "implementations/nothing.html"))
    assert missing.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as unbuilt:
        urllib.request.urlopen(f"{home.url}/page/wiki/fallow/index.html")
    assert unbuilt.value.code == 404
    assert "has no wiki yet" in unbuilt.value.read().decode()
