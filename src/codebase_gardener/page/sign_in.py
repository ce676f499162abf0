"""Where a browser gives its API key, once: a cookie that no script reads and no other site sends."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.serving.guard import KEY_COOKIE

__all__ = ["SIGN_IN", "sign_in_routes"]

SIGN_IN = f"{PREFIX}/sign-in"


def sign_in_routes(shell: Shell) -> Sequence[BaseRoute]:
    """The form, and what it does; and signing out."""

    def ask(request: Request) -> Response:
        return shell.render("sign_in.html", wrong=False, to=_inside(request.query_params.get("to", "")))

    def sign_in(request: Request, form: Form) -> Response:
        key, to = form.get("key", "").strip(), _inside(form.get("to", ""))
        if shell.keys is None or not key.isascii() or not shell.keys.knows(key.encode()):
            return shell.render("sign_in.html", wrong=True, to=to, status=403)
        answer = shell.redirect(to)
        secure = request.url.scheme == "https"
        answer.set_cookie(KEY_COOKIE, key, httponly=True, samesite="strict", secure=secure, path="/")
        return answer

    def sign_out(request: Request, form: Form) -> Response:
        answer = shell.redirect(SIGN_IN)
        answer.delete_cookie(KEY_COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    return [
        Route(SIGN_IN, ask),
        Route(SIGN_IN, shell.action(sign_in), methods=["POST"]),
        Route(f"{PREFIX}/sign-out", shell.action(sign_out), methods=["POST"]),
    ]


def _inside(address: str) -> str:
    """An address of the page; another is not gone to."""
    safe = address.isascii() and address.isprintable() and "\\" not in address
    return address if safe and address.startswith(f"{PREFIX}/") else f"{PREFIX}/"
