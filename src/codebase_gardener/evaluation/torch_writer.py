"""Lines scored and written greedily by torch in this process: each prompt is read once, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from peft.helpers import disable_input_dtype_casting
from torch import Tensor
from torch.nn.functional import pad
from transformers import (
    DynamicCache,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from codebase_gardener.adapters.torch_generation import pad_token, padded
from codebase_gardener.bases.torch_seam import Seam
from codebase_gardener.evaluation.editing import Prompted, WrittenLines
from codebase_gardener.evaluation.line_match import telling_lines
from codebase_gardener.evaluation.measuring import RowScore
from codebase_gardener.memory.recall import Memory
from codebase_gardener.memory.suffixes import DEPTH
from codebase_gardener.memory.torch_mixing import mixed
from codebase_gardener.training.fast.torch_attention import ROWS
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["TorchWriter"]

_MOST_TOKENS = 96  # three lines of 110 letters
_BATCH_TOKENS = 16_384
_READ_TOKENS = 4  # reading a prompt takes about as long as writing so many tokens to a batch


class TorchWriter:
    """A `Writer`.

    Args:
        model: PEFT model with the adapter active, in eval mode.
        tokenizer: The base's.
        memory: Of the repository, without what is held out; everything is measured with it, too.
    """

    def __init__(self, model: Any, tokenizer: Any, memory: Memory | None = None) -> None:
        self.tokenizer, self._model, self._memory = tokenizer, model, memory

    def write(
        self, prompts: Sequence[Prompted], *, adapter: bool, progress: Progress = silent
    ) -> list[WrittenLines]:
        """Of each prompt, how likely what stands there is, and what comes next: at least the lines that were asked for
        unless it ends before.
        """
        said: dict[int, WrittenLines] = {}
        bf16 = self._model.get_base_model().dtype == torch.bfloat16
        with (
            _own_attention(self._model),
            torch.autocast(self._model.device.type, torch.bfloat16, enabled=bf16),
            disable_input_dtype_casting(self._model, bf16),  # as in scoring
            nullcontext() if adapter else self._model.disable_adapter(),
        ):
            for batch in _batches(prompts):
                told = self._telling(progress, len(said), len(batch), len(prompts))
                said.update(zip(batch, self._written([prompts[n] for n in batch], told), strict=True))
                progress(len(said), len(prompts))
        return [said[n] for n in range(len(prompts))]

    def _telling(self, progress: Progress, before: int, of: int, total: int) -> Callable[[int], None]:
        """What is called for each prompt that is read and each token that is written: a batch takes minutes."""
        work = _READ_TOKENS * of + _MOST_TOKENS * (2 if self._memory else 1)
        done = 0

        def told(more: int) -> None:
            nonlocal done
            done += more
            progress(before + of * min(done, work) // work, total)

        return told

    @torch.no_grad()
    def _written(self, prompts: Sequence[Prompted], told: Callable[[int], None]) -> list[WrittenLines]:
        inputs = padded([prompt.ids for prompt in prompts], pad_token(self.tokenizer), self._model.device)
        places = (inputs["attention_mask"].cumsum(-1) - 1).clamp_min(0)
        cache = self._read(prompts, told)
        scores = self._scores(prompts, inputs, places, cache)
        plain = self._texts(prompts, inputs, cache, None, told)
        remembered = self._texts(prompts, inputs, cache, self._memory, told) if self._memory else None
        return [
            WrittenLines(score, text, remembered[n] if remembered else None)
            for n, (score, text) in enumerate(zip(scores, plain, strict=True))
        ]

    def _read(self, prompts: Sequence[Prompted], told: Callable[[int], None]) -> DynamicCache:
        """Keys and values of all prompts but their last tokens; each is read alone, as a mask over filled up rows takes
        attention's slow way.
        """
        rows = []
        for prompt in prompts:
            ids = torch.tensor([prompt.ids[:-1]], device=self._model.device)
            rows.append(self._model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values)
            told(_READ_TOKENS)
        width = max(len(prompt.ids) for prompt in prompts) - 1
        together = DynamicCache()
        for number, layers in enumerate(zip(*(row.layers for row in rows), strict=True)):
            keys, values = (
                torch.cat([pad(part, (0, 0, width - part.shape[-2], 0)) for part in parts])
                for parts in zip(*((layer.keys, layer.values) for layer in layers), strict=True)
            )
            together.update(keys, values, number)
        return together

    def _scores(
        self, prompts: Sequence[Prompted], inputs: Mapping[str, Tensor], places: Tensor, cache: Any
    ) -> list[RowScore]:
        """Of what stands behind each prompt, one pass behind the prompts that were read."""
        width = max(len(prompt.expected) for prompt in prompts)
        answers = torch.tensor(
            [[*prompt.expected, *[0] * (width - len(prompt.expected))] for prompt in prompts],
            device=self._model.device,
        )
        steps = torch.arange(width, device=self._model.device)
        logits = self._model(
            input_ids=torch.cat([inputs["input_ids"][:, -1:], answers[:, :-1]], 1),
            attention_mask=torch.cat([inputs["attention_mask"], torch.ones_like(answers[:, :-1])], 1),
            position_ids=places[:, -1:] + steps,
            past_key_values=deepcopy(cache),
        ).logits
        return [
            self._score(prompt, logits[n, : len(prompt.expected)].float()) for n, prompt in enumerate(prompts)
        ]

    def _score(self, prompt: Prompted, logits: Tensor) -> RowScore:
        labels = torch.tensor(prompt.expected, device=logits.device)
        alone = _row_score(torch.log_softmax(logits, -1), labels)
        if self._memory is None:
            return alone
        ids = (*prompt.ids, *prompt.expected)
        contexts = [ids[max(0, n - DEPTH) : n] for n in range(len(prompt.ids), len(ids))]
        return replace(alone, remembered=_row_score(mixed(logits, contexts, self._memory), labels))

    def _texts(
        self,
        prompts: Sequence[Prompted],
        inputs: Mapping[str, Tensor],
        cache: Any,
        memory: Memory | None,
        told: Callable[[int], None],
    ) -> list[str]:
        seams = [prompt.seam for prompt in prompts]
        begin = inputs["input_ids"].shape[1]
        processors: list[LogitsProcessor] = []
        if memory is not None:
            processors.append(_Recalling(prompts, begin, memory))
        if any(seams):  # last: what it forbids stays forbidden
            processors.append(Seam(self.tokenizer, seams, begin))
        output = self._model.generate(
            **inputs,
            past_key_values=deepcopy(cache),
            max_new_tokens=_MOST_TOKENS,
            do_sample=False,
            pad_token_id=pad_token(self.tokenizer),
            logits_processor=LogitsProcessorList(processors),
            stopping_criteria=StoppingCriteriaList([_EnoughLines(self.tokenizer, prompts, begin, told)]),
        )
        texts = self.tokenizer.batch_decode(output[:, begin:], skip_special_tokens=True)
        return [text.removeprefix(seam) for text, seam in zip(texts, seams, strict=True)]


def _row_score(logs: Tensor, labels: Tensor) -> RowScore:
    losses = -logs.gather(1, labels[:, None])[:, 0].double()
    return RowScore(float(losses.sum()), (logs.argmax(-1) == labels).tolist(), losses=losses.tolist())


class _Recalling(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """The memory in the scores of what is written."""

    def __init__(self, prompts: Sequence[Prompted], begin: int, memory: Memory) -> None:
        self._prompts, self._begin, self._memory = prompts, begin, memory

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        said = input_ids[:, self._begin :].tolist()
        contexts = [(*prompt.ids, *ids)[-DEPTH:] for prompt, ids in zip(self._prompts, said, strict=True)]
        return mixed(scores, contexts, self._memory)


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

    def __init__(
        self, tokenizer: Any, prompts: Sequence[Prompted], begin: int, told: Callable[[int], None]
    ) -> None:
        self._tokenizer, self._prompts, self._begin, self._told = tokenizer, prompts, begin, told

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        self._told(1)
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
