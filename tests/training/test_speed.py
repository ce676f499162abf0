"""How fast a training is predicted to be."""

from __future__ import annotations

import pytest

from codebase_gardener.bases.named import NAMED
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.speed import predicted_tokens_per_s

SMALL, LARGE = (NAMED[f"Qwen/Qwen2.5-Coder-{size}"].shape for size in ("0.5B", "1.5B"))


def test_it_follows_the_weights_and_the_machine() -> None:
    spec = TrainingSpec()
    small, large = (predicted_tokens_per_s(shape, spec, 500) for shape in (SMALL, LARGE))
    assert small is not None and large is not None
    assert small / large == pytest.approx(1.54 / 0.49, rel=0.05)
    assert predicted_tokens_per_s(SMALL, spec, 1000) == pytest.approx(2 * small)


def test_what_was_measured_on_a_random_model_of_that_size() -> None:
    """benchmarks/named_bases.py, one thread: what is predicted is no more than a third off."""
    for shape, gflops, measured in ((SMALL, 498, 114), (LARGE, 498, 46)):
        assert predicted_tokens_per_s(shape, TrainingSpec(), gflops) == pytest.approx(measured, rel=1 / 3)


def test_recomputing_and_the_general_path_are_slower_and_four_bits_are_not_guessed() -> None:
    plain = predicted_tokens_per_s(SMALL, TrainingSpec(), 500)
    again = predicted_tokens_per_s(SMALL, TrainingSpec(gradient_checkpointing=True), 500)
    general = predicted_tokens_per_s(SMALL, TrainingSpec(fast_path="none"), 500)
    assert plain is not None and again is not None and general is not None
    assert general < again < plain
    assert predicted_tokens_per_s(SMALL, TrainingSpec(quantization="nf4"), 500) is None
