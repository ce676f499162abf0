"""The run: every option arrives, the loss falls, and what is saved is what was trained."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from codebase_gardener.adapters.torch_proof import measure
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.writer import load_dataset, write_dataset
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventLog
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training import torch_device, torch_engine
from codebase_gardener.training.encoding import EncodedDataset, encode_all
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_callbacks import (
    CheckpointByTime,
    ReportProgress,
    Rest,
    StopAtDeadline,
)
from codebase_gardener.training.torch_engine import TrainingResult
from codebase_gardener.training.torch_logits import last_logits
from codebase_gardener.training.torch_validation import KeepBest
from codebase_gardener.utils.error_handling import DatasetError, InvalidInputError, ModelError, TrainingError

MakeJob = Callable[..., JobDirectory]


def run(directory: JobDirectory) -> TrainingResult:
    return run_job(directory, "demo/default@1")


def losses(directory: JobDirectory) -> list[float]:
    return [event["loss"] for event in directory.events.all() if event["kind"] == "step"]


@pytest.mark.slow
def test_a_step_tells_the_peak_that_was_planned_and_nothing_is_printed(
    make_job: MakeJob, capfd: pytest.CaptureFixture[str]
) -> None:
    directory = make_job("peak", steps=2)
    run(directory)
    steps = [event for event in directory.events.all() if event["kind"] == "step"]
    for event in steps:
        assert 0.99 * event["rss_bytes"] <= event["peak_bytes"] <= torch_device.peak_bytes("cpu")
    assert "train_runtime" not in capfd.readouterr().out


# ---------------------------------------------------------------- every option arrives


@pytest.fixture
def seen(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SimpleNamespace]:
    """What a job's options are where they are used: the Trainer is looked at instead of run."""

    def look(name: str, **options: Any) -> SimpleNamespace:
        caught: dict[str, Any] = {}
        monkeypatch.setattr(transformers.Trainer, "train", lambda self, **_: caught.update(trainer=self))
        directory = make_job(name, **{"steps": 0, "max_epochs": 1.0, **options})
        torch.set_num_threads(1)
        run(directory)
        trainer = caught["trainer"]
        callbacks = {type(c): c for c in trainer.callback_handler.callbacks}
        items = trainer.train_dataset
        wrapped = trainer.accelerator.unwrap_model(trainer.model)
        return SimpleNamespace(
            args=trainer.args,
            rates=sorted(
                {group["lr"] for group in trainer.create_optimizer().param_groups if group["params"]}
            ),
            lora=wrapped.peft_config["default"],
            model=wrapped,
            plan=SimpleNamespace(**json.loads(directory.plan.read_text())),
            rest=callbacks[Rest],
            checkpoint=callbacks[CheckpointByTime],
            deadline=callbacks[StopAtDeadline],
            keeper=callbacks[KeepBest],
            path=trainer.path,
            batches=items.batches,
            rows=len(items.rows),
            trains_prompts=all(row.labels == row.ids for row in items.rows),
            longest=max(len(row.ids) for row in items.rows),
            threads=torch.get_num_threads(),
            ranks={
                name.rpartition(".")[2]: m.r["default"]
                for name, m in wrapped.named_modules()
                if hasattr(m, "lora_A")
            },
            adapted={name for name, m in wrapped.named_modules() if hasattr(m, "lora_A")},
        )

    return look


def layers(seen: SimpleNamespace) -> set[str]:
    return {name.split("layers.")[1][0] for name in seen.adapted if "layers." in name}


MANY = [{"prompt": f"{a}{b} = ", "completion": f"{b}{a}{a};"} for a in "abcdefghij" for b in "klmnopqrst"]

