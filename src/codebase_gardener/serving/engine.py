"""What an engine is: requests in, pieces out. Any engine passes `tests/serving/engine_suite.py`."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.prompts import Prompt
from codebase_gardener.memory.recall import Memory
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError, ResourceError

__all__ = [
    "REPLICA_FIGURES",
    "Decoding",
    "Engine",
    "EngineRequest",
    "EngineState",
    "Finish",
    "Generation",
    "Held",
    "Piece",
    "Served",
    "TokenScore",
    "check_fits",
    "check_queue",
    "if_deleted",
]

REPLICA_FIGURES = {
    "running": "Answers that are being made.",
    "prefix_bytes": "Memory of the kept prefixes.",
    "adapters": "Adapters in memory.",
    "asked": "Requests for an adapter so far.",
    "loaded": "Of these, those for which it was loaded.",
}

Finish = Literal["stop", "length", "cancelled", "error"]


@dataclass(frozen=True)
class Served:
    """What answers a request; it never changes.

    Attributes:
        base: The base model.
        adapter: The adapter on it; None: the base alone.
    """

    base: Base
    adapter: Loadable | None = None

    @property
    def key(self) -> str:
        """What a cache may be keyed by: the version's name, or the base's weights."""
        return self.adapter.key if self.adapter else self.base.sha256


@dataclass(frozen=True)
class Decoding:
    """How tokens are chosen, and when to stop.

    Attributes:
        max_tokens: At most; 0 only scores the prompt.
        temperature: 0 takes the most likely token.
        top_p: Of the most likely tokens, those that have this share together.
        top_k: This many most likely tokens; 0: all.
        repetition_penalty: Logits of tokens of the prompt and the answer are divided by it (arXiv:1909.05858).
        presence_penalty: Taken from the logits of tokens that the answer has.
        frequency_penalty: Taken from them once for each time.
        stop: Texts that end the answer and are no part of it.
        seed: Of the draws; None: another one each time.
        top_scores: How many alternatives each token's score names; None: no scores.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    top_scores: int | None = None

    def __post_init__(self) -> None:
        for name, fine, expected in (
            ("max_tokens", self.max_tokens >= 0, "0 or more"),
            ("temperature", 0 <= self.temperature <= 100, "0 to 100"),
            ("top_p", 1e-6 <= self.top_p <= 1, "0.000001 to 1"),
            ("top_k", self.top_k >= 0, "0 or more"),
            ("repetition_penalty", 0.01 <= self.repetition_penalty <= 10, "0.01 to 10"),
            ("presence_penalty", -2 <= self.presence_penalty <= 2, "-2 to 2"),
            ("frequency_penalty", -2 <= self.frequency_penalty <= 2, "-2 to 2"),
            ("stop", all(self.stop) and len(self.stop) <= 16, "at most 16 texts that are not empty"),
            ("seed", self.seed is None or -(2**63) <= self.seed < 2**63, "a number of 64 bits"),
            ("logprobs", self.top_scores is None or 0 <= self.top_scores <= 20, "0 to 20"),
        ):
            if not fine:
                raise InvalidInputError(
                    f"{name} is {getattr(self, name, self.top_scores)!r}", hint=f"expected {expected}"
                )


@dataclass(frozen=True)
class TokenScore:
    """One token with its log-probability.

    Attributes:
        token: Its text.
        id: Its number.
        logprob: Natural logarithm of its probability before temperature; None: the first of a prompt.
        top: The most likely tokens at its place, as (text, id, logprob).
    """

    token: str
    id: int
    logprob: float | None
    top: tuple[tuple[str, int, float], ...] = ()


@dataclass(frozen=True)
class Piece:
    """What comes out at once.

    Attributes:
        text: Of the answer; may be empty.
        tokens: How many tokens were made for it.
        scores: Of these tokens, where the request wants scores.
        prompt_scores: Of the prompt's tokens, in the first piece, where the request wants them.
        finish: Why nothing follows; None: more does.
        error: What went wrong, where `finish` is "error".
    """

    text: str = ""
    tokens: int = 0
    scores: tuple[TokenScore, ...] = ()
    prompt_scores: tuple[TokenScore, ...] = ()
    finish: Finish | None = None
    error: BaseException | None = None


@dataclass(frozen=True)
class EngineRequest:
    """One answer that is wanted.

    Attributes:
        served: What answers.
        ids: The prompt's tokens, at least one.
        taken: White space that was taken off the prompt's end: the answer has to begin with it, unsaid.
        decoding: How.
        score_prompt: Score the prompt's own tokens too.
        memory: Mixed into the logits of the answer's tokens, where the engine can.
        before: Tokens that stand before the answer in its file, where those are not the prompt's last.
        is_streamed: A client reads it as it is made: what was given out cannot be taken back.
    """

    served: Served
    ids: tuple[int, ...]
    taken: str = ""
    decoding: Decoding = field(default_factory=Decoding)
    score_prompt: bool = False
    memory: Memory | None = None
    before: tuple[int, ...] = ()
    is_streamed: bool = False


