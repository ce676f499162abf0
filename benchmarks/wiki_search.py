"""How long a search of a wiki takes, and whether pages that say what is asked for come first.

    python benchmarks/wiki_search.py SOURCE [QUERY=PART…]

Builds the wiki of SOURCE (a directory or an archive) in an empty home, then asks 50 questions made from the overviews
and titles of its pages, and those that are given, whose best page's id must hold PART (letters of either case).
Target: at most 20 ms for the median search in a loaded index (the index takes longer to load, which is printed too).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.asking import index_of
from codebase_gardener.gardener.gardener import Gardener
from codebase_gardener.gardener.ranking import content_words
from codebase_gardener.gardener.wiki import Quiet, build_wiki
from codebase_gardener.gardener.wiki_pages import read_pages
from codebase_gardener.gardener.wiki_search import search_index
from codebase_gardener.knowledge.pages.pages import Page
from codebase_gardener.retrieval.index import SymbolIndex

TARGET_MS = 20.0
QUERIES = 50
WORDS = 6


def main() -> int:
    source, *wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as home, Gardener(Settings(home=Path(home))) as gardener:
        build_wiki(gardener, source, Quiet(), name="searched")
        pages = read_pages(gardener, "searched")
        built_s, loaded_s = _timed(gardener), _timed(gardener)
        print(f"index of code and {len(pages)} pages: built in {built_s:.2f} s, loaded in {loaded_s:.2f} s")
        index = index_of(gardener, "searched")
        median = _searches(index, pages)
        _command(home)
        missed = [query for query in wanted if not _found(index, *query.rsplit("=", 1))]
    return 1 if median > TARGET_MS or missed else 0


def _timed(gardener: Gardener) -> float:
    started = time.perf_counter()
    index_of(gardener, "searched")
    return time.perf_counter() - started


def _searches(index: SymbolIndex, pages: tuple[Page, ...]) -> float:
    """Median of the milliseconds of a search."""
    step = max(1, len(pages) // QUERIES)
    chosen = pages[::step][:QUERIES]
    spent, first = [], 0
    for page in chosen:
        query = " ".join(content_words(f"{page.title} {page.overview}")[:WORDS])
        started = time.perf_counter()
        found = search_index(index, f"how do I {query}")
        spent.append(1_000 * (time.perf_counter() - started))
        first += bool(found) and found[0].id == page.id
    median = statistics.median(spent)
    print(
        f"{len(chosen)} searches: median {median:.1f} ms, longest {max(spent):.1f} ms (target {TARGET_MS:g} ms)"
    )
    print(f"the page whose words were asked for came first {first} times")
    return median


def _command(home: str) -> None:
    """Wall time of the command, interpreter and index included."""
    call = [
        sys.executable,
        "-m",
        "codebase_gardener.cli.main",
        "wiki",
        "search",
        "searched",
        "how is it saved",
    ]
    started = time.perf_counter()
    subprocess.run(call, env={**os.environ, "CODEBASE_GARDENER_HOME": home}, check=True, capture_output=True)
    print(f"gardener wiki search: {time.perf_counter() - started:.2f} s")


def _found(index: SymbolIndex, query: str, part: str) -> bool:
    found = search_index(index, query, k=3)
    held = bool(found) and part.lower() in found[0].id.lower()
    print(f"{'found ' if held else 'MISSED'} {query!r}: {', '.join(one.id for one in found) or 'nothing'}")
    return held


if __name__ == "__main__":
    sys.exit(main())
