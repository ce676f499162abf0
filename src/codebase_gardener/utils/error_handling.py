"""The error tree, and retrying of transient failures.

    CodebaseGardenerError
    ├── InvalidInputError (ValueError)       2   a name, option, row or file that cannot be right
    ├── NotFoundError (LookupError)          3   no such project, adapter, job
    ├── ConflictError                        4   the name is taken, in use, or still training
    ├── SourceError                          5   the repository cannot be read
    ├── DatasetError                         6   no usable rows, malformed rows
    ├── ModelError                           7   base model: cannot be fetched, read, matched
    │   └── AdapterError                         adapter file or config that must not be loaded
    ├── TrainingError                        8   a run that failed or was killed
    │   └── NodeLostError                        another process of the same training is gone
    ├── ResourceError                        9   memory, disk, permissions of the home
    ├── RegistryError                       10   the database
    ├── VerificationError                   11   a claim that was checked and does not hold
    └── StoreError                          12   the store of artifacts

The number is the exit code of the command line; 1 is a bug, 130 an interrupt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

__all__ = [
    "CodebaseGardenerError",
    "InvalidInputError",
    "NotFoundError",
    "ConflictError",
    "SourceError",
    "DatasetError",
    "ModelError",
    "AdapterError",
    "TrainingError",
    "NodeLostError",
    "ResourceError",
    "RegistryError",
    "VerificationError",
    "StoreError",
    "EXIT_CODES",
    "retry_with_backoff",
]

P = ParamSpec("P")
R = TypeVar("R")


class CodebaseGardenerError(Exception):
    """Root of all errors that this project raises on purpose.

    Args:
        message: What is wrong, and where (a path with its line, or an id).
        hint: What to do next.
        context: Figures and ids for programs (`--json`).
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", context: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.context: dict[str, Any] = dict(context or {})

    def __reduce__(self) -> tuple[Any, ...]:
        # keyword arguments do not survive the default pickling of exceptions
        return (_rebuild, (type(self), self.message, self.hint, self.context))

    def as_dict(self) -> dict[str, Any]:
        """The error as `--json` prints it."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "context": self.context,
            "exit_code": self.exit_code,
        }


def _rebuild(
    kind: type[CodebaseGardenerError], message: str, hint: str, context: dict[str, Any]
) -> CodebaseGardenerError:
    return kind(message, hint=hint, context=context)


class InvalidInputError(CodebaseGardenerError, ValueError):
    """A name, option or file that cannot be right, whatever the state."""

    exit_code = 2


class NotFoundError(CodebaseGardenerError, LookupError):
    """No project, adapter, version or job of that name."""

    exit_code = 3


class ConflictError(CodebaseGardenerError):
    """The name is taken, or the thing is in use or still training."""

    exit_code = 4


class SourceError(CodebaseGardenerError):
    """A repository that cannot be read, or has nothing to learn from."""

    exit_code = 5


class DatasetError(CodebaseGardenerError):
    """Rows that are malformed, or none that train anything."""

    exit_code = 6


class ModelError(CodebaseGardenerError):
    """A base model that cannot be fetched, read or matched."""

    exit_code = 7


class AdapterError(ModelError):
    """An adapter that must not be loaded: damaged, hostile, or of another base."""


class TrainingError(CodebaseGardenerError):
    """A training run that failed, was killed, or cannot be continued."""

    exit_code = 8


class NodeLostError(TrainingError):
    """Another process of the same training is gone, or cannot be reached."""


class ResourceError(CodebaseGardenerError):
    """Too little memory or disk, or a home that cannot be written."""

    exit_code = 9


class RegistryError(CodebaseGardenerError):
    """The database cannot be reached, or disagrees with the files."""

    exit_code = 10


class VerificationError(CodebaseGardenerError):
    """A claim that was checked and does not hold."""

    exit_code = 11


class StoreError(CodebaseGardenerError):
    """The store of artifacts cannot be reached, refuses, or holds what cannot be right."""

    exit_code = 12


EXIT_CODES: dict[int, str] = {
    0: "done",
    1: "a bug in Codebase Gardener: please report it with the output of --debug",
    2: "InvalidInputError: a name, option or file that cannot be right",
    3: "NotFoundError: no such project, adapter or job",
    4: "ConflictError: the name is taken, in use, or still training",
    5: "SourceError: the repository cannot be read or has no code",
    6: "DatasetError: malformed rows, or none that train anything",
    7: "ModelError, AdapterError: the base or the adapter cannot be used",
    8: "TrainingError, NodeLostError: a run failed, was killed, or cannot be continued",
    9: "ResourceError: too little memory or disk, or the home cannot be written",
    10: "RegistryError: the database",
    11: "VerificationError: a check did not hold (evaluate --require, doctor, verify)",
    12: "StoreError: the store of artifacts",
    130: "interrupted (Ctrl-C)",
}


def retry_with_backoff(
    max_attempts: int = 3,
    *,
    first_wait_s: float = 0.5,
    max_wait_s: float = 8.0,
    retry_on: tuple[type[BaseException], ...] = (ConnectionError, TimeoutError),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Retry a function on transient errors, waiting exponentially longer with jitter.

    Args:
        max_attempts: Calls in all, at least 1.
        first_wait_s: Seconds before the second call; doubled each time.
        max_wait_s: The longest wait in seconds.
        retry_on: Only these are transient; everything else is raised at once.

    Returns:
        A decorator. The last error is raised unchanged.

    Example:
        >>> @retry_with_backoff(max_attempts=2)
        ... def answer() -> int:
        ...     return 42
        >>> answer()
        42
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        from functools import wraps

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
            from tenacity.wait import wait_random_exponential

            retrying = Retrying(
                stop=stop_after_attempt(max_attempts),
                wait=wait_random_exponential(multiplier=first_wait_s, max=max_wait_s),
                retry=retry_if_exception_type(retry_on),
                reraise=True,
            )
            return retrying(function, *args, **kwargs)

        return call

    return decorate
