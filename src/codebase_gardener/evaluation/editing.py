"""What an editor asks for, measured: the loss of the next lines, and whether greedy decoding writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol

from codebase_gardener.bases.fill_in import FimTokens
from codebase_gardener.bases.text import control_tokens, plain_ids, split_seam
from codebase_gardener.dataset.cursors import CursorTask
from codebase_gardener.evaluation.arms import ARMS, MEMORY
from codebase_gardener.evaluation.line_match import LineMatch, match_lines
from codebase_gardener.evaluation.measuring import RowScore
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
from codebase_gardener.training.encoding import IGNORE, encode_fill_in
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["MAX_LENGTH", "Editing", "LineArm", "Prompted", "Writer", "WrittenLines", "measure_editing"]

MAX_LENGTH = 2_560
"""Tokens: 1,500 before the cursor, 300 behind it, retrieved code, and the lines themselves."""


@dataclass(frozen=True)
class Prompted:
    """A prompt for the writer.

    Attributes:
        ids: Its tokens.
        expected: The tokens of what stands behind it.
        seam: White space at its end that the model is to say again (`split_seam`).
        lines: Lines with something on them that are asked for.
    """

    ids: tuple[int, ...]
    expected: tuple[int, ...]
    seam: str
    lines: int


@dataclass(frozen=True)
class WrittenLines:
    """What a model makes of a prompt.

    Attributes:
        score: Of what stands behind it.
        text: What greedy decoding writes.
        remembered: The same with the memory of the repository mixed in; None without one.
    """

    score: RowScore
    text: str
    remembered: str | None = None


class Writer(Protocol):
    """A base with an adapter that writes greedily."""

    tokenizer: Any

    def write(
        self, prompts: Sequence[Prompted], *, adapter: bool, progress: Progress = silent
    ) -> list[WrittenLines]:
        """Of each prompt, how likely what stands there is, and what comes next: at least the lines that were asked for
        unless it ends before.
        """
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
        exact_all: Adapter + retrieval + memory less base + retrieval, in points; None without a memory.
        exact_all_over_base: The same less base.
        slices: Where it helped, where it hurt.
        losses: The functions that lost most.
    """

    cursors: int
    at_line_starts: int
    arms: dict[str, LineArm]
    difference: Difference
    exact: Points
    exact_over_base: Points
    exact_all: Points | None
    exact_all_over_base: Points | None
    slices: tuple[Slice, ...]
    losses: tuple[Loss, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def measure_editing(
    writer: Writer,
    tasks: Sequence[CursorTask],
    *,
    max_length: int = MAX_LENGTH,
    progress: Progress = silent,
) -> Editing:
    """Measure all arms at all cursors, each with the memory, too, where the writer has one.

    Args:
        writer: The adapter's.
        tasks: At least one.
        max_length: Tokens of a prompt and its lines.
        progress: Cursors, over all arms.
    """
    measured: dict[str, list[Measurement]] = {}
    matches: dict[str, list[LineMatch]] = {}
    prompts = {
        retrieval: [_prompted(task, retrieval, writer.tokenizer, max_length) for task in tasks]
        for retrieval in (False, True)
    }

    def keep(name: str, scores: Sequence[RowScore], texts: Sequence[str]) -> None:
        matches[name] = [match_lines(text, task.expected) for text, task in zip(texts, tasks, strict=True)]
        measured[name] = [
            Measurement(task.path, score.nats, len(score.hits), len(task.expected.encode()), match.exact)
            for task, score, match in zip(tasks, scores, matches[name], strict=True)
        ]

    for number, arm in enumerate(ARMS):
        told = partial(_told, progress, number * len(tasks), len(ARMS) * len(tasks))
        said = writer.write(prompts[arm.retrieval], adapter=arm.adapter, progress=told)
        keep(arm.name, [one.score for one in said], [one.text for one in said])
        scores = [one.score.remembered for one in said if one.score.remembered is not None]
        texts = [one.remembered for one in said if one.remembered is not None]
        if len(scores) == len(texts) == len(tasks):
            keep(arm.name + MEMORY, scores, texts)
    return _editing(tasks, measured, matches)


def _editing(
    tasks: Sequence[CursorTask],
    measured: dict[str, list[Measurement]],
    matches: dict[str, list[LineMatch]],
) -> Editing:
    base, base_retrieval, _, best = (measured[arm.name] for arm in ARMS)
    everything = measured.get(ARMS[-1].name + MEMORY)
    return Editing(
        cursors=len(tasks),
        at_line_starts=sum(not task.within_a_line for task in tasks),
        arms={name: _arm(measured[name], matches[name]) for name in measured},
        difference=difference(best, base_retrieval),
        exact=points(best, base_retrieval),
        exact_over_base=points(best, base),
        exact_all=points(everything, base_retrieval) if everything else None,
        exact_all_over_base=points(everything, base) if everything else None,
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


def _prompted(task: CursorTask, retrieval: bool, tokenizer: Any, max_length: int) -> Prompted:
    """As an editor asks; a base without tokens for fill-ins says the prompt's last white space."""
    row = encode_fill_in(
        task.parts(lambda text: len(plain_ids(tokenizer, text))),
        task.language,
        tokenizer,
        max_length=max_length,
        front=task.context if retrieval else "",
        end=False,
    )
    asked = next(n for n, label in enumerate(row.labels) if label != IGNORE)
    seam = "" if FimTokens.of(control_tokens(tokenizer)) else split_seam(task.cursor.before)[1]
    lines = sum(bool(line.strip()) for line in task.expected.splitlines())
    return Prompted(row.ids[:asked], row.ids[asked:], seam, lines)
