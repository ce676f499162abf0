"""The list of a wiki's pages: by type, workflows under what they serve."""

from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.pages.workflow_layout import TESTS_ALONE
from codebase_gardener.wiki.listing import listed
from samples.small_wiki import OWNER, repository, wiki


def test_workflows_come_with_their_group() -> None:
    pages = wiki(repository()).pages
    flow = next(page for page in pages if page.type == "Workflow")
    seen = replace(flow, name=f"{OWNER}_Tried", description=TESTS_ALONE)
    rows = listed((seen, *pages))
    assert {row.id for row in rows} == {page.id for page in (seen, *pages)}
    assert [(row.id, row.group) for row in rows if row.type == "Workflow"] == [
        (flow.id, ""),
        (seen.id, "Seen in tests"),
    ]
