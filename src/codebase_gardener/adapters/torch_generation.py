"""Generation: prompts as tokens, sampling options, stop strings, streams, batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessorList, StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

from codebase_gardener.adapters.stop_texts import StopTexts
from codebase_gardener.bases.text import conversation_ids, render_conversation, split_seam
from codebase_gardener.bases.torch_seam import Seam
from codebase_gardener.dataset.prompts import Prompt
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["Sampling", "encode", "generate", "pad_token", "padded", "stream"]

_STOPPED_S = 60.0
_REASON_CHARS = 300


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen, and when to stop.

    Attributes:
        max_new_tokens: Tokens at most.
        temperature: 0 takes the most likely token; above, draws from the softmax of logits / temperature.
        top_p: Draw from the most likely tokens that have this share together.
        top_k: Draw from this many most likely tokens; 0: all.
        repetition_penalty: Logits of what was said are divided by it (arXiv:1909.05858).
        stop: Texts at which to stop; they are not part of the answer.
        seed: Of the draws; None: torch's generator as it is.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.stop, str):
            object.__setattr__(self, "stop", (self.stop,))
        for name, fine, expected in (
            ("max_new_tokens", self.max_new_tokens >= 1, "1 or more"),
            ("temperature", self.temperature >= 0, "0 or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("top_k", self.top_k >= 0, "0 or more"),
            ("repetition_penalty", self.repetition_penalty > 0, "above 0"),
            ("stop", all(self.stop), "texts that are not empty"),
        ):
            if not fine:
                raise InvalidInputError(f"{name} is {getattr(self, name)!r}", hint=f"expected {expected}")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> tuple[Sampling, dict[str, Any]]:
        """Split options into those that are known here and the rest, which goes to transformers' `generate`."""
        known = {field.name for field in fields(cls)}
        return (
            cls(**{name: value for name, value in options.items() if name in known}),
            {name: value for name, value in options.items() if name not in known},
        )

    def options(self, tokenizer: Any) -> dict[str, Any]:
        """Keyword arguments of transformers' `generate`."""
        chosen: dict[str, Any] = {
            "max_new_tokens": self.max_new_tokens,
            "do_sample": self.temperature > 0,
            "repetition_penalty": self.repetition_penalty,
            "pad_token_id": pad_token(tokenizer),
        }
        if self.temperature > 0:
            chosen |= {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k}
        if self.stop:
            chosen |= {"stop_strings": list(self.stop), "tokenizer": tokenizer}
        return chosen


def encode(tokenizer: Any, prompt: Prompt) -> tuple[list[int], str]:
    """Token ids of a prompt, with the BOS token where the base has one, and the white space that was taken off it."""
    if isinstance(prompt, str):
        kept, taken = split_seam(prompt)
        return (text_ids(tokenizer, kept), taken) if kept else (text_ids(tokenizer, prompt), "")
    rendered = render_conversation(tokenizer, prompt, answer_next=True)
    if tokenizer.chat_template:  # it writes the BOS token itself, where there is to be one
        return conversation_ids(tokenizer, rendered), ""
    return text_ids(tokenizer, rendered), ""


@torch.no_grad()
def generate(model: Any, tokenizer: Any, prompts: Sequence[Prompt], **options: Any) -> list[str]:
    """What the model says next, for each prompt of a batch.

    Args:
        model: A transformers or PEFT model, in eval mode.
        tokenizer: Of the base.
        prompts: At least one.
        **options: Of `Sampling`, and more of transformers' `generate`.

    Raises:
        InvalidInputError: An option that cannot be right.
    """
    sampling, more = Sampling.of(options)
    rows, taken = zip(*(encode(tokenizer, prompt) for prompt in prompts), strict=True)
    inputs = padded(rows, pad_token(tokenizer), model.device)
    length = inputs["input_ids"].shape[1]
    if sampling.seed is not None:
        torch.manual_seed(sampling.seed)
    try:
        output = model.generate(
            **inputs, **{**sampling.options(tokenizer), **_seam(tokenizer, taken, length, sampling), **more}
        )
    except (ValueError, TypeError) as error:
        raise _refused(error, more) from error
    if len(output) != len(prompts):
        raise InvalidInputError(
            "options that give several answers to a prompt", hint="give the prompt several times"
        )
    texts = tokenizer.batch_decode(output[:, length:], skip_special_tokens=True)
    said = (text.removeprefix(seam) for text, seam in zip(texts, taken, strict=True))
    return ["".join(_until_stop(iter([text]), sampling.stop)) for text in said]


