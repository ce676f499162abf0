"""Lines written greedily by torch in this process: in batches of like length, with the adapter on or off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from codebase_gardener.adapters.torch_generation import pad_token, padded
from codebase_gardener.bases.torch_seam import Seam
from codebase_gardener.evaluation.editing import Prompted
from codebase_gardener.evaluation.line_match import telling_lines
from codebase_gardener.training.fast.torch_attention import ROWS
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["TorchWriter"]

_MOST_TOKENS = 96  # three lines of 110 letters
_BATCH_TOKENS = 16_384


class TorchWriter:
    """A `Writer`.

    Args:
        model: PEFT model with the adapter active, in eval mode.
        tokenizer: The base's.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer

    def write(self, prompts: Sequence[Prompted], *, adapter: bool, progress: Progress = silent) -> list[str]:
        """What comes next after each prompt, at least the lines that were asked for unless it ends before."""
        said = [""] * len(prompts)
        done = 0
        with _own_attention(self._model), nullcontext() if adapter else self._model.disable_adapter():
            for batch in _batches(prompts):
                texts = self._written([prompts[n] for n in batch])
                for n, text in zip(batch, texts, strict=True):
                    said[n] = text
                done += len(batch)
                progress(done, len(prompts))
        return said

    @torch.no_grad()
    def _written(self, prompts: Sequence[Prompted]) -> list[str]:
        seams = [prompt.seam for prompt in prompts]
        inputs = padded([prompt.ids for prompt in prompts], pad_token(self._tokenizer), self._model.device)
        begin = inputs["input_ids"].shape[1]
        output = self._model.generate(
            **inputs,
            max_new_tokens=_MOST_TOKENS,
            do_sample=False,
            pad_token_id=pad_token(self._tokenizer),
            logits_processor=LogitsProcessorList([Seam(self._tokenizer, seams, begin)] if any(seams) else []),
            stopping_criteria=StoppingCriteriaList([_EnoughLines(self._tokenizer, prompts, begin)]),
        )
        texts = self._tokenizer.batch_decode(output[:, begin:], skip_special_tokens=True)
        return [text.removeprefix(seam) for text, seam in zip(texts, seams, strict=True)]


@contextmanager
def _own_attention(model: Any) -> Iterator[None]:
    """The attention of transformers for a block: that of packed rows, which scoring uses, has no cache."""
    inner = model.get_base_model()
    before = inner.config._attn_implementation
    if before == ROWS:
        inner.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        if before == ROWS:
            inner.set_attn_implementation(before)


class _EnoughLines(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped
    """Stops a row when it has the lines that were asked for, each to its end."""

    def __init__(self, tokenizer: Any, prompts: Sequence[Prompted], begin: int) -> None:
        self._tokenizer, self._prompts, self._begin = tokenizer, prompts, begin

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        texts = self._tokenizer.batch_decode(input_ids[:, self._begin :], skip_special_tokens=True)
        return torch.tensor(
            [
                len(telling_lines(text.rpartition("\n")[0])) >= prompt.lines
                for text, prompt in zip(texts, self._prompts, strict=True)
            ],
            device=input_ids.device,
        )


def _batches(prompts: Sequence[Prompted]) -> list[list[int]]:
    """Prompt numbers, longest first, so many in a batch that memory stays small."""
    batches: list[list[int]] = []
    for n in sorted(range(len(prompts)), key=lambda n: -len(prompts[n].ids)):
        if batches and (len(batches[-1]) + 1) * len(prompts[batches[-1][0]].ids) <= _BATCH_TOKENS:
            batches[-1].append(n)
        else:
            batches.append([n])
    return batches
