"""Measuring the arms: which rows each one has, whoever scores them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Protocol

from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.arms import ARMS, FILL_IN_ARMS, MEMORY, PARENT, WITH_WIKI, Arm
from codebase_gardener.evaluation.metrics import Measurement
from codebase_gardener.evaluation.parent import Parent, beside_parent
from codebase_gardener.evaluation.verdict import FunctionLoss, Verdict, judge, wiki_gain
from codebase_gardener.languages.table import language_of
from codebase_gardener.training.encoding import IGNORE, EncodedExample, encode_completion, encode_fill_in
from codebase_gardener.utils.error_handling import DatasetError
from codebase_gardener.utils.progress import Progress, silent

__all__ = [
    "RowScore",
    "Scorer",
    "general_loss",
    "heldout_functions",
    "measure_arms",
    "measure_bodies",
    "measure_fill_in",
    "measured_verdict",
    "retrieval_rows",
    "sample_rows",
]

MAX_LENGTH = 768


@dataclass(frozen=True)
class RowScore:
    """What a model makes of one row.

    Attributes:
        nats: Sum of the negative log-likelihood of its supervised tokens.
        hits: Of each of them, whether it is the most likely one.
        remembered: The same with the memory of the repository mixed in; None without one.
        losses: Of each of them, its part of `nats`; () from a server.
    """

    nats: float
    hits: Sequence[bool]
    remembered: RowScore | None = None
    losses: Sequence[float] = ()


class Scorer(Protocol):
    """A base with an adapter that scores rows: in this process, or behind a server."""

    tokenizer: Any

    def scores(
        self, rows: Sequence[EncodedExample], *, adapter: bool, progress: Progress = silent
    ) -> list[RowScore]:
        """The scores of rows, with the adapter on or off."""
        ...


def heldout_functions(dataset: Dataset, limit: int) -> Sequence[HeldoutFunction]:
    """The functions to measure on: in no row of the dataset, and not in its index.

    Raises:
        DatasetError: Nothing was held out.
    """
    functions = dataset.heldout[:limit]
    if not functions:
        raise DatasetError(
            "nothing was held out, so there is nothing to measure on",
            hint="the repository needs at least two files with functions; or bring more rows of your own",
        )
    return functions


def measured_verdict(
    scorer: Scorer,
    functions: Sequence[HeldoutFunction],
    progress: Progress = silent,
    *,
    parent: tuple[Parent, Scorer] | None = None,
    fill_in: bool = True,
) -> Verdict:
    """The verdict on an adapter: all arms, middles, and general text; beside the version that it went on from.

    Args:
        scorer: The adapter's.
        functions: Held-out functions with their prompts.
        progress: Functions measured, over all arms.
        parent: The version that it went on from, and its scorer.
        fill_in: Whether middles are measured, too.
    """
    beside = parent[1] if parent else None
    measured = measure_arms(scorer, functions, parent=beside, progress=progress)
    verdict = judge(measured, general_loss(scorer), measure_fill_in(scorer, functions) if fill_in else {})
    pages = verdict.wiki is not None and verdict.wiki.kept
    base, adapter = measured[(WITH_WIKI if pages else ARMS[1]).name], measured[ARMS[-1].name]
    losses = tuple(
        FunctionLoss(one.symbol, one.anchor, own.tokens, of_base.nats / own.tokens, own.nats / own.tokens)
        for one, of_base, own in zip(functions, base, adapter, strict=True)
    )
    beside_it = beside_parent(measured, functions, parent[0]) if parent else None
    return replace(verdict, parent=beside_it, functions=losses)


def measure_arms(
    scorer: Scorer,
    functions: Sequence[HeldoutFunction],
    *,
    max_length: int = MAX_LENGTH,
    parent: Scorer | None = None,
    progress: Progress = silent,
) -> dict[str, list[Measurement]]:
    """Measure every arm on every function, and the base with pages of the wiki where the functions have such prompts.

    The adapter's retrieval arm has the pages if the base's gets better with them.

    Args:
        scorer: The adapter's.
        functions: Held-out functions with their prompts.
        parent: That of the version that the adapter went on from.
        max_length: Tokens of prompt and body; the prompt's left is cut, and of a long body the end, in all arms alike.
        progress: Functions measured, over all arms.

    Returns:
        Arm name → measurements in the order of `functions`; with `MEMORY` behind it, those with the memory.
    """
    measured: dict[str, list[Measurement]] = {}
    arms = [*_arms(functions), *((PARENT,) if parent else ())]
    total = len(arms) * len(functions)
    encoded = [_encoded(f, scorer.tokenizer, max_length) for f in functions]
    for number, arm in enumerate(arms):
        rows = [prompts[min(_prompt(arm, measured), len(prompts) - 1)] for prompts in encoded]
        told = _offset(progress, number * len(functions), total)
        asked = [(f.path, f.completion, row) for f, row in zip(functions, rows, strict=True)]
        asking = parent if parent is not None and arm == PARENT else scorer
        scores = asking.scores(rows, adapter=arm.adapter, progress=told)
        measured[arm.name] = _measurements(asked, scores, scorer.tokenizer)
        remembered = [score.remembered for score in scores if score.remembered is not None]
        if len(remembered) == len(scores):  # of the same logits
            measured[arm.name + MEMORY] = _measurements(asked, remembered, scorer.tokenizer)
    return measured


def measure_fill_in(
    scorer: Scorer,
    functions: Sequence[HeldoutFunction],
    *,
    max_length: int = MAX_LENGTH,
    progress: Progress = silent,
) -> dict[str, list[Measurement]]:
    """Measure the middles of the functions that have one, from both sides; arguments as for `measure_arms`."""
    asked = [(function, function.fim) for function in functions if function.fim]
    rows = [
        encode_fill_in(
            fim,
            language_of(function.path),
            scorer.tokenizer,
            max_length=max_length,
            front=function.prompt_with_context.removesuffix(function.prompt),
            end=False,
        )
        for function, fim in asked
    ]
    measured: dict[str, list[Measurement]] = {}
    for arm in FILL_IN_ARMS if asked else ():
        told = _offset(progress, len(measured) * len(rows), len(FILL_IN_ARMS) * len(rows))
        scores = scorer.scores(rows, adapter=arm.adapter, progress=told)
        middles = [(f.path, fim[1], row) for (f, fim), row in zip(asked, rows, strict=True)]
        measured[arm.name] = _measurements(middles, scores, scorer.tokenizer)
    return measured


def measure_bodies(
    scorer: Scorer,
    functions: Sequence[HeldoutFunction],
    *,
    max_length: int = MAX_LENGTH,
    progress: Progress = silent,
) -> list[Measurement]:
    """Measure the adapter with retrieved code alone, on bodies that fit as they are (`same_bodies`)."""
    rows = [
        encode_completion(
            one.prompt_with_context, one.completion, scorer.tokenizer, max_length=max_length, end=False
        )
        for one in functions
    ]
    scores = scorer.scores(rows, adapter=True, progress=progress)
    asked = [(one.path, one.completion, row) for one, row in zip(functions, rows, strict=True)]
    measured = _measurements(asked, scores, scorer.tokenizer)
    # all of the body is scored: a tokenizer that decodes to other spaces changes no length
    return [replace(one, bytes=len(text.encode())) for one, (_, text, _) in zip(measured, asked, strict=True)]


def sample_rows(functions: Sequence[HeldoutFunction], tokenizer: Any, count: int = 3) -> list[EncodedExample]:
    """A few rows as they will be measured."""
    return [_encoded(function, tokenizer, MAX_LENGTH)[0] for function in functions[:count]]


def retrieval_rows(
    functions: Sequence[HeldoutFunction], tokenizer: Any, *, pages: bool
) -> list[EncodedExample]:
    """The rows that the verdict is measured on: with retrieved code, and with pages of the wiki where it has them."""
    rows = [_encoded(function, tokenizer, MAX_LENGTH) for function in functions]
    return [prompts[-1 if pages else 1] for prompts in rows]


def _arms(functions: Sequence[HeldoutFunction]) -> list[Arm]:
    """The four, and right after the base's the one with pages, where there are any."""
    of_base = [arm for arm in ARMS if not arm.adapter]
    wiki = [WITH_WIKI] if any(function.prompt_with_pages for function in functions) else []
    return [*of_base, *wiki, *(arm for arm in ARMS if arm.adapter)]


