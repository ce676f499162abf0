"""The engine in llama.cpp's process: GGUF files of base and adapters, every adapter's scale said with each request."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.exports.llamacpp import Stream
from codebase_gardener.serving.answer_text import AnswerText
from codebase_gardener.serving.engine import (
    Decoding,
    EngineRequest,
    EngineState,
    Finish,
    Generation,
    Held,
    Piece,
    Served,
    TokenScore,
    check_fits,
    check_queue,
    if_deleted,
)
from codebase_gardener.serving.llamacpp_models import LlamaModels, Seat
from codebase_gardener.serving.tokenizing_engine import TokenizingEngine
from codebase_gardener.utils.files import read_json

__all__ = ["LlamaCppEngine"]

_LOOK_S = 0.02
_CLOSING_S = 10.0


@dataclass
class _Running:
    """An answer that is being made."""

    generation: Generation
    stream: Stream | None = None
    said: list[int] = field(default_factory=list)
    prompt_scores: tuple[TokenScore, ...] = ()


@dataclass(frozen=True)
class _Vocabulary:
    """What of a base's tokenizer is asked for again and again."""

    tokenizer: Any
    end_tokens: frozenset[int]
    context: int

    def text(self, ids: Sequence[int]) -> str:
        """Ids as text, without control tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))


class LlamaCppEngine(TokenizingEngine):
    """Continuous batching as llama.cpp does it.

    Args:
        models: The processes.
        max_running: Answers that advance together: as many as a process has slots.
        max_waiting: Requests that may wait; more are refused.
    """

    name = "llamacpp"

    def __init__(self, models: LlamaModels, *, max_running: int = 16, max_waiting: int = 64) -> None:
        self._models = models
        self._max_running, self._max_waiting = max_running, max_waiting
        self._vocabularies: dict[str, _Vocabulary] = {}
        self._waiting: deque[Generation] = deque()
        self._running: list[_Running] = []
        self._prompt_tokens = self._prefix_hits = 0
        self._is_closed = False
        self._changed = threading.Condition()
        for work in (self._hand_out, self._look_for_cancelled):
            threading.Thread(target=work, name=f"gardener-engine{work.__name__}", daemon=True).start()

    # ---- what callers ask

    def tokenizer(self, base: Base) -> Any:
        """The base's own."""
        return self._vocabulary(base).tokenizer

    def context_tokens(self, base: Base) -> int:
        """Tokens of prompt and answer together at most."""
        return self._vocabulary(base).context

    def _vocabulary(self, base: Base) -> _Vocabulary:
        known = self._vocabularies.get(base.sha256)
        if known is None:
            tokenizer = load_tokenizer(base.path)
            known = self._vocabularies[base.sha256] = _Vocabulary(
                tokenizer,
                _end_tokens(base, tokenizer),
                int(base.config.get("max_position_embeddings", 0) or 2048),
            )
        return known

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """Begin an answer.

        Raises:
            InvalidInputError: The prompt is empty, or does not fit the context.
            ResourceError: Too many are waiting.
        """
        check_fits(request, self.context_tokens(request.served.base))
        generation = Generation(request, listener)
        with self._changed:
            check_queue(len(self._waiting), self._max_waiting, is_closed=self._is_closed)
            self._waiting.append(generation)
            self._changed.notify_all()
        return generation

    @contextmanager
    def keeping(self, served: Sequence[Served]) -> Iterator[None]:
        """For a block every process has these adapters."""
        with self._models.keeping(one.adapter.key for one in served if one.adapter):
            yield

    def held(self) -> Mapping[str, Held]:
        """What llama.cpp has, by the adapter's key."""
        return self._models.held()

    def let_go(self, served: Served) -> None:
        """Leave an adapter out when the next process begins, unless it is pinned."""
        if served.adapter is not None:
            self._models.let_go(served.adapter.key)

    def state(self) -> EngineState:
        """What it is doing. What slots remember lies in llama.cpp and is not counted."""
        with self._changed:
            return EngineState(
                len(self._running), len(self._waiting), 0, self._prefix_hits, self._prompt_tokens
            )

    def close(self) -> None:
        """End: what is on its way is cancelled."""
        with self._changed:
            self._is_closed = True
            for generation in [*self._waiting, *(one.generation for one in self._running)]:
                generation.cancel()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running and not self._waiting, _CLOSING_S)
        self._models.close()

    # ---- threads

    def _hand_out(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: (self._waiting and len(self._running) < self._max_running) or self._is_closed
                )
                if not self._waiting:
                    return
                one = _Running(self._waiting.popleft())
                self._running.append(one)
            threading.Thread(target=self._answer, args=(one,), daemon=True).start()

    def _look_for_cancelled(self) -> None:
        """A reader that waits for llama.cpp does not see that nobody wants the rest."""
        while not self._is_closed or self._running:
            time.sleep(_LOOK_S)
            for one in list(self._running):
                if one.generation.is_cancelled and one.stream is not None:
                    one.stream.close()

    def _answer(self, one: _Running) -> None:
        """From a request to its last piece, in a thread of its own."""
        generation, text, finish, error = one.generation, "", "error", None
        try:
            text, finish = self._made(one)
        except Exception as caught:  # told to the one who asked
            error = if_deleted(generation.request.served) or caught
        if generation.is_cancelled:
            finish, error, text = "cancelled", None, ""
        with self._changed:
            self._running.remove(one)
            self._changed.notify_all()
        last: Finish = finish  # type: ignore[assignment]  # one of its words
        generation.give(Piece(text, prompt_scores=one.prompt_scores, finish=last, error=error))

    def _made(self, one: _Running) -> tuple[str, str]:
        """Give out all pieces but the last. Returns the last one's text and why it is the last."""
        if one.generation.is_cancelled:
            return "", "cancelled"
        request = one.generation.request
        base = request.served.base
        vocabulary = self._vocabulary(base)
        with self._changed:
            waiting = [other.request.served for other in self._waiting]
            self._prompt_tokens += len(request.ids)
        with self._models.seat(request.served, request.ids, vocabulary.context, waiting) as seat:
            if request.score_prompt:
                one.prompt_scores = tuple(self._scored_prompt(request, seat, vocabulary, one.generation))
            answer = AnswerText(vocabulary.text, request.ids, request.taken, request.decoding.stop)
            room = vocabulary.context - len(request.ids)
            left = min(request.decoding.max_tokens, room)
            while left and answer.owes:
                finish = self._owed(one, seat, vocabulary, answer)
                left -= 1
                if finish:
                    return "", finish
            if not left:
                rest = answer.end()
                return rest, "stop" if answer.is_stopped else "length"
            body = _body(request, seat, left)
            one.stream = seat.server.stream(body | {"prompt": [*request.ids, *one.said]})
            try:
                return self._read(one, one.stream, vocabulary, answer)
            finally:
                one.stream.close()
                one.stream.connection.close()
                self._models.remember(seat, request.served, [*request.ids, *one.said])

    def _owed(self, one: _Running, seat: Seat, vocabulary: _Vocabulary, answer: AnswerText) -> str:
        """One token that says white space which was taken off the prompt. Returns why nothing follows, or ""."""
        request = one.generation.request
        event = seat.server.ask(
            "/completion",
            _body(request, seat, 1)
            | {
                "prompt": [*request.ids, *one.said],
                "grammar": f"root ::= {json.dumps(answer.owes)} .*",
                "cache_prompt": seat.is_kept or bool(one.said),
            },
        )
        self._count_hits(one.generation, event)
        [token] = event["tokens"]
        one.said.append(token)
        self._give(one, Piece(answer.add(token), 1, _scores(event, request.decoding, vocabulary)))
        return "stop" if answer.is_stopped else "cancelled" if one.generation.is_cancelled else ""

    def _give(self, one: _Running, piece: Piece) -> None:
        if one.prompt_scores:
            piece, one.prompt_scores = replace(piece, prompt_scores=one.prompt_scores), ()
        one.generation.give(piece)

    def _read(
        self, one: _Running, stream: Stream, vocabulary: _Vocabulary, answer: AnswerText
    ) -> tuple[str, str]:
        """llama.cpp gives whole letters: a token that ends within one comes, without its id, with the next."""
        decoding, counted = one.generation.request.decoding, 0
        for event in stream.events:
            self._count_hits(one.generation, event)
            tokens, count = event.get("tokens") or [], int(event.get("tokens_predicted", 0))
            if vocabulary.end_tokens & set(tokens):
                return answer.end(), "stop"
            one.said += tokens
            if event.get("stop"):
                rest = answer.add_text(event.get("content", "")) + answer.end()
                is_end = event.get("stop_type") == "eos" or answer.is_stopped
                return rest, "stop" if is_end else "length"
            text = answer.add_text(event["content"])
            self._give(one, Piece(text, count - counted, _scores(event, decoding, vocabulary)))
            counted = count
            if answer.is_stopped:
                return "", "stop"
        return answer.end(), "length"

    def _count_hits(self, generation: Generation, event: Mapping[str, Any]) -> None:
        if "timings" in event and not generation.cached_tokens:
            generation.cached_tokens = int(event["timings"].get("cache_n", 0))
            with self._changed:
                self._prefix_hits += generation.cached_tokens

    def _scored_prompt(
        self, request: EngineRequest, seat: Seat, vocabulary: _Vocabulary, generation: Generation
    ) -> list[TokenScore]:
        """llama.cpp scores what it says, not what it reads: so each token of the prompt is made certain, and said."""
        ids, top = request.ids, request.decoding.top_scores or 0
        tokenizer = vocabulary.tokenizer
        letter = tokenizer("a", add_special_tokens=False)["input_ids"][-1]
        scores = [TokenScore(tokenizer.decode([ids[0]]), ids[0], None)]
        for place in range(1, len(ids)):
            if generation.is_cancelled:
                break
            body = _body(request, seat, 1) | {
                "prompt": ids[:place],
                "temperature": 0.0,
                "n_probs": max(top, 1),
                "cache_prompt": place > 1,  # from the first token on it is this adapter's
            }
            found = seat.server.score(body, ids[place], letter, len(tokenizer))
            scores.append(_score(found, top, vocabulary, ids[place]))
        return scores


