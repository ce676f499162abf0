"""The training run: base + adapter + encoded rows through transformers' Trainer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import torch
from peft.optimizers import create_loraplus_optimizer
from torch import Tensor
from torch.utils.data import Dataset, SequentialSampler
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from codebase_gardener.training.encoding import EncodedDataset, EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath, on_device
from codebase_gardener.training.fast.torch_path import fast_path
from codebase_gardener.training.sampling import batches_of, shares_of
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_callbacks import (
    CheckpointByTime,
    EventSink,
    ReportProgress,
    Rest,
    StopAtDeadline,
)
from codebase_gardener.training.torch_device import MOMENT_BYTES, peak_bytes
from codebase_gardener.training.torch_group import Group, without_launcher
from codebase_gardener.training.torch_shared_step import InStep, SharedGradient
from codebase_gardener.training.torch_validation import KeepBest
from codebase_gardener.training.validation import Sides, look_every
from codebase_gardener.utils.files import read_json, write_json

__all__ = ["RunPlan", "TrainingResult", "all_batches", "plan_run", "steps_of", "train"]

Batches = list[list[int]]
_PROBED_SHARE = 0.85  # of the probe's rate, for optimizer steps and checkpoints; 0.77 and 0.88 were measured
_CAST = "cast_input_dtype_enabled"
_CHECKPOINTING = {"use_reentrant": False}
_NO_ROWS = {name: torch.zeros((1, 0), dtype=torch.long) for name in ("input_ids", "labels")}


@dataclass(frozen=True)
class RunPlan:
    """What the first start of a job fixes for every later one.

    Attributes:
        steps: Optimizer steps.
        dtype: "bfloat16" or "float32".
        device: Torch device.
        threads: CPU threads.
        tokens_per_s: Padded tokens per second that the probe measured.
        gemm_gflops: Measured matrix product rates by format.
        fast_path: Parts of the fast path in effect.
        look_every: Steps between two looks at the validation rows; 0: none.
        most_tokens: More than there was time to train on: so many were encoded (`encode_sides`); 0: all.
    """

    steps: int
    dtype: str
    device: str
    threads: int
    tokens_per_s: float
    gemm_gflops: dict[str, float]
    fast_path: Sequence[str] = ()
    look_every: int = 0
    most_tokens: float = 0.0


@dataclass(frozen=True)
class TrainingResult:
    """What a finished run measured.

    Attributes:
        steps: Optimizer steps that were made.
        first_loss: Of the first one, in nats per supervised token.
        last_loss: Smoothed.
        tokens: Without padding.
        supervised_tokens: Trained on.
        seconds: Of the steps.
        epochs: Passes over the rows.
        best_step: Whose weights are published: those with the lowest validation loss; None where no row was set aside.
        best_loss: Theirs.
        base_loss: That of the base alone.
    """

    steps: int
    first_loss: float
    last_loss: float
    tokens: int
    supervised_tokens: int
    seconds: float
    epochs: float
    best_step: int | None = None
    best_loss: float | None = None
    base_loss: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the registry's metrics."""
        known = self.best_loss is not None and self.base_loss is not None
        return {
            **asdict(self),
            "tokens_per_s": self.tokens / self.seconds if self.seconds else 0.0,
            "beats_base": self.best_loss < self.base_loss if known else None,  # type: ignore[operator]  # `known` says it
        }


@dataclass(frozen=True)
class _Batch:
    """The rows of a batch that this process computes, and what the whole batch has, without padding."""

    rows: Sequence[EncodedExample]
    tokens: int
    supervised: int


class _Batches(Dataset[_Batch]):
    """One item is one batch, in the order that the seed fixed, or this process's share of it."""

    def __init__(
        self, rows: Sequence[EncodedExample], batches: Batches, shares: Batches | None = None
    ) -> None:
        self.rows, self.batches, self.shares = rows, batches, shares or batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> _Batch:
        whole = [self.rows[index] for index in self.batches[number]]
        return _Batch(
            [self.rows[index] for index in self.shares[number]],
            sum(len(row.ids) for row in whole),
            sum(row.supervised for row in whole),
        )