def _seam(tokenizer: Any, taken: Sequence[str], begin: int, sampling: Sampling) -> dict[str, Any]:
    """What lets the model say the white space that was taken off the prompts, and stop behind it only."""
    if not any(taken):
        return {}
    options: dict[str, Any] = {"logits_processor": LogitsProcessorList([Seam(tokenizer, taken, begin)])}
    if sampling.stop:
        behind = _StopsBehindSeam(tokenizer, taken, begin, sampling.stop)
        options |= {"stop_strings": None, "stopping_criteria": StoppingCriteriaList([behind])}
    return options


def stream(
    hold: Callable[[], AbstractContextManager[Any]],
    tokenizer: Any,
    prompt: Prompt,
    **options: Any,
) -> Iterator[str]:
    """What the model says next, piece by piece. Leaving the iterator ends the generation.

    Args:
        hold: Gives the model for a block, entered by the thread that generates.
        tokenizer: Of the base.
        prompt: One.
        **options: Of `Sampling`, and more of transformers' `generate`.

    Raises:
        InvalidInputError: An option that cannot be right.
    """
    sampling, more = Sampling.of(options)
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    left, failed = threading.Event(), list[BaseException]()
    ids, taken = encode(tokenizer, prompt)

    def run() -> None:
        try:
            with hold() as model, torch.no_grad():
                inputs = padded([ids], pad_token(tokenizer), model.device)
                if sampling.seed is not None:
                    torch.manual_seed(sampling.seed)
                seam = _seam(tokenizer, [taken], len(ids), sampling)
                criteria = seam.pop("stopping_criteria", ())
                model.generate(
                    **inputs,
                    **{**sampling.options(tokenizer), **seam, **more},
                    streamer=streamer,
                    stopping_criteria=StoppingCriteriaList([*criteria, _Left(left)]),
                )
        except (ValueError, TypeError) as error:
            failed.append(_refused(error, more))
        except BaseException as error:  # raised again where the pieces are read
            failed.append(error)
        finally:
            streamer.end()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield from _until_stop(_behind_seam(streamer, taken), sampling.stop)
    finally:
        left.set()
        thread.join(_STOPPED_S)
    if failed:
        raise failed[0]


def _refused(error: Exception, options: Mapping[str, Any]) -> InvalidInputError:
    known = ", ".join(field.name for field in fields(Sampling))
    return InvalidInputError(
        f"transformers refuses this generation: {' '.join(str(error).split())[:_REASON_CHARS]}",
        hint=f"options: {known}, and those of transformers; given of those: {', '.join(options) or 'none'}",
    )


def _behind_seam(pieces: Iterator[str], taken: str) -> Iterator[str]:
    """Without the white space that the prompt has already."""
    said = ""
    for piece in pieces:
        said += piece
        if len(said) >= len(taken):
            yield said.removeprefix(taken)
            yield from pieces
            return
    yield said.removeprefix(taken)


def _until_stop(pieces: Iterator[str], stop: tuple[str, ...]) -> Iterator[str]:
    """Up to the first stop text."""
    texts = StopTexts(stop)
    for piece in pieces:
        if ready := texts.add(piece):
            yield ready
        if texts.is_found:
            return
    if rest := texts.end():
        yield rest


class _StopsBehindSeam(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped
    """Stops at the stop texts, which do not count in the white space that was taken off the prompt."""

    def __init__(self, tokenizer: Any, taken: Sequence[str], begin: int, stop: tuple[str, ...]) -> None:
        self._tokenizer, self._taken, self._begin, self._stop = tokenizer, taken, begin, stop

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        texts = self._tokenizer.batch_decode(input_ids[:, self._begin :], skip_special_tokens=True)
        said = [text.removeprefix(taken) for text, taken in zip(texts, self._taken, strict=False)]
        found = [any(word in text for word in self._stop) for text in said]
        return torch.tensor(found, device=input_ids.device)


class _Left(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped
    """Stops when nobody reads any more."""

    def __init__(self, left: threading.Event) -> None:
        self._left = left

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Tensor:
        return torch.full((len(input_ids),), self._left.is_set(), device=input_ids.device)


def pad_token(tokenizer: Any) -> int:
    """What fills up a batch's shorter rows."""
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


def padded(rows: Sequence[Sequence[int]], pad: int, device: Any) -> dict[str, Tensor]:
    """Input ids and attention mask [B, T] of prompts, filled up at the left, so that all end at the same place."""
    if not all(rows):
        raise InvalidInputError("a prompt is empty", hint="give it at least one character")
    width = max(len(row) for row in rows)
    ids = torch.tensor([[pad] * (width - len(row)) + list(row) for row in rows], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
    return {"input_ids": ids, "attention_mask": mask}