def _end_tokens(base: Base, tokenizer: Any) -> frozenset[int]:
    found = base.config.get("eos_token_id")
    with suppress(OSError, ValueError):
        found = read_json(base.path / "generation_config.json").get("eos_token_id", found)
    named = found if isinstance(found, list) else [found]
    return frozenset(n for n in (*named, tokenizer.eos_token_id) if isinstance(n, int))


def _body(request: EngineRequest, seat: Seat, count: int) -> dict[str, Any]:
    """A request as llama.cpp takes it."""
    decoding = request.decoding
    return {
        "prompt": request.ids,
        "n_predict": count,
        "id_slot": seat.slot,
        "lora": seat.lora,
        "cache_prompt": seat.is_kept and not request.score_prompt,
        "return_tokens": True,
        "samplers": ["penalties", "top_k", "top_p", "temperature"],
        "temperature": decoding.temperature,
        "top_k": decoding.top_k,
        "top_p": decoding.top_p,
        "min_p": 0.0,
        "repeat_last_n": len(request.ids) + count,
        "repeat_penalty": decoding.repetition_penalty,
        "presence_penalty": decoding.presence_penalty,
        "frequency_penalty": decoding.frequency_penalty,
        "seed": -1 if decoding.seed is None else decoding.seed % (2**32 - 1),
        "n_probs": 0 if decoding.top_scores is None else max(decoding.top_scores, 1),
    }


def _scores(event: Mapping[str, Any], decoding: Decoding, vocabulary: _Vocabulary) -> tuple[TokenScore, ...]:
    if decoding.top_scores is None:
        return ()
    return tuple(
        _score(said, decoding.top_scores, vocabulary, said["id"])
        for said in event.get("completion_probabilities") or ()
    )


def _score(said: Mapping[str, Any], top: int, vocabulary: _Vocabulary, token: int) -> TokenScore:
    decode = vocabulary.tokenizer.decode
    others = tuple((decode([row["id"]]), row["id"], row["logprob"]) for row in said["top_logprobs"][:top])
    return TokenScore(decode([token]), token, said["logprob"], others)
