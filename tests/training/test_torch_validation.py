"""The rows that are set aside: which they are, what is published by them, and that a resumed run does the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.user_rows import user_dataset
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.jobs import torch_run
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training import torch_engine
from codebase_gardener.training.fast.torch_batch import collate, supervised_losses
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_device import GemmRates
from codebase_gardener.training.torch_engine import TrainingResult, all_batches
from codebase_gardener.training.torch_probe import probe_training
from codebase_gardener.training.validation import (
    encode_sides,
    first_rows,
    look_every,
    set_aside,
    tokens_at_most,
)
from codebase_gardener.training.warm import News, WarmStart
from codebase_gardener.utils.files import sha256_file

from .test_torch_method import IN_BF16

pytestmark = pytest.mark.slow

MakeJob = Callable[..., JobDirectory]
LETTERS = "abcdefghij"
ROWS = [
    {"prompt": f"{one}{two} = ", "completion": f"{two}{one}{LETTERS[(n * 7) % 10] * 3};"}
    for n, (one, two) in enumerate((one, two) for one in LETTERS for two in LETTERS)
]
SAME: dict[str, Any] = {"rows": ROWS, "steps": 12, "max_epochs": 9, "batch_size": 4, "warmup_ratio": 0.0}
BY_HEART: dict[str, Any] = {
    **SAME, "r": 8, "seed": 1, "learning_rate": 0.3, "lora_dropout": 0.0, "lr_scheduler_type": "constant_with_warmup"
}  # fmt: skip
"""Trained on until it knows its rows by heart, and the others less and less: the best look is the third."""
FILES = [replace(row, path=f"src/{n // 4}.py") for n, row in enumerate(user_dataset(ROWS).train)]


def run(directory: JobDirectory) -> TrainingResult:
    return run_job(directory, "demo/default@1")


def looks(directory: JobDirectory) -> dict[int, float]:
    return {event["step"]: event["loss"] for event in directory.events.all() if event["kind"] == "validated"}


def tensors(directory: JobDirectory) -> dict[str, torch.Tensor]:
    return load_file(directory.artifact / "adapter_model.safetensors")


def loss_of(model: Any, directory: JobDirectory) -> float:
    """On the rows that were set aside, by the model's own forward."""
    spec = directory.spec
    sides = encode_sides(load_dataset(spec.dataset).train, load_tokenizer(spec.base.path), spec.training)
    with torch.no_grad():
        losses = [supervised_losses(model.eval(), collate([row], 0)).losses_N for row in sides.validation]
    return float(torch.cat(losses).mean())


def published(directory: JobDirectory) -> Any:
    base = load_model(directory.spec.base.path, dtype="float32")
    return PeftModel.from_pretrained(base, directory.artifact)


# ---------------------------------------------------------------- which rows


def test_whole_files_of_the_training_side_are_set_aside_the_same_each_time() -> None:
    train, aside = set_aside(FILES, 24, seed=0)
    assert 4 <= len(aside) <= len(FILES) / 10
    assert sorted(row.id for row in (*train, *aside)) == sorted(row.id for row in FILES)
    assert not {row.path for row in train} & {row.path for row in aside}
    assert {row.split for row in aside} == {"train"}
    assert set_aside(FILES, 24, seed=0) == (train, aside)
    assert set_aside(FILES, 24, seed=5)[1] != aside
    assert len(set_aside(FILES, 4, seed=0)[1]) == 4


@pytest.mark.parametrize(
    "rows", [FILES[:30], [replace(row, path="one.py") for row in FILES]], ids=["few", "a single file"]
)
def test_nothing_is_set_aside_where_it_would_cost_too_much(rows: list[Example]) -> None:
    assert set_aside(rows, 24, seed=0) == (rows, ())


def test_looks_take_a_tenth_of_the_time_at_most() -> None:
    assert look_every(100, look_tokens=0) == 0
    assert look_every(100, look_tokens=50) == 10
    assert look_every(7, look_tokens=50) == 1
    assert look_every(100, look_tokens=50, budget_tokens=1e6) == 10
    assert look_every(100, look_tokens=50, budget_tokens=3000) == 20, "five, and one before"
    assert look_every(100, look_tokens=50, budget_tokens=10) == 100


def test_of_many_rows_those_are_encoded_that_training_meets_first(tiny_base: Path) -> None:
    rows = [replace(row, weight=1.0 + n % 7) for n, row in enumerate(FILES)]
    spec, tokenizer = TrainingSpec(max_length=64, validation_rows=0, batch_size=1), load_tokenizer(tiny_base)
    whole = encode_sides(rows, tokenizer, spec).train
    first = encode_sides(rows, tokenizer, spec, most_tokens=30.0).train
    assert 16 <= len(first.rows) < 50
    assert first.there == len(whole.rows) == len(rows)
    assert sum(len(row.ids) for row in first.rows) >= 30
    met, as_met = (
        [each.rows[n] for batch in all_batches(each, spec) for n in batch] for each in (whole, first)
    )
    assert as_met[:16] == met[:16], "a window of batches"