class _Trainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """transformers' Trainer with a fixed order, and the loss over supervised tokens only."""

    path: FastPath
    last_loss: float = 0.0
    loraplus_lr_ratio: float = 0.0
    optimizer: Any
    shared: SharedGradient | None = None
    _last: tuple[float, float] = (0.0, 0.0)  # of the last batch: sum of the losses, and tokens
    _step_loss: float = 0.0  # of this process's rows, summed up over the batches of a step
    _told_loss: float = 0.0  # of all processes' rows in the last step

    def create_optimizer(self, model: Any = None) -> Any:
        """The Trainer's own, or with LoRA+ one whose rate for B is a multiple of that for A.

        Source: Hayou et al., "LoRA+" (2024), through `peft.optimizers.create_loraplus_optimizer`.
        """
        if not self.loraplus_lr_ratio:
            return super().create_optimizer(model)
        if self.optimizer is None:
            kind, options = self.get_optimizer_cls_and_kwargs(self.args)
            self.optimizer = create_loraplus_optimizer(
                self.model,
                kind,
                loraplus_lr_ratio=self.loraplus_lr_ratio,
                loraplus_weight_decay=self.args.weight_decay,
                **options,
            )
        return self.optimizer

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        return SequentialSampler(train_dataset if train_dataset is not None else self.train_dataset)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Cross entropy summed over the batch, divided by the supervised tokens of the optimizer step."""
        with torch.autocast(self.args.device.type, torch.bfloat16, enabled=self.args.bf16):
            scored = self.path.losses(model, inputs)
        total, count = scored.losses_N.sum(), max(1, len(scored.losses_N))
        self.last_loss = float(total.detach() / count)
        self._last = (self.last_loss * count, count)
        loss = total / (num_items_in_batch if num_items_in_batch is not None else count)
        return (loss, scored) if return_outputs else loss

    def training_step(
        self, model: Any, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Forward and backward; with other processes, the step's gradients are added up after its last batch."""
        if self.shared is None:
            return super().training_step(model, inputs, num_items_in_batch)  # type: ignore[no-any-return]  # untyped
        self._last = (0.0, 0.0)
        loss = torch.zeros((), device=self.args.device)
        if inputs["input_ids"].numel():  # there may be no row for this process
            loss = super().training_step(model, inputs, num_items_in_batch)
        self._step_loss += float(loss)
        if self.accelerator.sync_gradients:
            tokens = float(num_items_in_batch or 0)
            self._told_loss, self.last_loss = self.shared.add_up(tokens, self._step_loss, self._last)
            self._step_loss = 0.0
        return loss

    def log(self, logs: dict[str, float], *args: Any, **options: Any) -> None:
        """Report the loss of all processes' rows."""
        if self.shared is not None and "loss" in logs:
            logs = {**logs, "loss": self._told_loss}
        super().log(logs, *args, **options)


