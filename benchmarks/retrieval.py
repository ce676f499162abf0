"""Time for an index of 10,000 documents to answer, over 500 queries made as a dataset makes them.

    python benchmarks/retrieval.py [SOURCE]

Documents are the symbols of SOURCE (default: this repository), repeated with renamed identifiers until there
are 10,000. Target: at most 20 ms in the median.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

from codebase_gardener.dataset.dataset import extract_tables
from codebase_gardener.repository.store import take_snapshot
from codebase_gardener.retrieval.documents import Document, documents_of
from codebase_gardener.retrieval.index import SymbolIndex

DOCUMENTS = 10_000
QUERIES = 500
TARGET_MS = 20


def main() -> int:
    source = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[1])
    documents = _ten_thousand(source)
    started = time.perf_counter()
    index = SymbolIndex.build(documents)
    print(f"build: {time.perf_counter() - started:.1f} s for {len(index):,} documents of {source}")
    times_ms = [_timed_ms(index, query) for query in _queries(documents)]
    median, high = statistics.median(times_ms), statistics.quantiles(times_ms, n=20)[-1]
    print(f"search: median {median:.2f} ms, 95th percentile {high:.2f} ms (target: median ≤ {TARGET_MS} ms)")
    return 0 if median <= TARGET_MS else 1


def _ten_thousand(source: str) -> list[Document]:
    snapshot = take_snapshot(source)
    found = documents_of(snapshot, extract_tables(snapshot))
    return [_variation(found[n % len(found)], n // len(found)) for n in range(DOCUMENTS)]


def _variation(document: Document, number: int) -> Document:
    if number == 0:
        return document
    renamed = document.text.replace("self.", f"self.v{number}_").replace("def ", f"def v{number}_")
    return replace(
        document, anchor=f"v{number}/{document.anchor}", path=f"v{number}/{document.path}", text=renamed
    )


def _queries(documents: list[Document]) -> list[str]:
    chosen = random.Random(0).sample(documents, QUERIES)
    return [f"{document.path}\n{document.symbol}\n{document.text[:800]}" for document in chosen]


def _timed_ms(index: SymbolIndex, query: str) -> float:
    started = time.perf_counter()
    index.search(query, k=8, exclude=lambda document: document.kind == "text", exclude_paths=("a.py",))
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