class Generation:
    """An answer on its way. Pieces are read by iterating, or by a listener that is called in the engine's thread."""

    def __init__(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> None:
        self.request = request
        self.cached_tokens = 0
        self._pieces: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        self._listener = listener or self._pieces.put
        self._left = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants the rest."""
        return self._left.is_set()

    def cancel(self) -> None:
        """The rest is not wanted."""
        self._left.set()

    def give(self, piece: Piece) -> None:
        """Hand a piece out: for engines."""
        self._listener(piece)

    def __iter__(self) -> Iterator[Piece]:
        """The pieces, until one has a finish.

        Raises:
            BaseException: What the engine met.
        """
        while True:
            piece = self._pieces.get()
            if piece.error is not None:
                raise piece.error
            yield piece
            if piece.finish:
                return

    def text(self) -> str:
        """The whole answer."""
        return "".join(piece.text for piece in self)


@dataclass(frozen=True)
class EngineState:
    """What an engine is doing.

    Attributes:
        running: Answers that are being made.
        waiting: Requests that have not begun.
        prefix_bytes: Memory of the kept prefixes.
        prefix_hits: Prompt tokens that were not computed again.
        prompt_tokens: Prompt tokens in all.
        replicas: Where it is several processes, figures of each, by its id: `REPLICA_FIGURES`.
    """

    running: int
    waiting: int
    prefix_bytes: int
    prefix_hits: int
    prompt_tokens: int
    replicas: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def check_fits(request: EngineRequest, context: int) -> None:
    """Whether a prompt can be read.

    Raises:
        InvalidInputError: It is empty, or does not fit the context.
    """
    if not request.ids:
        raise InvalidInputError("the prompt is empty", hint="give it at least one character")
    if len(request.ids) >= context:
        raise InvalidInputError(
            f"the prompt has {len(request.ids)} tokens, the base reads {context}", hint="shorten the prompt"
        )


def check_queue(waiting: int, most: int, *, is_closed: bool) -> None:
    """Whether one more request may wait.

    Raises:
        ResourceError: Too many do, or the engine ends.
    """
    if is_closed:
        raise ResourceError("the engine is shutting down", hint="ask again when it is back")
    if waiting >= most:
        raise ResourceError(f"{waiting} requests are waiting already", hint="ask again in a moment")


def if_deleted(served: Served) -> NotFoundError | None:
    """The error of an adapter that went between the request and its turn; None where it is there."""
    adapter = served.adapter
    if adapter is None or adapter.directory.exists():
        return None
    return NotFoundError(f"{adapter.key} was deleted", hint="/v1/models lists what there is")


@dataclass(frozen=True)
class Held:
    """An adapter in memory.

    Attributes:
        bytes: Of it.
        dtype: What its base is computed in, or how it is stored.
    """

    bytes: int
    dtype: str


class Engine(Protocol):
    """What makes answers. Calls come from any thread."""

    name: str

    def encode(self, base: Base, prompt: Prompt) -> tuple[list[int], str]:
        """Ids of a text or of chat turns, and the white space that was taken off the end of a text.

        None is a control token but the BOS token and those that the base's own chat template writes.
        """
        ...

    def control_ids(self, base: Base) -> Mapping[str, int]:
        """The base's control tokens by what they look like."""
        ...

    def vocabulary_size(self, base: Base) -> int:
        """How many tokens the base knows."""
        ...

    def context_tokens(self, base: Base) -> int:
        """Tokens of prompt and answer together at most."""
        ...

    def submit(self, request: EngineRequest, listener: Callable[[Piece], None] | None = None) -> Generation:
        """Begin an answer.

        Raises:
            InvalidInputError: The prompt does not fit the context, or is empty.
            ResourceError: Too many are waiting.
        """
        ...

    def keeping(self, served: Sequence[Served]) -> AbstractContextManager[None]:
        """For a block these stay in memory."""
        ...

    def load(self, served: Served, instead_of: Served) -> None:
        """Bring an adapter into memory before it is asked for, wherever another one answered."""
        ...

    def held(self) -> Mapping[str, Held]:
        """What is in memory, by the adapter's key."""
        ...

    def let_go(self, served: Served) -> None:
        """Take an adapter out of memory, unless it answers others or is pinned."""
        ...

    def state(self) -> EngineState:
        """What it is doing."""
        ...

    def close(self) -> None:
        """End: what is on its way is cancelled."""
        ...
