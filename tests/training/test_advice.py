"""Warnings: each rule speaks where it should, and only there."""

from __future__ import annotations

import pytest

from codebase_gardener.training.advice import RULES, Case, advise_adapter, advise_training
from codebase_gardener.training.spec import TrainingSpec

CASES = {
    "high rank without rsLoRA": (Case(rank=32), Case(rank=32, use_rslora=True)),
    "few examples": (Case(rows=99), Case(rows=100)),
    "high learning rate": (
        Case(learning_rate=2e-3, base_parameters=10**9),
        Case(learning_rate=2e-3, base_parameters=10**8),
    ),
    "DoRA at inference": (Case(use_dora=True, is_trained=True), Case(is_trained=True)),
    "merging into a quantized base": (Case(quantization="nf4"), Case()),
    "busy machine": (Case(busy_cores=1.5, cores=2), Case(busy_cores=0.5, cores=2)),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_speaks_where_it_should_and_not_next_to_it(rule) -> None:  # type: ignore[no-untyped-def]
    spoken, silent = CASES[rule.name]
    assert rule.applies(spoken)
    assert not rule.applies(silent)
    assert rule.text
    assert rule.source


def names(advice: list) -> list[str]:  # type: ignore[type-arg]
    return [found.rule for found in advice]


def test_a_usual_training_has_no_warnings() -> None:
    assert advise_training(TrainingSpec(), rows=3000, base_parameters=135_000_000, busy_cores=0) == []
    assert advise_training(TrainingSpec(threads=1), rows=3000, busy_cores=99) == [], "it does as it was told"


def test_a_training_is_judged_by_its_highest_rank() -> None:
    spec = TrainingSpec(rank_pattern={"q_proj": 64})
    assert names(advise_training(spec, rows=3000, busy_cores=0)) == ["high rank without rsLoRA"]


def test_an_adapter_is_judged_by_how_it_is_used() -> None:
    found = advise_adapter({"r": 64, "use_dora": True}, {"training": {"quantization": "nf4"}})
    assert names(found) == ["DoRA at inference", "merging into a quantized base"]
    assert advise_adapter({"r": None, "peft_type": "IA3"}) == []
