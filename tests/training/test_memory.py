"""Memory: estimated before anything is loaded, refused with both figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.training.memory import MemoryEstimate, check_memory, estimate_memory, expects_bf16
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils import limits
from codebase_gardener.utils.error_handling import ResourceError

GB = 10**9
NEEDED = MemoryEstimate(runtime=GB, base=2 * GB, adapter=GB, activations=GB, logits=GB)


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Base:
    return resolve_base(str(tiny_base), tmp_path)


def test_too_little_names_both_figures() -> None:
    with pytest.raises(ResourceError) as caught:
        check_memory(NEEDED, min_free_bytes=2 * GB, available_bytes=3 * GB)
    assert "6.0 GB" in caught.value.message
    assert "3.0 GB" in caught.value.message
    assert caught.value.context["needed_bytes"] == 6 * GB
    assert caught.value.context["available_bytes"] == 3 * GB
    assert "--batch-size" in caught.value.hint


def test_below_the_floor_even_the_smallest_run_is_refused() -> None:
    nothing = MemoryEstimate(0, 0, 0, 0, 0)
    with pytest.raises(ResourceError) as caught:
        check_memory(nothing, min_free_bytes=2 * GB, available_bytes=2 * GB - 1)
    assert caught.value.context["min_free_bytes"] == 2 * GB
    check_memory(nothing, min_free_bytes=2 * GB, available_bytes=2 * GB)


def test_what_fits_passes() -> None:
    check_memory(NEEDED, min_free_bytes=2 * GB, available_bytes=6 * GB)


def test_the_system_is_asked_by_default() -> None:
    with pytest.raises(ResourceError):
        check_memory(NEEDED, min_free_bytes=1 << 60)


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"batch_size": 8, "batch_tokens": 0}, "activations"),
        ({"batch_tokens": 0}, "activations"),
        ({"max_length": 2048}, "activations"),
        ({"r": 64}, "adapter"),
        ({"rank_pattern": {"q_proj": 64}}, "adapter"),
        (
            {"target_modules": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")},
            "",
        ),
    ],
)
def test_what_needs_more_is_estimated_higher(more: dict[str, object], part: str, base: Base) -> None:
    plain, other = estimate_memory(base, TrainingSpec()), estimate_memory(base, TrainingSpec(**more))
    if part:
        assert getattr(other, part) > getattr(plain, part)
    else:
        assert other == plain


def test_less_is_estimated_lower(base: Base) -> None:
    plain = estimate_memory(base, TrainingSpec())
    assert estimate_memory(base, TrainingSpec(gradient_checkpointing=True)).activations < plain.activations
    assert estimate_memory(base, TrainingSpec(target_modules=("q_proj",))).adapter < plain.adapter
    assert estimate_memory(base, TrainingSpec(exclude_modules=("q_proj",))).adapter < plain.adapter
    assert plain.base * 2 == estimate_memory(base, TrainingSpec(), bf16=False).base


def test_the_base_is_counted_by_its_headers(base: Base) -> None:
    assert estimate_memory(base, TrainingSpec(), bf16=False).base == pytest.approx(
        base.weight_bytes, rel=0.05
    )


def test_modules_trained_in_full_count(base: Base) -> None:
    plain = estimate_memory(base, TrainingSpec())
    more = estimate_memory(base, TrainingSpec(modules_to_save=("o_proj",)))
    assert more.adapter > plain.adapter + 16 * 16


def test_an_expression_adapts_what_it_matches(base: Base) -> None:
    named = estimate_memory(base, TrainingSpec(target_modules=("q_proj",)))
    matched = estimate_memory(base, TrainingSpec(target_modules=r".*\.q_proj"))
    assert matched == named


def test_dora_keeps_more(base: Base) -> None:
    plain, dora = estimate_memory(base, TrainingSpec()), estimate_memory(base, TrainingSpec(use_dora=True))
    assert dora.activations > plain.activations
    assert dora.adapter > plain.adapter


def test_a_processor_without_bfloat16_is_planned_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "multiplies_bf16", lambda: False)
    assert not expects_bf16(TrainingSpec(), "cpu")
    assert expects_bf16(TrainingSpec(), "cuda")
    assert expects_bf16(TrainingSpec(dtype="bfloat16"), "cpu")
    monkeypatch.setattr(limits, "multiplies_bf16", lambda: True)
    assert expects_bf16(TrainingSpec(), "cpu")
    assert not expects_bf16(TrainingSpec(dtype="float32"), "cuda")
