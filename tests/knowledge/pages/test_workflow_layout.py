"""The steps of a Workflow, written and read back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.knowledge.pages.workflow_layout import WrittenStep, execution_steps, read_steps
from samples.small_wiki import repository, wiki

FLOW = next(page for page in wiki(repository()).pages if page.type == "Workflow")
LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)


@given(st.lists(LINE, min_size=1, max_size=4))
def test_steps_read_back(titles: list[str]) -> None:
    steps = [WrittenStep(n, title, f"Principle:o_r_P{n}", f"Prose {n}.") for n, title in enumerate(titles, 1)]
    page = replace(FLOW, sections=(execution_steps(steps), FLOW.sections[1]))
    assert [replace(step, line=0) for step in read_steps(page)] == steps


def test_a_heading_in_a_fence_is_no_step() -> None:
    section = replace(FLOW.sections[0], body="```\n### Step 1: No\n```\n### Step 2: Yes\nWords.")
    (step,) = read_steps(replace(FLOW, sections=(section,)))
    assert (step.number, step.title, step.principle, step.prose, step.line) == (2, "Yes", "", "Words.", 4)
