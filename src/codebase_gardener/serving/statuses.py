"""Which HTTP status an error has, and what of it is said on the wire."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException

from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ResourceError,
)

__all__ = ["KINDS", "STATUSES", "status_of", "told"]

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (InvalidInputError, 400),
    (NotFoundError, 404),
    (ConflictError, 409),
    (ResourceError, 429),
)
"""In this order; Starlette's own say theirs; every other error is 500."""

KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "overloaded_error",
    503: "overloaded_error",
}
"""What OpenAI calls them; the others are an `invalid_request_error` below 500, a `server_error` from there on."""

_PATH = re.compile(
    r"""(?:\b(?:file|sqlite):/*|(?<![\w.:/~-]))"""
    r"""(?!/(?:v1|api)/)(?:/[^/\n'"`]+(?=/))+/[^\s/'"`,;:()\[\]]*"""
)
"""An absolute path of two parts or more, with spaces within; routes of this server are none."""


def status_of(error: Exception) -> tuple[int, str]:
    """The status, and what OpenAI calls such an error."""
    if isinstance(error, HTTPException):
        status = error.status_code
    else:
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    return status, KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")


def told(error: Exception) -> str:
    """What a client may read of an error: no path, and of what is no error of ours nothing.

    Example:
        >>> told(NotFoundError("/home/me/My Garden/a.json is not there", hint="look"))
        '… is not there; look'
    """
    if isinstance(error, HTTPException):
        return error.detail
    if not isinstance(error, CodebaseGardenerError):
        return "the server failed; its log says why"
    return _PATH.sub("…", f"{error.message}; {error.hint}" if error.hint else error.message)
