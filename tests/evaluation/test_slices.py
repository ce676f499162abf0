"""Groups of functions, and which lost most."""

from __future__ import annotations

from codebase_gardener.dataset.cursors import CursorTask
from codebase_gardener.dataset.editor_prompts import Cursor
from codebase_gardener.evaluation.metrics import Measurement
from codebase_gardener.evaluation.slices import losses, slices


def task(number: int, folder: str, lines: int = 4) -> CursorTask:
    path = f"{folder}/f{number}.py"
    cursor = Cursor("def f():\n", "", path, "python")
    return CursorTask(f"f{number}", path, f"{path}:L1-3", "python", "function", lines, cursor, "x\n", "", 0.1)


TASKS = [*(task(n, "a/b/c") for n in range(8)), *(task(n, "d") for n in range(8, 16)), task(16, "few")]
BASE = [Measurement(one.path, 2.0, 1, 1, False) for one in TASKS]
BETTER_IN_D = [
    Measurement(one.path, 1.0 if one.path.startswith("d/") else 2.0 + n / 10, 1, 1, False)
    for n, one in enumerate(TASKS)
]


def test_where_it_helped_and_where_it_hurt() -> None:
    found = {(one.by, one.value): one for one in slices(TASKS, BETTER_IN_D, BASE)}
    assert found["folder", "d"].word == "helped"
    assert found["folder", "a/b"].word == "hurt"
    assert found["folder", "d"].functions == 8
    assert ("folder", "few") not in found  # too few to say
    assert {by for by, _ in found} == {"folder"}  # all are alike in everything else


def test_what_lost_most_comes_first() -> None:
    found = losses(TASKS, BETTER_IN_D, BASE)
    assert [one.symbol for one in found] == ["f16", "f7", "f6", "f5", "f4"]
