"""The nine attributes of a step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codebase_gardener.knowledge.pages.implementation_layout import IoContract, Parameter
from codebase_gardener.knowledge.pages.indexes import render_indexes
from codebase_gardener.knowledge.pages.steps import ATTRIBUTES, StepFacts
from samples.small_wiki import OWNER, repository, wiki


def test_a_step_has_its_nine_attributes_in_order() -> None:
    text = render_indexes(wiki(repository()))["_WorkflowIndex.md"]
    step = text.split("### Step 1: Load\n\n")[1].split("\n\n")[0].split("\n")[2:]
    assert [row.split("**")[1] for row in step] == list(ATTRIBUTES)
    values = [row.split(" | ")[1].removesuffix(" |") for row in step]
    assert values == [
        f"Principle:{OWNER}_Loading", f"Implementation:{OWNER}_load", "`load(...)`", "`src/kiln/core.py:L6-10`",
        "`clay`", f"Environment:{OWNER}_Core_Environment", "`pot`, `heat=900`", "`pot: dict`", "`dict`",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("required", "says"), [(False, "none required; 2 optional"), (None, "none said to be required; 2 in all")]
)
def test_inputs_of_which_none_is_required_are_counted(required: bool | None, says: str) -> None:
    rows = (Parameter("a", "int", "1", False, ""), Parameter("b", "int", "2", required, ""))
    contract = IoContract(rows, ())
    step = StepFacts(1, "Fire", f"Principle:{OWNER}_Firing", None, None, None, contract)
    assert dict(step.attributes)["Inputs"] == says
    empty = replace(step, contract=IoContract((), ()))
    assert dict(empty.attributes)["Inputs"] == "None found in the repository."
