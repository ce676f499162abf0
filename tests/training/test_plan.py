"""Plans: values by rule, never over what was given; economies in order until it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.training.memory import MemoryEstimate, estimate_memory
from codebase_gardener.training.plan import ECONOMIES, RULES, Facts, Plan, make_plan
from codebase_gardener.training.probe import Probe
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.error_handling import ResourceError

GB = 10**9


@pytest.fixture
def planned(tiny_base: Path, tmp_path: Path) -> Callable[..., Plan]:
    """Plans for the tiny base: `planned(rows=…, limit=…, probe=…, parameters=…, r=8)`."""
    base = resolve_base(str(tiny_base), tmp_path)

    def plan(
        rows: int = 3000,
        limit: int = 100 * GB,
        probe: Callable[[TrainingSpec], Probe] | None = None,
        parameters: int | None = None,
        **given: Any,
    ) -> Plan:
        shape = BaseShape.of(base)
        facts = Facts(replace(shape, parameters=parameters or shape.parameters), rows, limit, "the budget")

        def estimate(spec: TrainingSpec, bf16: bool) -> MemoryEstimate:
            return estimate_memory(shape, spec, bf16=bf16)

        return make_plan(facts, parse_spec(given), given, estimate, probe)

    return plan


def probed(peak: int, dtype: str = "bfloat16") -> Probe:
    return Probe(
        dtype=dtype,
        device="cpu",
        threads=1,
        gemm_gflops={"float32": 100.0, "bfloat16": 300.0},
        steps=10,
        rows=100,
        examples=40,
        padded_tokens=2000,
        largest_batch_tokens=512,
        tokens_per_s=100.0,
        trained_parameters=1000,
        peak_bytes=peak,
        probe_s=1.0,
    )


def reasons(plan: Plan) -> dict[str, Any]:
    return {reason.option: reason for reason in plan.reasons}


def test_every_row_names_an_option_a_reason_and_a_source() -> None:
    for rule in RULES:
        assert rule.option in set(TrainingSpec.model_fields)
        assert rule.why
        assert rule.source
    for economy in ECONOMIES:
        assert set(economy.options) <= set(TrainingSpec.model_fields)
        assert economy.why
        assert economy.source


def test_memory_is_that_of_the_parts_that_the_probe_found_right(planned: Callable[..., Plan]) -> None:
    whole = planned(probe=lambda _: probed(0))
    note = "layers: left out, its gradients differ"
    less = planned(probe=lambda _: replace(probed(0), fast_path=("head", "packing"), left_out=(note,)))
    assert less.memory_bytes > whole.memory_bytes
    assert less.spec == whole.spec
    assert less.as_dict()["probe"]["left_out"] == (note,)


def test_the_usual_case_keeps_the_defaults(planned: Callable[..., Plan]) -> None:
    plan = planned()
    assert plan.spec == TrainingSpec()
    assert {rule.option for rule in RULES} & set(TrainingSpec.model_fields) == set(reasons(plan))


def test_few_rows_get_a_low_rank(planned: Callable[..., Plan]) -> None:
    plan = planned(rows=50)
    assert (plan.spec.r, plan.spec.lora_alpha) == (8, 16)
    assert "few examples" in [advice.rule for advice in plan.warnings]


def test_a_high_rank_gets_rslora_at_the_same_scale(planned: Callable[..., Plan]) -> None:
    plan = planned(r=64)
    assert plan.spec.use_rslora
    assert plan.spec.lora_alpha / 64**0.5 == 2
    assert reasons(plan)["r"].why == "given"


@pytest.mark.parametrize(("parameters", "rate"), [(135 * 10**6, 2e-3), (7 * GB, 2e-4), (33 * GB, 1e-4)])
def test_large_bases_get_a_lower_rate(parameters: int, rate: float, planned: Callable[..., Plan]) -> None:
    assert planned(parameters=parameters).spec.learning_rate == rate


def test_what_is_given_stays(planned: Callable[..., Plan]) -> None:
    given = {"r": 64, "use_rslora": False, "lora_alpha": 5, "learning_rate": 1e-5, "batch_tokens": 700}
    plan = planned(rows=10, parameters=70 * GB, **given)
    assert {name: getattr(plan.spec, name) for name in given} == given
    assert "high rank without rsLoRA" in [advice.rule for advice in plan.warnings]


def test_batches_are_halved_before_anything_else(planned: Callable[..., Plan]) -> None:
    whole = planned().memory_bytes
    plan = planned(limit=whole - 1)
    assert plan.spec.batch_tokens == 768
    assert plan.spec.gradient_accumulation_steps == 2
    assert not plan.spec.gradient_checkpointing
    assert plan.memory_bytes < whole
    assert "the budget" in reasons(plan)["batch_tokens"].why


def test_then_activations_are_recomputed(planned: Callable[..., Plan]) -> None:
    smallest_batch = planned(batch_tokens=512).memory_bytes
    plan = planned(limit=smallest_batch - 1)
    assert plan.spec.batch_tokens == 512
    assert plan.spec.gradient_checkpointing
    assert plan.memory_bytes < smallest_batch


def test_a_given_batch_is_not_made_smaller(planned: Callable[..., Plan]) -> None:
    given = planned(batch_tokens=1536).memory_bytes
    plan = planned(limit=given - 1, batch_tokens=1536)
    assert plan.spec.batch_tokens == 1536
    assert plan.spec.gradient_accumulation_steps == 1
    assert plan.spec.gradient_checkpointing


def test_where_nothing_fits_the_least_is_named(planned: Callable[..., Plan]) -> None:
    with pytest.raises(ResourceError) as caught:
        planned(limit=10**6)
    least = caught.value.context["least_bytes"]
    assert f"{least / 1e9:.1f} GB" in caught.value.message
    assert planned(limit=least).memory_bytes == least, "the least does fit"


def test_a_probe_that_measured_more_takes_further_economies(planned: Callable[..., Plan]) -> None:
    estimated = planned().memory_bytes
    asked: list[TrainingSpec] = []

    def probe(spec: TrainingSpec) -> Probe:
        asked.append(spec)
        return probed(estimated + 10**7 if len(asked) == 1 else estimated - 10**7)

    plan = planned(limit=estimated, probe=probe)
    assert asked[0].batch_tokens == 1536
    assert asked[1].batch_tokens == plan.spec.batch_tokens < 1536
    assert plan.memory_bytes <= estimated


def test_a_probe_in_fp32_is_estimated_in_fp32(planned: Callable[..., Plan]) -> None:
    plan = planned(probe=lambda _: probed(0, "float32"))
    assert plan.memory_bytes == planned(dtype="float32").memory_bytes
    assert "float32" in reasons(plan)["dtype"].why


def test_time_is_that_of_the_probed_tokens(planned: Callable[..., Plan]) -> None:
    assert planned(probe=lambda _: probed(0), throttle=0.5).seconds == 40
    assert planned(minutes=2).seconds == 120
    assert planned(steps=7).seconds is None
