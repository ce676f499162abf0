from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.knowledge.pages.markup import NONE_FOUND
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.rendering import normalised, render
from codebase_gardener.knowledge.pages.structure import EDGES, PAGE_TYPES, Edge, Page, Section, Wiki
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.utils.anchors import Anchor

WIKI = Wiki("o_r", "https://example.org/o/r", "abc", "2026-01-02T00:00:00+00:00", ())
PAGE = Page(
    "Principle", "o_r_Loading", "Loading", "It loads.", "D", "U", (Section("Theoretical Basis", "T"),),
    (Edge("implemented_by", "Implementation:o_r_load"),), (Source(Anchor("a.py", 1, 2), "load", "0" * 16),),
)  # fmt: skip

text = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("#`~-=<|\\:\n\r \"'[]{}&*!%@"), max_size=80
)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
lines = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6))
sources = st.builds(
    Source, st.builds(lambda path, ends: Anchor(path, *ends), text.filter(bool), lines), text, text
)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    kind = draw(st.sampled_from(sorted(PAGE_TYPES)))
    sections = tuple(Section(name, draw(text)) for name in PAGE_TYPES[kind].sections)
    allowed = [
        (name, target) for name, edge in EDGES.items() if kind in edge.sources for target in edge.targets
    ]
    edges = draw(st.lists(st.tuples(st.sampled_from(allowed), names), max_size=3)) if allowed else []
    return Page(
        kind, draw(names), draw(text), draw(text), draw(text), draw(text), sections,
        tuple(Edge(edge, f"{target}:{name}") for (edge, target), name in edges),
        tuple(draw(st.lists(sources, max_size=3))), tuple(draw(st.lists(text, max_size=3))),
        draw(text), draw(text),
    )  # fmt: skip


@pytest.mark.slow
@given(pages())
@settings(max_examples=300, deadline=None)
def test_reading_is_the_inverse_of_rendering(page: Page) -> None:
    inverse = (Edge("used_by", "Workflow:o_r_W"),)
    written = render(page, WIKI, inverse)
    reading = read_page(written)
    assert reading.problems == ()
    assert reading.page == normalised(page)
    assert reading.incoming == inverse
    assert (reading.repo, reading.commit, reading.updated) == (WIKI.repo, WIKI.commit, WIKI.updated)
    assert render(reading.page, WIKI, reading.incoming) == written
    assert normalised(normalised(page)) == normalised(page)


@given(pages())
@settings(max_examples=50, deadline=None)
def test_any_yaml_reader_reads_the_front_matter(page: Page) -> None:
    front = render(page, WIKI, ()).split("\n---\n")[0].removeprefix("---\n")
    loaded = yaml.load(front, Loader=yaml.SafeLoader)  # the pure Python one: another reader than libyaml
    assert loaded["title"] == normalised(page).title
    assert [item["symbol"] for item in loaded["sources"]] == [source.symbol for source in page.sources]


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_text_crashes_the_reader(front: str) -> None:
    read_page(front)
    read_page(f"---\n{front}\n---\n{front}")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{','.join(['*' + before] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "front",
    [
        BOMB,
        MERGES,
        "a: " + "[" * 500_000,
        "- " * 200_000,
        "{" * 300_000,
        "!!python/object/apply:os.system [id]",
        "? " * 9999,
    ],
)
def test_yaml_bombs_are_refused_quickly(front: str) -> None:
    start = time.monotonic()
    reading = read_page(f"---\n{front}\n---\n\n# T\n")
    assert time.monotonic() - start < 5
    assert reading.page is None
    assert any(problem.check == "front matter" for problem in reading.problems)


def broken(old: str, new: str) -> list[tuple[str, str]]:
    written = render(PAGE, WIKI, ())
    assert old in written
    return [(problem.check, problem.what) for problem in read_page(written.replace(old, new, 1)).problems]


@pytest.mark.parametrize(
    ("old", "new", "check", "what"),
    [
        ("---\n", "", "front matter", "there is none between two lines ---"),
        ('type: "Principle"', 'type: "Idea"', "front matter", "'Idea' is no type of page"),
        ('name: "o_r_Loading"\n', "", "front matter", "name is missing"),
        ('name: "o_r_Loading"\n', "name: [1]\n", "front matter", "name is no text"),
        ("domains: []", "domains: {}", "front matter", "domains is no list of texts"),
        ("domains: []", "domains: []\nextra: 1", "front matter", "'extra' is no field of a page"),
        ('a.py:L1-2", symbol: "load", sha256: "0000000000000000"', 'a.py:1-2", symbol: "load"',
         "front matter", "{'anchor': 'a.py:1-2', 'symbol': 'load'} is no source"),
        ("# Loading", "# Saving", "sections", "the heading 'Saving' is not the title 'Loading'"),
        ("## Usage\n\nU\n\n", "", "sections", "'Usage' is missing"),
        ("## Usage", "## Use", "sections", "'Use' is no section of this type"),
        ("\nU\n", "\n", "sections", "'Usage' is empty"),
        ("## Usage\n\nU\n\n", "## Usage\n\nU\n\n## Usage\n\nU\n\n", "sections", "'Usage' is there twice"),
        ("## Description\n\nD\n\n## Usage\n\nU", "## Usage\n\nU\n\n## Description\n\nD",
         "sections", "'Usage' stands where 'Description' belongs"),
        ("* [[", "- [[", "links", "'- [[implemented_by::Implementation:o_r_load]]' is no link of a known edge"),
        ("[[implemented_by", "[[made_by", "links",
         "'* [[made_by::Implementation:o_r_load]]' is no link of a known edge"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(old: str, new: str, check: str, what: str) -> None:
    assert (check, what) in broken(old, new)


def test_lines_are_those_of_the_file() -> None:
    written = render(PAGE, WIKI, ())
    reading = read_page(written)
    assert written.split("\n")[reading.starts["Usage"] - 1] == "U"
    problem = read_page(written.replace("* [[", "- [[")).problems[0]
    assert written.split("\n")[problem.line - 1].startswith("* [[")


def test_an_empty_section_says_so() -> None:
    reading = read_page(render(Page("Heuristic", "o_r_H", "H", "x", "", "", ()), WIKI, ()))
    assert reading.page is not None
    assert [section.body for section in reading.page.sections] == [NONE_FOUND] * 3
