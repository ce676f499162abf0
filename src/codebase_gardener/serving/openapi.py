"""The OpenAPI document, out of the routes and the types that read their bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.routing import Route

__all__ = ["ErrorBody", "ErrorDetail", "openapi_document"]

Json = dict[str, Any]
_REFUSALS = ("400", "401", "403", "404", "408", "409", "413", "429", "503")


class ErrorDetail(msgspec.Struct):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(msgspec.Struct):
    """An error, as OpenAI writes it."""

    error: ErrorDetail


def openapi_document(routes: Iterable[Route], bodies: Mapping[str, type[msgspec.Struct]]) -> Json:
    """The document.

    Args:
        routes: Of the application; those whose answers are OpenAI's are described.
        bodies: What reads the body of a request, by path.
    """
    kinds = [*bodies.values(), ErrorBody]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    schema_of = dict(zip([*bodies, ""], schemas, strict=True))
    paths: dict[str, Json] = {}
    for route in routes:
        path = route.path.replace(":path}", "}")
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _operation(path, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Codebase Gardener", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _operation(path: str, schema_of: Mapping[str, Json]) -> Json:
    refusal = {
        "description": "It cannot be answered.",
        "content": {"application/json": {"schema": schema_of[""]}},
    }
    form = "text/plain" if path == "/metrics" else "application/json"
    fine: Json = {"description": "The answer.", "content": {form: {}}}
    if path in schema_of:
        fine["content"]["text/event-stream"] = {}
    operation: Json = {"responses": {"200": fine, **dict.fromkeys(_REFUSALS, refusal)}}
    if path in schema_of:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[path]}},
        }
    if "{name}" in path:
        operation["parameters"] = [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        ]
    return operation