# option → (value, what it must be where it is used)
ARRIVES: dict[str, tuple[Any, Callable[[SimpleNamespace], bool]]] = {
    "r": (7, lambda s: s.lora.r == 7 and s.ranks["q_proj"] == 7),
    "lora_alpha": (5, lambda s: s.lora.lora_alpha == 5),
    "lora_dropout": (
        0.3,
        lambda s: (s.lora.lora_dropout == 0.3 and "p=0.3" in str(s.model)) or _dropout(s) == 0.3,
    ),
    "target_modules": ("q_proj,v_proj", lambda s: set(s.ranks) == {"q_proj", "v_proj"}),
    "exclude_modules": ("q_proj", lambda s: "q_proj" not in s.ranks and "v_proj" in s.ranks),
    "layers_to_transform": ("1", lambda s: layers(s) == {"1"}),
    "layers_pattern": ("layers", lambda s: s.lora.layers_pattern == "layers"),
    "rank_pattern": ("q_proj=3", lambda s: s.ranks["q_proj"] == 3 and s.ranks["v_proj"] == 4),
    "alpha_pattern": ("q_proj=3", lambda s: s.lora.alpha_pattern == {"q_proj": 3}),
    "use_rslora": (True, lambda s: s.lora.use_rslora),
    "use_dora": (True, lambda s: any("lora_magnitude" in name for name, _ in s.model.named_parameters())),
    "peft_type": ("IA3", lambda s: s.lora.peft_type == "IA3" and "ia3_l" in str(s.model)),
    "peft_options": ("alpha=3", lambda s: s.lora.alpha == 3),
    "quantization": ("nf4", lambda s: any(type(m).__name__ == "Linear4bit" for m in s.model.modules())),
    "lora_bias": (True, lambda s: "lora_B.default.bias" in str([n for n, _ in s.model.named_parameters()])),
    "loraplus_lr_ratio": (4.0, lambda s: s.rates == [2e-3, 8e-3]),
    "neftune_noise_alpha": (5.0, lambda s: s.args.neftune_noise_alpha == 5),
    "modules_to_save": ("lm_head", lambda s: "modules_to_save" in str(s.model.get_base_model().lm_head)),
    "trainable_token_indices": ("3,5", lambda s: s.lora.trainable_token_indices == [3, 5]),
    "init_lora_weights": ("gaussian", lambda s: s.lora.init_lora_weights == "gaussian"),
    "minutes": (0.00001, lambda s: s.plan.steps == 1 and s.deadline.limit_s == pytest.approx(0.00075)),
    "steps": (3, lambda s: s.plan.steps == 3 and s.args.max_steps == 3 and len(s.batches) == 3),
    "max_epochs": (2.0, lambda s: sum(map(len, s.batches)) == 2 * s.rows),
    "learning_rate": (0.02, lambda s: s.args.learning_rate == 0.02),
    "lr_scheduler_type": ("linear", lambda s: s.args.lr_scheduler_type == "linear"),
    "warmup_ratio": (0.5, lambda s: s.args.warmup_steps == int(0.5 * s.plan.steps) > 0),
    "weight_decay": (0.25, lambda s: s.args.weight_decay == 0.25),
    "max_grad_norm": (0.125, lambda s: s.args.max_grad_norm == 0.125),
    "batch_tokens": (1, lambda s: max(map(len, s.batches)) == 1),
    "batch_size": (5, lambda s: max(map(len, s.batches)) == 5),
    "gradient_accumulation_steps": (
        2,
        lambda s: s.args.gradient_accumulation_steps == 2 and s.plan.steps <= 6,
    ),
    "completion_only_loss": (True, lambda s: not s.trains_prompts),
    "max_length": (32, lambda s: s.longest == 32),
    "seed": (9, lambda s: s.args.seed == s.args.data_seed == 9),
    "dtype": ("bfloat16", lambda s: s.plan.dtype == "bfloat16" and s.args.bf16),
    "fast_path": ("packing", lambda s: s.path.parts == ("packing",)),
    "validation_rows": (4, lambda s: len(s.keeper.rows) == 4),
    "early_stopping_patience": (7, lambda s: s.keeper.spec.early_stopping_patience == 7),
    "threads": (2, lambda s: s.plan.threads == s.threads == 2),
    "gradient_checkpointing": (True, lambda s: s.args.gradient_checkpointing),
    "checkpoint_minutes": (0.5, lambda s: s.checkpoint.every_s == 30),
    "throttle": (0.5, lambda s: s.rest.share == 0.5),
    "max_temperature_c": (300.0, lambda s: s.rest.limit_c == 300),
}
TOGETHER_WITH: dict[str, dict[str, Any]] = {
    "completion_only_loss": {"own_code": True},
    "layers_pattern": {"target_modules": ("q_proj",), "layers_to_transform": (0,)},
    "peft_type": {"r": 16},
    "validation_rows": {"rows": MANY},
    "peft_options": {"peft_type": "LOHA"},
}
REFUSED = {"bias"}  # its one value is "none": see test_spec.py
APART = {"report_to"}  # its packages are not installed: see test_losses_are_reported


