"""How much of an adapter's effect is left somewhere else: distributions of the next token, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_attaching import Attached, attach, merged
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.training.encoding import IGNORE, EncodedExample, encode_completion, text_ids
from codebase_gardener.training.torch_logits import PROMPTS, mean_kl
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["LEAST_EFFECT", "InMemory", "compared", "in_memory"]

SAID = 8
"""Tokens that each prompt is gone on with."""
HELDOUT_TOKENS = 384
"""Of a held-out function, with its prompt: llama.cpp is asked for each token of the function by itself."""
LEAST_EFFECT = 0.5
"""Share of the effect below which an export is refused: less than half of what was trained would be in use."""


@dataclass(frozen=True)
class InMemory:
    """What base and adapter say in memory, float32.

    Attributes:
        sequences: Ids of each fixed prompt and of the tokens that the adapter says then, greedily.
        starts: Where in each what was said begins.
        on: Log-probabilities before each token that was said, [tokens, V], with the adapter.
        off: The same of the base.
        merged: The same of the adapter merged into the base; None where PEFT cannot merge it.
        rows: Held-out functions behind their prompts.
        loss: Of base, adapter and merged (where it is) the mean negative log-likelihood of the functions' tokens.
    """

    sequences: tuple[tuple[int, ...], ...]
    starts: tuple[int, ...]
    on: Tensor
    off: Tensor
    merged: Tensor | None = None
    rows: tuple[EncodedExample, ...] = ()
    loss: Mapping[str, float] = field(default_factory=dict)

    @property
    def said(self) -> Tensor:
        """The tokens that were said."""
        return torch.tensor(
            [token for ids, start in zip(self.sequences, self.starts, strict=True) for token in ids[start:]]
        )


@torch.no_grad()
def in_memory(files: AdapterFiles, base: Base, heldout: Sequence[tuple[str, str]] = ()) -> InMemory:
    """Measure an adapter in memory.

    Args:
        files: Its files.
        base: Its base.
        heldout: Prompts and the code that follows them.

    Raises:
        AdapterError: It does not fit, or changes nothing.
    """
    model, tokenizer = load_model(base.path, dtype="float32"), load_tokenizer(base.path)
    prompts = [text_ids(tokenizer, prompt) for prompt in PROMPTS]
    attached = attach(model, files)
    sequences = [_continued(attached.model, ids) for ids in prompts]
    starts = [len(ids) for ids in prompts]
    rows = [
        encode_completion(prompt, text, tokenizer, max_length=HELDOUT_TOKENS, end=False)
        for prompt, text in heldout
    ]
    models = {"base": model, "adapter": attached.model, "merged": _merged(attached, files)}
    said = {name: _distributions(one, sequences, starts) for name, one in models.items() if one is not None}
    loss = {name: _loss(one, rows) for name, one in models.items() if rows and one is not None}
    return InMemory(
        tuple(map(tuple, sequences)), tuple(starts), said["adapter"], said["base"], said.get("merged"),
        tuple(rows), loss,
    )  # fmt: skip


def _merged(attached: Attached, files: AdapterFiles) -> Any:
    try:
        return merged(attached, str(files.directory))
    except AdapterError:  # a kind that cannot be merged
        return None


def _loss(model: Any, rows: Sequence[EncodedExample]) -> float:
    """Mean negative log-likelihood of the supervised tokens, nats."""
    said, counted = 0.0, 0
    for row in rows:
        logits = model(input_ids=torch.tensor([row.ids]), use_cache=False).logits[0, :-1].float()
        labels = torch.tensor(row.labels[1:])
        said += float(torch.nn.functional.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="sum"))
        counted += int((labels != IGNORE).sum())
    return said / max(1, counted)


def _continued(model: Any, ids: Sequence[int]) -> list[int]:
    said = list(ids)
    for _ in range(SAID):
        said.append(int(model(input_ids=torch.tensor([said]), use_cache=False).logits[0, -1].argmax()))
    return said


def _distributions(model: Any, sequences: Sequence[Sequence[int]], starts: Sequence[int]) -> Tensor:
    rows = []
    for ids, start in zip(sequences, starts, strict=True):
        logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
        rows.append(logits[start - 1 : -1].float().log_softmax(-1))
    return torch.cat(rows)


def compared(
    label: str, where: str, known: InMemory, there: Tensor, loss: float | None = None
) -> dict[str, Any]:
    """A receipt's data: how near an export is to the adapter in memory, and what is left of its effect.

    Args:
        label: The adapter, for messages.
        where: What it was exported as.
        known: The adapter in memory.
        there: Log-probabilities of the export at the same places, [tokens, V].
        loss: Of the export, on the held-out functions; None where there are none.

    Raises:
        AdapterError: Less than `LEAST_EFFECT` of it is left.
    """
    places = torch.arange(len(known.said))
    models = {"base": known.off, "adapter": known.on, "merged": known.merged, "export": there}
    said = {name: rows for name, rows in models.items() if rows is not None}
    effect, lost = mean_kl(known.on, known.off), mean_kl(known.on, there)
    left = max(0.0, 1 - lost / effect) if effect > 0 else 0.0
    if not left >= LEAST_EFFECT:  # NaN too
        raise AdapterError(
            f"as {where}, {label} keeps {left:.0%} of its effect: it is {lost:.3g} nats from the adapter, "
            f"which is {effect:.3g} nats from its base",
            hint="store it with more bits (--quantize f16 or f32), or keep it as an adapter: --to peft",
            context={"effect_left": left, "kl_nats": lost, "effect_nats": effect},
        )
    return {
        "effect_left": left,
        "kl_nats": lost,
        "effect_nats": effect,
        "max_logprob_difference": float((there - known.on)[places, known.said].abs().max()),
        "greedy_equal": int((there.argmax(-1) == known.said).sum()),
        "tokens": len(known.said),
        "loss_nats": {name: float(-rows[places, known.said].mean()) for name, rows in said.items()},
        "kl_of_nats": {name: mean_kl(known.on, rows) for name, rows in said.items() if name != "adapter"},
        **(_on_heldout(known, loss) if loss is not None else {}),
    }


def _on_heldout(known: InMemory, loss: float) -> dict[str, Any]:
    tokens = sum(label != IGNORE for row in known.rows for label in row.labels[1:])
    return {
        "heldout_functions": len(known.rows),
        "heldout_tokens": tokens,
        "heldout_loss_nats": {**known.loss, "export": loss},
    }
