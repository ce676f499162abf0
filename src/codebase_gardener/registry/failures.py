"""What a driver's error means to a user. Passwords never appear."""

from __future__ import annotations

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    ConflictError,
    InvalidInputError,
    RegistryError,
    ResourceError,
)

__all__ = ["explained", "in_doubt", "is_passing", "shown_url", "was_cut"]

_ROOM = "free some space, or set CODEBASE_GARDENER_HOME to a folder that can be written"
_BUSY = "another process is writing; try again, and see `gardener jobs list`"
_DAMAGED = "move the file away and restore a copy; `gardener doctor` checks the rest"
_POOL = "more threads ask at once than the setting registry_connections allows; raise it"
_SERVER = "is the server running, and are host, port, user, password and database right?"

# words in the driver's message → kind of error, what to do next; the first that fits
_MEANINGS: tuple[tuple[tuple[str, ...], type[CodebaseGardenerError], str], ...] = (
    (
        ("unable to open database", "readonly database", "disk is full", "disk i/o error"),
        ResourceError,
        _ROOM,
    ),
    (("no space left", "could not extend file"), ResourceError, "free some space on the database's disk"),
    (
        (
            "database is locked",
            "lock timeout",
            "statement timeout",
            "locknottavailable",
            "deadlock",
            "serialize",
        ),
        RegistryError,
        _BUSY,
    ),
    (("queuepool limit",), RegistryError, _POOL),
    (("not a database", "malformed", "already exists", "no such table"), RegistryError, _DAMAGED),
    (("connection", "connect", "authentication", "does not exist", "resolve"), RegistryError, _SERVER),
)


def explained(error: Exception, url: URL) -> CodebaseGardenerError:
    """The error of our own tree for one of SQLAlchemy or a driver."""
    error = _first(error)
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    if isinstance(error, IntegrityError):
        return ConflictError(
            "the registry was changed meanwhile: what this belongs to is gone or taken",
            hint="look again with `gardener adapters list`",
            context={"cause": _clean(cause, url)},
        )
    if (isinstance(error, StatementError) and not isinstance(error, DBAPIError)) or isinstance(
        error, ValueError
    ):
        return InvalidInputError(
            f"a value cannot be stored: {_clean(cause, url)}", hint="use finite numbers and valid Unicode"
        )
    return _by_words(_clean(cause, url), url)


def is_passing(error: BaseException) -> bool:
    """Whether a whole transaction that ended so may be run again: it changed nothing, and may do better.

    PostgreSQL only: a deadlock, a serialization failure, a connection that was cut or cannot be made.
    """
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    # class 40: rolled back for another; 57P: the server ends or begins; 08 and no state: no connection
    return state.startswith(("40", "57P", "08")) or was_cut(error) or _is_without_server(error, state)


def _is_without_server(error: DBAPIError, state: str) -> bool:
    return isinstance(error, OperationalError) and not state and error.statement is None


def was_cut(error: BaseException) -> bool:
    """Whether the connection was lost."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def in_doubt(url: URL) -> RegistryError:
    """The error of a change of which nobody can say whether it was made."""
    return RegistryError(
        f"registry {shown_url(url)}: the connection was cut while a change was being committed, and the server "
        "does not say what became of it",
        hint="look whether it was made, such as with `gardener jobs list`, before you do it again",
        context={"registry": shown_url(url)},
    )


def _first(error: Exception) -> Exception:
    """On a full disk SQLite rolls back by itself; that the savepoint is then gone hides why."""
    found, before = error, error.__context__ if "no such savepoint" in str(error) else None
    while before is not None:
        found, before = (before if isinstance(before, DBAPIError) else found), before.__context__
    return found


def _by_words(said: str, url: URL) -> CodebaseGardenerError:
    for words, kind, hint in _MEANINGS:
        if any(word in said.lower() for word in words):
            return kind(f"registry {shown_url(url)}: {said}", hint=hint, context={"registry": shown_url(url)})
    return RegistryError(
        f"registry {shown_url(url)}: {said}",
        hint="see `gardener doctor`",
        context={"registry": shown_url(url)},
    )


def shown_url(url: URL) -> str:
    """The URL as messages show it: without password and options."""
    return url.set(query={}).render_as_string(hide_password=True)


def _clean(error: BaseException, url: URL) -> str:
    """The first line of an error's text, without what is secret in the URL."""
    text = str(error).strip().partition("\n")[0] or type(error).__name__
    for secret in (url.password, *(str(value) for value in url.query.values())):
        text = text.replace(str(secret), "***") if secret else text
    return text
