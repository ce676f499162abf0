"""Rows of a training as the model sees them: which tokens it is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from codebase_gardener.bases.text import control_tokens
from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.training.encoding import IGNORE, EncodedExample, encode_all, rows_to_train
from codebase_gardener.training.validation import sides_of

__all__ = ["ColouredRow", "RowPart", "coloured_rows"]


@dataclass(frozen=True)
class RowPart:
    """Tokens in a row that are alike.

    Attributes:
        text: What they say.
        trained: Whether they are trained on.
        control: Whether it is a control token, such as the one that ends a text.
    """

    text: str
    trained: bool
    control: bool


@dataclass(frozen=True)
class ColouredRow:
    """One row.

    Attributes:
        anchor: Where it comes from.
        task: What it teaches.
        parts: In their order; () where it cannot be encoded.
        tokens, trained: How many there are, and how many of them are trained on.
        truncated: Whether max_length cut something.
        refused: Why it is left out, or "".
    """

    anchor: str
    task: str
    parts: tuple[RowPart, ...] = ()
    tokens: int = 0
    trained: int = 0
    truncated: bool = False
    refused: str = ""


def coloured_rows(spec: JobSpec, begin: int, count: int) -> tuple[list[ColouredRow], int]:
    """Some of the rows that a training trains on, encoded as it does.

    Args:
        spec: Of the training.
        begin: The first, from 0.
        count: How many.

    Returns:
        They, and how many there are in all.

    Raises:
        NotFoundError, DatasetError, ModelError: Dataset or tokenizer is gone or damaged.
    """
    train, _ = sides_of(rows_to_train(_dataset(spec.dataset)), spec.training, spec.warm)
    tokenizer = _tokenizer(spec.base.path)
    shown = [row for example in train[begin : begin + count] for row in _coloured(example, tokenizer, spec)]
    return shown, len(train)


@lru_cache(1)
def _dataset(folder: Path) -> Dataset:
    """A published one never changes."""
    return load_dataset(folder)


@lru_cache(2)
def _tokenizer(base: Path) -> Any:
    from codebase_gardener.bases.torch_loading import load_tokenizer

    return load_tokenizer(base)


def _coloured(example: Example, tokenizer: Any, spec: JobSpec) -> list[ColouredRow]:
    """A row, or one for each answer of a conversation that the base's template splits."""
    encoded = encode_all(
        [example],
        tokenizer,
        max_length=spec.training.max_length,
        completion_only=spec.training.completion_only_loss,
        may_be_empty=True,
    )
    if not encoded.rows:
        why = encoded.left_out[0][1] if encoded.left_out else "max_length leaves no token to train on"
        return [ColouredRow(example.anchor, example.task, refused=why)]
    return [
        ColouredRow(
            example.anchor,
            example.task,
            tuple(_parts(row, tokenizer)),
            len(row.ids),
            row.supervised,
            row.truncated,
        )
        for row in encoded.rows
    ]


def _parts(row: EncodedExample, tokenizer: Any) -> Iterator[RowPart]:
    controls = frozenset(control_tokens(tokenizer).values())
    kinds = [
        (label != IGNORE and place > 0, token in controls)  # nothing stands before the first
        for place, (token, label) in enumerate(zip(row.ids, row.labels, strict=True))
    ]
    begin = 0
    for (trained, control), alike in groupby(kinds):
        end = begin + len(list(alike))
        yield RowPart(_text(tokenizer, row.ids, begin, end), trained, control)
        begin = end


def _text(tokenizer: Any, ids: Sequence[int], begin: int, end: int) -> str:
    """What tokens say behind those before them: alone, some tokenizers leave out the space that they begin with."""
    before, whole = _decoded(tokenizer, ids[:begin]), _decoded(tokenizer, ids[:end])
    return whole[len(before) :] if whole.startswith(before) else _decoded(tokenizer, ids[begin:end])


def _decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))
