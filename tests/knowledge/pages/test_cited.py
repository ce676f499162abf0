"""No anchor is written that is not among the page's sources."""

from __future__ import annotations

from codebase_gardener.knowledge.pages.cited import PageSources
from samples.small_wiki import repository


def test_each_anchor_is_a_source_once_in_order() -> None:
    facts = repository()
    symbol = facts.symbols["src/kiln/core.py", "load"]
    sources = PageSources(facts)
    assert sources.cite("README.md", 1, 2) == "`README.md:L1-2`"
    assert sources.cite_symbol(symbol) == f"`{symbol.anchor}`"
    assert sources.cite("README.md", 1, 2) == "`README.md:L1-2`"
    assert sources.cite("src/kiln/core.py", symbol.start, symbol.end) == f"`{symbol.anchor}`"
    assert sources.all() == (facts.source("README.md", 1, 2), facts.source_of(symbol))
