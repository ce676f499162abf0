"""The application: every wire's routes, and what all of them keep to."""

from __future__ import annotations

import logging
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.infill_api import infill_routes
from codebase_gardener.serving.openai_api import openai_error, openai_routes
from codebase_gardener.utils.error_handling import CodebaseGardenerError

__all__ = ["build_app"]

_log = logging.getLogger(__name__)


def build_app(answering: Answering) -> Starlette:
    """The application over an engine and a catalog."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    routes = [Route("/health", health), *openai_routes(answering), *infill_routes(answering)]
    handlers = {HTTPException: _http_error, CodebaseGardenerError: _error, Exception: _error}
    return Starlette(routes=routes, exception_handlers=handlers)


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = {
        "error": {"message": str(getattr(error, "detail", "")), "type": "invalid_request_error", "code": None}
    }
    return JSONResponse(told, status)


async def _error(_: Request, error: Exception) -> Response:
    told, status = openai_error(error)
    if status >= 500:
        _log.error("a request failed", exc_info=error)
    headers: dict[str, Any] = {"Retry-After": "1"} if status == 429 else {}
    return JSONResponse(told, status, headers)
