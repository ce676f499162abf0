"""Pages found by what documents call their subjects."""

from __future__ import annotations

from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from codebase_gardener.retrieval.documents import PAGE_KIND, Document, documents_of
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.wiki.ranking import PageRanking
from codebase_gardener.wiki.showing import with_comments, with_what_shows_them


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


def test_the_comment_above_a_definition_is_found_with_it_alone() -> None:
    text = "package pot\n\n// Fire hardens the clay.\n// By default it takes a night.\nfunc Fire() {}\n"
    snapshot = Snapshot("", "", "directory", None, "", False, "", (SourceFile("a.go", "go", "", text),), ())
    tables = extract_tables(snapshot)
    found = with_comments(documents_of(snapshot, tables), snapshot, tables)
    assert [one.anchor for one in found if "hardens" in one.text] == ["a.go:L5-5"]


def test_of_a_page_the_line_of_its_code_answers_that_it_does_not_tell() -> None:
    page = api("fire", evidence=("a.py:L1-3",))
    code = Document(
        "a.py:L1-3", "a.py", "fire", "def fire():\n    if cold:\n        skip_glaze()\n", "function"
    )
    ranking = PageRanking(SymbolIndex.build([page, code, *OTHERS]))
    assert ranking.line_of(page, "when is the glaze skipped", "It is.") == "skip_glaze()"
    assert ranking.line_of(page, "when is nothing done", "It is.") == "Nothing."


def test_a_name_that_writes_two_words_as_one_is_found_by_each_that_its_docstring_has() -> None:
    code = Document(
        "a.py:L1-3", "a.py", "astuple", 'def astuple(pot):\n    """Give a pot as a tuple."""\n', "function"
    )
    page = api("astuple", evidence=("a.py:L1-3",))
    assert first("turn a pot to a tuple", code, page, *OTHERS) == ["astuple"]
    silent = Document("a.py:L1-3", "a.py", "astuple", "def astuple(pot):\n    return pot\n", "function")
    assert first("turn a pot to a tuple", silent, page, *OTHERS) == []
