"""Which HTTP status an error has."""

from __future__ import annotations

from codebase_gardener.utils.error_handling import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    ResourceError,
)

__all__ = ["STATUSES", "status_of"]

STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (InvalidInputError, 400, "invalid_request_error"),
    (NotFoundError, 404, "not_found_error"),
    (ConflictError, 409, "conflict_error"),
    (ResourceError, 429, "overloaded_error"),
)
"""In this order; every other error is 500."""


def status_of(error: Exception) -> tuple[int, str]:
    """The status, and what OpenAI calls such an error."""
    return next(
        ((status, name) for kind, status, name in STATUSES if isinstance(error, kind)), (500, "server_error")
    )
