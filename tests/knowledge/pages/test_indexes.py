from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.pages.indexes import render_indexes
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.rendering import render_pages
from codebase_gardener.knowledge.pages.structure import Edge, Wiki
from samples.small_wiki import OWNER, repository, wiki


def test_the_workflow_index_has_all_its_parts() -> None:
    text = render_indexes(wiki(repository()))["_WorkflowIndex.md"]
    assert (
        "| [Firing_Pots](workflows/acme_kiln_Firing_Pots.md) | 2 | Loading, Firing | `load`, `fire` |" in text
    )
    assert "| # | Step | Principle | API | Files |" in text
    assert "| 2 | Fire | Firing | `fire` | `src/kiln/core.py` |" in text
    guide = "| Loading | load | `load` | `src/kiln/core.py:L6-10` | API Doc |"
    assert text.count(guide) == 2, "once for the workflow, once for all"
    assert (
        text.index("## Summary")
        < text.index(f"## {OWNER}_Firing_Pots")
        < text.rindex("## Implementation Extraction")
    )


def test_connections_say_what_exists() -> None:
    whole = wiki(repository())
    without = replace(whole, pages=tuple(page for page in whole.pages if page.type != "Environment"))
    row = (
        "| load | [implementations/acme_kiln_load.md](implementations/acme_kiln_load.md) | {}, {} | API Doc |"
    )
    environment, principle = f"Environment:{OWNER}_Core_Environment", f"✅Principle:{OWNER}_Loading"
    assert row.format("✅" + environment, principle) in render_indexes(whole)["_ImplementationIndex.md"]
    assert row.format("⬜" + environment, principle) in render_indexes(without)["_ImplementationIndex.md"]


def test_indexes_are_the_same_from_pages_read_back() -> None:
    made = wiki(repository())
    read = [read_page(text).page for text in render_pages(made).values()]
    again = replace(made, pages=tuple(page for page in read if page))
    assert render_indexes(again) == render_indexes(made)


def test_an_empty_wiki_and_missing_pages_have_indexes() -> None:
    empty = Wiki(OWNER, "r", "c", "d", ())
    assert all("No page of this type." in text for text in render_indexes(empty).values())
    made = wiki(repository())
    flow = next(page for page in made.pages if page.type == "Workflow")
    lonely = replace(made, pages=(replace(flow, edges=(Edge("step", f"Principle:{OWNER}_Gone"),)),))
    text = render_indexes(lonely)["_WorkflowIndex.md"]
    assert f"| **Principle** | Principle:{OWNER}_Gone |" in text
    assert "| **Source Location** | None found in the repository. |" in text
