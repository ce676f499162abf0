"""The contenders of benchmarks/train.py, each run in a process of its own: `run(request)`.

Every contender gets the same base, initial adapter, token ids and labels, optimizer and schedule. What a contender
is stands in train_variants.py.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventLog
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.training.encoding import EncodedDataset, EncodedExample, encode_all
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.validation import Sides
from codebase_gardener.utils.allocator import keep_freed_memory
from train_examples import begin, features
from train_variants import Contender

__all__ = ["Request", "run"]


@dataclass(frozen=True)
class Request:
    """One run.

    Attributes:
        contender: What to run.
        base: The base model.
        examples: Folder of the dataset.
        dataset_hash: Of its rows.
        initial: The adapter to begin with, a safetensors file.
        folder: Where the run keeps its files.
        training: Fields of `TrainingSpec` that all share.
        steps: Optimizer steps; fewer than there are examples for are the first ones.
        keep_every: Steps after which the adapter is kept for its held-out loss; 0: never.
        launched: Time at which the process was started, seconds since the epoch.
        until_step: Leave the process after this step; 0: at the end.
    """

    contender: Contender
    base: Base
    examples: Path
    dataset_hash: str
    initial: Path
    folder: Path
    training: Mapping[str, Any]
    steps: int
    keep_every: int = 0
    launched: float = 0.0
    until_step: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            **asdict(self),
            "base": self.base.as_dict(),
            **{name: str(getattr(self, name)) for name in ("examples", "initial", "folder")},
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Request:
        """The inverse of `as_dict`."""
        return cls(
            **{
                **row,
                "contender": Contender(**row["contender"]),
                "base": Base(**{**row["base"], "path": Path(row["base"]["path"])}),
                **{name: Path(row[name]) for name in ("examples", "initial", "folder")},
            }
        )

    @property
    def spec(self) -> TrainingSpec:
        """The product's options, with the number of steps given, as the others have it: no probe."""
        return TrainingSpec(
            **{
                "steps": self.steps,
                "checkpoint_minutes": 10_080.0,
                "batch_tokens": 0,
                "validation_rows": 0,
                "lora_dropout": self.contender.dropout,
                "dtype": "auto" if self.contender.dtype == "best" else self.contender.dtype,
                **self.training,
                **(self.contender.arguments if self.contender.engine == "gardener" else {}),
            }
        )

    def batches(self, encoded: EncodedDataset) -> list[list[int]]:
        """The rows of each optimizer step, as the product takes them."""
        from codebase_gardener.training.torch_engine import all_batches

        spec = self.spec
        batches = all_batches(encoded, spec)
        assert all(len(batch) == spec.batch_size for batch in batches)
        assert len(batches) == self.steps
        return batches


@dataclass
class Record:
    """What a run did, step by step.

    Attributes:
        losses: Mean over the supervised tokens of the step, nats.
        ends: Seconds from the start of the process to the end of the step, without keeping adapters.
        cpu: CPU seconds of all threads until then: what is left to compare on a machine that others use.
        tokens: Without padding.
        supervised: Tokens with a label.
        examples: Trained on.
        kept: Steps whose adapter lies in `folder/STEP.safetensors`.
    """

    request: Request
    losses: list[Any] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    supervised: list[int] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    _paused_s: float = 0.0

    def add(self, loss: Any, tokens: int, supervised: int, examples: int) -> None:
        """A batch: the first of an optimizer step, or one more of it (gradients are accumulated)."""
        figures = (
            (self.losses, loss),
            (self.tokens, tokens),
            (self.supervised, supervised),
            (self.examples, examples),
        )
        for column, value in figures:
            if len(column) == len(self.ends):
                column.append(value)
            else:
                column[-1] += value

    def end_step(self, model: Any, *, last: int) -> None:
        """Note the time, keep the adapter where asked for, leave where asked for."""
        now = time.time()
        self.ends.append(now - self.request.launched - self._paused_s)
        self.cpu.append(time.process_time())
        step, every = len(self.ends), self.request.keep_every
        if every and (step % every == 0 or step == last):
            self._keep(model, step)
        self._paused_s += time.time() - now
        if step == self.request.until_step:
            print(json.dumps(self.as_dict()), flush=True)
            os._exit(0)

    def _keep(self, model: Any, step: int) -> None:
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
        copies = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
        save_file(copies, self.request.folder / f"{step}.safetensors")
        self.kept.append(step)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; "peak_bytes" is the most that was resident since the process began."""
        from codebase_gardener.training.torch_device import peak_bytes

        return {
            "losses": [float(loss) for loss in self.losses],
            "ends": self.ends,
            "cpu": self.cpu,
            "tokens": self.tokens,
            "supervised": self.supervised,
            "examples": self.examples,
            "kept": self.kept,
            "peak_bytes": peak_bytes("cpu"),
        }


def run(request: Request) -> dict[str, Any]:
    """Train as the request says, in this process."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    request.folder.mkdir(parents=True, exist_ok=True)
    if request.contender.best:
        keep_freed_memory()
    record = Record(request)
    ENGINES[request.contender.engine](request, record)
    return record.as_dict()


# ---- the engines: load, train, record