def _dropout(seen: SimpleNamespace) -> float:
    found: set[float] = {
        d.p for m in seen.model.modules() if hasattr(m, "lora_dropout") for d in m.lora_dropout.values()
    }
    return found.pop() if len(found) == 1 else -1.0


def test_every_option_has_a_case() -> None:
    assert set(ARRIVES) | REFUSED | APART == set(TrainingSpec.model_fields)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARRIVES)
def test_an_option_arrives_where_it_is_used(name: str, seen: Callable[..., SimpleNamespace]) -> None:
    value, arrived = ARRIVES[name]
    others = TOGETHER_WITH.get(name, {})
    assert not arrived(seen("default", **others)) or name in ("layers_pattern",)
    assert arrived(seen("changed", **{**others, name: value}))


# ---------------------------------------------------------------- the run


@pytest.mark.slow
def test_training_lowers_the_loss_and_reports_every_step(make_job: MakeJob) -> None:
    directory = make_job(steps=30, learning_rate=0.05, max_epochs=10, r=16, modules_to_save="lm_head")
    result = run(directory)
    assert sum(losses(directory)[-5:]) / 5 < losses(directory)[0] - 1
    assert losses(directory)[0] == result.first_loss > result.last_loss
    assert result.steps == 30
    steps = [event for event in directory.events.all() if event["kind"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, 31))
    assert all(event["tokens_per_s"] > 0 for event in steps)
    assert steps[0]["eta_s"] is None and all(event["eta_s"] >= 0 for event in steps[1:])
    assert steps[-1]["eta_s"] == 0
    counted = [0.0, *(event["tokens_per_s"] * event["elapsed_s"] for event in steps)]
    assert min(after - before for before, after in pairwise(counted)) > 1, (
        "tokens are counted when trained on"
    )
    assert counted[-1] == pytest.approx(result.tokens)
    kinds = [event["kind"] for event in directory.events.all() if event["kind"] != "step"]
    assert kinds == ["stage", "stage", "encoded", "stage", "fast_path", "planned", "trained", "stage"]


