"""Environment pages of small repositories: grouping, names, bounds, gates, quotes."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from codebase_gardener.knowledge.environments.all_pages import environment_pages
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.environments import pages_of, repository, section


def test_a_page_for_each_backend_as_users_call_it(facts: RepositoryFacts) -> None:
    found = {name: one.packages for name, one in pages_of(facts).items()}
    assert found == {
        "Core": ("accelerate", "torch"),
        "Bitsandbytes": ("bitsandbytes",),
        "Fast": ("uvloop",),
        "LoFT": ("scipy",),
        "QUIP": ("auto-quip", "helper", "quipmodel"),
        "Development": ("pytest",),
    }


def test_every_anchor_is_a_source_and_every_quote_its_lines(facts: RepositoryFacts) -> None:
    for page in environment_pages(facts):
        assert tuple(one.heading for one in page.page.sections) == PAGE_TYPES["Environment"].sections
        sources = {str(one.anchor) for one in page.page.sources}
        for source in page.page.sources:
            assert source in (
                facts.source(source.anchor.path, source.anchor.start, source.anchor.end, source.symbol),
            )
        quotes = section(page, "Code Evidence")
        assert quotes.count("\nFrom `") + quotes.startswith("From `") >= 2
        for found in re.finditer(r"(?ms)^From `(\S+):L(\d+)-(\d+)`:\n(`{3,})\w*\n(.*?)\n\4$", quotes):
            lines = facts.lines(found[1], int(found[2]), int(found[3]))
            assert found[5] == textwrap.dedent("\n".join(line.rstrip() for line in lines))
        for one in page.page.sections:
            text = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", one.body)
            assert set(re.findall(r"`(\S+:L\d+-\d+)`", text)) <= sources
        assert not set(page.page.name) & set("#<>[]{}|+:/ ")


def test_the_same_twice(facts: RepositoryFacts) -> None:
    assert environment_pages(facts) == environment_pages(facts)


def test_a_condition_for_type_checkers_names_no_environment(tmp_path: Path) -> None:
    code = """\
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import clay
else:
    try:
        import clay
    except ImportError:
        clay = None
"""
    setup = '[project]\nname = "kiln"\n\n[project.optional-dependencies]\nfull = ["clay"]\n'
    files = {"pyproject.toml": setup, "kiln/__init__.py": "", "kiln/lids.py": code, "kiln/pots.py": code}
    titles = [page.page.title for page in environment_pages(repository(tmp_path, files))]
    assert "Clay Environment" in titles
