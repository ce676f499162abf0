"""Before a request is read: who asks, by which name, and whether the server is ending."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from codebase_gardener.serving.api_keys import ApiKeys

__all__ = ["KEY_COOKIE", "Guard", "Presence", "is_loopback", "is_own_request"]

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?")

KEY_COOKIE = "gardener_key"
"""Holds a browser's API key; counts in requests of the server's own pages only."""

_OPEN = ("/health", "/ready")
"""Asked by what watches the server: without a key, and while it ends."""


class Presence:
    """Requests that are being answered, and whether new ones are.

    Attributes:
        running: How many.
        is_ending: New ones are sent away.
    """

    def __init__(self) -> None:
        self.running = 0
        self.is_ending = False


class Guard:
    """ASGI middleware.

    A server without keys is for this machine only. A page in its browser could reach it under a name of its own
    (DNS rebinding), or send what needs no preflight: so `Host` has to name this machine, and `Origin` the server.

    Args:
        app: What is guarded.
        keys: One of them has to be sent; None: no key is needed.
        presence: Counts.
        respond: Writes an error as the wire at a path does.
        is_open: Whether a path is also answered without a key, by path and headers.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: ApiKeys | None,
        presence: Presence,
        respond: Callable[[str, Exception], Response],
        is_open: Callable[[str, Headers], bool] = lambda path, headers: False,
    ) -> None:
        self._app, self._keys, self._presence, self._respond = app, keys, presence, respond
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := self._refusal(scope["path"], Headers(scope=scope)):
            await self._respond(scope["path"], refusal)(scope, receive, send)
            return
        self._presence.running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._presence.running -= 1

    def _refusal(self, path: str, headers: Headers) -> HTTPException | None:
        if self._keys is None and (refused := _of_another_site(headers)):
            return HTTPException(403, refused)
        if path in _OPEN:
            return None
        if (
            self._keys is not None
            and not self._is_open(path, headers)
            and not self._keys.knows(_key(headers))
        ):
            return HTTPException(401, "no valid API key was sent", {"WWW-Authenticate": "Bearer"})
        if self._presence.is_ending:
            return HTTPException(503, "the server is ending", {"Retry-After": "5", "Connection": "close"})
        return None


def _of_another_site(headers: Headers) -> str:
    host = headers.get("host", "")
    named = _HOST.fullmatch(host)
    if named is None or not is_loopback(named[1].strip("[]").lower()):
        return "the Host header does not name this machine"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "a page of another site asks"
    return ""


def _key(headers: Headers) -> bytes:
    kind, _, key = headers.get("authorization", "").partition(" ")
    key = key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
    if not key and is_own_request(headers):
        key = cookie_parser(headers.get("cookie", "")).get(KEY_COOKIE, "")
    return key.encode("latin-1")


def is_own_request(headers: Headers) -> bool:
    """Whether a browser sends it for a page of this server, or for a person who typed the address.

    A cookie is sent for another port of the same machine as well, so it alone does not say who asks.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    host = headers.get("host", "")  # browsers leave the other header out where there is no TLS
    return headers.get("origin") in (None, f"http://{host}", f"https://{host}")


def is_loopback(name: str) -> bool:
    """Whether a name or an address is this machine's own.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, True, False)
    """
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