def _prompt(arm: Arm, measured: Mapping[str, Sequence[Measurement]]) -> int:
    """Which of `_encoded`'s rows an arm is measured on."""
    gain = wiki_gain(measured) if arm.adapter and arm.retrieval else None
    has_pages = arm == WITH_WIKI or (gain is not None and gain.kept)
    return arm.retrieval + has_pages


def _encoded(function: HeldoutFunction, tokenizer: Any, max_length: int) -> tuple[EncodedExample, ...]:
    """The function alone, with retrieved code, and with pages too if it has such a prompt.

    All have as much of its body as fits behind the longest of these prompts.
    """
    prompts = [function.prompt, function.prompt_with_context]
    if function.prompt_with_pages:
        prompts.append(function.prompt_with_pages)
    rows = [
        encode_completion(prompt, function.completion, tokenizer, max_length=max_length, end=False)
        for prompt in prompts
    ]
    scored = [sum(label != IGNORE for label in row.labels) for row in rows]
    return tuple(_without_last(row, count - min(scored)) for row, count in zip(rows, scored, strict=True))


def _without_last(row: EncodedExample, tokens: int) -> EncodedExample:
    keep = len(row.ids) - tokens
    return replace(row, ids=row.ids[:keep], labels=row.labels[:keep], truncated=row.truncated or tokens > 0)


