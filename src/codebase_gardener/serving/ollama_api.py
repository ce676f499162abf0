"""Ollama's interface: each name of the catalog is a model. What only Ollama can do is refused by name.

As there, a prompt of `/api/generate` is a user's turn; with `raw` it is a text to go on with, with `suffix` a gap.

Interface: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from codebase_gardener.serving.answering import Answering, Prepared
from codebase_gardener.serving.bodies import ASK_PENALTY, SamplingBody, body_of, refuse
from codebase_gardener.serving.engine import Decoding, TokenScore
from codebase_gardener.serving.ollama_models import held_rows, model_rows, shown
from codebase_gardener.serving.statuses import told
from codebase_gardener.serving.streams import AnswerStream, begin, pieces_of, whole
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["OLLAMA_VERSION", "REFUSED", "ollama_routes"]

OLLAMA_VERSION = (
    "0.12.11"  # of the interface: clients compare it, number by number, and leave things out below it
)

REFUSED = {
    "embed": "no embeddings are made here",
    "embeddings": "no embeddings are made here",
    "pull": "`gardener import` takes adapters of the hub",
    "push": "adapters stay in this home",
    "create": "`gardener grow` and `gardener train` make adapters",
    "copy": "`gardener merge` makes an adapter of others",
    "delete": "`gardener delete` takes an adapter away",
    "blobs/{digest}": "`gardener import` takes adapters",
}
"""What Ollama does and this server does not, and what to do instead."""

_NEUTRAL = {"min_p": 0, "typical_p": 1, "tfs_z": 1, "mirostat": 0}
"""Options of samplers that are not here, and the values by which they do nothing."""

_UNTIL_FULL = 1_000_000_000
Json = dict[str, Any]


class _Options(msgspec.Struct):
    """What is not named here says how Ollama loads a model, and is passed over."""

    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    tfs_z: float | None = None
    mirostat: int | None = None


class _Body(msgspec.Struct, kw_only=True):
    model: str
    stream: bool = True
    options: _Options | None = None
    keep_alive: float | str | None = None
    format: Any = None
    think: bool | str | None = None
    logprobs: bool = False
    top_logprobs: int = 0

    @property
    def is_last(self) -> bool:
        """Whether the model is to leave the memory afterwards."""
        return str(self.keep_alive).rstrip("smh") in ("0", "0.0")

    def decoding(self, penalty: float) -> Decoding:
        """How the engine is to choose: the defaults are those of the other wires."""
        for name in ("format", "think"):
            refuse(name, getattr(self, name))
        asked = self.options or _Options()
        for name, neutral in _NEUTRAL.items():
            refuse(name, getattr(asked, name) not in (None, neutral))
        tokens = asked.num_predict
        return SamplingBody(
            model=self.model,
            max_tokens=_UNTIL_FULL if tokens is not None and tokens < 0 else tokens,
            temperature=asked.temperature,
            top_p=asked.top_p,
            top_k=max(0, asked.top_k or 0),
            seed=None if asked.seed is None or asked.seed < 0 else asked.seed,
            stop=asked.stop,
            repetition_penalty=asked.repeat_penalty,
            presence_penalty=asked.presence_penalty,
            frequency_penalty=asked.frequency_penalty,
        ).decoding(top_scores=self.top_logprobs if self.logprobs else None, penalty=penalty)


class _Generate(_Body, kw_only=True):
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    raw: bool = False
    template: str = ""
    context: list[int] | None = None
    images: list[Any] | None = None


class _Turn(msgspec.Struct):
    role: str
    content: str = ""
    images: list[Any] | None = None


class _Chat(_Body, kw_only=True):
    messages: list[_Turn] = []
    tools: list[Any] | None = None


class _Show(msgspec.Struct):
    model: str = ""
    name: str = ""  # as older clients call it


def ollama_routes(answering: Answering) -> list[Route]:
    """The routes."""

    def version(_: Request) -> Response:
        from codebase_gardener import __version__

        return JSONResponse({"version": OLLAMA_VERSION, "codebase_gardener": __version__})

    def tags(_: Request) -> Response:
        return JSONResponse({"models": model_rows(answering.catalog)})

    def held(_: Request) -> Response:
        return JSONResponse({"models": held_rows(answering)})

    async def show(request: Request) -> Response:
        body = await body_of(request, _Show)
        return JSONResponse(await run_in_threadpool(shown, answering, body.model or body.name))

    async def generate(request: Request) -> Response:
        form = _Form("response")
        body = await body_of(request, _Generate)
        for name in ("template", "context", "images"):
            refuse(name, getattr(body, name))
        if body.raw and body.system:
            raise InvalidInputError("raw goes without system", hint="leave one of the two out")
        if not (body.prompt or body.suffix):
            return await _load(request, answering, body, form)
        return await _respond(
            request, answering, body, await run_in_threadpool(_generate, answering, body), form
        )

    async def chat(request: Request) -> Response:
        form = _Form("message")
        body = await body_of(request, _Chat)
        refuse("tools", body.tools)
        refuse("images", any(turn.images for turn in body.messages))
        if not body.messages:
            return await _load(request, answering, body, form)
        turns = [{"role": turn.role, "content": turn.content} for turn in body.messages]
        prepared = await run_in_threadpool(answering.chat, body.model, turns, body.decoding(ASK_PENALTY))
        return await _respond(request, answering, body, prepared, form)

    return [
        Route(
            "/", lambda _: PlainTextResponse("Codebase Gardener is running")
        ),  # clients look whether it is there
        Route("/api/version", version),
        Route("/api/tags", tags),
        Route("/api/ps", held),
        Route("/api/show", show, methods=["POST"]),
        Route("/api/generate", generate, methods=["POST"]),
        Route("/api/chat", chat, methods=["POST"]),
        *(Route(f"/api/{name}", _not_here, methods=["POST", "DELETE", "HEAD"]) for name in REFUSED),
    ]


def _not_here(request: Request) -> Response:
    name, _, digest = request.url.path.removeprefix("/api/").partition("/")
    instead = REFUSED[f"{name}/{{digest}}" if digest else name]
    return JSONResponse({"error": f"{name} is not supported: {instead}"}, 501)


def _generate(answering: Answering, body: _Generate) -> Prepared:
    if body.suffix:
        decoding = body.decoding(penalty=1.0)
        return answering.fill_in(body.model, body.prompt, body.suffix, decoding, raw=body.raw)
    if body.raw:
        return answering.completion(body.model, body.prompt, body.decoding(penalty=1.0), raw=True)
    system = [{"role": "system", "content": body.system}] if body.system else []
    turns = [*system, {"role": "user", "content": body.prompt}]
    return answering.chat(body.model, turns, body.decoding(ASK_PENALTY))


async def _load(request: Request, answering: Answering, body: _Body, form: _Form) -> Response:
    """A request without a prompt: the model is loaded, or unloaded."""
    reason = "load"
    if body.is_last:
        resolved = await run_in_threadpool(answering.catalog.resolve, body.model)
        await run_in_threadpool(answering.engine.let_go, resolved.served)
        reason = "unload"
    else:
        scored = Decoding(max_tokens=0)
        prepared = await run_in_threadpool(answering.completion, body.model, "\n", scored, raw=True)
        await whole(request, begin(answering.engine, [prepared.request]))
    return JSONResponse({**form.row(body.model, "", is_done=True), "done_reason": reason})


async def _respond(
    request: Request, answering: Answering, body: _Body, prepared: Prepared, form: _Form
) -> Response:
    [answer] = begin(answering.engine, [prepared.request], is_streamed=body.stream)
    if body.stream:
        lines = _lines(answering, answer, prepared, body, form)
        return StreamingResponse(lines, media_type="application/x-ndjson")
    await whole(request, [answer])
    if body.is_last:
        await run_in_threadpool(answering.engine.let_go, prepared.request.served)
    row = form.row(body.model, answer.text, answer.scores, is_done=True)
    gardener = await run_in_threadpool(answering.told, prepared, [answer.text])
    return JSONResponse({**row, **form.figures(answer, prepared), "gardener": gardener})


async def _lines(
    answering: Answering, answer: AnswerStream, prepared: Prepared, body: _Body, form: _Form
) -> AsyncIterator[bytes]:
    try:
        async for _, piece in pieces_of([answer]):
            if piece.text or piece.scores:
                yield _line(form.row(body.model, piece.text, piece.scores))
    except Exception as error:  # the head is sent: the client learns it from a line
        yield _line({"error": told(error)})
        return
    if body.is_last:
        await run_in_threadpool(answering.engine.let_go, prepared.request.served)
    gardener = await run_in_threadpool(answering.told, prepared, [answer.text])
    last = {**form.row(body.model, "", is_done=True), **form.figures(answer, prepared)}
    yield _line({**last, "gardener": gardener})


def _line(row: Json) -> bytes:
    return msgspec.json.encode(row) + b"\n"


class _Form:
    """How one answer is written: as `response`, or as a `message`; its clock begins now."""

    def __init__(self, key: str) -> None:
        self._key, self._began = key, time.monotonic_ns()

    def row(self, model: str, text: str, scores: Sequence[TokenScore] = (), *, is_done: bool = False) -> Json:
        said = text if self._key == "response" else {"role": "assistant", "content": text}
        row: Json = {"model": model, "created_at": _time(), self._key: said, "done": is_done}
        if scores:
            row["logprobs"] = [
                {
                    **_token(score.token, score.logprob or 0.0),
                    "top_logprobs": [_token(token, value) for token, _, value in score.top],
                }
                for score in scores
            ]
        return row

    def figures(self, answer: AnswerStream, prepared: Prepared) -> Json:
        """What the last row says beside: durations are nanoseconds."""
        now = time.monotonic_ns()
        first = answer.first_ns or now
        return {
            "done_reason": answer.finish,
            "total_duration": now - self._began,
            "load_duration": answer.began_ns - self._began,
            "prompt_eval_count": len(prepared.request.ids),
            "prompt_eval_duration": first - answer.began_ns,
            "eval_count": answer.tokens,
            "eval_duration": now - first,
        }


def _token(text: str, value: float) -> Json:
    return {"token": text, "logprob": value, "bytes": list(text.encode("utf-8", "replace"))}


def _time() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
