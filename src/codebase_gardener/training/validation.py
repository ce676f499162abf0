"""The training side: the rows that there may be time for, and a few set aside to see which weights are best.

The latter are never trained on, and never held out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING, Any

from codebase_gardener.dataset.examples import Example
from codebase_gardener.training.encoding import EncodedDataset, EncodedExample, encode_all
from codebase_gardener.training.sampling import weighted_order
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.warm import WarmStart, mixed
from codebase_gardener.utils.files import sha256_text

if TYPE_CHECKING:
    from codebase_gardener.training.torch_device import GemmRates

__all__ = [
    "FORWARD_SHARE",
    "LOOKS",
    "Sides",
    "encode_sides",
    "first_rows",
    "look_every",
    "set_aside",
    "sides_of",
    "tokens_at_most",
]

LOOKS = 10
"""At most so many times are the rows looked at while a training runs, and once before."""

FORWARD_SHARE = 0.4
"""What a look at a token costs of training on it: there is no backward."""

_CHARS_A_TOKEN = 8  # of code twice as many as any tokenizer makes of it: rather too many rows
_BYTES_A_WEIGHT = 4
_LEAST_TOKENS = 50_000.0  # are encoded in half a second
_MARGIN = 4.0  # other programs may have slowed the products; of a mixture of experts a token meets a few only
_SHARE = 0.1  # of the rows at most, and at most so much of the time is spent on looking
_LEAST = 4  # rows: fewer say nothing


@dataclass(frozen=True)
class Sides:
    """Encoded rows.

    Attributes:
        train: Trained on.
        validation: Looked at; may be empty.
    """

    train: EncodedDataset
    validation: tuple[EncodedExample, ...]

    @property
    def look_tokens(self) -> float:
        """What one look costs, in tokens of training."""
        return FORWARD_SHARE * sum(len(row.ids) for row in self.validation)


def encode_sides(
    examples: Sequence[Example],
    tokenizer: Any,
    spec: TrainingSpec,
    warm: WarmStart | None = None,
    *,
    most_tokens: float = 0.0,
) -> Sides:
    """Encode the rows to train on and those to look at.

    Where an adapter goes on from another, the latter are those that it has not been trained on either.

    Args:
        examples: Of the training side.
        tokenizer: Of the base.
        spec: The options.
        warm: What an adapter goes on from.
        most_tokens: More than can be trained on: of many rows only so many are encoded; 0: all.

    Raises:
        DatasetError: No token would be trained on, or no end token.
    """
    there, aside = sides_of(examples, spec, warm)
    train = first_rows(there, most_tokens, spec) if most_tokens else there
    options: dict[str, Any] = {
        "max_length": spec.max_length,
        "completion_only": spec.completion_only_loss,
    }
    encoded = encode_all(train, tokenizer, **options)
    encoded = replace(encoded, not_encoded=len(there) - len(train))
    looked_at = encode_all(aside, tokenizer, **options, may_be_empty=True).rows
    return Sides(encoded, looked_at if len(looked_at) >= _LEAST else ())


def tokens_at_most(spec: TrainingSpec, weight_bytes: int, rates: GemmRates) -> float:
    """Several times what can be trained on in the time that there is; 0 where the number of steps is given.

    A token takes four operations a weight, forward and backward through what is frozen, and no training reaches the
    rate that one large product has.

    Args:
        spec: The options.
        weight_bytes: Of the base, at four bytes a weight or fewer.
        rates: Of the machine's products.
    """
    if spec.steps:
        return 0.0
    flops = _MARGIN * 1e9 * max(rates.float32, rates.bfloat16)
    return max(_LEAST_TOKENS, flops / (4 * weight_bytes / _BYTES_A_WEIGHT) * spec.minutes * 60)


def first_rows(examples: Sequence[Example], most_tokens: float, spec: TrainingSpec) -> Sequence[Example]:
    """The rows that training meets first, in that order, as many as surely have so many tokens; all, as they are.

    Args:
        examples: Of the training side.
        most_tokens: More than can be trained on.
        spec: The seed of the order, and how long a row can be.
    """
    order = weighted_order([row.weight for row in examples], spec.seed)
    tokens = accumulate(min(spec.max_length, _chars(examples[n]) / _CHARS_A_TOKEN) for n in order)
    needed = next((n for n, so_far in enumerate(tokens, 1) if so_far >= most_tokens), len(order))
    if needed == len(order):
        return examples
    return [examples[n] for n in order[:needed]]


def _chars(row: Example) -> int:
    told = (turn["content"] for turn in row.messages)
    return sum(map(len, (row.prompt, row.completion, row.text, *(row.fim or ()), *told)))


def sides_of(
    examples: Sequence[Example], spec: TrainingSpec, warm: WarmStart | None = None
) -> tuple[Sequence[Example], Sequence[Example]]:
    """Rows to train on and rows to look at, before they are encoded."""
    train, aside = set_aside(examples, spec.validation_rows, spec.seed)
    if warm is not None:
        new = frozenset(warm.news.rows)
        if new.isdisjoint(row.id for row in train):  # all of it lies in files that were set aside
            train, aside = examples, ()
        train = mixed(train, new, warm.old_rows, spec.seed)
    return train, aside


def set_aside(
    examples: Sequence[Example], most: int, seed: int
) -> tuple[Sequence[Example], Sequence[Example]]:
    """Rows to train on, and rows of other files to look at: a tenth at most, whole files, the same each time.

    Args:
        examples: Of the training side; a row that names no file stands for itself.
        most: Rows to look at, at most.
        seed: Of the choice.
    """
    room = min(most, int(_SHARE * len(examples)))
    files: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        files[example.path or example.id].append(example)
    chosen: set[str] = set()
    for name in sorted(files, key=lambda name: sha256_text(f"{seed} {name}")):
        if len(files[name]) <= room:
            chosen.add(name)
            room -= len(files[name])
    aside = [example for example in examples if (example.path or example.id) in chosen]
    if len(aside) < _LEAST:
        return examples, ()
    return [example for example in examples if (example.path or example.id) not in chosen], aside


def look_every(steps: int, look_tokens: float, budget_tokens: float = 0.0) -> int:
    """Steps between two looks; 0 where there is nothing to look at.

    Args:
        steps: Of the training.
        look_tokens: Cost of a look.
        budget_tokens: For training and looking together; 0: not limited.
    """
    if not look_tokens:
        return 0
    looks = LOOKS if not budget_tokens else int(_SHARE * budget_tokens / look_tokens) - 1
    return ceil(steps / max(1, min(looks, LOOKS)))
