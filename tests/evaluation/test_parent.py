"""The word on an adapter beside the version that it went on from."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.cli.figures import verdict_lines
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.taught import body_key
from codebase_gardener.evaluation.arms import ARMS, PARENT
from codebase_gardener.evaluation.metrics import Measurement
from codebase_gardener.evaluation.parent import Parent, beside_parent
from codebase_gardener.evaluation.verdict import judge

BODIES = [f"return {n}" for n in range(24)]
FUNCTIONS = [HeldoutFunction("f", f"f{n}.py", "", "", "", body) for n, body in enumerate(BODIES)]


def measured(*nats: float) -> list[Measurement]:
    return [Measurement(f"f{n}.py", value, 10, 30, next_line=False) for n, value in enumerate(nats)]


def arms(own: list[float]) -> dict[str, list[Measurement]]:
    """The adapter's nats; those of its parent are 20 for each function."""
    return {**{arm.name: measured(*own) for arm in ARMS}, PARENT.name: measured(*[20.0] * len(own))}


def parent(known: int | None) -> Parent:
    bodies = None if known is None else frozenset(map(body_key, BODIES[:known]))
    return Parent("p/default@1", Path("v1"), bodies)


@pytest.mark.parametrize(
    ("own", "known", "word"),
    [
        ([15.0] * 24, 16, "better"),
        ([20.0] * 24, 16, "unchanged"),
        ([25.0] * 24, None, "worse"),
        ([25.0] * 16 + [1.0] * 8, 16, "worse"),  # it forgot
        ([5.0] * 16 + [25.0] * 8, 16, "worse"),  # it learned nothing of what changed
        ([5.0] * 20 + [25.0] * 4, 20, "better"),  # four functions say nothing
    ],
)
def test_worse_on_all_on_what_changed_or_on_what_did_not(
    own: list[float], known: int | None, word: str
) -> None:
    beside = beside_parent(arms(own), FUNCTIONS, parent(known))
    assert beside.word == word
    assert beside.arm.nats_per_token == 2.0
    counts = {name: part.functions for name, part in beside.parts.items()}
    assert counts == (
        {"all": 24} if known is None else {"all": 24, "changed": 24 - known, "unchanged": known}
    )


def test_it_is_told_in_words() -> None:
    from dataclasses import replace

    measurements = arms([25.0] * 24)
    beside = beside_parent(measurements, FUNCTIONS, parent(16))
    verdict = replace(judge(measurements, {"base": 1.0, "adapter": 1.0}), parent=beside).as_dict()
    line = verdict_lines(verdict)[-1]
    assert "Beside its parent p/default@1" in line
    assert "+0.500 (95 % +0.500 to +0.500) on 8 that changed or are new" in line
    assert "It is worse, and not made active in place of p/default@1." in line
