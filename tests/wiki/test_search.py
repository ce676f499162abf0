"""The wiki in use: searched, shown to a question, made into rows; left out where it speaks of another state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import remove_tree
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki import search as wiki_search
from codebase_gardener.wiki.search import WikiIndex
from codebase_gardener.wiki.state import WikiState
from samples.written_garden import write_repository

Built = tuple[Gardener, Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """A home with the project garden and its wiki. Tests that change it use `changed`."""
    yield from _built(tmp_path_factory.mktemp("searched"))


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[Built]:
    yield from _built(tmp_path)


def _built(folder: Path) -> Iterator[Built]:
    write_repository(folder / "garden")
    with Gardener(Settings(home=folder / "home", min_free_bytes=0)) as gardener:
        build_wiki(gardener, str(folder / "garden"), Quiet(), name="garden")
        yield gardener, folder / "garden"


def indexes(gardener: Gardener) -> set[str]:
    return {path.name for path in (gardener.settings.projects_dir / "garden/indexes").glob("[0-9a-f]*")}


@pytest.mark.parametrize("query", ["how do I prune plants", "cut it back", "prune"])
def test_the_page_about_it_comes_first(built: Built, query: str) -> None:
    gardener, _ = built
    first = gardener.wiki("garden").search(query, k=3)[0]
    assert "prun" in first.id.lower()
    assert first.kind == "page"
    assert first.id in {page.id for page in gardener.wiki("garden").pages()}
    assert first.overview
    assert first.anchor.startswith("src/garden/growing.py:L")


@pytest.mark.slow
def test_what_the_build_kept_of_each_file_changes_nothing_of_an_index(changed: Built) -> None:
    gardener, _ = changed
    wiki = gardener.wiki("garden")
    with_facts = wiki.index().symbols.documents
    (folder,) = (wiki.paths.indexes / name for name in indexes(gardener))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    remove_tree(folder, wiki.paths.indexes / ".trash")
    for kept in (wiki.paths.facts, wiki.paths.results):
        kept.unlink()
    wiki_search._loaded.cache_clear()
    assert wiki.index().symbols.documents == with_facts
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_a_page_is_found_once_with_its_first_evidence(built: Built) -> None:
    gardener, _ = built
    found = gardener.wiki("garden").search("plant", k=50)
    pages = {page.id: page for page in gardener.wiki("garden").pages()}
    assert len({one.id for one in found}) == len(found) > 5
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in (one for one in found if one.kind == "page"):
        sources = pages[one.id].sources
        assert one.title == pages[one.id].title
        assert one.anchor == (str(sources[0].anchor) if sources else "")
    assert gardener.wiki("garden").search("plant", k=2) == found[:2]
    assert gardener.wiki("garden").search("zqxwv") == []


def test_code_is_searched_where_it_is_wanted(built: Built) -> None:
    gardener, _ = built
    plain = gardener.wiki("garden").search("prune a plant", k=30)
    assert {"page", "text"} <= {one.kind for one in plain}
    about = {one.anchor for one in plain if one.kind == "page"}
    assert not about & {one.id for one in plain}  # what has a page is found as its page
    kinds = {one.kind for one in gardener.wiki("garden").search("prune a plant", k=30, code=True)}
    assert {"page", "function"} <= kinds


def test_one_index_holds_code_and_pages_and_ask_sees_both(built: Built) -> None:
    gardener, _ = built
    index = gardener.wiki("garden").index()
    page, *code = index.for_prompt("how do I prune a plant?")
    assert page.kind == "page"
    assert page.evidence
    assert "src/garden/growing.py:L12-15" in {document.anchor for document in code}
    assert all(document.kind != "page" for document in code)
    assert all(one.kind != "page" for one in index.for_prompt("how do I prune a plant?", pages=False))
    saved = gardener.wiki("garden").index()
    assert saved.symbols.documents == index.symbols.documents
    assert gardener.wiki("garden").index() is saved  # read and ranked once


@pytest.mark.slow
def test_another_wiki_is_another_index_and_the_old_one_goes(changed: Built) -> None:
    gardener, source = changed
    gardener.wiki("garden").index()
    first = indexes(gardener)
    (source / "README.md").write_text("# Garden\n\nNothing.\n")
    gardener.add(str(source), name="garden")
    gardener.wiki("garden").index()
    assert first < indexes(gardener)
    build_wiki(gardener, "garden", Quiet())
    index = gardener.wiki("garden").index()
    assert len(indexes(gardener)) == 2  # one of each snapshot
    assert not any("README.md:L7-10" in document.evidence for document in index.symbols.documents)


@pytest.mark.slow
def test_a_wiki_of_another_state_is_searched_but_neither_told_nor_trained_on(changed: Built) -> None:
    gardener, source = changed
    pages, why = gardener.wiki("garden").current_pages()
    assert pages
    assert why == ""
    with_wiki, _ = gardener.dataset("garden")
    assert {"wiki_api", "wiki_page"} <= set(with_wiki.report.rows)
    (source / "src/garden/more.py").write_text('def more():\n    """More."""\n    x = 1\n    return x\n')
    gardener.add(str(source), name="garden")
    pages, why = gardener.wiki("garden").current_pages()
    assert pages == ()
    assert "the wiki is left out" in why
    assert "gardener wiki build garden" in why
    dataset, _ = gardener.dataset("garden")
    assert why in dataset.report.warnings
    assert not any(task.startswith("wiki_") for task in dataset.report.rows)
    assert gardener.wiki("garden").search("prune")


def test_without_a_wiki_all_is_as_before(tmp_path: Path) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(Settings(home=tmp_path / "home", min_free_bytes=0)) as gardener:
        gardener.add(str(tmp_path / "garden"))
        assert WikiState.read(gardener.wiki("garden").paths) is None
        assert gardener.wiki("garden").current_pages() == ((), "")
        index = gardener.wiki("garden").index()
        assert indexes(gardener) == {gardener.registry.latest_snapshot("garden").snapshot_id}
        assert all(document.kind != "page" for document in index.symbols.documents)
        with pytest.raises(NotFoundError, match="no wiki") as caught:
            gardener.wiki("garden").search("prune")
        assert caught.value.hint == "gardener wiki build garden"
        with pytest.raises(NotFoundError):
            gardener.wiki("nothing").search("prune")


def test_a_wiki_without_pages_is_told_apart_from_no_wiki(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/LICENSE").write_text("Free.\n")
    with Gardener(Settings(home=tmp_path / "home", min_free_bytes=0)) as gardener:
        build_wiki(gardener, str(tmp_path / "bare"), Quiet(), name="bare")
        with pytest.raises(NotFoundError, match="the wiki of bare has no pages"):
            gardener.wiki("bare").search("prune")


def test_a_row_and_a_link_of_a_page_are_read_as_their_words() -> None:
    row = "| [`Pot`](pots.md) | `a \\| b` | — | 3 | `a/pot.py:L1-2` |"
    text = f"Of pots.\n\n| Name | Value |\n| --- | --- |\n{row}\n"
    index = WikiIndex(
        SymbolIndex.build(
            [Document("Module:o_pots", "pots.md", "pots", text, PAGE_KIND, evidence=("a.py:L1-1",))]
        )
    )
    [found] = index.search("value of Pot")
    assert found.said == "`Pot` · `a | b` · 3"
    assert found.anchor == "a/pot.py:L1-2"


def test_what_is_found_is_shown_without_escapes_but_code_as_it_is() -> None:
    text = "A pot of \\_\\_dict\\_\\_ and `\\_a`.\n\nIts lid has a \\<b\\> and \\[\\[x\\]\\].\n"
    code = "def boil():\n    return match(r'water\\_hot')\n"
    index = WikiIndex(
        SymbolIndex.build(
            [
                Document(
                    "Implementation:o_boil", "boil.md", "boil", text, PAGE_KIND, evidence=("a.py:L1-2",)
                ),
                Document("a.py:L1-2", "a.py", "boil", code, "function"),
            ]
        )
    )
    [found] = index.search("pot lid")
    assert (found.overview, found.said) == ("A pot of __dict__ and `\\_a`.", "Its lid has a <b> and [[x]].")
    [found] = index.search("pot water")
    assert found.said == "return match(r'water\\_hot')"


def test_a_line_of_a_section_is_shown_without_its_marks_but_its_code_as_it_is() -> None:
    text = (
        "Hot.\n\nOf *clay*: see [glaze](./glaze.md) for \\_\\_dict\\_\\_.\n\n```python\nrows[0](*ash)\n```\n"
    )
    section = Document("a.md:L1-9", "a.md", "Kilns", text, "text")
    assert wiki_search._worded(section, text.split("\n")[2]) == "Of clay: see glaze for __dict__."
    assert wiki_search._worded(section, "rows[0](*ash)") == "rows[0](*ash)"


def test_what_a_section_says_is_read_without_directives_fields_and_borders() -> None:
    text = (
        "Brokers\n=======\n\n:Date: |today|\n\n.. contents::\n    :local:\n\nUse :class:`~pot.Broker` with *care*.\n\n"
        "+------+\n| Pots |\n+------+\n"
    )
    section = Document("docs/a.rst:L1-13", "docs/a.rst", "Brokers", text, "text")
    assert wiki_search._first_words(section) == "Brokers: Use `Broker` with care. | Pots |"
    empty = Document(
        "docs/b.rst:L1-5", "docs/b.rst", "``pot``", "``pot``\n=======\n\n.. automodule:: pot\n", "text"
    )
    assert wiki_search._first_words(empty) == "`pot`"