@pytest.mark.slow
def test_losses_are_reported(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[tuple[int, float]] = []

    class MockTensorBoard(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
            if "loss" in logs:
                reported.append((state.global_step, float(logs["loss"])))

    monkeypatch.setitem(INTEGRATION_TO_CALLBACK, "tensorboard", MockTensorBoard)
    directory = make_job(steps=4, report_to="tensorboard")
    run(directory)
    assert [step for step, _ in reported] == [1, 2, 3, 4]
    assert [loss for _, loss in reported] == pytest.approx(losses(directory), abs=1e-3)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_losses(make_job: MakeJob) -> None:
    one, two, other = (make_job(name, steps=4, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    for directory in (one, two, other):
        run(directory)
    assert losses(one) == losses(two)
    assert losses(one) != losses(other)


@pytest.mark.slow
def test_a_later_start_follows_the_plan_of_the_first(make_job: MakeJob) -> None:
    directory = make_job(steps=0, minutes=1, max_epochs=1)
    run(directory)
    plan = json.loads(directory.plan.read_text())
    plan["steps"] = 2
    directory.plan.write_text(json.dumps(plan))
    assert run(directory).steps == 2


def trained_tensors(directory: JobDirectory) -> dict[str, torch.Tensor]:
    return load_file(directory.artifact / "adapter_model.safetensors")


UNEVEN = [
    {"prompt": f"{word} = ", "completion": word * n}
    for word, n in (("ab", 1), ("c", 9), ("def", 9), ("gh", 4))
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"batch_size": 2, "gradient_accumulation_steps": 2}, {"gradient_checkpointing": True}]
)
def test_the_step_is_the_same_however_it_is_computed(change: dict[str, Any], make_job: MakeJob) -> None:
    """Four rows in one batch, or in two; activations kept, or computed again."""
    same = {
        "rows": UNEVEN,
        "steps": 1,
        "max_epochs": 1,
        "lora_dropout": 0.0,
        "init_lora_weights": False,
        "warmup_ratio": 0.0,
    }
    whole, other = (
        make_job("whole", batch_size=4, **same),
        make_job("other", **{"batch_size": 4, **same, **change}),
    )
    run(whole)
    run(other)
    for name, tensor in trained_tensors(whole).items():
        torch.testing.assert_close(trained_tensors(other)[name], tensor, atol=1e-5, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LORA", "LOHA"])
def test_some_layers_of_all_linear(kind: str, make_job: MakeJob) -> None:
    directory = make_job(peft_type=kind, layers_to_transform="1")
    run(directory)
    names = "\n".join(trained_tensors(directory))
    assert "layers.1.self_attn.q_proj" in names
    assert "layers.1.mlp.down_proj" in names
    assert "layers.0." not in names
    assert "lm_head" not in names


@pytest.mark.slow
def test_the_last_step_takes_the_batches_that_are_left(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five rows one by one, four to a step: the fifth has a step of its own, as large as a batch of it alone."""
    rows = [*UNEVEN, {"prompt": "ij = ", "completion": "ij" * 6}]
    same = {"rows": rows, "steps": 0, "minutes": 5, "max_epochs": 1, "lora_dropout": 0.0, "warmup_ratio": 0.0}
    spread = make_job("spread", batch_size=1, gradient_accumulation_steps=4, fast_path="none", **same)
    result = run(spread)
    order = [number for (number,) in torch_engine.all_batches(*caught_rows(spread))]
    assert result.steps == 2
    assert result.epochs == 1
    monkeypatch.setattr(torch_engine, "all_batches", lambda *_: [order[:4], order[4:]])
    whole = make_job("whole", batch_size=4, fast_path="none", **same)
    run(whole)
    for name, tensor in trained_tensors(whole).items():
        torch.testing.assert_close(trained_tensors(spread)[name], tensor, atol=1e-5, rtol=1e-3)


def caught_rows(directory: JobDirectory) -> tuple[EncodedDataset, TrainingSpec]:
    spec = directory.spec
    tokenizer = load_tokenizer(spec.base.path)
    rows = load_dataset(spec.dataset).train
    return encode_all(rows, tokenizer, max_length=spec.training.max_length), spec.training


def test_rows_that_repeat_held_out_ones_are_told(make_job: MakeJob) -> None:
    directory = make_job()
    dataset = load_dataset(directory.spec.dataset)
    report = replace(dataset.report, near_duplicates=24)
    folder = directory.path / "dataset"
    write_dataset(replace(dataset, examples=(), report=report), folder)
    spec = {**json.loads((directory.path / "spec.json").read_text()), "dataset": str(folder)}
    spec["dataset_hash"] = load_dataset(folder).hash
    (directory.path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(DatasetError, match="24 were removed as near-duplicates of held-out ones") as caught:
        run(directory)
    assert "max_length" not in caught.value.hint


@pytest.mark.slow
def test_the_probe_recomputes_activations_too(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def probe(model: Any, *_: Any) -> float:
        seen.append(model.is_gradient_checkpointing)
        return 100.0

    monkeypatch.setattr(torch_engine, "_probe", probe)
    run(make_job(minutes=0.01, steps=0, gradient_checkpointing=True))
    assert seen == [True]


def test_modules_that_match_nothing_are_answered_with_what_there_is(make_job: MakeJob) -> None:
    with pytest.raises(InvalidInputError) as caught:
        run(make_job(target_modules="c_attn"))
    assert caught.value.context["modules"] == [
        "down_proj", "gate_proj", "k_proj", "lm_head", "o_proj", "q_proj", "up_proj", "v_proj",
    ]  # fmt: skip
    assert "gate_proj" in caught.value.hint
    assert "c_attn" in caught.value.message


def test_rank_that_an_initialisation_does_not_take(make_job: MakeJob) -> None:
    with pytest.raises(InvalidInputError, match="PEFT refuses"):
        run(make_job(init_lora_weights="orthogonal", r=3))


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_the_run(make_job: MakeJob, make_base: Callable[..., Path]) -> None:
    base = make_base(5)
    weights = load_file(base / "model.safetensors")
    save_file(
        {n: t * 1e30 for n, t in weights.items()}, base / "model.safetensors", metadata={"format": "pt"}
    )
    directory = make_job(base=base, steps=3)
    with pytest.raises(TrainingError, match="diverged") as caught:
        run(directory)
    assert "--learning-rate" in caught.value.hint
    assert not directory.artifact.exists()


def test_a_base_that_changed_since_is_refused(make_job: MakeJob, make_base: Callable[..., Path]) -> None:
    base = make_base(6)
    directory = make_job(base=base)
    shutil.copy(make_base(7) / "model.safetensors", base / "model.safetensors")
    with pytest.raises(ModelError, match="hash differs"):
        run(directory)


def test_a_dataset_that_changed_since_is_refused(make_job: MakeJob) -> None:
    directory = make_job()
    rows = directory.spec.dataset / "train.jsonl"
    rows.write_text(rows.read_text().replace("square", "squash"))
    with pytest.raises(DatasetError):
        run(directory)


# ---------------------------------------------------------------- checkpoints, rest


@pytest.mark.slow
def test_checkpoints_are_written_by_time_and_at_most_two_are_kept(make_job: MakeJob) -> None:
    directory = make_job(steps=5, checkpoint_minutes=1e-6)
    run(directory)
    written = [event["step"] for event in directory.events.all() if event["kind"] == "checkpoint"]
    assert written == [1, 2, 3, 4]  # not of the last step: that is the artifact
    assert sorted(p.name for p in directory.checkpoints.iterdir()) == ["checkpoint-3", "checkpoint-4"]
    none = make_job("none", steps=5, checkpoint_minutes=10)
    run(none)
    assert not list(none.checkpoints.glob("*"))


def test_the_throttle_rests_in_proportion(tmp_path: Path) -> None:
    rest = Rest(0.25, 0, EventLog(tmp_path / "events.jsonl"))
    rest.on_step_begin(None, None, None)
    time.sleep(0.05)
    started = time.monotonic()
    rest.on_step_end(None, None, None)
    assert 0.14 < time.monotonic() - started < 0.4
    started = time.monotonic()
    Rest(1.0, 0, EventLog(tmp_path / "events.jsonl")).on_step_end(None, None, None)
    assert time.monotonic() - started < 0.05


def test_a_machine_that_became_slow_stops_in_time(tmp_path: Path) -> None:
    def stops(minutes: float) -> bool:
        control = transformers.TrainerControl()
        StopAtDeadline(minutes, EventLog(tmp_path / "e")).on_step_end(
            None, transformers.TrainerState(), control
        )
        return control.should_training_stop

    assert stops(1e-9)
    assert not stops(1)
    assert not stops(0)  # steps were asked for, not minutes


def test_the_eta_does_not_count_the_start_up_of_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(
        "codebase_gardener.training.torch_callbacks.time", SimpleNamespace(monotonic=lambda: clock[0])
    )
    scheduler = SimpleNamespace(get_last_lr=lambda: [0.1])
    trainer = SimpleNamespace(data_collator=None, last_loss=1.0, lr_scheduler=scheduler)
    events = EventLog(tmp_path / "events.jsonl")
    report = ReportProgress(trainer, events, 100)
    state = transformers.TrainerState()
    report.on_train_begin(None, state, None)
    for step, at in ((1, 40.0), (2, 43.0), (3, 46.0)):
        clock[0], state.global_step = at, step
        report._made.append((10, 5))
        report.on_step_end(SimpleNamespace(device="cpu"), state, None)
    assert [event["eta_s"] for event in events.all()] == [None, 3.0 * 98, 3.0 * 97]


# ---------------------------------------------------------------- what is saved


@pytest.mark.slow
def test_the_folder_is_what_the_ecosystem_expects(make_job: MakeJob) -> None:
    directory = make_job()
    run(directory)
    files = {p.name for p in directory.artifact.iterdir()}
    assert {
        "adapter_config.json",
        "adapter_model.safetensors",
        "README.md",
        "tokenizer.json",
        "gardener.json",
    } <= files
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pkl"))]
    sidecar = json.loads((directory.artifact / "gardener.json").read_text())
    spec = directory.spec
    assert sidecar["base"]["sha256"] == spec.base.sha256
    assert sidecar["dataset_sha256"] == spec.dataset_hash
    assert sidecar["training"] == spec.training.model_dump(mode="json")
    assert sidecar["libraries"]["torch"] == torch.__version__
    assert sidecar["metrics"]["supervised_tokens"] > 0


def proven(directory: JobDirectory) -> dict[str, Any]:
    base = directory.spec.base
    return measure(
        directory.artifact, base.path, base_sha256=base.sha256, dtype="float32", parity=directory.parity
    )


@pytest.mark.slow
def test_stock_peft_gives_the_same_logits(make_job: MakeJob, tiny_base: Path) -> None:
    directory = make_job(learning_rate=0.02, steps=3)
    run(directory)
    model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(directory.artifact)
    stock = PeftModel.from_pretrained(model, directory.artifact).eval()
    trained = load_file(directory.parity)["logits"]
    torch.testing.assert_close(last_logits(stock, tokenizer), trained, atol=1e-5, rtol=0)


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "rank pattern": {"rank_pattern": "q_proj=2,v_proj=8"},
    "alpha pattern": {"alpha_pattern": "q_proj=2,v_proj=8"},
    "head saved": {"modules_to_save": "lm_head"},
    "embedding saved": {"modules_to_save": "embed_tokens"},
    "tokens": {"trainable_token_indices": "65,66,67"},
    "gaussian": {"init_lora_weights": "gaussian"},
    "orthogonal": {"init_lora_weights": "orthogonal"},
    "random": {"init_lora_weights": "false"},
    "pissa": {"init_lora_weights": "pissa"},
    "pissa + rslora": {"init_lora_weights": "pissa", "use_rslora": True},
    "pissa + patterns": {
        "init_lora_weights": "pissa",
        "rank_pattern": "q_proj=2",
        "alpha_pattern": "v_proj=9",
    },
    "olora": {"init_lora_weights": "olora"},
    "one layer of all": {"layers_to_transform": "1"},
    "one layer": {"layers_to_transform": "1", "target_modules": ("q_proj", "up_proj")},
    "expression": {"target_modules": r".*\.(q|v)_proj"},
    "without": {"exclude_modules": "q_proj,k_proj"},
    "head adapted": {"target_modules": ("q_proj", "lm_head")},
    "embedding adapted": {"target_modules": ("q_proj", "embed_tokens")},
    "bias in B": {"lora_bias": True},
    "lora+": {"loraplus_lr_ratio": 16},
    "neftune": {"neftune_noise_alpha": 5},
    "neftune, embedding saved": {"neftune_noise_alpha": 5, "modules_to_save": "embed_tokens"},
}


@pytest.mark.slow
@pytest.mark.parametrize("tied", [False, True], ids=["", "tied"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_is_trained_saved_and_proven(
    variant: str, tied: bool, make_job: MakeJob, make_base: Callable[..., Path]
) -> None:
    base = make_base(11, tie_word_embeddings=tied)
    directory = make_job(base=base, learning_rate=0.01, steps=2, **VARIANTS[variant])
    run(directory)
    receipt = proven(directory)
    with safe_open(directory.artifact / "adapter_model.safetensors", framework="pt") as file:
        assert receipt["tensors_matched"] == receipt["tensors_expected"] == len(list(file.keys())) > 0
    assert receipt["max_logit_difference"] > 1e-4
    assert receipt["parity_reload"] < 1e-4
    assert receipt["parity_unload"] == 0
    assert receipt["mean_kl_nats"] > 0
    assert receipt["base_sha256"] == directory.spec.base.sha256
    stock = PeftModel.from_pretrained(load_model(base, dtype="float32"), directory.artifact).eval()
    trained = load_file(directory.parity)["logits"]
    torch.testing.assert_close(last_logits(stock, load_tokenizer(base)), trained, atol=1e-4, rtol=0)


@pytest.mark.slow
def test_lora_plus_moves_b_faster_and_neftune_adds_noise(make_job: MakeJob) -> None:
    same = {"steps": 3, "warmup_ratio": 0.0, "lora_dropout": 0.0}
    runs = {
        "plain": make_job("plain", **same),
        "lora+": make_job("lora+", loraplus_lr_ratio=8, **same),
        "neftune": make_job("neftune", neftune_noise_alpha=5, **same),
    }
    for directory in runs.values():
        run(directory)

    def size(name: str, factor: str) -> float:
        held = trained_tensors(runs[name])
        return sum(float(t.norm()) for key, t in held.items() if f"lora_{factor}" in key)

    assert size("lora+", "B") > 4 * size("plain", "B")
    assert size("lora+", "A") == pytest.approx(size("plain", "A"), rel=0.05)
    assert losses(runs["neftune"])[0] != losses(runs["plain"])[0]  # in the first step only the noise differs
