"""An optimizer step of several processes: each has some rows of every batch, the sum of their gradients is one step."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codebase_gardener.training.torch_group import Group
from codebase_gardener.utils.error_handling import TrainingError

__all__ = ["InStep", "SharedGradient"]

_SLOTS = 4


class SharedGradient:
    """Gradients of what is trained, in one flat buffer, added up over all processes once a step.

    Args:
        group: The processes.
        parameters: What is trained, in the same order on each process.

    Attributes:
        bytes_a_step: What each process hands to the sum.
    """

    def __init__(self, group: Group, parameters: Sequence[Tensor]) -> None:
        self.group, self.parameters = group, [p for p in parameters if p.requires_grad]
        ends = list(accumulate((p.numel() for p in self.parameters), initial=0))
        self._flat = torch.zeros(ends[-1] + _SLOTS, device=self.parameters[0].device)
        self._gradient, self._slots = self._flat[: ends[-1]], self._flat[ends[-1] :]
        places = zip(pairwise(ends), self.parameters, strict=True)
        self._views = [self._flat[start:end].view(p.shape) for (start, end), p in places]
        self.bytes_a_step = self._flat.numel() * self._flat.element_size()

    @torch.no_grad()
    def add_up(self, tokens: float, step_loss: float, last: tuple[float, float]) -> tuple[float, float]:
        """Replace each gradient by that of all rows of the step: the mean over their supervised tokens.

        Args:
            tokens: Supervised ones of this process's rows, whose mean its gradients are of.
            step_loss: Their mean loss.
            last: Sum of the losses, and tokens, of its rows in the last batch of the step.

        Returns:
            Mean loss of the step, and that of its last batch, in nats a supervised token, over all processes.
        """
        for view, parameter in zip(self._views, self.parameters, strict=True):
            if parameter.grad is None:
                view.zero_()
            else:
                view.copy_(parameter.grad)
        self._gradient *= tokens
        self._slots.copy_(torch.tensor([tokens, step_loss * tokens, *last]))
        self.group.add_up(self._flat)
        all_tokens, loss_sum, last_sum, last_tokens = self._slots.tolist()
        self._gradient /= max(1.0, all_tokens)
        for view, parameter in zip(self._views, self.parameters, strict=True):
            parameter.grad = view.to(parameter.dtype)
        return loss_sum / max(1.0, all_tokens), last_sum / max(1.0, last_tokens)


class InStep(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """All processes end, save or stop in the same step, as the first decides; it has to be the last callback.

    Dropout's generator begins anew with each step, from seed, step and rank: so the states of the other processes
    need not be kept.

    Args:
        group: The processes.
        seed: Of the training.
        cancelled: Asked by the first process after each step, whether all shall end.
    """

    def __init__(self, group: Group, seed: int, cancelled: Callable[[], bool]) -> None:
        self.group, self.seed, self.cancelled = group, seed, cancelled

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Draw this step's dropout from its own place."""
        torch.manual_seed(random.Random(f"{self.seed} {state.global_step} {self.group.rank}").getrandbits(32))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Take over what the first process decided.

        Raises:
            TrainingError: It was cancelled.
        """
        first = self.group.is_first
        mine = (control.should_training_stop, self.cancelled()) if first else (False, False)
        stop, cancelled = self.group.sums(*mine)
        if cancelled:
            raise TrainingError(
                f"the training was cancelled after step {state.global_step}",
                hint="go on from the last checkpoint with: gardener jobs resume",
                context={"on_all_nodes": True},
            )
        control.should_training_stop = bool(stop)
        control.should_save = control.should_save and first
        return control
