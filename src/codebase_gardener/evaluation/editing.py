"""What an editor asks for, measured: the loss of the next lines, and whether greedy decoding writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol

from codebase_gardener.bases.fill_in import FimTokens
from codebase_gardener.bases.text import control_tokens, plain_ids, split_seam
from codebase_gardener.dataset.cursors import CursorTask
from codebase_gardener.evaluation.arms import ARMS, Arm
from codebase_gardener.evaluation.line_match import LineMatch, match_lines
from codebase_gardener.evaluation.measuring import Scorer
from codebase_gardener.evaluation.metrics import (
    ArmSummary,
    Difference,
    Measurement,
    Points,
    difference,
    points,
    summarize,
)
from codebase_gardener.evaluation.slices import Loss, Slice, losses, slices
from codebase_gardener.training.encoding import IGNORE, EncodedExample, encode_fill_in
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["MAX_LENGTH", "Editing", "LineArm", "Prompted", "Writer", "measure_editing"]

MAX_LENGTH = 2_560
"""Tokens: 1,500 before the cursor, 300 behind it, retrieved code, and the lines themselves."""


@dataclass(frozen=True)
class Prompted:
    """A prompt for the writer.

    Attributes:
        ids: Its tokens.
        seam: White space at its end that the model is to say again (`split_seam`).
        lines: Lines with something on them that are asked for.
    """

    ids: tuple[int, ...]
    seam: str
    lines: int


class Writer(Protocol):
    """A base with an adapter that writes greedily."""

    def write(self, prompts: Sequence[Prompted], *, adapter: bool, progress: Progress = silent) -> list[str]:
        """What comes next after each prompt, at least the lines that were asked for unless it ends before."""
        ...


@dataclass(frozen=True)
class LineArm:
    """One arm over all cursors; the shares are between 0 and 1.

    Attributes:
        loss: Nats per token of the lines; its `next_line` is the exact match of the next line.
        similarity: Edit similarity of the next line, the mean.
        exact_lines: Exact match of all lines that were asked for, three at most.
        similarity_lines: Edit similarity of them, the mean.
    """

    loss: ArmSummary
    similarity: float
    exact_lines: float
    similarity_lines: float


@dataclass(frozen=True)
class Editing:
    """What came of it.

    Attributes:
        cursors: How many; of them at a line's start.
        arms: By arm name.
        difference: Adapter + retrieval less base + retrieval, nats per token.
        exact: The same in points of exactly written next lines.
        exact_over_base: Adapter + retrieval less base, in points.
        slices: Where it helped, where it hurt.
        losses: The functions that lost most.
    """

    cursors: int
    at_line_starts: int
    arms: dict[str, LineArm]
    difference: Difference
    exact: Points
    exact_over_base: Points
    slices: tuple[Slice, ...]
    losses: tuple[Loss, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def measure_editing(
    scorer: Scorer,
    writer: Writer,
    tasks: Sequence[CursorTask],
    *,
    max_length: int = MAX_LENGTH,
    progress: Progress = silent,
) -> Editing:
    """Measure all arms at all cursors.

    Args:
        scorer: The adapter's.
        writer: The same model.
        tasks: At least one.
        max_length: Tokens of a prompt and its lines.
        progress: Prompts scored and lines written, over all arms.
    """
    measured: dict[str, list[Measurement]] = {}
    matches: dict[str, list[LineMatch]] = {}
    total = 2 * len(ARMS) * len(tasks)
    rows = {
        arm.retrieval: [_encoded(task, arm, scorer.tokenizer, max_length) for task in tasks] for arm in ARMS
    }
    for number, arm in enumerate(ARMS):
        encoded = rows[arm.retrieval]
        before = 2 * number * len(tasks)
        scores = scorer.scores(encoded, adapter=arm.adapter, progress=partial(_told, progress, before, total))
        prompts = [_prompted(task, row, scorer.tokenizer) for task, row in zip(tasks, encoded, strict=True)]
        told = partial(_told, progress, before + len(tasks), total)
        said = writer.write(prompts, adapter=arm.adapter, progress=told)
        matches[arm.name] = [match_lines(text, task.expected) for text, task in zip(said, tasks, strict=True)]
        measured[arm.name] = [
            Measurement(task.path, score.nats, row.supervised, len(task.expected.encode()), match.exact)
            for task, score, row, match in zip(tasks, scores, encoded, matches[arm.name], strict=True)
        ]
    return _editing(tasks, measured, matches)


def _editing(
    tasks: Sequence[CursorTask],
    measured: dict[str, list[Measurement]],
    matches: dict[str, list[LineMatch]],
) -> Editing:
    base, base_retrieval, _, best = (measured[arm.name] for arm in ARMS)
    return Editing(
        cursors=len(tasks),
        at_line_starts=sum(not task.within_a_line for task in tasks),
        arms={name: _arm(measured[name], matches[name]) for name in measured},
        difference=difference(best, base_retrieval),
        exact=points(best, base_retrieval),
        exact_over_base=points(best, base),
        slices=tuple(slices(tasks, best, base_retrieval)),
        losses=tuple(losses(tasks, best, base_retrieval)),
    )


def _arm(measured: Sequence[Measurement], matches: Sequence[LineMatch]) -> LineArm:
    count = len(matches)
    return LineArm(
        summarize(measured),
        sum(match.similarity for match in matches) / count,
        sum(match.exact_lines for match in matches) / count,
        sum(match.similarity_lines for match in matches) / count,
    )


def _told(progress: Progress, before: int, total: int, done: int, _: int | None = None) -> None:
    progress(before + done, total)


def _encoded(task: CursorTask, arm: Arm, tokenizer: Any, max_length: int) -> EncodedExample:
    return encode_fill_in(
        task.parts(lambda text: len(plain_ids(tokenizer, text))),
        task.language,
        tokenizer,
        max_length=max_length,
        front=task.context if arm.retrieval else "",
        end=False,
    )


def _prompted(task: CursorTask, row: EncodedExample, tokenizer: Any) -> Prompted:
    """The row without what is asked for; a base without tokens for fill-ins says the prompt's last white space."""
    supervised = next(n for n, label in enumerate(row.labels) if label != IGNORE)
    seam = "" if FimTokens.of(control_tokens(tokenizer)) else split_seam(task.cursor.before)[1]
    lines = sum(bool(line.strip()) for line in task.expected.splitlines())
    return Prompted(row.ids[:supervised], seam, lines)