def _run_gardener(request: Request, record: Record) -> None:
    """The product's own `run_job`, watched: its step events are the clock, its model is kept."""
    from codebase_gardener.jobs import torch_run

    directory = JobDirectory(request.folder / "job")
    directory.path.mkdir()
    directory.write_spec(JobSpec(request.base, request.examples, request.dataset_hash, request.spec, "cpu"))
    train = torch_run.train

    def watched(model: Any, tokenizer: Any, sides: Sides, spec: Any, **options: Any) -> Any:
        begin(model, request.initial)
        batches = request.batches(sides.train)
        _note_rows(record, sides.train.rows, batches)
        options["events"] = _Watch(options["events"].path, record, model, len(batches))
        result = train(model, tokenizer, sides, spec, **options)
        counted = (result.steps, result.tokens, result.supervised_tokens)
        expected = (len(batches), sum(record.tokens), sum(record.supervised))
        assert counted == expected, f"steps, tokens, supervised tokens: {counted}, not {expected}"
        return result

    torch_run.train = watched
    try:
        torch_run.run_job(directory, "bench/default@1")
    finally:
        torch_run.train = train


@dataclass(frozen=True)
class _Watch(EventLog):
    """The job's event log, whose `step` events are noted."""

    record: Record
    model: Any
    steps: int

    def append(self, kind: str, **fields: Any) -> None:
        if kind == "step":
            self.record.losses.append(fields["loss"])
            self.record.end_step(self.model, last=self.steps)
        super().append(kind, **fields)


def _note_rows(record: Record, rows: Sequence[EncodedExample], batches: Sequence[Sequence[int]]) -> None:
    for batch in batches:
        record.tokens.append(sum(len(rows[index].ids) for index in batch))
        record.supervised.append(sum(rows[index].supervised for index in batch))
        record.examples.append(len(batch))


def _run_trainer(request: Request, record: Record) -> None:
    """transformers' Trainer with PEFT, as its documentation shows them."""
    from transformers import DataCollatorForSeq2Seq, DataCollatorWithFlattening, Trainer, TrainingArguments

    model, tokenizer, rows, batches = _load(request)
    ordered = [features(rows[index]) for batch in batches for index in batch]
    collator = DataCollatorWithFlattening() if request.contender.flat else DataCollatorForSeq2Seq(tokenizer)
    arguments = TrainingArguments(
        **_shared(request, len(batches)),
        max_steps=len(batches),
        train_sampling_strategy="sequential",
        **{"per_device_train_batch_size": request.spec.batch_size, **request.contender.arguments},
    )
    _recorded(Trainer, record)(
        model=model, args=arguments, train_dataset=ordered, data_collator=collator
    ).train()


def _run_trl(request: Request, record: Record) -> None:
    """TRL's SFTTrainer with packing: the same rows in its own order, one pass."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    model, tokenizer, rows, batches = _load(request)
    columns = [features(rows[index]) for batch in batches for index in batch]
    arguments = SFTConfig(
        **_shared(request, len(batches)),
        num_train_epochs=1,
        completion_only_loss=True,
        **{"max_length": request.spec.max_length, **request.contender.arguments},
    )
    _recorded(SFTTrainer, record)(
        model=model, args=arguments, train_dataset=Dataset.from_list(columns), processing_class=tokenizer
    ).train()


def _load(request: Request) -> tuple[Any, Any, Sequence[EncodedExample], list[list[int]]]:
    """Model with adapter, tokenizer, rows, batches: by the libraries' own calls."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

    spec, contender = request.spec, request.contender
    if contender.best:
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    set_seed(spec.seed)
    tokenizer = AutoTokenizer.from_pretrained(request.base.path)
    model = AutoModelForCausalLM.from_pretrained(
        request.base.path, dtype=contender.dtype, attn_implementation=contender.attention
    )
    model.config.use_cache = False
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **spec.lora_options()))
    begin(model, request.initial)
    encoded = encode_all(load_dataset(request.examples).train, tokenizer, max_length=spec.max_length)
    return model, tokenizer, encoded.rows, request.batches(encoded)


def _shared(request: Request, steps: int) -> dict[str, Any]:
    spec = request.spec
    return {
        "output_dir": str(request.folder / "trainer"),
        "learning_rate": spec.learning_rate,
        "lr_scheduler_type": spec.lr_scheduler_type,
        "warmup_steps": int(spec.warmup_ratio * steps),
        "weight_decay": spec.weight_decay,
        "max_grad_norm": spec.max_grad_norm,
        "seed": spec.seed,
        "bf16": request.contender.autocast and request.contender.dtype == "bfloat16",
        "use_cpu": True,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "logging_strategy": "no",
    }


def _recorded(kind: type, record: Record) -> Callable[..., Any]:
    """A Trainer's class that notes each step, and nothing else."""
    from transformers import TrainerCallback

    class Recorded(kind):  # type: ignore[misc, valid-type]  # transformers is untyped, and the class is an argument
        def training_step(self, model: Any, inputs: Any, *rest: Any) -> Any:
            mask, positions = inputs.get("attention_mask"), inputs.get("position_ids")
            tokens = inputs["input_ids"].numel() if mask is None else int(mask.sum())
            supervised = int((inputs["labels"][:, 1:] != -100).sum())
            examples = len(inputs["input_ids"]) if positions is None else int((positions == 0).sum())
            loss = super().training_step(model, inputs, *rest)
            record.add(loss.detach(), tokens, supervised, examples)
            return loss

    class EndStep(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            record.end_step(getattr(model, "_orig_mod", model), last=state.max_steps)

    def make(**options: Any) -> Any:
        trainer = Recorded(**options)
        trainer.add_callback(EndStep())
        return trainer

    return make


ENGINES: dict[str, Callable[[Request, Record], None]] = {
    "gardener": _run_gardener,
    "trainer": _run_trainer,
    "trl": _run_trl,
}
