"""Pages as documents of the index that holds code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.knowledge.pages.documents import LONG_PAGE_CHARS, page_documents, page_of, prose_of
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.retrieval.documents import Document, documents_of
from codebase_gardener.retrieval.index import SymbolIndex
from samples.small_wiki import OWNER, repository, wiki

FACTS = repository()
PAGES = {page.id: page for page in wiki(FACTS).pages}
FIRE = PAGES[f"Implementation:{OWNER}_fire"]


def test_a_short_page_is_one_document_with_its_evidence() -> None:
    (document,) = page_documents([FIRE])
    assert document.anchor == FIRE.id == page_of(document)
    assert document.path == f"implementations/{OWNER}_fire.md"
    assert document.symbol == "fire"
    assert document.kind == "page"
    assert document.evidence == tuple(str(source.anchor) for source in FIRE.sources)
    for said in ("`fire` does it.", "Call it.", "from kiln import fire", "The pot."):
        assert said in document.text
    assert "def fire" not in document.text  # a quote: the code itself is in the index


@pytest.mark.parametrize(
    ("said", "deprecated"),
    [
        ("Fires.\n\nIts docstring goes on:\n\n> Deprecated: use bake instead.\n\nMore.", True),
        ("Fires.\n\nIts docstring goes on:\n\n> It is hot.\n>\n> .. deprecated:: 2.0", True),
        ("Fires.\n\nIts docstring goes on:\n\n> It takes what is\n> deprecated elsewhere.", False),
        ("Fires.\n\nIts docstring goes on:\n\n> It warns of Deprecated pots.", False),
    ],
)
def test_a_paragraph_of_its_docstring_says_that_it_is_deprecated(said: str, deprecated: bool) -> None:
    (document,) = page_documents([replace(FIRE, description=said)])
    assert document.deprecated is deprecated


def test_links_and_diagrams_are_no_prose() -> None:
    (document,) = page_documents([PAGES[f"Workflow:{OWNER}_Firing_Pots"]])
    assert "A pot is read." in document.text
    assert "Step 2: Fire" in document.text
    assert "[[" not in document.text
    assert "graph TD" not in document.text


@pytest.mark.parametrize(
    ("body", "prose"),
    [
        ("None found in the repository.", ""),
        ("From `a b.py:L1-2`:\n```python\nx\n```\n\nthen\n", "then"),
        ("```shell\npip install kiln\n```", "```shell\npip install kiln\n```"),
        (
            "* [[uses_heuristic::Heuristic:a_b]]\nkept [[step::Principle:a]] here",
            "kept [[step::Principle:a]] here",
        ),
        ("From `a.py:L1-1`:\n\n```\nopen", ""),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("", ""),
    ],
)
def test_prose_of_a_section(body: str, prose: str) -> None:
    assert prose_of(body) == prose


def test_a_long_page_is_a_document_for_each_section() -> None:
    long = replace(
        FIRE, sections=(*FIRE.sections[:2], Section("Usage Examples", "Hot pots. " * (LONG_PAGE_CHARS // 5)))
    )
    documents = page_documents([long])
    assert [one.anchor for one in documents] == [
        long.id, f"{long.id}#Code Reference", f"{long.id}#I/O Contract", f"{long.id}#Usage Examples",
    ]  # fmt: skip
    assert {page_of(one) for one in documents} == {long.id}
    assert all(long.overview in one.text and one.evidence == documents[0].evidence for one in documents)


def test_a_document_knows_the_workflows_that_lead_to_it_and_what_tells_the_same() -> None:
    documents = {one.anchor: one for one in page_documents(PAGES.values())}
    principle = next(page for page in PAGES.values() if any(edge.target == FIRE.id for edge in page.edges))
    leading = sum(any(edge.target == principle.id for edge in page.edges) for page in PAGES.values())
    assert documents[principle.id].told_by == FIRE.id
    assert documents[FIRE.id].links == documents[principle.id].links == leading > 0
    assert documents[FIRE.id].told_by == ""
    assert documents[FIRE.id].domains == FIRE.domains


def test_order_changes_nothing_and_anchors_are_unique() -> None:
    pages: list[Page] = list(PAGES.values())
    documents = page_documents(pages)
    assert documents == page_documents(reversed(pages))
    assert len({one.anchor for one in documents}) == len(documents)


def test_code_and_pages_are_found_in_one_index(tmp_path: Path) -> None:
    code = documents_of(FACTS.snapshot, extract_tables(FACTS.snapshot))
    index = SymbolIndex.build([*code, *page_documents(PAGES.values())])
    index.save(tmp_path)
    loaded = SymbolIndex.load(tmp_path)
    assert loaded.documents == index.documents
    kinds = {hit.document.kind for hit in loaded.search("fire a pot", k=20)}
    assert {"page", "function"} <= kinds
    assert not any(page_of(one) for one in code)


def test_an_index_that_was_saved_before_there_were_pages_is_read(tmp_path: Path) -> None:
    index = SymbolIndex.build([Document("a.py:L1-1", "a.py", "a", "def a(): ...", "function")])
    index.save(tmp_path)
    rows = tmp_path / "documents.jsonl"
    rows.write_text(rows.read_text().replace(',"evidence":[]', ""))
    assert "evidence" not in rows.read_text()
    assert SymbolIndex.load(tmp_path).documents == index.documents
