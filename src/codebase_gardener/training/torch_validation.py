"""The rows that were set aside, looked at while a training runs: the best weights are kept; worse ones end it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.torch_batch import FastPath, on_device
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_callbacks import EventSink
from codebase_gardener.training.torch_group import Group
from codebase_gardener.utils.files import is_published, publish_dir, read_json, staging, write_json

__all__ = ["KeepBest"]

_WEIGHTS = "weights.safetensors"
_LOOKS = "looks.json"


class KeepBest(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Validation loss before the first step and a few times while training; the weights with the lowest are kept.

    transformers' own (`load_best_model_at_end`, `EarlyStoppingCallback`) need a whole checkpoint, with the optimizer's
    state, at each look; ours come by time.

    Args:
        model: The PEFT model.
        rows: To look at.
        path: How batches are made and computed.
        spec: The options.
        every: Steps between two looks.
        bf16: Whether products are in bf16.
        folder: Keeps the looks and the best weights, so that a resumed run knows them.
        events: Where each look is reported.
        warm: Whether the first weights are another version's: then they are looked at, too, and may stay the best.
        group: The processes that look together, each at a part of the rows; None: this one alone.
    """

    def __init__(
        self,
        model: Any,
        rows: Sequence[EncodedExample],
        path: FastPath,
        spec: TrainingSpec,
        *,
        every: int,
        bf16: bool,
        folder: Path,
        events: EventSink,
        warm: bool = False,
        group: Group | None = None,
    ) -> None:
        self.model, self.path, self.spec, self.warm, self.group = model, path, spec, warm, group
        self.rows = sorted(rows, key=lambda row: len(row.ids))
        self.every, self.bf16, self.folder, self.events = every, bf16, folder, events
        self.base_loss: float | None = None
        self.looks: dict[int, float] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Look at the base; a resumed run remembers what was seen up to its checkpoint."""
        if not self.every or (state.global_step and self._recall(state.global_step)):
            return
        if not state.global_step:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif _begins_in_base(self.spec):  # the base is only there at the beginning
            return
        with _base_alone(self.model, self.spec):
            self.base_loss = self._loss()
        self._report(0, self.base_loss)
        if self.warm and not state.global_step:
            self._look(0)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Look when it is time; stop when the last looks brought nothing better."""
        if self.every and state.global_step % self.every == 0:
            self._look(state.global_step)
            if self._is_getting_worse(state.max_steps) and state.global_step < state.max_steps:
                patience = self.spec.early_stopping_patience
                self.events.append("stopped_early", step=state.global_step, patience=patience)
                control.should_training_stop = True
        return control

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Look at the last weights, wherever the run ended."""
        if self.every and state.global_step not in self.looks:
            self._look(state.global_step)

    def _look(self, step: int) -> None:
        loss, best = self._loss(), self.best()
        self.looks[step] = loss
        if best is None or loss < best[1]:
            self._keep(step, loss)
        self._report(step, loss)

    def _report(self, step: int, loss: float) -> None:
        self.folder.mkdir(exist_ok=True)
        write_json(self.folder / _LOOKS, {"base": self.base_loss, "looks": self.looks})
        self.events.append("validated", step=step, loss=loss, **self.summary())

    def _recall(self, step: int) -> bool:
        """Whether earlier looks are known; one that is damaged is as good as none."""
        try:
            kept = read_json(self.folder / _LOOKS)
            self.base_loss = kept["base"]
            self.looks = {int(n): loss for n, loss in kept["looks"].items() if int(n) <= step}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return False
        return True

    def _is_getting_worse(self, steps: int) -> bool:
        best, patience = self.best(), self.spec.early_stopping_patience
        # another version's weights came to rest at a low rate: the high one first takes them away from there
        settled = steps // 2 if self.warm else 0
        since = [step for step in self.looks if best is not None and step > max(best[0], settled)]
        return bool(patience) and len(since) >= patience

    def best(self) -> tuple[int, float] | None:
        """Step and loss of the best weights that are kept whole."""
        found = []
        for folder in self.folder.glob("step-*"):
            if is_published(folder, check_hashes=True):
                with safe_open(folder / _WEIGHTS, framework="pt") as file:
                    found.append((float(file.metadata()["loss"]), int(folder.name.partition("-")[2])))
        return (min(found)[1], min(found)[0]) if found else None

    def summary(self) -> dict[str, Any]:
        """Losses of base and best, in nats a token; None where there are none."""
        step, loss = self.best() or (None, None)
        return {"base_loss": self.base_loss, "best_loss": loss, "best_step": step}

    def restore(self, step: int) -> None:
        """Put the best weights into the model, unless they are those of this step."""
        best = self.best() if self.every else None
        if best is None or best[0] == step:
            return
        kept = load_file(self.folder / f"step-{best[0]}" / _WEIGHTS)
        with torch.no_grad():
            for name, parameter in self._trained():
                parameter.copy_(kept[name])

    def _trained(self) -> Iterator[tuple[str, Any]]:
        return ((name, p) for name, p in self.model.named_parameters() if p.requires_grad)

    def _keep(self, step: int, loss: float) -> None:
        target = self.folder / f"step-{step}"
        shutil.rmtree(target, ignore_errors=True)  # damaged, or it would be the best
        with staging(target) as staged:
            weights = {name: p.detach().cpu().clone().contiguous() for name, p in self._trained()}
            save_file(weights, staged / _WEIGHTS, metadata={"loss": repr(loss)})
            publish_dir(staged, target)
        for other in self.folder.glob("step-*"):
            if other != target:
                shutil.rmtree(other)

    @torch.no_grad()
    def _loss(self) -> float:
        """Nats per supervised token; generators and the model's mode are afterwards as they were."""
        device = next(self.model.parameters()).device
        training, total, count = self.model.training, 0.0, 0.0
        self.model.eval()
        with torch.random.fork_rng(devices=[]):
            for start in self._starts():
                batch = self.path.batch(self.rows[start : start + self.spec.batch_size], 0)
                with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
                    losses = self.path.losses(self.model, on_device(batch, device)).losses_N
                total, count = total + float(losses.double().sum()), count + len(losses)
        self.model.train(training)
        if self.group is not None:
            total, count = self.group.sums(total, count)
        return total / count

    def _starts(self) -> range:
        """Where this process's batches of rows begin: each process takes every so many."""
        rank, size = (self.group.rank, self.group.size) if self.group is not None else (0, 1)
        return range(rank * self.spec.batch_size, len(self.rows), size * self.spec.batch_size)


@contextmanager
def _base_alone(model: Any, spec: TrainingSpec) -> Iterator[None]:
    """The base without its adapter; where that began as a part of the base, both together are the base."""
    if _begins_in_base(spec):
        yield
        return
    trained = [p for p in model.parameters() if p.requires_grad]
    with model.disable_adapter():
        yield
    own = {id(parameter) for parameter in trained}
    for parameter in model.parameters():
        if parameter.requires_grad != (id(parameter) in own):  # integers, of a quantized base, take no flag
            parameter.requires_grad_(id(parameter) in own)


def _begins_in_base(spec: TrainingSpec) -> bool:
    return spec.changes_base or spec.is_of_quantized_base