def plan_run(
    model: Any,
    sides: Sides,
    batches: Batches,
    spec: TrainingSpec,
    *,
    path: FastPath,
    pad_id: int,
    fixed: dict[str, Any],
    group: Group | None = None,
) -> RunPlan:
    """How many steps fit into the minutes: measured on a few batches, whose gradients are thrown away.

    Args:
        model: With the adapter, on its device, in train mode.
        sides: The rows; each look at those that were set aside takes its time.
        batches: In training order.
        spec: The options.
        path: How batches are made and computed.
        pad_id: Fills up batches that are padded.
        fixed: The other fields of `RunPlan`.
        group: The processes that train together; the slowest's rate counts.
    """
    per_step = spec.gradient_accumulation_steps
    available = steps_of(batches, spec)
    if spec.steps:
        steps = min(spec.steps, available)
        every = look_every(steps, sides.look_tokens)
        return RunPlan(steps, tokens_per_s=0.0, fast_path=path.parts, look_every=every, **fixed)
    rows = sides.train.rows
    size = group.size if group is not None else 1
    rate = _PROBED_SHARE * _probe(model, rows, batches, path, pad_id, fixed)
    rate = min(group.each(rate)) if group is not None else rate
    whole = rate * spec.minutes * 60 * spec.throttle
    look = sides.look_tokens / size
    looks = ceil(available / every) + 1 if (every := look_every(available, look, whole)) else 0
    budget = whole - looks * look
    steps, used = 0, 0.0
    lengths = [len(row.ids) for row in rows]
    for start in range(0, available * per_step, per_step):
        shares = shares_of(batches[start : start + per_step], lengths, size)
        used += max(sum(_tokens(rows, share[rank], path) for share in shares) for rank in range(size))
        if used > budget and steps:
            break
        steps += 1
    every = look_every(steps, look, whole)
    return RunPlan(steps, tokens_per_s=rate, fast_path=path.parts, look_every=every, **fixed)


def _tokens(rows: Sequence[EncodedExample], batch: list[int], path: FastPath) -> int:
    return path.tokens([len(rows[index].ids) for index in batch]) if batch else 0


