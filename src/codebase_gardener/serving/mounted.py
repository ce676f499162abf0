"""What else listens at a server's address: a page, with its own answers to who may not come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute

__all__ = ["Mounted"]


@dataclass(frozen=True)
class Mounted:
    """Routes that stand before those of the wires.

    Attributes:
        routes: They.
        prefix: What the paths of all of them but "/" begin with.
        is_open: Whether a path is answered without a key, by path and headers.
        respond: Writes an error below the prefix.
        read_ahead: Called in a thread when the server answers: what the first who comes would wait for.
    """

    routes: Sequence[BaseRoute]
    prefix: str
    is_open: Callable[[str, Headers], bool]
    respond: Callable[[str, Exception], Response]
    read_ahead: Callable[[], None] = lambda: None
