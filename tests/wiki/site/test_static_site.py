"""The site of a wiki, read back with an HTML parser: links, lines, hostile names, and nothing from outside."""

from __future__ import annotations

import json
import posixpath
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.error_handling import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    VerificationError,
)
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.site.contents import read_contents
from codebase_gardener.wiki.site.page_graph import page_graph
from codebase_gardener.wiki.site.static_site import StaticSite, build_site
from samples.written_garden import write_repository

VOID = {"meta", "link", "br", "hr", "input", "wbr"}


class Parsed(HTMLParser):
    """The tags of a page, its ids, and the text of each row of source."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.rows: dict[str, tuple[str, str]] = {}
        self._open: list[str] = []
        self._row = ""
        self.feed(text)
        self.close()
        assert self._open == []

    @property
    def ids(self) -> list[str]:
        return [values["id"] for _, values in self.tags if "id" in values]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        if tag not in VOID:
            self._open.append(tag)
        if values.get("class", "").startswith("row"):
            self._row = values["id"]
            self.rows[self._row] = (values["class"], "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "pre":
            self._row = ""

    def handle_data(self, data: str) -> None:
        if self._row and "code" in self._open:
            css, text = self.rows[self._row]
            self.rows[self._row] = (css, text + data)


@pytest.fixture(scope="module")
def parsed(site: StaticSite) -> dict[str, Parsed]:
    return {
        file.relative_to(site.folder).as_posix(): Parsed(file.read_text("utf-8"))
        for file in sorted(site.folder.rglob("*.html"))
    }


def test_it_lies_beside_the_wiki_and_says_what_it_holds(gardener: Gardener, site: StaticSite) -> None:
    assert site.folder == gardener.wiki("garden").paths.site.resolve()
    assert site.pages == len(gardener.wiki("garden").pages()) > 10
    assert site.sources >= 5
    assert site.as_dict() == {"pages": site.pages, "sources": site.sources, "folder": str(site.folder)}


def test_every_internal_link_resolves(parsed: dict[str, Parsed], site: StaticSite) -> None:
    checked = 0
    for place, page in parsed.items():
        for tag, values in page.tags:
            target = values.get("href", values.get("src"))
            if target is None or target.startswith(("https://", "http://", "mailto:")):
                continue
            path, _, fragment = target.partition("#")
            there = (
                posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(path))) if path else place
            )
            assert (site.folder / there).is_file(), f"{place}: <{tag}> {target}"
            assert not fragment or fragment in parsed[there].ids, f"{place}: {target}"
            checked += 1
    assert checked > 500


def test_ids_are_unique(parsed: dict[str, Parsed]) -> None:
    for place, page in parsed.items():
        assert len(set(page.ids)) == len(page.ids), place


def test_nothing_from_outside_is_loaded_and_no_script_stands_in_a_page(parsed: dict[str, Parsed]) -> None:
    for place, page in parsed.items():
        policies = [
            values["content"]
            for tag, values in page.tags
            if values.get("http-equiv") == "Content-Security-Policy"
        ]
        assert len(policies) == 1
        assert "default-src 'none'" in policies[0]
        assert "unsafe" not in policies[0]
        assert not {tag for tag, _ in page.tags} & {
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "style",
            "form",
            "video",
        }
        for tag, values in page.tags:
            assert not any(
                name.startswith("on") or name in ("style", "srcset", "srcdoc") for name in values
            ), place
            if tag in ("script", "link"):
                where = values.get("src") or values["href"]
                assert "assets/" in where
                assert "//" not in where
            if tag == "a" and ":" in values.get("href", ""):
                assert values["href"].startswith(("https://", "http://", "mailto:")), place
                assert "noopener" in values["rel"]


def test_scripts_and_style_name_no_address(site: StaticSite) -> None:
    for file in (site.folder / "assets").iterdir():
        text = file.read_text("utf-8")
        if file.name != "search-index.js":  # it quotes the repository
            assert "http" not in text
            assert "innerHTML" not in text
    for style in ("design.css", "site.css"):
        assert "@import" not in (site.folder / "assets" / style).read_text()


def test_hostile_names_are_shown_as_text(
    gardener: Gardener, parsed: dict[str, Parsed], site: StaticSite
) -> None:
    source = site.folder / "source/src/garden/nasty.py.html"
    assert "&lt;script&gt;" in source.read_text()
    shown = next(
        file
        for file in site.folder.rglob("*.html")
        if "nasty" in file.name and "implementations" in file.parts
    )
    assert "&lt;" in shown.read_text()
    odd = [place for place in parsed if "alert-11" in place]
    assert len(odd) == 2
    assert len({place.casefold() for place in odd}) == 2
    assert not any(set(place) & set('"<>&() ') for place in parsed)


def test_each_cited_line_is_marked_and_each_line_is_there(
    gardener: Gardener, parsed: dict[str, Parsed]
) -> None:
    texts = {file.path: file.text for file in gardener.snapshot("garden").files}
    contents = read_contents(gardener.wiki("garden").paths.folder, texts)
    for path, anchors in contents.citing.items():
        page = parsed[contents.places.source(path) or ""]
        lines = split_lines(texts[path])
        assert [text.rstrip("\n") for _, text in page.rows.values()] == lines
        cited = {number for anchor in anchors for number in range(anchor.start, anchor.end + 1)}
        marked = {int(name[1:]) for name, (css, _) in page.rows.items() if css == "row hit"}
        assert marked == cited
        assert {f"L{anchor.start}-L{anchor.end}" for anchor in anchors} <= set(page.ids)
    sources = {source.anchor for page in gardener.wiki("garden").pages() for source in page.sources}
    assert len(sources) > 10
    assert all(anchor in contents.citing[anchor.path] for anchor in sources)


def test_the_start_page_leads_to_the_workflows_and_says_what_there_is(
    parsed: dict[str, Parsed], site: StaticSite
) -> None:
    links = [values["href"] for tag, values in parsed["index.html"].tags if tag == "a"]
    assert any(link.startswith("workflows/") for link in links)
    assert {"workflows.html", "implementations.html", "graph.html", "documents.html"} <= set(links)
    assert "<b>1</b> environments" in (site.folder / "index.html").read_text() or "environments.html" in links


def test_search_knows_every_page(gardener: Gardener, site: StaticSite) -> None:
    text = (site.folder / "assets/search-index.js").read_text("ascii")
    rows = json.loads(text.removeprefix("window.gardenerIndex=").removesuffix(";\n"))
    assert sorted(row[0] for row in rows) == sorted(page.title for page in gardener.wiki("garden").pages())
    assert all((site.folder / row[3]).is_file() for row in rows)
    called = Counter((row[0], row[1]) for row in rows)
    assert all(len(row) == 4 or called[row[0], row[1]] > 1 for row in rows)


def test_a_workflow_shows_its_steps_as_a_drawing(parsed: dict[str, Parsed]) -> None:
    place = next(place for place in parsed if place.startswith("workflows/"))
    drawn = [values for tag, values in parsed[place].tags if tag == "svg"]
    assert [values["class"] for values in drawn] == ["steps", "chart sequence"]
    arrows = [
        values for tag, values in parsed[place].tags if tag == "path" and values.get("class") == "arrow"
    ]
    steps = [values for tag, values in parsed[place].tags if tag == "circle"]
    assert len(arrows) == len(steps) - 1 > 0
    calls = [values for tag, values in parsed[place].tags if values.get("class") == "call"]
    assert len(calls) == len(steps)


def test_the_graph_shows_every_page_once_and_none_on_another(gardener: Gardener) -> None:
    contents = read_contents(gardener.wiki("garden").paths.folder, {})
    graph = page_graph(contents)
    assert sorted(node.id for node in graph.nodes) == sorted(
        page.id for page in contents.pages.values() if page.type not in ("Module", "Overview")
    )
    assert len({(node.x, node.y) for node in graph.nodes}) == len(graph.nodes)
    near = json.loads(graph.data)
    assert all(number in near[other] for number, others in enumerate(near) for other in others)
    assert sum(map(len, near)) > 0


def test_the_same_wiki_gives_the_same_bytes(gardener: Gardener, site: StaticSite, tmp_path: Path) -> None:
    again = gardener.wiki("garden").html(Quiet(), tmp_path / "again")

    def files(folder: Path) -> dict[str, bytes]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    assert files(again.folder) == files(site.folder)
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_a_folder_that_is_no_site_is_left_alone(gardener: Gardener, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInputError, match="no site"):
        gardener.wiki("garden").html(Quiet(), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInputError, match="no site"):
        gardener.wiki("garden").html(Quiet(), tmp_path / "file")


def test_a_run_that_breaks_off_leaves_the_old_site(gardener: Gardener, tmp_path: Path) -> None:
    texts = {file.path: file.text for file in gardener.snapshot("garden").files}
    wiki = gardener.wiki("garden").paths.folder
    built = build_site(wiki, texts, tmp_path / "out")
    (built.folder / "old").write_text("")

    def stop(done: int, total: int) -> None:
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_site(wiki, texts, tmp_path / "out", stop)
    assert (built.folder / "old").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    build_site(wiki, texts, tmp_path / "out")
    assert not (built.folder / "old").exists()


def test_progress_counts_pages_up_to_all(gardener: Gardener, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    build_site(gardener.wiki("garden").paths.folder, {}, tmp_path / "out", lambda *each: seen.append(each))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1] > 10


def test_a_wiki_of_another_state_is_refused(tmp_path: Path) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        gardener.add(str(tmp_path / "garden"))
        with pytest.raises(NotFoundError, match="no wiki"):
            gardener.wiki("garden").html(Quiet())
        build_wiki(gardener, "garden", Quiet())
        (tmp_path / "garden/src/garden/growing.py").write_text("x = 1\n")
        gardener.add(str(tmp_path / "garden"))
        with pytest.raises(ConflictError, match="read again"):
            gardener.wiki("garden").html(Quiet())
        page = next((gardener.wiki("garden").paths.folder / "principles").iterdir())
        page.write_text("nothing")
        with pytest.raises(VerificationError, match="damaged"):
            gardener.wiki("garden").html(Quiet())
