"""The probe: a fresh process that measures what the training will do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training import torch_engine
from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath
from codebase_gardener.training.probe import ProbeRequest, run_probe
from codebase_gardener.training.torch_probe import probe_training
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError, NotFoundError, TrainingError
from codebase_gardener.utils.files import read_json


def request_of(job: JobDirectory, **changes: Any) -> ProbeRequest:
    spec = job.spec
    return ProbeRequest(spec.base, spec.dataset, spec.training.model_copy(update=changes), "cpu")


@pytest.mark.slow
def test_the_probe_foresees_the_steps_and_tokens_of_the_run(make_job: Callable[..., JobDirectory]) -> None:
    job = make_job(steps=5, gradient_accumulation_steps=2)
    probe = probe_training(job.spec.base, job.spec.dataset, job.spec.training, "cpu")
    result = run_job(job, "p/a@1")
    assert probe.steps == result.steps == read_json(job.plan)["steps"] == 5
    assert probe.rows == 18, "the rest is held out"
    assert probe.examples == pytest.approx(result.epochs * 18)
    assert result.tokens <= probe.padded_tokens <= 2 * result.tokens, "padding is counted"
    assert probe.trained_parameters == 4 * sum(
        outer + inner
        for outer, inner in ((32, 32), (16, 32), (16, 32), (32, 32), (64, 32), (64, 32), (32, 64))
    ) * 2  # fmt: skip
    assert probe.seconds == probe.padded_tokens / probe.tokens_per_s


def test_minutes_are_filled(make_job: Callable[..., JobDirectory]) -> None:
    job = make_job(steps=0, minutes=100.0, max_epochs=3.0)
    probe = probe_training(job.spec.base, job.spec.dataset, job.spec.training, "cpu")
    assert probe.steps == 27, "three passes over 18 rows in batches of 2"
    assert probe.seconds < 6000


@pytest.mark.slow
def test_a_fresh_process_answers(make_job: Callable[..., JobDirectory]) -> None:
    probe = run_probe(request_of(make_job(), gradient_checkpointing=True))
    assert probe.dtype == "float32"
    assert 2e8 < probe.peak_bytes < 2e9
    assert probe.tokens_per_s > 0


@pytest.mark.slow
def test_what_is_wrong_is_told_as_the_training_would(
    make_job: Callable[..., JobDirectory], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="PEFT refuses"):
        run_probe(request_of(make_job(), target_modules=("no_such_module",)))
    request = request_of(make_job("other"))
    with pytest.raises(NotFoundError, match="nowhere"):
        run_probe(ProbeRequest(request.base, tmp_path / "nowhere", request.training, "cpu"))


@pytest.mark.slow
def test_a_probe_that_breaks_says_how_to_go_on(make_job: Callable[..., JobDirectory]) -> None:
    request = request_of(make_job())
    gone = replace(request.base, path=request.base.path / "gone")
    with pytest.raises((ModelError, TrainingError)) as caught:
        run_probe(ProbeRequest(gone, request.dataset, request.training, "cpu"))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("clock", "rate"),
    [
        ([0, 8, 10, 14], 1.0),  # the largest in 8 s, which found everything cold; the middling one in 4
        ([0, 8, 10, 20, 20, 22], 2.0),  # something disturbed it: once more
    ],
)
def test_the_probe_repeats_a_batch_that_was_disturbed(
    clock: list[float], rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ran = torch.nn.Linear(1, 1), list[int]()
    rows = [EncodedExample((1,) * length, (1,) * length, False, True) for length in (6, 4, 2)]

    class Told(FastPath):
        def losses(self, model: Any, batch: dict[str, Any], look: Any = None) -> Any:
            ran.append(int(batch["attention_mask"].sum()))
            return SimpleNamespace(losses_N=model.weight.sum()[None])

    left = iter(clock)
    monkeypatch.setattr(torch_engine, "time", SimpleNamespace(perf_counter=lambda: next(left)))
    found = torch_engine._probe(
        model, rows, [[0], [1], [2]], Told(), 0, {"device": "cpu", "dtype": "float32"}
    )
    assert found == rate
    assert ran == [6, 4, 4][: len(clock) // 2]
