"""`/infill` and `/props` as llama.cpp's server has them, for llama.vim and llama.vscode.

Interface: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from codebase_gardener.serving.answering import Answering, Prepared
from codebase_gardener.serving.bodies import MAX_ANSWERS, body_of
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.serving.engine import Decoding, Piece
from codebase_gardener.serving.openai_api import openai_error
from codebase_gardener.serving.streams import AnswerStream, begin, pieces_of, whole
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["infill_routes", "within_indent"]

Json = dict[str, Any]
_TOKENS = 128
_SEVERAL_TEMPERATURE = 0.8  # llama.cpp's own: several answers of temperature 0 would be one
_STOP_TYPES = {"stop": "eos", "length": "limit"}


class _Extra(msgspec.Struct):
    text: str
    filename: str = ""


class _Infill(msgspec.Struct, kw_only=True):
    """What is not named is passed over: `samplers`, `id_slot`, `cache_prompt` and the like are the engine's own."""

    input_prefix: str = ""
    input_suffix: str = ""
    input_extra: list[_Extra] = []
    prompt: str = ""
    model: str = ""
    n_predict: int = -1
    n_cmpl: int = 1
    n_indent: int = 0
    t_max_predict_ms: int = 0
    stream: bool = False
    temperature: float | None = None
    top_k: int = 0
    top_p: float = 1.0
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int = -1
    stop: list[str] = []
    response_fields: list[str] | None = None
    raw: bool = False

    def decoding(self) -> Decoding:
        if not 1 <= self.n_cmpl <= MAX_ANSWERS:
            raise InvalidInputError(f"n_cmpl is {self.n_cmpl}", hint=f"expected 1 to {MAX_ANSWERS}")
        unsaid = _SEVERAL_TEMPERATURE if self.n_cmpl > 1 else 0.0
        return Decoding(
            max_tokens=_TOKENS if self.n_predict < 0 else self.n_predict,
            temperature=unsaid if self.temperature is None else max(0.0, self.temperature),
            top_p=self.top_p,
            top_k=max(0, self.top_k),
            repetition_penalty=self.repeat_penalty,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            stop=tuple(self.stop),
            seed=None if self.seed < 0 else self.seed,
        )


def infill_routes(answering: Answering) -> list[Route]:
    """The routes."""

    async def infill(request: Request) -> Response:
        body = await body_of(request, _Infill)
        model = _model(answering.catalog, body.model or request.query_params.get("model", ""))
        decoding = body.decoding()
        if not decoding.max_tokens:  # a client that warms a cache; ours is warmed by what is asked
            return JSONResponse(_chosen(_nothing(model), body.response_fields))
        prepared = await run_in_threadpool(
            answering.fill_in,
            model,
            body.input_prefix + body.prompt,
            body.input_suffix,
            decoding,
            extra=[(one.filename, one.text) for one in body.input_extra],
            raw=body.raw,
        )
        answers = begin(answering.engine, [prepared.request] * body.n_cmpl, is_streamed=body.stream)
        fills = [_Fill(body, model, prepared, number, answer) for number, answer in enumerate(answers)]
        if body.stream:
            return StreamingResponse(_events(answering, answers, fills), media_type="text/event-stream")
        await whole(request, answers, lambda number, piece: fills[number].add(piece))
        told = [_chosen(await _whole(answering, fill), body.response_fields) for fill in fills]
        return JSONResponse(told[0] if len(told) == 1 else told)

    async def props(request: Request) -> Response:
        model = _model(answering.catalog, request.query_params.get("model", ""))
        base = answering.catalog.resolve(model).served.base
        tokens = await run_in_threadpool(answering.engine.context_tokens, base)
        return JSONResponse({"default_generation_settings": {"n_ctx": tokens}, "model_alias": model})

    return [Route("/infill", infill, methods=["POST"]), Route("/props", props)]


def _model(catalog: Catalog, named: str) -> str:
    """The model that a request names; the only project, where it names none.

    Raises:
        InvalidInputError: None is named, and there is not one project.
    """
    if named:
        return named
    projects = [card.name for card in catalog.cards() if card.version and "/" not in card.name]
    if len(projects) != 1:
        raise InvalidInputError(
            f"no model is named, and {len(projects)} projects are served",
            hint=f"send `model`, or ?model= in the address: {', '.join(projects[:8]) or 'gardener grow PATH'}",
        )
    return projects[0]


