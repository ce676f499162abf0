"""How fast an index of 10,000 documents answers, and how much of a function's body retrieval brings.

    python benchmarks/retrieval.py [SOURCE]

Speed: documents are the symbols of SOURCE (default: this repository), repeated with renamed identifiers until
there are 10,000; 500 queries. Target: at most 20 ms in the median.

Serving: what `gardener serve` looks up for an editor's request, with the cursor in the middle of each of 500 of these
functions; and once more for the next keystroke. Target: at most 15 ms in the median, 5 ms are aimed at.

Coverage: of the 4-token runs in the bodies of held-out functions that the prompt does not hold yet, the share
that stands in the retrieved code. No model is involved; a prompt that covers more is easier to go on from.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.dataset.editor_prompts import Cursor
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot
from codebase_gardener.retrieval.documents import Document, documents_of
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.serving.answering import Answering

DOCUMENTS = 10_000
QUERIES = 500
TARGET_MS = 20
LOOK_UP_TARGET_MS = 15
RUN_TOKENS = 4
TOKEN = re.compile(r"\w+|[^\w\s]")


def main() -> int:
    source = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[1])
    snapshot = take_snapshot(source)
    documents = _ten_thousand(snapshot)
    started = time.perf_counter()
    index = SymbolIndex.build(documents)
    print(f"build: {time.perf_counter() - started:.1f} s for {len(index):,} documents of {source}")
    times_ms = [_timed_ms(index, query) for query in _queries(documents)]
    median, high = statistics.median(times_ms), statistics.quantiles(times_ms, n=20)[-1]
    print(f"search: median {median:.2f} ms, 95th percentile {high:.2f} ms (target: median ≤ {TARGET_MS} ms)")
    first, again = _look_ups_ms(index, documents)
    print(
        f"look-up for a request: median {first:.2f} ms, at the next keystroke {again:.2f} ms "
        f"(target: median ≤ {LOOK_UP_TARGET_MS} ms)"
    )
    _print_coverage(snapshot)
    return 0 if median <= TARGET_MS and first <= LOOK_UP_TARGET_MS else 1


def _ten_thousand(snapshot: Snapshot) -> list[Document]:
    found = documents_of(snapshot, extract_tables(snapshot))
    return [_variation(found[n % len(found)], n // len(found)) for n in range(DOCUMENTS)]


def _variation(document: Document, number: int) -> Document:
    if number == 0:
        return document
    renamed = document.text.replace("self.", f"self.v{number}_").replace("def ", f"def v{number}_")
    place = {"anchor": f"v{number}/{document.anchor}", "path": f"v{number}/{document.path}"}
    return replace(document, text=renamed, **place)


def _queries(documents: list[Document]) -> list[str]:
    chosen = random.Random(0).sample(documents, QUERIES)
    return [f"{document.path}\n{document.symbol}\n{document.text[:800]}" for document in chosen]


def _timed_ms(index: SymbolIndex, query: str) -> float:
    started = time.perf_counter()
    index.search(query, k=8, exclude=lambda document: document.kind == "text", exclude_paths=("a.py",))
    return 1000 * (time.perf_counter() - started)


def _look_ups_ms(index: SymbolIndex, documents: list[Document]) -> tuple[float, float]:
    """Medians of what the server looks up for a cursor, and for the same one a character later."""
    catalog = SimpleNamespace(index=lambda _: SimpleNamespace(symbols=index))
    answering: Any = Answering(cast(Any, None), cast(Any, catalog))
    functions = [document for document in documents if document.kind in ("function", "method")]
    first, again = [], []
    for document in random.Random(1).sample(functions, QUERIES):
        half = document.text.find("\n", len(document.text) // 2) + 1 or len(document.text)
        for times, end in ((first, half), (again, half + 1)):
            cursor = Cursor(document.text[:end], document.text[end:], document.path).named("")
            started = time.perf_counter()
            answering._code_for(SimpleNamespace(project="bench"), cursor)
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(first), statistics.median(again)


def _print_coverage(snapshot: Snapshot) -> None:
    functions = generate_dataset(snapshot, tasks={"complete": 1.0}).heldout
    shares = [share for function in functions if (share := _covered(function)) is not None]
    if shares:
        print(
            f"coverage: {100 * statistics.mean(shares):.1f} % of what {len(shares)} held-out bodies say anew "
            f"stands in the retrieved code"
        )


def _covered(function: HeldoutFunction) -> float | None:
    context = function.prompt_with_context.removesuffix(function.prompt)
    new = runs(function.completion) - runs(function.prompt)
    return len(new & runs(context)) / len(new) if new else None


def runs(text: str) -> set[tuple[str, ...]]:
    tokens = TOKEN.findall(text)
    return {tuple(tokens[n : n + RUN_TOKENS]) for n in range(len(tokens) - RUN_TOKENS + 1)}


if __name__ == "__main__":
    sys.exit(main())
