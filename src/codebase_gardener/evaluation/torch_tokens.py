"""`evaluate --tokens`: held-out functions one by one, and how likely base and adapter find each of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.editing import Prompted, WrittenLines
from codebase_gardener.evaluation.measuring import retrieval_rows
from codebase_gardener.evaluation.token_scores import TokenScores
from codebase_gardener.evaluation.torch_evaluate import measured_model
from codebase_gardener.evaluation.torch_writer import TorchWriter
from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["score_tokens"]

_MOST_LINES = 8
_DIGITS = 4


def score_tokens(
    adapter: Path,
    base: Base,
    functions: Sequence[HeldoutFunction],
    *,
    pages: bool,
    device: str,
    dtype: str,
    progress: Progress = silent,
) -> list[TokenScores]:
    """Score the tokens of functions with the adapter off and on, both with retrieved code.

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        functions: Held out.
        pages: Whether the verdict's arms had pages of the wiki.
        device: As the settings say.
        dtype: What is computed in.
        progress: Functions, over both.
    """
    with measured_model(adapter, base, functions, device=device, dtype=dtype) as (model, scorer):
        tokenizer = scorer.tokenizer
        rows = retrieval_rows(functions, tokenizer, pages=pages)
        prompts = [_prompted(row, one.completion) for row, one in zip(rows, functions, strict=True)]
        writer, total = TorchWriter(model, tokenizer), 2 * len(prompts)
        without = writer.write(prompts, adapter=False, progress=partial(_told, progress, 0, total))
        with_it = writer.write(prompts, adapter=True, progress=partial(_told, progress, len(prompts), total))
        return [
            _scores(*one, tokenizer, pages=pages)
            for one in zip(functions, rows, prompts, without, with_it, strict=True)
        ]


def _scores(
    function: HeldoutFunction,
    row: EncodedExample,
    prompt: Prompted,
    without: WrittenLines,
    with_it: WrittenLines,
    tokenizer: Any,
    *,
    pages: bool,
) -> TokenScores:
    return TokenScores(
        function.symbol,
        function.anchor,
        tokenizer.decode(prompt.ids, skip_special_tokens=True),
        function.context_with_pages if pages and function.prompt_with_pages else function.context,
        tuple(_pieces(tokenizer, prompt.expected)),
        tuple(round(nats, _DIGITS) for nats in without.score.losses),
        tuple(round(nats, _DIGITS) for nats in with_it.score.losses),
        without.text,
        with_it.text,
        row.truncated,
    )


def _prompted(row: EncodedExample, body: str) -> Prompted:
    asked = next(n for n, label in enumerate(row.labels) if label != IGNORE)
    lines = sum(bool(line.strip()) for line in body.splitlines())
    return Prompted(row.ids[:asked], row.ids[asked:], "", min(lines, _MOST_LINES))


def _pieces(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """The text of each token: a letter of several bytes stands with the token that ends it."""
    pieces: list[str] = []
    said = 0
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count], clean_up_tokenization_spaces=False)
        whole = count == len(ids) or not text.endswith("\N{REPLACEMENT CHARACTER}")
        pieces.append(text[said:] if whole else "")
        said = len(text) if whole else said
    return pieces


def _told(progress: Progress, before: int, total: int, done: int, _: int | None = None) -> None:
    progress(before + done, total)
