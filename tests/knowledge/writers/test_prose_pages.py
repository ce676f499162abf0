"""Pages with a writer's prose: what is computed stays, and only what the repository has is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.writers.prose_check import Allowed, check_prose
from codebase_gardener.knowledge.writers.prose_pages import (
    improve_pages,
    page_facts,
    repository_names,
    split_prose,
)
from codebase_gardener.knowledge.writers.prose_request import ProseFacts
from codebase_gardener.knowledge.writers.prose_writing import ProseCache
from codebase_gardener.repository.snapshot import take_snapshot

PIPES = '''"""Pipes."""
from math.special import sqrt as root

__all__ = ["Pipe"]


class Pipe:
    """A pipe, in the manner of FlowNet."""

    def run(self, width):
        return root.deep.call(width, depth_limit=2)
'''


@pytest.fixture
def repository(small_repository: Path) -> RepositoryFacts:
    (small_repository / "README.md").write_text("# geometry\n\nShapes as NumPy has them: `area_of`.\n")
    (small_repository / "bad.py").write_text("def (:\n")
    (small_repository / "pipes").mkdir()
    (small_repository / "pipes" / "__init__.py").write_text(PIPES)
    snapshot = take_snapshot(str(small_repository))
    return RepositoryFacts("me_geometry", snapshot, {file.path: extract(file) for file in snapshot.files})


INSIGHT = "- **Action**: give sizes.\n- **Value**: no error."


def pages(repository: RepositoryFacts) -> tuple[Page, ...]:
    source = repository.source_of(repository.symbols["square.py", "square_area"])
    return (
        Page(
            "Heuristic",
            "me_geometry_Sizes",
            "Sizes",
            "Sizes are not negative.",
            "Negative sizes are an error.\n\nFrom `square.py:L4-8`:\n\n```python\nraise ValueError\n```",
            "",
            (
                Section("The Insight", INSIGHT),
                Section("Reasoning", "A size below 0 has no area."),
                Section("Code Evidence", "x"),
            ),
            sources=(source,),
        ),
        Page(
            "Principle", "me_geometry_Area", "Area", "An area.", "One.", "Two.",
            (Section("Theoretical Basis", "Three."),),
        ),
    )  # fmt: skip


def prose_for(prompt: str) -> str:
    """A writer without fault: says which section it writes."""
    heading = re.findall(r"the prose of the section (.*)\.$", prompt)[0]
    return f"Better {heading.lower()} of `square_area`."


def test_prose_is_replaced_and_what_is_computed_stays(repository: RepositoryFacts) -> None:
    before = pages(repository)
    seen: list[tuple[int, int]] = []
    (heuristic, principle), report = improve_pages(
        before, page_facts(repository), prose_for, progress=lambda done, total: seen.append((done, total))
    )
    assert heuristic.overview == "Better overview of `square_area`."
    assert heuristic.description == (
        "Better description of `square_area`.\n\nFrom `square.py:L4-8`:\n\n```python\nraise ValueError\n```"
    )
    assert heuristic.usage == "Better usage of `square_area`."
    insight, reasoning, evidence = heuristic.sections
    assert insight.body == f"Better the insight of `square_area`.\n\n{INSIGHT}"
    assert reasoning.body == "Better reasoning of `square_area`."
    assert evidence.body == "x"  # not among those that are improved
    assert principle.sections[0].body == "Better theoretical basis of `square_area`."
    assert (heuristic.sources, heuristic.id) == (before[0].sources, before[0].id)
    assert (report.asked, len(report.accepted)) == (9, 9)
    assert seen == [(n, 9) for n in range(1, 10)]


def test_a_bad_writer_changes_nothing(repository: RepositoryFacts) -> None:
    before = pages(repository)

    def bad(prompt: str) -> str:
        raise OSError("gone")

    after, report = improve_pages(before, page_facts(repository), bad)
    assert after == before
    assert (report.failed, report.not_asked) == ({"OSError": 5}, 4)
    after, report = improve_pages(before, page_facts(repository), lambda prompt: "## Hi\n\n```")
    assert after == before
    assert report.refused == {"markup": 9}


def test_a_rebuild_from_the_cache_is_the_same(repository: RepositoryFacts, tmp_path: Path) -> None:
    facts_of = page_facts(repository)
    first, _ = improve_pages(pages(repository), facts_of, prose_for, ProseCache(tmp_path / "p.jsonl"))
    prose_for_again = {"asked": 0}

    def never(prompt: str) -> str:
        prose_for_again["asked"] += 1
        return ""

    never.name = prose_for.__qualname__  # type: ignore[attr-defined]
    second, report = improve_pages(pages(repository), facts_of, never, ProseCache(tmp_path / "p.jsonl"))
    assert (second, prose_for_again["asked"], report.cached) == (first, 0, 9)


def test_what_a_page_may_speak_of(repository: RepositoryFacts) -> None:
    facts = page_facts(repository)(pages(repository)[0])
    assert facts.names == ("square_area",)
    assert facts.quotes[0].startswith("def square_area(width, height):")
    text = "`square_area` takes `width` and raises `ValueError`, as NumPy, `area_of`, `math.special` and square.py do."
    assert check_prose(text, Allowed(names=facts.repository, sources=facts.quotes)) == []
    for name in ("triangle_area", "TensorFlow", "depth_of", "circle.square_area.x"):
        assert check_prose(f"It has `{name}`.", Allowed(names=facts.repository)) != []


@pytest.mark.parametrize(
    "name",
    ["square.py", "square", "square_area", "width", "pipes/__init__.py", "Pipe.run", "pipes.Pipe", "math.special",
     "math.special.sqrt", "root", "root.deep.call", "depth_limit", "NumPy", "area_of", "FlowNet"],
)  # fmt: skip
def test_names_of_a_repository(repository: RepositoryFacts, name: str) -> None:
    names = repository_names(repository)
    assert name in names
    assert not {"", "Pipe.square_area", "pipes.square_area", "Shapes"} & names


@pytest.mark.parametrize(
    ("body", "prose", "rest"),
    [
        ("", "", ""),
        ("A.", "A.", ""),
        ("A.\n\nB\nC.\n", "A.\n\nB\nC.", ""),
        ("`a` is it.\n\n- b", "`a` is it.", "- b"),
        ("A.\n\nSee [[step::Principle:x]].\n\nB.", "A.", "See [[step::Principle:x]].\n\nB."),
        ("A.\n- b", "", "A.\n- b"),
        ("| a |\n|---|", "", "| a |\n|---|"),
        ("A.\n\n### B\n\nC.", "A.", "### B\n\nC."),
        ("A.\n\nFrom `a.py:L1-2`:\n\n```\nx\n\ny\n```", "A.", "From `a.py:L1-2`:\n\n```\nx\n\ny\n```"),
        ("A.\n\n\n\n> b", "A.", "> b"),
        ("    code", "", "    code"),
    ],
)  # fmt: skip
def test_where_the_prose_of_a_section_ends(body: str, prose: str, rest: str) -> None:
    assert split_prose(body) == (prose, rest)


def test_no_facts_allow_no_names() -> None:
    page = Page("Principle", "me_x_A", "A", "An area.", "One.", "Two.", ())
    (after,), _ = improve_pages([page], lambda _: ProseFacts(), prose_for)
    assert after == page