def _measurements(
    asked: Sequence[tuple[str, str, EncodedExample]], scores: Sequence[RowScore], tokenizer: Any
) -> list[Measurement]:
    """What the scores say of each path, text and row."""
    return [
        Measurement(
            path,
            score.nats,
            row.supervised,
            _scored_bytes(text, row, tokenizer),
            all(score.hits[: _first_line_tokens(row, tokenizer)]),
        )
        for (path, text, row), score in zip(asked, scores, strict=True)
    ]


def _scored_bytes(text: str, row: EncodedExample, tokenizer: Any) -> int:
    """Length of what is asked for as far as it is in the row."""
    scored = tokenizer.decode([label for label in row.labels if label != IGNORE])
    return min(len(text.encode()), len(scored.encode()))


def _offset(progress: Progress, before: int, total: int) -> Progress:
    """Progress of one arm as progress of all."""
    return lambda done, _: progress(before + done, total)


def _first_line_tokens(row: EncodedExample, tokenizer: Any) -> int:
    """How many supervised tokens cover the body's first line with something on it."""
    supervised = [label for label in row.labels if label != IGNORE]
    for count in range(1, len(supervised) + 1):
        text = tokenizer.decode(supervised[:count])
        if "\n" in text.lstrip() and text.strip():
            return count
    return len(supervised)


def general_loss(scorer: Scorer, *, code_without: Collection[str] | None = None) -> dict[str, float]:
    """Nats per token on general text or code, with the adapter off and on: what training forgets shows here.

    Args:
        scorer: The adapter's.
        code_without: Code instead of prose, in languages that are not these.
    """
    if code_without is None:
        passages = _shipped("general_text.txt").strip().split("\n\n")
    else:
        named = [part.split("\n", 1) for part in _shipped("general_code.txt").split("%% ")[1:]]
        passages = [code for language, code in named if language.strip() not in code_without]
    rows = [
        encode_completion("", passage, scorer.tokenizer, max_length=MAX_LENGTH, end=False)
        for passage in passages
    ]
    result = {}
    for name in ("base", "adapter"):
        scores = scorer.scores(rows, adapter=name == "adapter")
        result[name] = sum(score.nats for score in scores) / sum(row.supervised for row in rows)
    return result


def _shipped(name: str) -> str:
    return files("codebase_gardener.evaluation").joinpath(name).read_text("utf-8")
