"""The frame of every view: templates that escape what they are given, strict headers, forms that are checked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.page.plain_words import in_form, worded
from codebase_gardener.serving.api_keys import ApiKeys
from codebase_gardener.serving.guard import is_own_request
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.wiki.site.shell import ASSETS as SITE_ASSETS

__all__ = ["HEADERS", "PREFIX", "Form", "Shell"]

PREFIX = "/page"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send forms with `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer: nothing is loaded from elsewhere, no script stands in a page, no other site frames or reads it."""

Form = Mapping[str, str]

_HERE = Path(__file__).parent
_MAX_FORM_BYTES = 64 * 1024
_ASSETS = {file.name: file for folder in (SITE_ASSETS, _HERE / "assets") for file in sorted(folder.iterdir())}
_SHOWN = {
    code: ascii(chr(code))[1:-1]
    for code in (
        *range(32),
        *range(0x7F, 0xA0),
        0x61C,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    )
    if chr(code) not in "\t\n\r"
}
"""Controls, and what turns the direction of text around: a reader sees that it is there."""
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Shell:
    """What views are made with.

    Args:
        gardener: The home.
        keys: The server's; None: whoever is on this machine may look.
        menu: Name and words of each view.
    """

    def __init__(self, gardener: Gardener, keys: ApiKeys | None, menu: Sequence[tuple[str, str]]) -> None:
        self.gardener, self.keys, self.menu = gardener, keys, tuple(menu)
        self._secret = secrets.token_bytes(32)
        self.ahead: list[Callable[[], None]] = []
        """What views read when the server answers, in turn."""

    # ---- answers

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A view's HTML.

        Args:
            template: `VIEW/NAME.html` in `templates/`.
            status: Of the answer.
            values: As the template names them; all are escaped.
        """
        view = template.partition("/")[0]
        text = self.environment.get_template(template).render(view=view, **values)
        return HTMLResponse(text.encode("utf-8", "replace"), status, HEADERS)

    def redirect(self, path: str, **headers: str) -> Response:
        """Send the browser on, after a form was done."""
        return RedirectResponse(path, 303, {**HEADERS, **headers})

    @staticmethod
    def link(*parts: object, **query: object) -> str:
        """The address of a view; what is empty in the query is left out.

        Example:
            >>> Shell.link("projects", "a b", q="x", after="")
            '/page/projects/a%20b?q=x'
        """
        path = "/".join([PREFIX, *(quote(str(part), safe="") for part in parts)])
        asked = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items() if value)
        return f"{path}?{asked}" if asked else path

    # ---- forms

    def action(self, function: Callable[[Request, Form], Response]) -> Callable[[Request], Any]:
        """An endpoint that does what a form of ours asks for; those of other sites are refused.

        Args:
            function: Called in a thread, with the fields.
        """

        async def endpoint(request: Request) -> Response:
            fields = await _fields(request)
            if not is_own_request(request.headers):
                raise HTTPException(403, "a page of another site asks")
            if not hmac.compare_digest(fields.pop("token", "").encode(), self.token.encode()):
                raise HTTPException(
                    403, "this form is from before the server was started: go back, reload, send again"
                )
            return await run_in_threadpool(function, request, fields)

        return endpoint

    @property
    def token(self) -> str:
        """What every form of this process carries: no other site can read it."""
        return hmac.digest(self._secret, b"form", "sha256").hex()

    # ---- templates and assets

    @cached_property
    def environment(self) -> Environment:
        """Of all templates, with what each may use."""
        environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=lambda value: value.translate(_SHOWN) if type(value) is str else value,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            asset=_asset_link,
            assets=_ASSETS,
            link=self.link,
            menu=self.menu,
            token=self.token,
            keys=self.keys,
        )
        environment.filters.update(size=_size, when=_when, revision=_revision, worded=worded, in_form=in_form)
        return environment

    @staticmethod
    def asset(request: Request) -> Response:
        """A file of `assets/`; its address changes with what is in it, so it is asked for once."""
        file = _ASSETS.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404, "there is no such file")
        kept = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(file.read_bytes(), headers={**HEADERS, **kept}, media_type=_TYPES[file.suffix])


def _asset_link(name: str) -> str:
    digest = hashlib.sha256(_ASSETS[name].read_bytes()).hexdigest()
    return f"{PREFIX}/assets/{name}?{digest[:12]}"


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_FORM_BYTES:
            raise HTTPException(413, "the form is too long")
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "a form is application/x-www-form-urlencoded")
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
        )
    except ValueError as error:
        raise InvalidInputError("the form is no UTF-8", hint="send it from the page") from error


def _size(count: int) -> str:
    """Bytes, as people read them."""
    if count >= 1e8:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _when(stamp: str) -> str:
    """A time of the registry, to the minute."""
    return stamp[:16].replace("T", " ")


def _revision(text: str) -> str:
    """A commit, or the hash of a tree that is in no git, short."""
    kind, _, digest = text.rpartition(":")
    return f"{kind} {digest[:10]}".strip()