def test_rows_for_which_there_is_time_are_all_encoded_as_they_are() -> None:
    assert first_rows(FILES, 1e9, TrainingSpec()) is FILES


def test_a_resumed_run_encodes_the_same_rows(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_run, "tokens_at_most", lambda *_: 30.0)
    directory = make_job(rows=ROWS, minutes=1e-6, max_epochs=1, batch_size=1)
    run(directory)
    monkeypatch.setattr(torch_run, "tokens_at_most", lambda *_: pytest.fail("the plan is made once"))
    plan = json.loads(directory.plan.read_text())
    assert plan["most_tokens"] == 30.0
    directory.plan.write_text(json.dumps({**plan, "steps": 3}))
    result = run(directory)
    told = [event for event in directory.events.all() if event["kind"] in ("encoded", "not_encoded")]
    assert [event["kind"] for event in told] == ["encoded", "not_encoded"] * 2
    assert told[:2] == [{**event, "time": old["time"]} for event, old in zip(told[2:], told, strict=False)]
    assert told[0]["rows"] < told[1]["rows"]
    assert result.epochs == pytest.approx(3 / (told[0]["rows"] + told[1]["rows"]))


def test_more_rows_are_encoded_than_the_products_alone_would_let_train() -> None:
    spec = TrainingSpec(minutes=5.0)
    per_token = 4 * 270e6 / 4  # operations, at the fewest weights that so many bytes can be
    assert tokens_at_most(spec, 270_000_000, GemmRates(100.0, 0.0)) == pytest.approx(
        4 * 300 * 1e11 / per_token
    )
    assert tokens_at_most(spec, 270_000_000, GemmRates(0.0, 0.0)) == 50_000
    assert tokens_at_most(spec.model_copy(update={"steps": 5}), 270_000_000, GemmRates(100.0, 0.0)) == 0


# ---------------------------------------------------------------- what is published


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_weights_with_the_lowest_validation_loss_are_published(
    accumulation: int, make_job: MakeJob
) -> None:
    directory = make_job(
        **{**BY_HEART, "batch_size": 4 // accumulation},
        gradient_accumulation_steps=accumulation,
        early_stopping_patience=0,
    )
    result = run(directory)
    seen = looks(directory)
    assert sorted(seen) == [0, 2, 4, 6, 8, 10, 12]
    base = seen.pop(0)
    assert result.best_loss == min(seen.values())
    assert accumulation == 2 or result.best_loss < seen[12]
    assert seen[result.best_step or 0] == result.best_loss
    assert result.base_loss == base
    assert loss_of(load_model(directory.spec.base.path, dtype="float32"), directory) == pytest.approx(base)
    assert loss_of(published(directory), directory) == pytest.approx(result.best_loss, abs=1e-4)


def test_without_rows_aside_the_last_weights_are_published(make_job: MakeJob) -> None:
    directory = make_job(**SAME, validation_rows=0)
    result = run(directory)
    assert looks(directory) == {}
    assert (result.best_step, result.best_loss, result.as_dict()["beats_base"]) == (None, None, None)


@pytest.mark.parametrize("patience", [1, 2])
def test_it_stops_when_looks_bring_nothing_better(patience: int, make_job: MakeJob) -> None:
    directory = make_job(**{**BY_HEART, "steps": 60, "early_stopping_patience": patience})
    result = run(directory)
    seen = looks(directory)
    assert result.steps < 60
    assert len([step for step in seen if step > (result.best_step or 0)]) == patience
    said = directory.events.last("stopped_early")
    assert said is not None and said["step"] == result.steps
    progress = TrainingProgress.of_job(job_of(directory))
    assert "stopped early" in progress.validation


def job_of(directory: JobDirectory) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(
        id=directory.job_id, ref="demo/default@1", state="ready", error=None, directory=directory.path
    )


def test_where_going_on_brings_nothing_the_first_weights_stay(make_job: MakeJob) -> None:
    """The first look was at the base alone: what was worse than its parent was published."""
    parent = make_job("parent", **SAME, learning_rate=0.01)
    known = run(parent)
    directory = going_on(make_job, parent, learning_rate=1.0)
    result = run(directory)
    assert result.best_step == 0
    assert result.best_loss == pytest.approx(known.best_loss, abs=1e-5)
    assert result.base_loss == pytest.approx(known.base_loss, abs=1e-6)
    before, after = tensors(parent), tensors(directory)
    assert all(torch.equal(before[name], after[name]) for name in before)


def going_on(make_job: MakeJob, parent: JobDirectory, **options: Any) -> JobDirectory:
    """A job that starts from the parent's weights."""
    weights = parent.artifact / "adapter_model.safetensors"
    directory = make_job("child", **{**SAME, **options})
    rows = tuple(row.id for row in load_dataset(directory.spec.dataset).train)
    start = WarmStart("demo/default@1", parent.artifact, sha256_file(weights), None, News(rows, 0, 0), 0)
    directory.write_spec(replace(directory.spec, warm=start))
    return directory


def test_going_on_is_given_half_of_its_steps_to_find_back(make_job: MakeJob) -> None:
    parent = make_job("parent", **SAME, learning_rate=0.01)
    run(parent)
    directory = going_on(make_job, parent, learning_rate=1.0, early_stopping_patience=1)
    result = run(directory)
    assert sorted(looks(directory)) == [0, 2, 4, 6, 8]
    assert (result.best_step, result.steps) == (0, 8), "the first look behind the sixth of twelve steps"


def test_where_no_weights_beat_the_base_that_is_said(make_job: MakeJob) -> None:
    directory = make_job(**{**SAME, "steps": 1, "learning_rate": 1.0, "lora_alpha": 60000})
    result = run(directory)
    assert result.as_dict()["beats_base"] is False
    told = TrainingProgress.of_job(job_of(directory)).validation
    assert told.endswith("no weights beat the base: the best are published, not active.")
    better = make_job("better", **SAME, learning_rate=0.01)
    assert run(better).as_dict()["beats_base"] is True


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_BF16)
def test_every_kind_is_compared_with_the_base_and_put_back(name: str, make_job: MakeJob) -> None:
    """Also in bf16, and what is trained is the same afterwards."""
    for dtype in ("float32", "bfloat16"):
        directory = make_job(
            dtype,
            **{**SAME, "steps": 4, "learning_rate": 0.05, "dtype": dtype, **IN_BF16[name]},
            lr_scheduler_type="constant_with_warmup",
        )
        result = run(directory)
        bare = loss_of(load_model(directory.spec.base.path, dtype=dtype), directory)
        near = 1e-4 if dtype == "float32" else 0.02
        assert result.base_loss == pytest.approx(bare, abs=near)
        if dtype == "float32":
            assert loss_of(published(directory), directory) == pytest.approx(result.best_loss, abs=near)


