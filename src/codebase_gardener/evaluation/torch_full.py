"""`evaluate --full`: cursors of an editor, null adapters, recitation, and what was forgotten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.cursors import CursorTask
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.arms import ARMS
from codebase_gardener.evaluation.editing import MAX_LENGTH, Editing, measure_editing
from codebase_gardener.evaluation.measuring import RowScore, Scorer, general_loss, sample_rows
from codebase_gardener.evaluation.recitation import Recitation, recitation
from codebase_gardener.evaluation.torch_evaluate import measured_model
from codebase_gardener.evaluation.torch_null import DRAWS, NullEffect, null_effect
from codebase_gardener.evaluation.torch_writer import TorchWriter
from codebase_gardener.memory.building import build_memory
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.training.encoding import EncodedExample, encode_all, encode_completion
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["Full", "evaluate_fully"]

_NULL_FUNCTIONS = 8
_RECITED_ROWS = 64
_ROW_TOKENS = 384


@dataclass(frozen=True)
class Full:
    """What came of it.

    Attributes:
        editing: Next lines at cursors.
        null: The effect beside that of null adapters; None for an adapter without low-rank factors.
        recitation: None where no row is long enough.
        general_code: Nats per token on code of other languages and repositories, "base" and "adapter".
    """

    editing: Editing
    null: NullEffect | None
    recitation: Recitation | None
    general_code: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def evaluate_fully(
    adapter: Path,
    base: Base,
    tasks: Sequence[CursorTask],
    functions: Sequence[HeldoutFunction],
    trained: Sequence[Example],
    *,
    device: str,
    dtype: str,
    snapshot: Snapshot,
    held_out: Collection[str],
    progress: Progress = silent,
) -> Full:
    """Measure an adapter as its users meet it.

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        tasks: Cursors in code that it was not trained on.
        functions: Held-out functions of its dataset.
        trained: Rows that it was trained on.
        device: As the settings say.
        dtype: What is computed in.
        snapshot: What it was trained on: every arm is measured with its memory, too.
        held_out: Files that are not in that memory.
        progress: Cursors and rows, over all arms.
    """
    with measured_model(adapter, base, functions, device=device, dtype=dtype) as (model, scorer):
        tokenizer = scorer.tokenizer
        places = getattr(model.config, "max_position_embeddings", None) or MAX_LENGTH
        held = [
            encode_completion(one.prompt, one.completion, tokenizer, max_length=_ROW_TOKENS, end=False)
            for one in functions[:_RECITED_ROWS]
        ]
        rows = encode_all(
            trained[:: max(1, len(trained) // _RECITED_ROWS)][:_RECITED_ROWS],
            tokenizer,
            max_length=_ROW_TOKENS,
            completion_only=True,
            may_be_empty=True,
        ).rows
        sample = sample_rows(functions, tokenizer, _NULL_FUNCTIONS)
        asked = len(ARMS) * len(tasks)
        total = asked + (2 + DRAWS) * len(sample) + 2 * len(rows) + len(held)
        editing = measure_editing(
            TorchWriter(model, tokenizer, build_memory(snapshot, tokenizer, without=held_out)),
            tasks,
            max_length=min(MAX_LENGTH, places),
            progress=lambda done, _: progress(done, total),
        )
        counted = _Counted(scorer, asked, total, progress)
        return Full(
            editing,
            null_effect(model, counted, sample),
            recitation(counted, rows, held),
            general_loss(scorer, code_without={task.language for task in tasks}),
        )


class _Counted:
    """A `Scorer` that tells the rows of all its calls together, as part of more.

    Args:
        scorer: Whose.
        done: Before the first call.
        total: At the end.
        progress: Told.
    """

    def __init__(self, scorer: Scorer, done: int, total: int, progress: Progress) -> None:
        self.tokenizer, self._scorer = scorer.tokenizer, scorer
        self._done, self._total, self._progress = done, total, progress

    def scores(
        self, rows: Sequence[EncodedExample], *, adapter: bool, progress: Progress = silent
    ) -> list[RowScore]:
        """The scores of rows, with the adapter on or off."""
        found = self._scorer.scores(rows, adapter=adapter, progress=progress)
        self._done += len(rows)
        self._progress(min(self._done, self._total), self._total)
        return found
