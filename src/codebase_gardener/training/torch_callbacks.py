"""What happens between two optimizer steps: progress is told, the machine rests, checkpoints are kept whole."""

from __future__ import annotations

import math
import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

import psutil
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codebase_gardener.training.torch_device import peak_bytes, temperature_c
from codebase_gardener.utils.error_handling import TrainingError
from codebase_gardener.utils.files import seal_dir

__all__ = ["CheckpointByTime", "EventSink", "ReportProgress", "Rest", "StopAtDeadline"]

_SMOOTHING = 0.9
_DEADLINE_SHARE = 1.25  # of the minutes asked for, after which a slowed-down machine stops
_COOLING_S = 2.0


class EventSink(Protocol):
    """Who is told what happens, such as the event log of a job."""

    def append(self, kind: str, **fields: Any) -> None:
        """Take one event."""


class ReportProgress(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Appends a `step` event with loss, learning rate, tokens per second and ETA after every step."""

    def __init__(self, trainer: Any, events: EventSink, steps: int) -> None:
        self.trainer, self.events, self.steps = trainer, events, steps
        self.tokens = self.supervised = 0
        self.seconds = self.first_loss = self.smooth_loss = 0.0
        self._started = self._first_step = 0.0
        self._done_before = 0
        self._made: deque[tuple[int, int]] = deque()  # tokens of batches that are not trained on yet
        self._count_tokens(trainer)

    def _count_tokens(self, trainer: Any) -> None:
        collate = trainer.data_collator

        def counted(items: list[Any]) -> Any:
            self._made.append((items[0].tokens, items[0].supervised))
            return collate(items)

        trainer.data_collator = counted

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock; a resumed run counts its own steps only."""
        self._started = time.monotonic()
        self._done_before = state.global_step

    def _trained_on_a_batch(self) -> None:
        """Count the oldest batch that was made: they are made ahead of the steps."""
        tokens, supervised = self._made.popleft()
        self.tokens += tokens
        self.supervised += supervised

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Count a batch whose gradient is accumulated."""
        self._trained_on_a_batch()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Count the last batch, and report."""
        self._trained_on_a_batch()
        loss = self.trainer.last_loss
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {state.global_step}: the training has diverged",
                hint="train anew with a lower --learning-rate",
                context={"step": state.global_step},
            )
        if state.global_step == self._done_before + 1:
            self.first_loss = self.smooth_loss = loss
        self.smooth_loss = _SMOOTHING * self.smooth_loss + (1 - _SMOOTHING) * loss
        self.seconds = time.monotonic() - self._started
        done = state.global_step - self._done_before
        self.events.append(
            "step",
            step=state.global_step,
            steps=self.steps,
            loss=loss,
            smooth_loss=self.smooth_loss,
            learning_rate=self.trainer.lr_scheduler.get_last_lr()[0],
            tokens_per_s=self.tokens / self.seconds,
            supervised_per_s=self.supervised / self.seconds,
            elapsed_s=self.seconds,
            eta_s=self._eta_s(done, self.steps - state.global_step),
            rss_bytes=psutil.Process().memory_info().rss,
            peak_bytes=peak_bytes(str(args.device)),
            temperature_c=temperature_c(),
        )

    def _eta_s(self, done: int, left: int) -> float | None:
        """By the steps after the first, which starts up, too; not known while there are none."""
        if done == 1:
            self._first_step = self.seconds
            return None if left else 0.0
        return (self.seconds - self._first_step) / (done - 1) * left


class Rest(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Sleeps after each step, so that the machine computes only a share of the time or cools down."""

    def __init__(self, share: float, max_temperature_c: float, events: EventSink) -> None:
        self.share, self.limit_c, self.events = share, max_temperature_c, events
        self._begun = time.monotonic()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Note when the step began."""
        self._begun = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Rest for the share of the step's time that the throttle asks for, and while it is too hot."""
        if self.share < 1:
            time.sleep((time.monotonic() - self._begun) * (1 / self.share - 1))
        while self.limit_c and (now_c := temperature_c()) is not None and now_c > self.limit_c:
            self.events.append("rest", temperature_c=now_c, limit_c=self.limit_c)
            time.sleep(_COOLING_S)


class StopAtDeadline(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Ends a run whose machine became much slower than the probe measured."""

    def __init__(self, minutes: float, events: EventSink) -> None:
        self.limit_s = minutes * 60 * _DEADLINE_SHARE
        self.events = events
        self._started = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Stop after one and a quarter times the planned time."""
        if self.limit_s and time.monotonic() - self._started > self.limit_s:
            self.events.append("deadline", step=state.global_step, limit_s=self.limit_s)
            control.should_training_stop = True
        return control


class CheckpointByTime(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Asks for a checkpoint every so many minutes, and marks each once it is whole."""

    def __init__(self, minutes: float, events: EventSink) -> None:
        self.every_s = minutes * 60
        self.events = events
        self.last = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Save when the time has come."""
        if time.monotonic() - self.last >= self.every_s and state.global_step < state.max_steps:
            control.should_save = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The Trainer has written every file: now the checkpoint counts."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        seal_dir(folder)
        self.last = time.monotonic()
        self.events.append("checkpoint", step=state.global_step)