def _probe(
    model: Any,
    rows: Sequence[EncodedExample],
    batches: Batches,
    path: FastPath,
    pad_id: int,
    fixed: dict[str, Any],
) -> float:
    """Tokens per second, padding included, of forward and backward on a batch of middling size.

    The largest batch goes first: memory that is too small shows at once, and the allocator's heap gets its
    final size in one piece instead of growing in fragments. The middling one is slower by token than that, which
    found everything cold, only where something disturbed it: then it runs once more.
    """
    by_size = sorted(batches, key=lambda batch: _tokens(rows, batch, path))
    middle = by_size[len(by_size) // 2]
    state = torch.get_rng_state()
    rates: list[float] = []
    for batch in (by_size[-1], middle, middle):
        if len(rates) > 1 and rates[1] >= rates[0]:
            break
        start = time.perf_counter()
        inputs = on_device(path.batch([rows[index] for index in batch], pad_id), fixed["device"])
        kind = fixed["device"].partition(":")[0]
        bf16 = fixed["dtype"] == "bfloat16"
        with (
            torch.autocast(kind, torch.bfloat16, enabled=bf16),
            _inputs_as_they_are(model, active=bf16),
        ):
            loss = path.losses(model, inputs).losses_N.mean()
        loss.backward()
        loss.item()
        rates.append(_tokens(rows, batch, path) / (time.perf_counter() - start))
    model.zero_grad(set_to_none=True)
    torch.set_rng_state(state)
    return max(rates[1:])  # the least disturbed


def steps_of(batches: Batches, spec: TrainingSpec) -> int:
    """Optimizer steps that the batches make; the last one may have fewer."""
    return ceil(len(batches) / spec.gradient_accumulation_steps)


@contextmanager
def _inputs_as_they_are(model: Any, *, active: bool) -> Iterator[None]:
    """PEFT's layers do not cast their input up to their weights, of which autocast would only keep fp32 copies.

    `peft.helpers.disable_input_dtype_casting` is this for kinds of adapters whose every layer has the switch; others
    (IA3, trained tokens, …) it does not survive.
    """
    switched = [each for each in model.modules() if active and getattr(each, _CAST, False)]
    for each in switched:
        setattr(each, _CAST, False)
    try:
        yield
    finally:
        for each in switched:
            setattr(each, _CAST, True)


def all_batches(encoded: EncodedDataset, spec: TrainingSpec) -> list[list[int]]:
    """The rows of each batch of `max_epochs` passes, in their order."""
    return batches_of(
        [len(row.ids) for row in encoded.rows],
        encoded.weights,
        batch_size=spec.batch_size,
        passes=spec.max_epochs,
        seed=spec.seed,
        batch_tokens=spec.batch_tokens,
        in_order=encoded.not_encoded > 0,
    )


def train(
    model: Any,
    tokenizer: Any,
    sides: Sides,
    spec: TrainingSpec,
    *,
    plan_file: Path,
    checkpoints: Path,
    resume_from: Path | None,
    best: Path,
    events: EventSink,
    fixed: Callable[[], dict[str, Any]],
    memory: Callable[[Sequence[str]], int],
    warm: bool = False,
    group: Group | None = None,
    cancelled: Callable[[], bool] = bool,
) -> TrainingResult:
    """Train the adapter in `model`, from a checkpoint where there is one.

    Args:
        model: PEFT model on its device.
        tokenizer: For padding.
        sides: The rows to train on, and those to look at.
        spec: The options.
        plan_file: Written by the first start; a later one follows it.
        checkpoints: Folder for the Trainer's checkpoints.
        resume_from: The one to go on from.
        events: Where progress is reported.
        fixed: Gives dtype, device, threads and rates for the plan, if it has to be made.
        best: Folder for the weights with the lowest validation loss.
        memory: Estimates the peak, in bytes, with those parts of the fast path.
        warm: Whether the adapter in `model` has another version's weights.
        group: The processes that train together, each of which calls this with the same rows and options; the first
            one's plan, checkpoint, decisions and result count. None: this process alone.
        cancelled: Asked after each step of a group.

    Raises:
        TrainingError: The loss is no number, the training was cancelled, or another process is gone.
    """
    set_seed(spec.seed)
    encoded = sides.train
    pad_id = tokenizer.eos_token_id
    batches = all_batches(encoded, spec)
    model.train()
    if spec.gradient_checkpointing:  # the Trainer would, but only after the probe
        model.gradient_checkpointing_enable(_CHECKPOINTING)
    planned = read_json(plan_file) if plan_file.exists() else {}
    events.append("stage", stage="measuring its speed")  # the first time here, its kernels are compiled, too
    with fast_path(model, encoded.rows, planned.get("fast_path", spec.fast_path)) as path:
        events.append("fast_path", **path.as_dict())
        if not planned:
            made = plan_run(model, sides, batches, spec, path=path, pad_id=pad_id, fixed=fixed(), group=group)
            write_json(plan_file, asdict(made))
        plan = RunPlan(**read_json(plan_file))
        if group is not None:
            plan = _as_the_first(plan, group)
        moments = MOMENT_BYTES * sum(p.numel() for p in model.parameters() if p.requires_grad)
        peak = max(
            memory(path.parts), peak_bytes(plan.device) + moments
        )  # the probe's batches have been seen
        events.append("planned", rows=encoded.there, memory_bytes=peak, **asdict(plan))
        used = batches[: plan.steps * spec.gradient_accumulation_steps]
        with without_launcher():
            trainer, report = _trainer(
                model, encoded, used, spec, plan, path, pad_id, checkpoints, events, group
            )
        keeper = KeepBest(
            model,
            sides.validation,
            path,
            spec,
            every=plan.look_every,
            bf16=plan.dtype == "bfloat16",
            folder=best,
            events=events,
            warm=warm,
            group=group,
        )
        trainer.add_callback(keeper)
        if group is not None:
            trainer.add_callback(InStep(group, spec.seed, cancelled))
        with _inputs_as_they_are(model, active=plan.dtype == "bfloat16"):
            trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
        # accelerate leaves autocast around forward: what is measured from here on must be the model itself
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    keeper.restore(trainer.state.global_step)
    trained = used[: trainer.state.global_step * spec.gradient_accumulation_steps]
    return TrainingResult(
        steps=trainer.state.global_step,
        first_loss=report.first_loss,
        last_loss=report.smooth_loss,
        tokens=report.tokens,
        supervised_tokens=report.supervised,
        seconds=report.seconds,
        epochs=sum(len(batch) for batch in trained) / encoded.there,
        **keeper.summary(),
    )


def _trainer(
    model: Any,
    encoded: EncodedDataset,
    used: Batches,
    spec: TrainingSpec,
    plan: RunPlan,
    path: FastPath,
    pad_id: int,
    checkpoints: Path,
    events: EventSink,
    group: Group | None,
) -> tuple[_Trainer, ReportProgress]:
    trainer = _Trainer(
        model=model,
        args=_arguments(spec, plan, checkpoints),
        train_dataset=_Batches(encoded.rows, used, _own_shares(encoded, used, spec, group)),
        data_collator=lambda items: path.batch(items[0].rows, pad_id) if items[0].rows else _NO_ROWS,
    )
    trainer.path = path
    trainer.model_accepts_loss_kwargs = (
        True  # the loss is divided by the tokens of the step, whatever the model
    )
    if group is not None:
        group.begin_equal(p for p in model.parameters() if p.requires_grad)
        trainer.shared = SharedGradient(group, list(model.parameters()))
        events.append("nodes", nodes=group.size, bytes_a_step=trainer.shared.bytes_a_step)
    trainer.remove_callback(PrinterCallback)  # what it prints stands in the events
    trainer.loraplus_lr_ratio = spec.loraplus_lr_ratio
    report = ReportProgress(trainer, events, plan.steps)
    for callback in (
        report,
        CheckpointByTime(spec.checkpoint_minutes, events),
        Rest(spec.throttle, spec.max_temperature_c, events),
        StopAtDeadline(0 if spec.steps else spec.minutes, events),
    ):
        trainer.add_callback(callback)
    return trainer, report


def _as_the_first(plan: RunPlan, group: Group) -> RunPlan:
    """The first process's steps and number format; this one's device, threads and kernels."""
    first = group.told(asdict(plan))
    same = {name: first[name] for name in ("steps", "dtype", "look_every", "tokens_per_s")}
    return replace(plan, **same)


def _own_shares(
    encoded: EncodedDataset, used: Batches, spec: TrainingSpec, group: Group | None
) -> Batches | None:
    """The rows of each batch that this process computes; None where it computes all."""
    if group is None:
        return None
    lengths, per_step = [len(row.ids) for row in encoded.rows], spec.gradient_accumulation_steps
    steps = (used[start : start + per_step] for start in range(0, len(used), per_step))
    return [share[group.rank] for step in steps for share in shares_of(step, lengths, group.size)]


def _arguments(spec: TrainingSpec, plan: RunPlan, checkpoints: Path) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=plan.steps,
        per_device_train_batch_size=1,  # one item of the dataset is a whole batch
        gradient_accumulation_steps=spec.gradient_accumulation_steps,
        learning_rate=spec.learning_rate,
        lr_scheduler_type=spec.lr_scheduler_type,
        warmup_steps=int(spec.warmup_ratio * plan.steps),
        weight_decay=spec.weight_decay,
        max_grad_norm=spec.max_grad_norm,
        neftune_noise_alpha=spec.neftune_noise_alpha or None,
        bf16=plan.dtype == "bfloat16",
        use_cpu=plan.device == "cpu",
        gradient_checkpointing=spec.gradient_checkpointing,
        activation_checkpointing_kwargs=_CHECKPOINTING if spec.gradient_checkpointing else None,
        seed=spec.seed,
        data_seed=spec.seed,
        logging_strategy="steps" if spec.report_to else "no",
        logging_steps=1,
        save_strategy="no",  # CheckpointByTime asks for each
        save_total_limit=2,
        report_to=list(spec.report_to),
        remove_unused_columns=False,
        disable_tqdm=True,
    )
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # else the Trainer would split packed rows over all of them
    return arguments
