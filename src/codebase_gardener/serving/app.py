"""The application: every wire's routes, and what all of them keep to."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.api_keys import ApiKeys
from codebase_gardener.serving.engine import Decoding, EngineRequest, Served
from codebase_gardener.serving.guard import Guard, Presence
from codebase_gardener.serving.infill_api import infill_routes
from codebase_gardener.serving.metrics import MeasuredEngine
from codebase_gardener.serving.mounted import Mounted
from codebase_gardener.serving.ollama_api import ollama_routes
from codebase_gardener.serving.openai_api import OPENAI_BODIES, openai_error, openai_routes
from codebase_gardener.serving.openapi import openapi_document
from codebase_gardener.serving.statuses import told
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import out_of_room

__all__ = ["build_app"]

_log = logging.getLogger(__name__)

_FORMS: tuple[tuple[str, Callable[[Exception], Any]], ...] = (
    ("/api/", lambda error: {"error": told(error)}),
    ("/", lambda error: openai_error(error)[0]),
)
"""How the wire below a path writes an error: Ollama's, and OpenAI's for all others."""


def build_app(
    answering: Answering,
    keys: ApiKeys | None = None,
    presence: Presence | None = None,
    mounted: Mounted | None = None,
    *,
    preload: bool = True,
) -> Starlette:
    """The application over an engine and a catalog.

    Args:
        answering: What prepares and answers.
        keys: One of them has to come with each request; None: whoever is on this machine may ask.
        presence: Counts what is being answered.
        mounted: What else is answered at this address.
        preload: Whether the base and the code of the first model are loaded before it is asked.
    """
    engine = MeasuredEngine(answering.engine)
    presence = presence or Presence()
    first = _FirstBase(
        Answering(engine, answering.catalog, answering.memory),
        preload,
        mounted.read_ahead if mounted else None,
    )

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        if presence.is_ending or not first.is_loaded:
            return JSONResponse({"status": "ending" if presence.is_ending else first.status}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(_: Request) -> Response:
        written = await run_in_threadpool(engine.written)  # replicas are asked
        return Response(written, media_type="text/plain; version=0.0.4")

    async def openapi(_: Request) -> Response:
        return JSONResponse(openapi_document(routes, OPENAI_BODIES))

    routes = [
        Route("/health", health),
        Route("/ready", ready),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
        *openai_routes(first.answering),
    ]

    def respond(path: str, error: Exception) -> Response:
        if not isinstance(error, CodebaseGardenerError | HTTPException | ClientDisconnect):
            error = out_of_room(error) or error
        if mounted is not None and path.startswith(mounted.prefix):
            return mounted.respond(path, error)
        return _respond(path, error)

    async def failed(request: Request, error: Exception) -> Response:
        return respond(request.url.path, error)

    guard = Middleware(
        Guard,
        keys=keys,
        presence=presence,
        respond=respond,
        **({"is_open": mounted.is_open} if mounted else {}),
    )
    app = Starlette(
        routes=[
            *(mounted.routes if mounted else ()),
            *routes,
            *infill_routes(first.answering),
            *ollama_routes(first.answering),
        ],
        middleware=[guard],
        exception_handlers=dict.fromkeys(
            (HTTPException, ClientDisconnect, CodebaseGardenerError, Exception), failed
        ),
        lifespan=first.loading,
    )
    app.state.presence = presence  # streams that would never end by themselves look at it
    return app


class _FirstBase:
    """The first model's base, its project's code, and what else is read ahead, come when the server starts."""

    def __init__(
        self, answering: Answering, preload: bool, read_ahead: Callable[[], None] | None = None
    ) -> None:
        self.answering, self._ending = answering, False
        self._ahead = [*([self._code] if preload else []), *([read_ahead] if read_ahead else [])]
        self.status = "loading" if preload else "loaded"

    @property
    def is_loaded(self) -> bool:
        return self.status == "loaded"

    @asynccontextmanager
    async def loading(self, _: Starlette) -> AsyncIterator[None]:
        import asyncio

        tasks = [] if self.is_loaded else [asyncio.create_task(run_in_threadpool(self._load))]
        for read_ahead in self._ahead:  # nobody needs it when the server ends: its end does not wait for it
            threading.Thread(target=self._read, args=(read_ahead,), daemon=True).start()
        yield
        self._ending = True
        if tasks:
            await asyncio.wait(tasks)

    def _read(self, read_ahead: Callable[[], None]) -> None:
        try:
            read_ahead()
        except Exception as error:  # who asks for it is told
            if not self._ending:  # else what it reads is closed
                _log.error("what is read ahead could not be read", exc_info=error)

    def _code(self) -> None:
        """What the first model needs of its project for prompts and answers: after a growing it is made here."""
        catalog = self.answering.catalog
        with suppress(CodebaseGardenerError):  # who asks is told
            for card in catalog.cards()[:1]:
                resolved = catalog.resolve(card.name)
                if resolved.project and not resolved.is_bare:
                    catalog.index(resolved.project)
                    catalog.grounds(resolved.project)

    def _load(self) -> None:
        try:
            cards = self.answering.catalog.cards()
            if cards:
                base = self.answering.catalog.resolve(cards[0].name).served.base
                ids, taken = self.answering.engine.encode(base, "a")
                one = Decoding(max_tokens=1)
                self.answering.engine.submit(EngineRequest(Served(base), tuple(ids), taken, one)).text()
            self.status = "loaded"
        except Exception as error:  # the next request tells its client
            self.status = "failed"
            _log.error("the base could not be loaded", exc_info=error)


def _respond(path: str, error: Exception) -> Response:
    """An error as the wire at a path writes it."""
    status = openai_error(error)[1]
    if status >= 500 and not isinstance(error, HTTPException | ClientDisconnect):
        _log.error("a request failed", exc_info=error)
    form = next(form for prefix, form in _FORMS if path.startswith(prefix))
    headers = dict(getattr(error, "headers", None) or {})
    if status == 429:
        headers["Retry-After"] = "1"
    return JSONResponse(form(error), status, headers)
