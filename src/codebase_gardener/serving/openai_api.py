"""OpenAI's interface: models, chat, completions; and fill-in as Mistral has it.

Interfaces: https://platform.openai.com/docs/api-reference, https://docs.mistral.ai/api/#tag/fim
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from codebase_gardener.serving.answering import Answering, Prepared
from codebase_gardener.serving.bodies import ASK_PENALTY, SamplingBody, TextPart, body_of, refuse
from codebase_gardener.serving.engine import Piece, TokenScore
from codebase_gardener.serving.statuses import status_of, told
from codebase_gardener.serving.streams import AnswerStream, begin, pieces_of, whole
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = [
    "OPENAI_BODIES",
    "ChatBody",
    "ChatTurn",
    "CompletionBody",
    "FillInBody",
    "openai_error",
    "openai_routes",
]

Json = dict[str, Any]


class ChatTurn(msgspec.Struct):
    """One turn of a conversation."""

    role: str
    content: str | list[TextPart] | None = None
    tool_calls: list[Any] | None = None

    def text(self) -> str:
        """What it says.

        Raises:
            InvalidInputError: A part of it is no text.
        """
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        if others := [part.type for part in self.content if part.type != "text"]:
            raise InvalidInputError(f"a part of a turn is {others[0]!r}", hint="send text parts only")
        return "".join(part.text for part in self.content)


class ChatBody(SamplingBody, kw_only=True):
    """A conversation that is to go on."""

    messages: list[ChatTurn]
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None


class CompletionBody(SamplingBody, kw_only=True):
    """A text, or several, to go on with."""

    prompt: str | list[str | int | list[int]]  # texts, or tokens, of one prompt or several
    suffix: str | None = None
    echo: bool = False
    logprobs: int | bool | None = None
    best_of: int | None = None


class FillInBody(SamplingBody, kw_only=True):
    """A gap to fill in."""

    prompt: str
    suffix: str | None = None
    path: str = ""
    random_seed: int | None = None


OPENAI_BODIES: dict[str, type[msgspec.Struct]] = {
    "/v1/chat/completions": ChatBody,
    "/v1/completions": CompletionBody,
    "/v1/fim/completions": FillInBody,
}
"""What reads the body at each path."""


def openai_routes(answering: Answering) -> list[Route]:
    """The routes."""

    async def models(_: Request) -> Response:
        cards = answering.catalog.cards()
        return JSONResponse({"object": "list", "data": [_card(card.name, card.created) for card in cards]})

    async def model(request: Request) -> Response:
        name = request.path_params["name"]
        answering.catalog.resolve(name)
        return JSONResponse(_card(name, 0))

    async def chat(request: Request) -> Response:
        body = await body_of(request, ChatBody)
        for name in ("tools", "functions"):
            refuse(name, getattr(body, name))
        if body.response_format and body.response_format.get("type", "text") != "text":
            refuse("response_format", body.response_format)
        if not body.messages:
            raise InvalidInputError("messages is empty", hint="send at least one turn")
        if body.max_completion_tokens is not None:
            body.max_tokens = body.max_completion_tokens
        decoding = body.decoding(
            top_scores=(body.top_logprobs or 0) if body.logprobs else None, penalty=ASK_PENALTY
        )
        turns = [{"role": turn.role, "content": turn.text()} for turn in body.messages]
        prepared = await _off(lambda: answering.chat(body.model, turns, decoding, raw=body.raw))
        return await _respond(request, answering, body, [prepared] * (body.n or 1), _ChatForm(body))

    async def completions(request: Request) -> Response:
        body = await body_of(request, CompletionBody)
        if body.best_of not in (None, body.n or 1):
            refuse("best_of", body.best_of)
        scores = None if body.logprobs is None or body.logprobs is False else int(body.logprobs)
        decoding = body.decoding(top_scores=scores, smallest=0 if body.echo else 1)
        prompts = _prompts(body.prompt)
        prepared = [await _off(partial(_completion, answering, body, prompt, decoding)) for prompt in prompts]
        each = [one for one in prepared for _ in range(body.n or 1)]
        echoes = [text for text in prompts for _ in range(body.n or 1)] if body.echo else []
        return await _respond(request, answering, body, each, _TextForm(body, echoes))

    async def fill_in(request: Request) -> Response:
        body = await body_of(request, FillInBody)
        body.seed = body.random_seed if body.seed is None else body.seed
        decoding = body.decoding(top_scores=None)
        prepared = await _off(
            lambda: answering.fill_in(
                body.model, body.prompt, body.suffix or "", decoding, path=body.path, raw=body.raw
            )
        )
        return await _respond(request, answering, body, [prepared] * (body.n or 1), _FillInForm(body))

    return [
        Route("/v1/models", models),
        Route("/v1/models/{name:path}", model),
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/v1/completions", completions, methods=["POST"]),
        Route("/v1/fim/completions", fill_in, methods=["POST"]),
    ]


def _completion(
    answering: Answering, body: CompletionBody, prompt: str | list[int], decoding: Any
) -> Prepared:
    if body.suffix:
        if not isinstance(prompt, str) or body.echo:
            raise InvalidInputError("suffix goes with a text, without echo", hint="leave echo out")
        return answering.fill_in(body.model, prompt, body.suffix, decoding, raw=body.raw)
    return answering.completion(body.model, prompt, decoding, echo=body.echo, raw=body.raw)


def _prompts(prompt: str | list[str | int | list[int]]) -> list[str | list[int]]:
    if isinstance(prompt, str):
        return [prompt]
    ids = [part for part in prompt if isinstance(part, int)]
    if ids and len(ids) == len(prompt):
        return [ids]
    prompts = [part for part in prompt if not isinstance(part, int)]
    if not prompts or ids:
        raise InvalidInputError("prompt is no text and no list of texts or tokens", hint="send a text")
    return prompts


async def _off(work: Callable[[], Prepared]) -> Prepared:
    """Retrieval and tokens are computed beside the event loop."""
    return await run_in_threadpool(work)


def _card(name: str, created: int) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": "codebase-gardener"}


# ---- how an answer is written


class _Form:
    """How one interface writes answers."""

    prefix, whole_kind, chunk_kind = "", "", ""

    def __init__(self, body: SamplingBody) -> None:
        self.id, self.created, self.model = f"{self.prefix}-{uuid.uuid4().hex}", int(time.time()), body.model

    def head(self, kind: str) -> Json:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def choice(self, number: int, answer: AnswerStream) -> Json:
        raise NotImplementedError

    def chunk(self, number: int, piece: Piece, *, is_first: bool) -> Json:
        raise NotImplementedError


class _ChatForm(_Form):
    prefix, whole_kind, chunk_kind = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def choice(self, number: int, answer: AnswerStream) -> Json:
        return {
            "index": number,
            "message": {"role": "assistant", "content": answer.text, "refusal": None},
            "logprobs": _chat_scores(answer.scores),
            "finish_reason": answer.finish,
        }

    def chunk(self, number: int, piece: Piece, *, is_first: bool) -> Json:
        delta = {"role": "assistant"} if is_first else {}
        return {
            "index": number,
            "delta": {**delta, "content": piece.text} if piece.text or is_first else delta,
            "logprobs": _chat_scores(piece.scores),
            "finish_reason": piece.finish,
        }


class _FillInForm(_ChatForm):
    prefix = "fim"


class _TextForm(_Form):
    prefix, whole_kind, chunk_kind = "cmpl", "text_completion", "text_completion"

    def __init__(self, body: CompletionBody, echoes: Sequence[str | list[int]]) -> None:
        super().__init__(body)
        self._echoes = echoes
        self._offsets: dict[int, int] = {}

    def _echo(self, number: int, scores: Sequence[TokenScore]) -> str:
        if not self._echoes:
            return ""
        prompt = self._echoes[number]
        return prompt if isinstance(prompt, str) else "".join(score.token for score in scores)

    def choice(self, number: int, answer: AnswerStream) -> Json:
        scores = [*answer.prompt_scores, *answer.scores]
        return {
            "index": number,
            "text": self._echo(number, answer.prompt_scores) + answer.text,
            "logprobs": self._scores(number, scores),
            "finish_reason": answer.finish,
        }

    def chunk(self, number: int, piece: Piece, *, is_first: bool) -> Json:
        text = (self._echo(number, piece.prompt_scores) if is_first else "") + piece.text
        return {
            "index": number,
            "text": text,
            "logprobs": self._scores(number, [*piece.prompt_scores, *piece.scores]),
            "finish_reason": piece.finish,
        }

    def _scores(self, number: int, scores: Sequence[TokenScore]) -> Json | None:
        if not scores:
            return None
        offsets = []
        for score in scores:
            offsets.append(self._offsets.get(number, 0))
            self._offsets[number] = offsets[-1] + len(score.token)
        return {
            "tokens": [score.token for score in scores],
            "token_logprobs": [score.logprob for score in scores],
            "top_logprobs": [
                {text: value for text, _, value in reversed(score.top)} or None for score in scores
            ],
            "text_offset": offsets,
        }


def _chat_scores(scores: Sequence[TokenScore]) -> Json | None:
    if not scores:
        return None
    return {
        "content": [
            {
                **_token(score.token, score.logprob or 0.0),
                "top_logprobs": [_token(t, v) for t, _, v in score.top],
            }
            for score in scores
        ],
        "refusal": None,
    }


def _token(text: str, value: float) -> Json:
    return {"token": text, "logprob": value, "bytes": list(text.encode("utf-8", "replace"))}


async def _respond(
    request: Request, answering: Answering, body: SamplingBody, prepared: Sequence[Prepared], form: _Form
) -> Response:
    answers = begin(answering.engine, [one.request for one in prepared], is_streamed=bool(body.stream))
    if body.stream:
        events = _events(
            answering,
            answers,
            prepared,
            form,
            with_usage=bool((body.stream_options or {}).get("include_usage")),
        )
        return StreamingResponse(
            events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )
    await whole(request, answers)
    choices = [form.choice(number, answer) for number, answer in enumerate(answers)]
    gardener = await run_in_threadpool(answering.told, prepared[0], [answer.text for answer in answers])
    told = {"choices": choices, "usage": _usage(answers, prepared), "gardener": gardener}
    return JSONResponse({**form.head(form.whole_kind), **told})


async def _events(
    answering: Answering,
    answers: Sequence[AnswerStream],
    prepared: Sequence[Prepared],
    form: _Form,
    *,
    with_usage: bool,
) -> AsyncIterator[str]:
    begun: set[int] = set()
    empty = {"usage": None} if with_usage else {}
    try:
        async for number, piece in pieces_of(answers):
            if not (piece.text or piece.scores or piece.prompt_scores or piece.finish or number not in begun):
                continue
            choice = form.chunk(number, piece, is_first=number not in begun)
            begun.add(number)
            row = {**form.head(form.chunk_kind), "choices": [choice], **empty}
            if piece.finish:
                row["gardener"] = await run_in_threadpool(
                    answering.told, prepared[number], [answers[number].text]
                )
            yield _event(row)
    except Exception as error:  # the head is sent: the client learns it from an event
        yield _event(openai_error(error)[0])
        return
    if with_usage:
        yield _event({**form.head(form.chunk_kind), "choices": [], "usage": _usage(answers, prepared)})
    yield "data: [DONE]\n\n"


def _event(row: Json) -> str:
    return f"data: {msgspec.json.encode(row).decode()}\n\n"


def _usage(answers: Sequence[AnswerStream], prepared: Sequence[Prepared]) -> Json:
    prompt = sum(len(one.request.ids) for one in {id(one): one for one in prepared}.values())
    said = sum(answer.tokens for answer in answers)
    cached = max((answer.generation.cached_tokens for answer in answers), default=0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": said,
        "total_tokens": prompt + said,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def openai_error(error: Exception) -> tuple[Json, int]:
    """An error as OpenAI writes it, and its status; of what is no error of ours nothing is told."""
    status, kind = status_of(error)
    return {"error": {"message": told(error), "type": kind, "param": None, "code": kind}}, status
