"""The engine in this process: one base, many adapters in slots, all answers advance together.

Each pass takes one token of every answer that is being made, and a chunk of the prompts that are being read; the
tokens stand one behind the other, so nothing is padded, and each has its own adapter.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch

from codebase_gardener.adapters.loaded import LoadedAdapters
from codebase_gardener.bases.resolution import Base
from codebase_gardener.memory.suffixes import DEPTH
from codebase_gardener.memory.torch_mixing import mixed
from codebase_gardener.serving.answer_text import AnswerText
from codebase_gardener.serving.drafts import Drafts
from codebase_gardener.serving.engine import (
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
from codebase_gardener.serving.tokenizing_engine import TokenizingEngine
from codebase_gardener.serving.torch_attention import Span, check_attention
from codebase_gardener.serving.torch_choosing import Choice, scored
from codebase_gardener.serving.torch_decoder import Decoder, decoder_for
from codebase_gardener.serving.torch_kv import KeyValues, PrefixCache
from codebase_gardener.utils.error_handling import ModelError, ResourceError

if TYPE_CHECKING:
    from codebase_gardener.adapters.torch_live_base import LiveBase

__all__ = ["TorchEngine"]

_log = logging.getLogger(__name__)
_CLOSING_S = 10.0
_DRAFTED = 32
"""Guessed tokens in a pass at most, over all its answers."""


@dataclass
class _Answer:
    """One answer on its way."""

    generation: Generation
    resources: ExitStack = field(default_factory=ExitStack)
    said: list[int] = field(default_factory=list)
    prompt_scores: list[TokenScore] = field(default_factory=list)
    is_open: bool = True
    live: Any = None
    values: KeyValues = field(default_factory=KeyValues)
    text: Any = None
    choice: Any = None
    drafts: Drafts | None = None
    draft: list[int] = field(default_factory=list)

    @property
    def request(self) -> EngineRequest:
        return self.generation.request

    @property
    def adapter(self) -> str | None:
        return self.request.served.adapter.key if self.request.served.adapter else None

    @property
    def ids(self) -> list[int]:
        return [*self.request.ids, *self.said]

    @property
    def written(self) -> Sequence[int]:
        """What stands before the next token in its file."""
        return [*(self.request.before or self.request.ids), *self.said]

    def unread(self) -> int:
        return len(self.request.ids) + len(self.said) - self.values.length


class TorchEngine(TokenizingEngine):
    """Continuous batching over the bases that are loaded.

    Args:
        loaded: The adapters in memory.
        max_running: Answers that advance together.
        max_waiting: Requests that may wait; more are refused.
        chunk_tokens: Prompt tokens read in one pass, so that a long prompt does not stop the others.
        prefix_bytes: Memory of what was read and is kept.
        drafts: Whether several guessed tokens are checked in one pass; an answer is the same without.
    """

    name = "torch"

    def __init__(
        self,
        loaded: LoadedAdapters,
        *,
        max_running: int = 16,
        max_waiting: int = 64,
        chunk_tokens: int = 256,
        prefix_bytes: int = 512 * 1024**2,
        drafts: bool = True,
    ) -> None:
        self._loaded, self._drafts = loaded, drafts
        self._max_running, self._max_waiting, self._chunk = max_running, max_waiting, chunk_tokens
        self._prefixes = PrefixCache(prefix_bytes)
        self._waiting: deque[_Answer] = deque()
        self._running: list[_Answer] = []
        self._decoders: WeakKeyDictionary[LiveBase, Decoder] = WeakKeyDictionary()
        self._prompt_tokens = self._prefix_hits = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="gardener-engine", daemon=True)
        self._thread.start()

    # ---- what callers ask

    def tokenizer(self, base: Base) -> Any:
        """The base's own."""
        with self._loaded.holding_base(base) as live:
            return live.tokenizer

    def context_tokens(self, base: Base) -> int:
        """Tokens of prompt and answer together at most."""
        with self._loaded.holding_base(base) as live:
            return _context(live)

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """Begin an answer.

        Raises:
            InvalidInputError: The prompt is empty, or does not fit the context.
            ResourceError: Too many are waiting.
        """
        check_fits(request, self.context_tokens(request.served.base))
        answer = _Answer(Generation(request, listener))
        with self._changed:
            check_queue(len(self._waiting), self._max_waiting, is_closed=self._is_closed)
            self._waiting.append(answer)
            self._changed.notify_all()
        return answer.generation

    @contextmanager
    def keeping(self, served: Sequence[Served]) -> Iterator[None]:
        """For a block these stay in memory: what is held is not evicted."""
        with ExitStack() as held:
            for one in served:
                held.enter_context(
                    self._loaded.holding(one.adapter) if one.adapter else self._loaded.holding_base(one.base)
                )
            yield

    def held(self) -> Mapping[str, Held]:
        """What is in memory, by the adapter's key."""
        rows = self._loaded.memory_usage()["held"].items()
        return {key: Held(row["bytes"], row["dtype"]) for key, row in rows}

    def let_go(self, served: Served) -> None:
        """Take an adapter out of memory, unless it answers others or is pinned."""
        if served.adapter is not None:
            self._loaded.unload_idle(served.adapter.key)

    def state(self) -> EngineState:
        """What it is doing."""
        with self._changed:
            return EngineState(
                running=len(self._running),
                waiting=len(self._waiting),
                prefix_bytes=self._prefixes.bytes,
                prefix_hits=self._prefix_hits,
                prompt_tokens=self._prompt_tokens,
            )

    def close(self) -> None:
        """End: what is on its way is cancelled."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(_CLOSING_S)

    # ---- the loop

    def _run(self) -> None:
        while self._wait():
            try:
                self._admit()
                for answers in self._batches():
                    self._pass(answers)
            except BaseException as error:  # a thread that ended would leave every client waiting
                _log.exception("the engine died, and is started again")
                self._start_again(error)
        for answer in [*self._running, *self._waiting]:
            self._finish(answer, "cancelled")

    def _start_again(self, error: BaseException) -> None:
        """Those in flight are told, and nothing that was computed is kept; who waits is served."""
        self._prefixes = PrefixCache(self._prefixes.max_bytes)
        self._decoders.clear()
        for answer in list(self._running):
            answer.values = KeyValues()
            self._finish(answer, "error", _told(error))

    def _wait(self) -> bool:
        """Until there is something to do. Returns False when it is closed."""
        with self._changed:
            while not (self._waiting or self._running or self._is_closed):
                self._changed.wait()
            return not self._is_closed

    def _admit(self) -> None:
        while True:
            with self._changed:
                if not self._waiting or len(self._running) >= self._max_running:
                    return
                answer = self._waiting.popleft()
                self._running.append(answer)
            try:
                self._begin(answer)
            except Exception as error:  # told to the one who asked
                self._finish(answer, "error", if_deleted(answer.request.served) or error)

    def _begin(self, answer: _Answer) -> None:
        """Hold what answers, and take over what was read before."""
        request, served = answer.request, answer.request.served
        if answer.generation.is_cancelled:
            self._finish(answer, "cancelled")
            return
        held = (
            self._loaded.holding(served.adapter) if served.adapter else self._loaded.holding_base(served.base)
        )
        answer.live = live = answer.resources.enter_context(held)
        self._decoder(live)
        self._prompt_tokens += len(request.ids)
        if not request.score_prompt:
            answer.values = self._prefixes.take(served.key, request.ids)
            self._prefix_hits += answer.values.length
            answer.generation.cached_tokens = answer.values.length
        answer.text = AnswerText(
            lambda ids: str(live.tokenizer.decode(ids, skip_special_tokens=True)),
            request.ids,
            request.taken,
            request.decoding.stop,
        )
        answer.choice = Choice(live.tokenizer, request.decoding, request.ids, request.taken, live.device)
        if self._drafts:
            answer.drafts = Drafts(request.ids, request.memory)

    def _decoder(self, live: LiveBase) -> Decoder:
        """How the base's logits are computed; chosen once for each base.

        Raises:
            ModelError: It cannot be batched (`check_attention`).
        """
        if live not in self._decoders:
            check_attention(live.base)
            with live.using(None):
                self._decoders[live] = decoder_for(live.base)
        return self._decoders[live]

    def _batches(self) -> list[list[_Answer]]:
        """Answers that can be computed together: on one base, all from slots, or of one other adapter."""
        together: dict[tuple[int, str | None], list[_Answer]] = {}
        for answer in list(self._running):
            if answer.generation.is_cancelled:
                self._finish(answer, "cancelled")
                continue
            alone = None if answer.live.has_slot(answer.adapter) else answer.adapter
            together.setdefault((id(answer.live), alone), []).append(answer)
        return list(together.values())

    def _pass(self, answers: Sequence[_Answer]) -> None:
        room, chosen = self._chunk, []
        for answer in answers:
            unread = answer.unread()
            count = unread if unread == 1 else min(unread, room)
            if unread > 1:
                room -= count
            elif answer.said:
                answer.draft = self._drafted(answer, len(answers))
                count += len(answer.draft)
            if count:
                chosen.append((answer, count))
        try:
            outputs = self._forward([a for a, _ in chosen], [n for _, n in chosen])
        except Exception as error:
            _log.warning("a pass failed: %s", error)
            for answer, _ in chosen:
                answer.values = KeyValues()  # half of it may be written
                self._finish(answer, "error", _told(error))
            return
        for (answer, count), logits in zip(chosen, outputs, strict=True):
            try:
                self._advance(answer, count, logits)
            except Exception as error:  # of this answer alone
                self._finish(answer, "error", error)

    @staticmethod
    def _drafted(answer: _Answer, together: int) -> list[int]:
        """Guesses to be checked, fewer where others are computed with them."""
        if answer.drafts is None:
            return []
        left = answer.request.decoding.max_tokens - len(answer.said) - 1
        room = min(left, _context(answer.live) - len(answer.ids) - 1, _DRAFTED // together)
        return answer.drafts.propose(answer.written, max(room, 0))

    @torch.no_grad()
    def _forward(self, answers: Sequence[_Answer], counts: Sequence[int]) -> list[torch.Tensor | None]:
        """Logits for each answer: [n, V] of the places that are asked for, None where none is."""
        live: LiveBase = answers[0].live
        ids: list[int] = []
        places: list[int] = []
        wanted: list[int] = []
        widths: list[int] = []
        end = 0
        for answer, count in zip(answers, counts, strict=True):
            begin = answer.values.length
            ids += [*answer.ids, *answer.draft][begin : begin + count]
            places += range(begin, begin + count)
            end += count
            is_all = answer.request.score_prompt and not answer.said
            width = count if is_all or answer.draft else int(count == answer.unread())
            widths.append(width)
            wanted += range(end - width, end)
        spans = [Span(answer.values, count) for answer, count in zip(answers, counts, strict=True)]
        names = [answer.adapter for answer in answers]
        with live.using_tokens(names, counts) as model:
            logits = self._decoder(live).logits(
                model,
                torch.tensor(ids, device=live.device),
                torch.tensor(places, device=live.device),
                spans,
                torch.tensor(wanted or [end - 1], device=live.device),
            )
        parts = list(torch.split(logits[: len(wanted)], widths)) if wanted else [logits[:0] for _ in widths]
        return [part if width else None for part, width in zip(parts, widths, strict=True)]

    def _advance(self, answer: _Answer, count: int, logits: torch.Tensor | None) -> None:
        if logits is None:
            return
        if answer.request.score_prompt and not answer.said:
            self._score_prompt(answer, count, logits)
        draft, answer.draft = answer.draft, []
        answer.values.length -= len(draft)  # until each is found right
        if answer.unread():
            return
        if len(answer.said) >= answer.request.decoding.max_tokens:  # none is wanted
            self._finish(answer, "length")
            return
        right = 0
        for row, guess in zip(logits[-1 - len(draft) :], [*draft, None], strict=True):
            token = self._say(answer, row)
            if token is None or token != guess:
                break
            answer.values.length, right = answer.values.length + 1, right + 1
        if draft and answer.drafts is not None:
            answer.drafts.learn(len(draft), right)

    def _say(self, answer: _Answer, logits: torch.Tensor) -> int | None:
        """The next token by its logits [V], given out. Returns None where it ends the answer."""
        request, decoding = answer.request, answer.request.decoding
        if request.memory is not None:
            logits = mixed(logits[None], [answer.written[-DEPTH:]], request.memory)[0]
        token: int = answer.choice.next(logits, answer.said, answer.text.owes)
        answer.said.append(token)
        if token in answer.live.end_tokens:
            self._finish(answer, "stop")
            return None
        text, top = answer.text.add(token), decoding.top_scores
        scores = () if top is None else scored(answer.live.tokenizer, logits[None], [token], top)
        self._give(answer, Piece(text, 1, scores))
        if answer.text.is_stopped:
            self._finish(answer, "stop")
        elif len(answer.said) >= decoding.max_tokens or len(answer.ids) >= _context(answer.live):
            self._finish(answer, "length")
        else:
            return token
        return None

    def _score_prompt(self, answer: _Answer, count: int, logits: torch.Tensor) -> None:
        ids, end, tokenizer = answer.request.ids, answer.values.length, answer.live.tokenizer
        top = answer.request.decoding.top_scores or 0
        if not answer.prompt_scores:
            answer.prompt_scores.append(TokenScore(tokenizer.decode([ids[0]]), ids[0], None))
        places = range(end - count, min(end, len(ids) - 1))
        answer.prompt_scores += scored(tokenizer, logits[: len(places)], [ids[at + 1] for at in places], top)

    def _give(self, answer: _Answer, piece: Piece) -> None:
        if answer.is_open and answer.prompt_scores:
            piece = Piece(
                piece.text, piece.tokens, piece.scores, tuple(answer.prompt_scores), piece.finish, piece.error
            )
        answer.is_open = False
        answer.generation.give(piece)

    def _finish(self, answer: _Answer, why: Finish, error: BaseException | None = None) -> None:
        with self._changed:
            if answer in self._running:
                self._running.remove(answer)
        text = answer.text.end() if answer.text is not None and why in ("length", "stop") else ""
        if why == "length" and answer.text.is_stopped:  # in what was held back
            why = "stop"
        if why != "error":
            self._prefixes.keep(answer.request.served.key, answer.ids, answer.values)
        answer.resources.close()
        try:
            self._give(answer, Piece(text, finish=why, error=error))
        except Exception:  # a listener's own: the others are told all the same
            _log.exception("nobody could be told how an answer ended")


def _context(live: LiveBase) -> int:
    return int(getattr(live.base.config, "max_position_embeddings", 0) or 2048)


def _told(error: BaseException) -> BaseException:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return ResourceError(
            "not enough memory for this batch", hint="lower --max-running, or shorten the prompt"
        )
    if isinstance(error, RuntimeError):
        return ModelError(
            f"the model could not be computed: {error}", hint="gardener doctor looks at the machine"
        )
    if not isinstance(error, Exception):  # raised where it is read, it would end the server
        return ModelError(
            f"the engine died of {type(error).__name__} and was started again", hint="ask again"
        )
    return error