# ---------------------------------------------------------------- resumed, planned


@pytest.mark.parametrize(
    "options", [{}, {"early_stopping_patience": 1}, {"init_lora_weights": "pissa"}], ids=str
)
def test_a_resumed_run_publishes_what_an_unbroken_one_does(
    options: dict[str, Any], make_job: MakeJob
) -> None:
    """Bit for bit, with dropout: looking leaves no trace, and the best weights are known after a kill."""
    same = {**SAME, "learning_rate": 0.1, "checkpoint_minutes": 1e-6, "steps": 20, **options}
    whole, broken = (make_job(name, **same, lr_scheduler_type="linear") for name in ("whole", "broken"))
    one = run(whole)
    run(broken)
    kept = sorted(broken.checkpoints.iterdir(), key=lambda each: int(each.name[11:]))
    shutil.rmtree(kept[-1])  # killed after the one before, with looks that lie behind it
    again = run(broken)
    assert (again.best_step, again.best_loss, again.base_loss) == (
        one.best_step,
        one.best_loss,
        one.base_loss,
    )
    assert looks(broken) == looks(whole)
    for name, tensor in tensors(whole).items():
        assert torch.equal(tensors(broken)[name], tensor)


@pytest.mark.parametrize("file", ["looks.json", "weights.safetensors"])
def test_what_is_damaged_of_earlier_looks_ends_no_run(file: str, make_job: MakeJob) -> None:
    directory = make_job(**SAME, checkpoint_minutes=1e-6)
    run(directory)
    (damaged,) = directory.best.rglob(file)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    result = run(directory)
    assert result.best_step is not None


def test_looking_changes_nothing_of_what_is_trained(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same losses, dropout included, whether the rows that were set aside are looked at or not."""
    watched, blind = make_job("watched", **SAME), make_job("blind", **SAME)
    run(watched)
    monkeypatch.setattr(torch_engine, "look_every", lambda *_: 0)
    run(blind)
    steps = [
        [event["loss"] for event in each.events.all() if event["kind"] == "step"] for each in (watched, blind)
    ]
    assert steps[0] == steps[1]
    assert looks(blind) == {}


def test_the_plan_counts_the_looks(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_engine, "_probe", lambda *_: 1000.0)
    same = {**SAME, "steps": 0, "minutes": 0.05, "max_epochs": 100}
    steps = {}
    for rows in (0, 24):
        directory = make_job(str(rows), **{**same, "validation_rows": rows})
        run(directory)
        spec = directory.spec
        planned = probe_training(spec.base, spec.dataset, spec.training, "cpu")
        steps[rows] = planned.steps
        assert planned.seconds == (planned.padded_tokens + planned.look_tokens) / planned.tokens_per_s
        assert planned.seconds < 3.2
        assert bool(planned.look_tokens) == bool(rows)
    assert steps[24] < steps[0]
