"""The site as a reader sees it: in Chromium, at 1280 and 400 pixels, light and dark, from disk and from a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from codebase_gardener.wiki.site.static_site import StaticSite
from samples.chromium import Chromium

pytestmark = pytest.mark.slow

LOW_CONTRAST = """
(() => {
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => parts(c).slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (parts(c).length === 3) return c;
    }
  };
  const low = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement, style = getComputedStyle(e), svg = e.closest("svg");
    if (!texts.currentNode.data.trim() || e.tagName === "title" || !e.getClientRects().length) continue;
    const box = svg && e.parentElement.querySelector(e.classList.contains("number") ? "circle" : "rect");
    const back = box ? getComputedStyle(box).fill : behind(svg ? svg.parentElement : e);
    const [a, b] = [light(svg ? style.fill : style.color), light(back)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push([texts.currentNode.data.trim(), style.color, back]);
  }
  return low;
})()
"""
"""Texts with less contrast than WCAG 2.2 asks of normal text (1.4.3, level AA)."""

MARKUP = "document.querySelectorAll('main :is(img, script, iframe, [onerror], [onload])').length"
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => { window.shifts += one.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""
CLIPPED = """
[...document.querySelectorAll("svg text")].filter((text) => {
  const [inner, outer] = [text, text.parentElement.querySelector("rect") || text.closest("svg")]
    .map((each) => each.getBoundingClientRect());
  return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
}).map((text) => text.textContent)
"""
"""Words of drawings that stand out of their box, or of the drawing."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("chromium"), "THE SITE IN A BROWSER IS NOT TESTED") as opened:
        opened.do("Page.addScriptToEvaluateOnNewDocument", source=SHIFTS)
        yield opened


@pytest.fixture
def wide(browser: Chromium) -> Chromium:
    browser.size(1280)
    browser.scheme("light")
    return browser


