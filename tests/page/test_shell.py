"""What every view keeps to: forms are ours, headers are strict, and what others wrote is text."""

from __future__ import annotations

import html
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from codebase_gardener.page.shell import HEADERS

from .conftest import Home, asked, token_in

HOSTILE = "<script>alert(1)</script>\" onmouseover='alert(2)' {{ 7*7 }} \u202ekcab \x1b[31mred\x00 &amp; é"
TEXT = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b").replace("\x00", "\\x00")
ADDRESSES = [
    "projects",
    "projects/garden",
    "projects/garden/default/1",
    "delete?what=garden",
    "grow",
    "sign-in",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, TestClient]]:
    with asked(tmp_path_factory.mktemp("shell") / "home") as (home, client):
        home.gardener.registry.add_project("garden", f"https://example.org/{HOSTILE}", "git")
        wiki = home.gardener.settings.projects_dir / "garden" / "wiki"
        wiki.mkdir(parents=True)
        about = (
            '---\ntype: Overview\nname: garden_overview\ntitle: "garden"\n---\n# garden\n\n## Overview\n\n'
        )
        (wiki / "_Overview.md").write_text(f"{about}{HOSTILE}\n")
        home.version(
            "garden", verdict="hurt", reason=HOSTILE, active=True, spec={"merged_from": {HOSTILE: 1.0}}
        )
        yield home, client


@pytest.fixture
def home(served: tuple[Home, TestClient]) -> Home:
    return served[0]


@pytest.fixture
def client(served: tuple[Home, TestClient]) -> TestClient:
    return served[1]


class _Markup(HTMLParser):
    """A page's elements, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        if tag == "script":
            self.scripts.append(dict(attrs).get("src"))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "path", [*ADDRESSES, "assets/page.css", "assets/none.css", "nowhere", "projects/none", "switch"]
)
def test_every_answer_has_strict_headers(client: TestClient, path: str) -> None:
    answer = client.get(f"/page/{path}")
    assert answer.status_code in (200, 404, 405)
    for name, value in HEADERS.items():
        if path != "assets/page.css" or name != "Cache-Control":
            assert answer.headers[name] == value
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "form-action")} == {"'self'"}


def test_a_bug_in_a_view_is_told_without_what_is_within(
    home: Home, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(type(home.gardener.registry), "listed_projects", broken)
    answer = client.get("/page/projects")
    assert answer.status_code == 500
    assert "This is a bug" in answer.text and "/secret/path" not in answer.text
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_what_others_wrote_is_text(client: TestClient, path: str) -> None:
    answer = client.get(f"/page/{path}")
    page = _Markup(answer.text)
    assert page.scripts and all(source and source.startswith("/page/assets/") for source in page.scripts)
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert not set("\x00\x1b\u202e") & set(answer.text)
    if path.startswith("projects/garden"):
        assert page.text.count(TEXT) >= 2


@pytest.mark.parametrize("path", ["projects/{}", "projects?q={}", "grow?source={}&name={}", "grow/{}", "{}",
                                  "delete?what={}", "projects/garden/{}/1", "projects/garden?before={}"])  # fmt: skip
def test_addresses_are_text_as_well(client: TestClient, path: str) -> None:
    answer = client.get(f"/page/{path.replace('{}', quote(HOSTILE, safe=''))}")
    assert answer.status_code in (200, 400, 404)
    assert _Markup(answer.text).scripts == _Markup(client.get("/page/projects").text).scripts
    assert not set("\x00\x1b\u202e") & set(html.unescape(answer.text))


def test_a_form_without_its_token_is_refused_with_what_to_do(home: Home, client: TestClient) -> None:
    for form in ({"what": "garden"}, {"what": "garden", "token": ""}, {"what": "garden", "token": "0" * 64},
                 {"what": "garden", "token": "\u00e9"}):  # fmt: skip
        answer = client.post("/page/delete", data=form)
        assert answer.status_code == 403
        assert "reload" in answer.text
    assert home.gardener.registry.project("garden")


@pytest.mark.parametrize("other", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"},
                                   {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}])  # fmt: skip
def test_a_form_of_another_site_is_refused_with_what_to_do(
    home: Home, client: TestClient, other: dict[str, str]
) -> None:
    form = {"what": "garden", "token": token_in(client.get("/page/projects/garden"))}
    answer = client.post("/page/delete", data=form, headers=other)
    assert answer.status_code == 403
    assert "What to do:" in answer.text
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert home.gardener.registry.project("garden")


def test_a_form_of_our_own_does_what_it_says(home: Home, client: TestClient) -> None:
    form = {"what": "garden/default@1", "token": token_in(client.get("/page/projects/garden"))}
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/page/disable", data=form, headers=own).status_code == 303
    assert home.gardener.registry.active_version("garden", "default") is None
    assert client.post("/page/switch", data=form, headers=own).headers["Location"] == "/page/projects/garden"
    assert home.gardener.registry.active_version("garden", "default") == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413), (b"{}", "application/json", 415),
     (b"a=b", "text/plain", 415), (b"a=\xff", "application/x-www-form-urlencoded", 400),
     (b"a=%ff", "application/x-www-form-urlencoded", 400), (b"a&" * 300, "application/x-www-form-urlencoded", 400)],
)  # fmt: skip
def test_what_is_no_form_is_refused(client: TestClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post("/page/delete", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_assets_are_asked_for_once_and_nothing_else_is_given(client: TestClient) -> None:
    answer = client.get("/page/assets/page.css")
    assert (
        answer.headers["Content-Type"].startswith("text/css")
        and "immutable" in answer.headers["Cache-Control"]
    )
    for name in ("..%2fshell.py", "%2e%2e/shell.py", "shell.py", "page.css%00"):
        assert client.get(f"/page/assets/{name}").status_code == 404


@pytest.mark.parametrize("view", ["projects", "trainings", "fleet", "ask", "wiki", "merge"])
def test_an_empty_home_says_what_to_do_and_has_nothing_to_filter(tmp_path: Path, view: str) -> None:
    with asked(tmp_path / "home") as (_, client):
        page = client.get(f"/page/{view}").text
    assert 'href="/page/grow"' in page
    assert "<form" not in page
