"""What is put before a question."""

from __future__ import annotations

import pytest

from codebase_gardener.gardener.asking import best_documents
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex

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
    found = best_documents(SymbolIndex.build(DOCUMENTS), question, k=3)
    assert found[0].anchor == first
    assert len(found) == len(set(found)) <= 3
