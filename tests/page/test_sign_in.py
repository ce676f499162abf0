"""With a key file, whoever has no key sees nothing, and other sites cannot use what a browser keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from codebase_gardener.page.mounting import mounted_page
from codebase_gardener.page.shell import HEADERS
from codebase_gardener.page.sign_in import SIGN_IN
from codebase_gardener.serving.api_keys import ApiKeys, add_key

from .conftest import Home, asked, token_in

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # another port of this machine
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:3000"},
    {"Origin": "null"},
]


@dataclass
class Locked:
    """A server that asks for a key."""

    home: Home
    client: TestClient
    key: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    folder = tmp_path_factory.mktemp("locked")
    key = add_key(folder / "keys")
    with asked(folder / "home", ApiKeys.read(folder / "keys")) as (made, client):
        made.gardener.registry.add_project("garden", "/src/garden", "git")
        made.version("garden", active=True)
        yield Locked(made, client, key)


@pytest.fixture
def locked(home: Locked) -> Iterator[Locked]:
    yield home
    home.client.cookies.clear()


def sign_in(locked: Locked, key: str, to: str = "/page/projects") -> object:
    token = token_in(locked.client.get(SIGN_IN, headers=BROWSER))
    return locked.client.post(SIGN_IN, data={"token": token, "key": key, "to": to}, headers=BROWSER)


def pages(locked: Locked) -> list[tuple[str, str]]:
    """Method and address of all there is, as the routes have them."""
    found = []
    for route in mounted_page(locked.home.gardener, ApiKeys([])).routes:
        assert isinstance(route, Route) and route.methods
        if not route.path.startswith((SIGN_IN, "/page/assets/")) and route.path not in ("/", "/page"):
            found += [(method, route.path.replace("{", "").replace("}", "")) for method in route.methods]
    return found


def test_every_address_of_the_page_asks_for_the_key(locked: Locked) -> None:
    assert len(pages(locked)) > 12
    for method, path in pages(locked):
        answer = locked.client.request(method, path, headers=BROWSER)
        assert answer.status_code == 401, path
        assert answer.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()
        assert "garden<" not in answer.text
        if method != "HEAD":
            assert '<input id="key"' in answer.text
            assert f'name="to" value="{path}"' in answer.text
    for path in ("/", "/page"):
        answer = locked.client.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/page/projects")
    assert locked.client.get("/", headers={"Accept": "*/*"}).status_code == 401
    assert locked.client.get("/v1/models", headers=BROWSER).status_code == 401


def test_a_wrong_key_is_refused_and_told(locked: Locked) -> None:
    for wrong in ("", "gk-no", locked.key[:-1], "\u00e9", "\u202e"):
        answer = sign_in(locked, wrong)
        assert answer.status_code == 403
        assert 'role="alert"' in answer.text and "none of the server" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert not wrong or wrong not in answer.text


def test_the_right_key_is_kept_where_no_script_and_no_other_site_has_it(locked: Locked) -> None:
    answer = sign_in(locked, f" {locked.key}\n", "/page/projects/garden?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/projects/garden?q=x")
    kept = answer.headers["Set-Cookie"]
    assert kept.startswith(f"gardener_key={locked.key};")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(kept.split("; "))
    assert "garden" in locked.client.get("/page/projects", headers=BROWSER).text
    assert locked.client.get("/v1/models", headers=BROWSER).status_code == 200
    token = token_in(locked.client.get("/page/projects", headers=BROWSER))
    out = locked.client.post("/page/sign-out", data={"token": token}, headers=BROWSER)
    assert (out.status_code, out.headers["Location"]) == (303, SIGN_IN)
    assert locked.client.get("/page/projects", headers=BROWSER).status_code == 401


def test_behind_tls_the_cookie_is_sent_by_tls_only(locked: Locked) -> None:
    secure = TestClient(locked.client.app, "https://gardener.example", follow_redirects=False)
    token = token_in(secure.get(SIGN_IN))
    answer = secure.post(SIGN_IN, data={"token": token, "key": locked.key})
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize("to", ["https://evil.example/page/", "//evil.example", "/page/\\evil.example", "/v1/models",
                                "javascript:alert(1)", "/page/\r\nSet-Cookie: a=b", ""])  # fmt: skip
def test_after_it_the_browser_stays_on_the_page(locked: Locked, to: str) -> None:
    answer = sign_in(locked, locked.key, to)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/")
    assert "a=b" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("other", OTHERS)
def test_the_cookie_alone_from_another_origin_does_nothing(locked: Locked, other: dict[str, str]) -> None:
    sign_in(locked, locked.key)
    token = token_in(locked.client.get("/page/projects/garden", headers=BROWSER))
    headers = {"Accept": "text/html", **other}
    assert locked.client.get("/page/projects", headers=headers).status_code == 401
    assert locked.client.get("/v1/models", headers=headers).status_code == 401
    form = {"token": token, "what": "garden"}
    assert locked.client.post("/page/delete", data=form, headers=headers).status_code == 401
    assert locked.home.gardener.registry.project("garden")
