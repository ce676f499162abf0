"""Bodies of requests: JSON into typed rows, and what a wire's options mean for the engine."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from codebase_gardener.serving.engine import Decoding
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = [
    "ASK_PENALTY",
    "BODY_S",
    "DEFAULT_TOKENS",
    "MAX_BODY_BYTES",
    "SamplingBody",
    "TextPart",
    "body_of",
    "refuse",
]

MAX_BODY_BYTES = 8 * 1024**2
BODY_S = 60.0  # for all of a body
MAX_ANSWERS = 16
DEFAULT_TOKENS = 256
ASK_PENALTY = 1.1  # as `ask` has it: small models repeat themselves
B = TypeVar("B")


class SamplingBody(msgspec.Struct, kw_only=True):
    """What OpenAI's two interfaces share; what is not known is passed over, as OpenAI's clients add to it."""

    model: str
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    n: int | None = None
    stream: bool | None = None
    stream_options: dict[str, bool] | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    raw: bool = False

    def decoding(self, *, top_scores: int | None, penalty: float = 1.0, smallest: int = 1) -> Decoding:
        """How the engine is to choose.

        Raises:
            InvalidInputError: An option that cannot be right.
        """
        tokens = DEFAULT_TOKENS if self.max_tokens is None else self.max_tokens
        if tokens < smallest:
            raise InvalidInputError(f"max_tokens is {tokens}", hint=f"expected {smallest} or more")
        if not 1 <= (self.n or 1) <= MAX_ANSWERS:
            raise InvalidInputError(f"n is {self.n}", hint=f"expected 1 to {MAX_ANSWERS}")
        refuse("logit_bias", self.logit_bias)
        return Decoding(
            max_tokens=tokens,
            temperature=self.temperature or 0.0,
            top_p=1.0 if self.top_p is None else self.top_p,
            top_k=self.top_k or 0,
            repetition_penalty=penalty if self.repetition_penalty is None else self.repetition_penalty,
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            seed=self.seed,
            top_scores=top_scores,
        )


class TextPart(msgspec.Struct):
    """A part of a turn's content."""

    type: str
    text: str = ""


def refuse(name: str, value: object) -> None:
    """Say that a field is not supported, where it is given.

    Raises:
        InvalidInputError: It is.
    """
    if value:
        raise InvalidInputError(f"{name} is not supported", hint=f"leave {name} out")


async def body_of(request: Request, kind: type[B]) -> B:
    """A request's body.

    Raises:
        InvalidInputError: It is no JSON, or a field has the wrong type.
        HTTPException: It is too large (413), or did not come in time (408).
    """
    try:
        async with asyncio.timeout(BODY_S):
            body = await _read(request)
    except TimeoutError as error:
        raise HTTPException(408, "the body did not come in time", {"Connection": "close"}) from error
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"the body cannot be read: {error}", hint="send JSON as the interface has it"
        ) from error


async def _read(request: Request) -> bytes:
    """All of it; of one that is too large the rest is passed over, or the client would not read why, up to a limit."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
        elif size > 4 * MAX_BODY_BYTES:
            break
    if size > MAX_BODY_BYTES:
        told = f"the body has more than {MAX_BODY_BYTES} bytes; send less"
        raise HTTPException(413, told, {"Connection": "close"})
    return b"".join(parts)
