"""`grow` in this process with the tiny base; the trainings run in workers, as they do for users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.cli.figures import paper, verdict_lines, verdict_table
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.growing import Grown, GrowPlan, grow
from codebase_gardener.utils.progress import Quiet
from samples.geometry import FUNCTIONS

pytestmark = pytest.mark.slow


@pytest.fixture
def gardener(settings: Settings) -> Iterator[Gardener]:
    training = {**settings.training, "max_length": 512, "steps": 2}
    with Gardener(settings.model_copy(update={"training": training})) as gardener:
        yield gardener


def grown(
    gardener: Gardener, source: Path, show_plan: Callable[[GrowPlan], Any] = lambda plan: None
) -> Grown:
    return grow(gardener, str(source), Quiet(), show_plan=show_plan)


def test_what_holds_nothing_out_is_trained_and_not_measured(gardener: Gardener, tmp_path: Path) -> None:
    source = tmp_path / "single"
    source.mkdir()
    (source / "kite.py").write_text(FUNCTIONS.format(name="kite"))
    plans: list[GrowPlan] = []
    first = grown(gardener, source, plans.append)
    assert [plan.heldout_functions for plan in plans] == [0]
    assert first.verdict["word"] == "not measured"
    assert first.version.active
    assert gardener.registry.latest_verdict(first.version) is None
    assert "two files with functions" in verdict_lines(first.verdict)[0]
    console = paper()
    with console.capture() as shown:
        console.print(verdict_table(first.verdict))
    assert "adapter + retrieval" in shown.get()
    again = grown(gardener, source)
    assert (again.version.ref, again.was_there, first.was_there) == (first.version.ref, True, False)
