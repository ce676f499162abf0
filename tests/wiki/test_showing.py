"""Pages found by what documents call their subjects."""

from __future__ import annotations

from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.wiki.ranking import PageRanking
from codebase_gardener.wiki.showing import with_what_shows_them


def api(name: str, **more: object) -> Document:
    text = "It is.\n\nNothing.\n"
    return Document(f"Implementation:o_{name}", "a.md", name, text, PAGE_KIND, **more)  # type: ignore[arg-type]


def section(heading: str, text: str, path: str = "docs/a.md") -> Document:
    return Document(f"{path}:L1-9", path, heading, text, "text")


def first(question: str, *documents: Document) -> list[str]:
    shown = with_what_shows_them([each for each in documents if each.kind == PAGE_KIND], documents)
    return [hit.document.symbol for hit in PageRanking(SymbolIndex.build(shown)).search(question, 9)]


OTHERS = [api("Other"), api("Further")]


def test_a_page_is_found_by_the_section_that_writes_its_subject_in_code() -> None:
    inline = section("Returning a 404", "Use `HTTPException` to tell the client.\n")
    fenced = section("Returning a 404", "Tell the client.\n\n```python\nraise HTTPException()\n```\n")
    for shown in (inline, fenced):
        assert first("return a 404", api("HTTPException"), *OTHERS, shown) == ["HTTPException"]


def test_prose_alone_tests_and_names_of_many_pages_show_nothing() -> None:
    prose = section("Returning a 404", "An HTTPException tells the client.\n")
    tests = section("Returning a 404", "`HTTPException`\n", "tests/README.md")
    assert first("return a 404", api("HTTPException"), *OTHERS, prose, tests) == []
    sends = [api(f"{owner}.send") for owner in "ABCDE"]
    assert first("return a 404", *sends, section("Returning a 404", "`send`\n")) == []
    assert len(first("return a 404", *sends[:4], section("Returning a 404", "`send`\n"))) == 4


def test_what_is_deprecated_comes_after_what_is_not() -> None:
    pages = (api("dump_old", deprecated=True), api("to_dump"))
    assert first("dump", *pages) == ["to_dump", "dump_old"]
    assert first("dump old", *pages)[0] == "dump_old"