@pytest.fixture(scope="module")
def served(site: StaticSite) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def copyfile(self, source: Any, outputfile: Any) -> None:
            """Pages come in three parts, as over a slow line."""
            whole = source.read()
            for at in range(3):
                outputfile.write(whole[at * len(whole) // 3 : (at + 1) * len(whole) // 3])
                outputfile.flush()
                time.sleep(0.03 * (b"<!doctype" in whole[:20]))

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site.folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def one_of_each(site: StaticSite) -> list[str]:
    """A page of each kind, and the one whose names are hostile."""
    folders = (
        "modules",
        "workflows",
        "principles",
        "implementations",
        "environments",
        "heuristics",
        "source",
    )
    found = [sorted((site.folder / folder).rglob("*.html")) for folder in folders]
    nasty = [page for pages in found for page in pages if "nasty" in page.name]
    pages = [*(pages[0] for pages in found if pages), *nasty]
    places = ["index.html", "graph.html", "documents.html", "implementations.html"]
    found_places = dict.fromkeys(page.relative_to(site.folder).as_posix() for page in pages)
    lines = {place: "#L1-L20" for place in found_places if place.startswith("source/")}  # these are marked
    return [*places, *(place + lines.get(place, "") for place in found_places)]


@pytest.mark.parametrize("width", [1280, 400])
def test_every_kind_of_page_fits_and_can_be_read(
    browser: Chromium, site: StaticSite, served: str, width: int
) -> None:
    browser.size(width)
    places = one_of_each(site)
    assert len(places) > 10
    for place in places:
        browser.scheme("light")
        browser.open(served + place)
        assert (
            browser.js("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        ), place
        if place != "graph.html":  # it is moved and zoomed
            assert browser.js(CLIPPED) == [], place
        assert browser.js(LOW_CONTRAST) == [], place
        browser.scheme("dark")
        assert browser.js(LOW_CONTRAST) == [], place
        browser.js("new Promise(requestAnimationFrame)")
        assert browser.js("window.shifts") < 0.01, place  # a row that came in two parts may move a little
        assert browser.js(MARKUP) == 0, place
        assert browser.complaints() == [], place
        assert [url for url in browser.requests() if not url.startswith(served)] == [], place


def test_from_disk_the_search_is_led_by_keys(wide: Chromium, site: StaticSite) -> None:
    wide.open((site.folder / "index.html").as_uri())
    wide.key("/")
    assert wide.js("document.activeElement.id") == "query"
    wide.write("plant sav")
    wide.until("document.querySelector('#found a')")
    assert "save" in wide.js("document.querySelector('#found a').textContent").lower()
    assert wide.js("document.querySelector('#found .kind').textContent") in ("Implementation", "Principle")
    assert wide.js("document.getElementById('count').textContent").endswith("found")
    wide.key("ArrowDown")
    wide.key("ArrowDown")
    assert wide.js("[...document.querySelectorAll('#found a')].indexOf(document.activeElement)") == 1
    wide.key("ArrowUp")
    wide.key("ArrowUp")
    assert wide.js("document.activeElement.id") == "query"
    wide.key("Escape")
    assert wide.js("document.getElementById('found').hidden")
    wide.write("e")
    first = wide.js("document.querySelector('#found a').href")
    wide.key("Enter")
    wide.until(f"location.href === {first!r}")
    assert wide.complaints() == []


def test_at_400_pixels_what_is_found_and_tables_use_the_width(
    browser: Chromium, site: StaticSite, served: str
) -> None:
    browser.size(400)
    browser.open(served + next(place for place in one_of_each(site) if place.startswith("modules/")))
    assert browser.js("getComputedStyle(document.querySelector('table.wide thead')).display") == "none"
    assert browser.js(
        "[...document.querySelectorAll('.table:has(table)')].filter((t) => t.scrollWidth > t.clientWidth).length"
    ) == 0  # fmt: skip
    assert "Where: " in browser.js(
        "[...document.querySelectorAll('td')].map((td) => getComputedStyle(td, '::before').content).join()"
    ).replace('"', "").replace("\\", "")
    browser.key("/")
    browser.write("plant")
    browser.until("document.querySelector('#found a')")
    assert browser.js("document.getElementById('found').clientWidth") > 340


_WIDEN = """
[...document.querySelectorAll(".drawing svg")].forEach((one) => one.setAttribute("width", 1500))
"""
_DRAWN = """
(() => {
  const one = document.querySelector(".drawing"), box = one.getBoundingClientRect();
  return [one.scrollWidth - one.clientWidth, box.left, box.right, document.documentElement.scrollWidth,
          getComputedStyle(one).backgroundImage.split("linear-gradient").length - 1, one.tabIndex];
})()
"""


@pytest.mark.parametrize(("width", "hidden"), [(2000, False), (1280, True), (400, True)])
@pytest.mark.parametrize("kind", ["start", "beside"])
def test_a_wide_drawing_takes_the_room_of_the_window_and_shows_that_it_goes_on(
    browser: Chromium, site: StaticSite, served: str, width: int, hidden: bool, kind: str
) -> None:
    place = "index.html"
    if kind == "beside":
        found = (file for file in sorted(site.folder.glob("*/*.html")) if "drawing" in file.read_text())
        place = next(found).relative_to(site.folder).as_posix()
    browser.size(width)
    browser.open(f"{served}/{place}")
    browser.js(_WIDEN)
    beyond, left, right, whole, shadows, tab = browser.js(_DRAWN)
    assert (beyond > 0) == (hidden or kind == "beside")
    assert left >= (256 if width >= 1200 else 0)
    assert right <= whole <= width
    assert (shadows, tab) == (4, 0)


def test_the_page_that_is_open_is_in_sight_in_a_long_tree(
    wide: Chromium, site: StaticSite, served: str
) -> None:
    wide.size(1280, 160)  # as with three hundred pages in a window of the usual height
    place = sorted((site.folder / "workflows").glob("*.html"))[-1].relative_to(site.folder).as_posix()
    wide.open(served + place)
    edges = "(({top, bottom}) => [top, bottom])(document.querySelector('%s').getBoundingClientRect())"
    top, bottom = wide.js(edges % ".tree")
    link_top, _ = wide.js(edges % ".tree [aria-current]")
    assert top <= link_top < bottom
    assert wide.js("document.querySelector('.tree').scrollTop") > 0


def test_paper_is_white_and_shows_only_the_page(browser: Chromium, site: StaticSite, served: str) -> None:
    browser.size(794)
    browser.do(
        "Emulation.setEmulatedMedia",
        media="print",
        features=[{"name": "prefers-color-scheme", "value": "dark"}],
    )
    browser.open(served + "index.html")
    assert browser.js("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.js("getComputedStyle(document.querySelector('.top')).display") == "none"
    assert browser.js(LOW_CONTRAST) == []
    browser.do("Emulation.setEmulatedMedia", media="")