def within_indent(text: str, indent: int) -> str:
    r"""An answer up to its first new line that is indented less.

    Example:
        >>> within_indent("f(a)\n    b\nc\n", 4), within_indent("f(a)\n  ", 4)
        ('f(a)\n    b', 'f(a)\n  ')
    """
    at = text.find("\n")
    while at >= 0:
        line = text[at + 1 :].partition("\n")[0]
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            return text[:at]
        at = text.find("\n", at + 1)
    return text


class _Fill:
    """One answer, ended by the client's limits of time and indentation."""

    def __init__(
        self, body: _Infill, model: str, prepared: Prepared, number: int, answer: AnswerStream
    ) -> None:
        self.body, self.prepared, self._model = body, prepared, model
        self._number, self._answer = number, answer
        self._begun, self._first = time.monotonic(), 0.0
        self.content, self.stop_type = "", "none"

    def add(self, piece: Piece) -> str:
        """What of a piece is new in the answer."""
        if self.stop_type != "none":
            return ""
        now = time.monotonic()
        self._first = self._first or now
        content = within_indent(self._answer.text, self.body.n_indent)
        is_cut = content != self._answer.text
        new, self.content = content[len(self.content) :], content
        limit = self.body.t_max_predict_ms
        is_late = bool(limit) and (now - self._first) * 1000 > limit and "\n" in content
        if piece.finish:
            self.stop_type = _STOP_TYPES.get(piece.finish, "limit")
        elif is_cut or is_late:
            self.stop_type = "limit"
            self._answer.generation.cancel()
        return new

    def told(self) -> Json:
        """The whole answer."""
        cached, asked = self._answer.generation.cached_tokens, len(self.prepared.request.ids)
        first = self._first or time.monotonic()
        return {
            **self.event(self.content),
            "model": self._model,
            "stop_type": self.stop_type,
            "tokens_predicted": self._answer.tokens,
            "tokens_evaluated": asked,
            "tokens_cached": asked + self._answer.tokens,
            "truncated": False,
            "timings": {
                "cache_n": cached,
                **_timing("prompt", asked - cached, first - self._begun),
                **_timing("predicted", self._answer.tokens, time.monotonic() - first),
            },
        }

    def event(self, text: str) -> Json:
        """A part of it."""
        return {"index": self._number, "content": text, "stop": self.stop_type != "none"}


def _timing(name: str, tokens: int, seconds: float) -> Json:
    ms = seconds * 1000
    return {
        f"{name}_n": tokens,
        f"{name}_ms": ms,
        f"{name}_per_token_ms": ms / max(1, tokens),
        f"{name}_per_second": tokens / max(1e-6, seconds),
    }


def _nothing(model: str) -> Json:
    return {
        "index": 0,
        "content": "",
        "stop": True,
        "stop_type": "limit",
        "model": model,
        "tokens_predicted": 0,
    }


def _chosen(told: Json, fields: Sequence[str] | None) -> Json:
    """Of an answer the fields that a client wants; one of an inner object stands under its path, `timings/prompt_n`."""
    if fields is None:
        return told
    inner = [(outer, told.get(outer, {})) for outer in ("timings", "gardener")]
    flat = {f"{outer}/{name}": value for outer, values in inner for name, value in values.items()}
    return {name: {**told, **flat}[name] for name in fields if name in told or name in flat}


async def _whole(answering: Answering, fill: _Fill) -> Json:
    """A whole answer; with what is not in the repository, unless the client asks for other fields."""
    fields = fill.body.response_fields
    if fields is not None and not any(name.partition("/")[0] == "gardener" for name in fields):
        return fill.told()
    gardener = await run_in_threadpool(answering.told, fill.prepared, [fill.content])
    return {**fill.told(), "gardener": gardener}


async def _events(
    answering: Answering, answers: Sequence[AnswerStream], fills: Sequence[_Fill]
) -> AsyncIterator[str]:
    over: set[int] = set()
    try:
        async for number, piece in pieces_of(answers):
            fill = fills[number]
            if number in over:
                continue
            new = fill.add(piece)
            if fill.stop_type != "none":
                over.add(number)
                yield _event({**await _whole(answering, fill), "content": new})
            elif new:
                yield _event(fill.event(new))
    except Exception as error:  # the head is sent: the client learns it from an event
        yield _event(openai_error(error)[0])


def _event(row: Json) -> str:
    return f"data: {msgspec.json.encode(row).decode()}\n\n"
