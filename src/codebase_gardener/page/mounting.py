"""The page as a part of the server's application."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.page.shell import PREFIX, Shell
from codebase_gardener.page.sign_in import SIGN_IN, sign_in_routes
from codebase_gardener.page.table import VIEWS
from codebase_gardener.serving.api_keys import ApiKeys
from codebase_gardener.serving.mounted import Mounted
from codebase_gardener.serving.statuses import status_of
from codebase_gardener.utils.error_handling import CodebaseGardenerError

__all__ = ["mounted_page"]

_log = logging.getLogger(__name__)


_HINTS = {
    403: "open the page by the address that the server printed, in a tab of its own, and send the form from there",
    404: "begin at the list: it leads to all that there is",
    405: "begin at the list: this address is that of a form",
    503: "start it anew: gardener open",
}


class _ForBrowsers(Route):
    """A route of who reads HTML: the same address answers programs otherwise."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and _reads_html(Headers(scope=scope)):
            return super().matches(scope)
        return Match.NONE, {}


def mounted_page(gardener: Gardener, keys: ApiKeys | None = None) -> Mounted:
    """The page over a home.

    Args:
        gardener: The home.
        keys: The server's.
    """
    shell = Shell(gardener, keys, [(view.name, view.words) for view in VIEWS])
    start = shell.link(VIEWS[0].name)

    def begin(_: Request) -> Response:
        return shell.redirect(start)

    def respond(path: str, error: Exception) -> Response:
        status = status_of(error)[0]
        if status == 401:
            return shell.render("sign_in.html", status=401, wrong=False, to=path)
        if isinstance(error, CodebaseGardenerError):
            return shell.render("error.html", status=status, message=error.message, hint=error.hint)
        if isinstance(error, HTTPException):
            hint = _HINTS.get(status, "")
            return shell.render("error.html", status=status, message=error.detail, hint=hint)
        _log.error("a view failed", exc_info=error)
        hint = "the server's log says where; please report it"
        return shell.render(
            "error.html", status=500, message="This is a bug in Codebase Gardener.", hint=hint
        )

    def is_open(path: str, headers: Headers) -> bool:
        return (
            path in (SIGN_IN, PREFIX)
            or path.startswith(f"{PREFIX}/assets/")
            or (path == "/" and _reads_html(headers))
        )

    def read_ahead() -> None:
        for read in shell.ahead:
            read()

    return Mounted(
        routes=[
            _ForBrowsers("/", begin),
            Route(PREFIX, begin),
            Route(f"{PREFIX}/", begin),
            Route(f"{PREFIX}/assets/{{name}}", shell.asset),
            *sign_in_routes(shell),
            *(route for view in VIEWS for route in view.routes(shell)),
        ],
        prefix=f"{PREFIX}/",
        is_open=is_open,
        respond=respond,
        read_ahead=read_ahead,
    )


def _reads_html(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "")
