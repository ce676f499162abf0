"""What is put before a question."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.dataset.prompts import CONTEXT_CHARS
from codebase_gardener.gardener.asking import ask
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.names import parse_ref
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.search import WikiIndex
from samples.written_garden import write_repository

DOCUMENTS = [
    Document(
        "src/core.py:L1-90", "src/core.py", "Context", "class Context:\n    def invoke(self): ...\n", "class"
    ),
    Document(
        "src/core.py:L40-60", "src/core.py", "Context.invoke", "def invoke(self):\n    return 1\n", "method"
    ),
    Document(
        "src/steps.py:L1-9", "src/steps.py", "make", "def make():\n    # where it is defined\n", "function"
    ),
    Document("tests/test_a.py:L1-9", "tests/test_a.py", "Context", "class Context:\n    pass\n", "class"),
]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Where is Context defined?", "src/core.py:L1-90"),
        ("what does invoke do", "src/core.py:L40-60"),
        ("Where is it defined?", "src/steps.py:L1-9"),
    ],
)
def test_a_symbol_that_is_named_comes_first_and_filler_words_do_not_count(question: str, first: str) -> None:
    found = WikiIndex(SymbolIndex.build(DOCUMENTS)).for_prompt(question, k=3)
    assert found[0].anchor == first
    assert len(found) == len(set(found)) <= 3


def test_a_page_comes_first_cut_to_half_of_the_room_and_code_after_it() -> None:
    text = "Invoke a command with its context.\n" * 100
    page = Document(
        "Principle:a_Invoking", "principles/a_Invoking.md", "Invoking", text, "page", ("src/core.py:L40-60",)
    )
    found = WikiIndex(SymbolIndex.build([*DOCUMENTS, page])).for_prompt("How do I invoke it?", k=3)
    assert found[0].anchor == page.anchor
    assert found[0].evidence == page.evidence
    assert len(found[0].text) <= CONTEXT_CHARS // 2
    assert [document.kind for document in found[1:]].count("page") == 0
    assert len(found) == 3
    without = WikiIndex(SymbolIndex.build([*DOCUMENTS, page])).for_prompt(
        "How do I invoke it?", k=3, pages=False
    )
    assert page.anchor not in {document.anchor for document in without}


def test_an_answer_names_the_page_with_its_lines_unless_the_wiki_is_of_another_state(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(settings) as gardener:
        build_wiki(gardener, str(tmp_path / "garden"), Quiet(), name="garden")
        ref = parse_ref("garden")
        answer = ask(gardener, ref, "How do I prune a plant?", explain=True, max_new_tokens=1).model
        assert answer is not None
        page, *code = answer.sources
        lines = {str(source.anchor) for one in gardener.wiki("garden").pages() for source in one.sources}
        assert page.partition(":")[0] in PAGE_TYPES
        assert set(answer.evidence) == {page}
        assert answer.evidence[page]
        assert set(answer.evidence[page]) <= lines
        assert all(":L" in anchor for anchor in code)
        assert asdict(answer)["evidence"] == {page: answer.evidence[page]}
        (tmp_path / "garden/README.md").write_text("# Garden\n")
        gardener.add(str(tmp_path / "garden"), name="garden")
        later = ask(gardener, ref, "How do I prune a plant?", explain=True, max_new_tokens=1).model
        assert later is not None
        assert later.evidence == {}
        assert "the wiki is left out" in later.note
        assert later.sources
        assert all(":L" in anchor for anchor in later.sources)
