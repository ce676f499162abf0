"""Who may ask."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codebase_gardener.serving.api_keys import ApiKeys, add_key
from codebase_gardener.serving.guard import Guard, Presence, is_loopback


async def _fine(request: Request) -> Response:
    return JSONResponse("fine")


def ask(path: str, headers: dict[str, str], keys: ApiKeys | None = None, **state: object) -> httpx2.Response:
    import asyncio

    presence = Presence()
    vars(presence).update(state)

    def respond(path: str, error: Exception) -> Response:
        return JSONResponse(str(error), error.status_code, error.headers)  # type: ignore[attr-defined]

    app = Starlette(
        routes=[Route("/health", _fine), Route("/v1/models", _fine)],
        middleware=[Middleware(Guard, keys=keys, presence=presence, respond=respond)],
    )

    async def get() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            raw = {name: value.encode("latin-1") for name, value in headers.items()}
            return await client.get(path, headers=raw)  # type: ignore[arg-type]

    answer = asyncio.run(get())
    assert presence.running == 0
    return answer


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8000", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8000", 200), ("127.9.9.9", 200),
     ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403), ("[", 403),
     ("192.168.0.3:8000", 403), ("evil@127.0.0.2:x", 403), ("", 403)],
)  # fmt: skip
def test_a_name_that_is_not_this_machines_is_refused(host: str, status: int) -> None:
    for path in ("/v1/models", "/health"):
        assert ask(path, {"Host": host}).status_code == status


def test_pages_of_other_sites_are_refused() -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:3000"):
        answer = ask("/v1/models", {"Origin": origin})
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert ask("/v1/models", {"Origin": "http://127.0.0.1:8000"}).status_code == 200


def test_with_keys_each_request_needs_one_and_any_name_will_do(tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys")
    keys = ApiKeys.read(tmp_path / "keys")
    name = {"Host": "gardener.example"}
    assert ask("/health", name, keys).status_code == 200
    for fine in ({"Authorization": f"Bearer {key}"}, {"authorization": f"bearer  {key}"}, {"x-api-key": key}):
        assert ask("/v1/models", {**name, **fine}, keys).status_code == 200
    for wrong in ({}, {"Authorization": "Bearer"}, {"Authorization": f"Basic {key}"}, {"x-api-key": "\xe9"}):
        answer = ask("/v1/models", {**name, **wrong}, keys)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"


def test_while_the_server_ends_new_requests_are_sent_away() -> None:
    answer = ask("/v1/models", {}, is_ending=True)
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert ask("/health", {}, is_ending=True).status_code == 200


def test_loopback_is_by_address() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org", "")))
