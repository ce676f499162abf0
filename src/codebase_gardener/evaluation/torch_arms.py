"""Measuring the arms: held-out functions in batches of like length, both arms of a model in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib.resources import files
from typing import Any

import torch
from peft.helpers import disable_input_dtype_casting

from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.arms import ARMS, FILL_IN_ARMS, WITH_WIKI, Arm
from codebase_gardener.evaluation.metrics import Measurement
from codebase_gardener.evaluation.verdict import wiki_gain
from codebase_gardener.languages.table import language_of
from codebase_gardener.training.encoding import IGNORE, EncodedExample, encode_completion, encode_fill_in
from codebase_gardener.training.fast.torch_batch import FastPath, on_device
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["general_loss", "measure_arms", "measure_fill_in", "sample_rows"]

_BATCH_TOKENS = 3_072
MAX_LENGTH = 768
_GENERAL = FastPath(("head",))


def measure_arms(
    model: Any,
    tokenizer: Any,
    functions: Sequence[HeldoutFunction],
    *,
    max_length: int = MAX_LENGTH,
    path: FastPath = _GENERAL,
    progress: Progress = silent,
) -> dict[str, list[Measurement]]:
    """Measure every arm on every function, and the base with pages of the wiki where the functions have such prompts.

    The adapter's retrieval arm has the pages if the base's gets better with them.

    Args:
        model: PEFT model with the adapter active, in eval mode.
        tokenizer: The base's.
        functions: Held-out functions with their prompts.
        max_length: Tokens of prompt and body; the prompt's left is cut, and of a long body the end, in all arms alike.
        path: How rows are computed.
        progress: Functions measured, over all arms.

    Returns:
        Arm name → measurements in the order of `functions`.
    """
    measured: dict[str, list[Measurement]] = {}
    arms = _arms(functions)
    total = len(arms) * len(functions)
    encoded = [_encoded(f, tokenizer, max_length) for f in functions]
    for arm in arms:
        rows = [prompts[min(_prompt(arm, measured), len(prompts) - 1)] for prompts in encoded]
        texts = [function.completion for function in functions]
        told = _offset(progress, len(measured) * len(functions), total)
        scores = _arm_scores(model, tokenizer, arm, rows, texts, path, told)
        measured[arm.name] = [Measurement(f.path, *score) for f, score in zip(functions, scores, strict=True)]
    return measured


def measure_fill_in(
    model: Any,
    tokenizer: Any,
    functions: Sequence[HeldoutFunction],
    *,
    max_length: int = MAX_LENGTH,
    path: FastPath = _GENERAL,
    progress: Progress = silent,
) -> dict[str, list[Measurement]]:
    """Measure the middles of the functions that have one, from both sides; arguments as for `measure_arms`."""
    asked = [(function, function.fim) for function in functions if function.fim]
    rows = [
        encode_fill_in(
            fim,
            language_of(function.path),
            tokenizer,
            max_length=max_length,
            front=function.prompt_with_context.removesuffix(function.prompt),
            end=False,
        )
        for function, fim in asked
    ]
    measured: dict[str, list[Measurement]] = {}
    for arm in FILL_IN_ARMS if asked else ():
        told = _offset(progress, len(measured) * len(rows), len(FILL_IN_ARMS) * len(rows))
        scores = _arm_scores(model, tokenizer, arm, rows, [fim[1] for _, fim in asked], path, told)
        measured[arm.name] = [
            Measurement(f.path, *score) for (f, _), score in zip(asked, scores, strict=True)
        ]
    return measured


def sample_rows(functions: Sequence[HeldoutFunction], tokenizer: Any) -> list[EncodedExample]:
    """A few rows as they will be measured."""
    return [_encoded(function, tokenizer, MAX_LENGTH)[0] for function in functions[:3]]


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


def _arm_scores(
    model: Any,
    tokenizer: Any,
    arm: Arm,
    rows: Sequence[EncodedExample],
    texts: Sequence[str],
    path: FastPath,
    progress: Progress,
) -> list[tuple[float, int, int, bool]]:
    """What a `Measurement` holds of each row, where the adapter is on or off as the arm says."""
    first_lines = [_first_line_tokens(row, tokenizer) for row in rows]
    with nullcontext() if arm.adapter else model.disable_adapter():
        scores = _scores(model, rows, first_lines, path, progress)
    return [
        (nats, row.supervised, _scored_bytes(text, row, tokenizer), hit)
        for text, row, (nats, hit) in zip(texts, rows, scores, strict=True)
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


def _scores(
    model: Any,
    rows: Sequence[EncodedExample],
    first_lines: Sequence[int],
    path: FastPath,
    progress: Progress,
) -> list[tuple[float, bool]]:
    """Per row: the sum of its losses in nats, and whether the first line is what greedy decoding gives."""
    scores: list[tuple[float, bool]] = [(0.0, False)] * len(rows)
    done = 0
    for batch in _batches(rows):
        losses, hits = _forward(model, [rows[n] for n in batch], path)
        for place, n in enumerate(batch):
            scores[n] = (losses[place], bool(hits[place][: first_lines[n]].all()))
        done += len(batch)
        progress(done, len(rows))
    return scores


@torch.no_grad()
def _forward(model: Any, rows: Sequence[EncodedExample], path: FastPath) -> tuple[list[float], list[Any]]:
    """Per row: the sum of its losses, and whether each of its tokens is the most likely one."""
    device = next(model.parameters()).device
    inputs = on_device(path.batch(rows, pad_id=0), device)
    bf16 = model.get_base_model().dtype == torch.bfloat16
    # as in training: the low-rank products in bf16 too, or the adapter's arms take twice the time
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16), disable_input_dtype_casting(model, bf16):
        scored = path.losses(model, inputs)
    own = [scored.rows_N == place for place in range(len(rows))]
    return [float(scored.losses_N[mine].double().sum()) for mine in own], [
        scored.hits_N[mine].cpu() for mine in own
    ]


def _batches(rows: Sequence[EncodedExample]) -> list[list[int]]:
    """Row numbers, longest first, so many in a batch that padding and memory stay small."""
    order = sorted(range(len(rows)), key=lambda n: -len(rows[n].ids))
    batches: list[list[int]] = []
    for n in order:
        if batches and (len(batches[-1]) + 1) * len(rows[batches[-1][0]].ids) <= _BATCH_TOKENS:
            batches[-1].append(n)
        else:
            batches.append([n])
    return batches


def general_loss(model: Any, tokenizer: Any, path: FastPath = _GENERAL) -> dict[str, float]:
    """Nats per token on general text, with the adapter off and on: what training forgets shows here."""
    text = files("codebase_gardener.evaluation").joinpath("general_text.txt").read_text("utf-8")
    rows = [
        encode_completion("", passage, tokenizer, max_length=MAX_LENGTH, end=False)
        for passage in text.strip().split("\n\n")
    ]
    result = {}
    for name in ("base", "adapter"):
        with nullcontext() if name == "adapter" else model.disable_adapter():
            scores = _scores(model, rows, [1] * len(rows), path, silent)
        result[name] = sum(nats for nats, _ in scores) / sum(row.supervised for row in rows)
    return result
