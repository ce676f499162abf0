"""The view of a fleet: while it is grown, after it was stopped, with what failed and hostile names."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from starlette.testclient import TestClient

from codebase_gardener.gardener.fleet import FleetWatcher, Outcome, failed, run_fleet
from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.page.fleet import fleet_rows
from codebase_gardener.utils.error_handling import SourceError
from samples.browser import SIZES, check_view
from samples.fleets import Nobody

from .conftest import LEFT_OUT, Home, asked, served

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }} \u202ekcab \x1b[31m"
SHOWN = "<img src=x onerror=alert(1)>{{ 7*7 }} \\u202ekcab \\x1b[31m"
FILE = "/src/my repos.toml"
ENTRIES = [
    FleetEntry("garden", f"https://me:s3cret@example.org/{HOSTILE}", where=f"{FILE}:3"),
    FleetEntry("kite", "/src/kite", where=f"{FILE}:5"),
    FleetEntry("oval", "/src/oval", where=f"{FILE}:7"),
    FleetEntry("square", "/src/square", where=f"{FILE}:9"),
]


def done(entry: FleetEntry) -> Outcome:
    return replace(
        failed(entry, SourceError("no"), time.time() - 75, node="node-1"),
        state="done", adapter=f"{entry.name}/default@1", active=True, word="helped", gain=0.25, error="", hint="",
    )  # fmt: skip


def grown(entries: Sequence[FleetEntry], watcher: FleetWatcher) -> Iterator[Outcome]:
    """One is done, one failed, the third is in training, the fourth waits; then nothing more comes."""
    for entry, outcome in zip(
        entries,
        (done(entries[0]), failed(entries[1], SourceError(HOSTILE, hint=f"look at {HOSTILE}"), time.time())),
        strict=False,
    ):
        watcher.began(entry.name)
        yield outcome
    watcher.began(entries[2].name)
    watcher.at(entries[2].name, HOSTILE)
    time.sleep(1.1)  # where it is, is written once a second
    watcher.at(entries[2].name, f"training 3/9 {HOSTILE}")
    yield from ()
    raise KeyboardInterrupt


class Looking(Nobody):
    """A watcher that keeps what another process sees when a repository has got somewhere."""

    def __init__(self, client: TestClient, home: Path) -> None:
        self.client, self.home = client, home
        self.states: list[tuple[str, str]] = []
        self.page = ""

    def at(self, name: str, words: str) -> None:
        self.states = [(row.name, row.state) for row in fleet_rows(self.home)[1]]
        self.page = self.client.get("/page/fleet").text


def stop_in_the_middle(home: Path, watcher: FleetWatcher, gardener: object) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_fleet(gardener, ENTRIES, watcher, grown)  # type: ignore[arg-type]  # the home's


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Home, TestClient]]:
    with asked(tmp_path / "home") as (home, client):
        home.gardener.registry.add_project("garden", "/src/garden", "git")
        home.version("garden", active=True)
        yield home, client


@pytest.mark.slow
def test_while_it_is_grown_each_is_where_it_is(made: tuple[Home, TestClient]) -> None:
    home, client = made
    watcher = Looking(client, home.gardener.settings.home)
    stop_in_the_middle(watcher.home, watcher, home.gardener)
    assert watcher.states == [("oval", "works"), ("kite", "failed"), ("square", "waits"), ("garden", "done")]
    assert 'data-refresh="3"' in watcher.page
    assert "1 works, 1 failed, 1 waits, 1 done" in watcher.page
    assert "training 3/9" in watcher.page
    assert "waits for its turn" in watcher.page
    assert "default@1</a>: helped (+0.250 nats/token)" in watcher.page
    assert "node-1" in watcher.page


@pytest.mark.slow
def test_after_it_was_stopped_the_page_says_how_to_go_on(made: tuple[Home, TestClient]) -> None:
    home, client = made
    stop_in_the_middle(home.gardener.settings.home, Nobody(), home.gardener)
    page = client.get("/page/fleet").text
    assert "data-refresh" not in page
    assert page.count("gardener grow --many &#39;/src/my repos.toml&#39;") == 4  # above, kite, oval, square
    assert "the run ended before it was done" in page
    assert "s3cret" not in page
    run_fleet(home.gardener, ENTRIES[1:], Nobody(), lambda entries, _: iter([done(one) for one in entries]))
    _, rows = fleet_rows(home.gardener.settings.home)
    assert {row.state for row in rows} == {"done"}


def test_what_a_node_tells_after_its_end_changes_nothing(made: tuple[Home, TestClient]) -> None:
    def late(entries: Sequence[FleetEntry], watcher: FleetWatcher) -> Iterator[Outcome]:
        yield done(entries[0])
        watcher.began(entries[0].name)
        assert [row.state for row in fleet_rows(made[0].gardener.settings.home)[1]] == ["done"]

    run_fleet(made[0].gardener, ENTRIES[:1], Nobody(), late)


@pytest.mark.slow
def test_what_repositories_say_is_text(made: tuple[Home, TestClient]) -> None:
    home, client = made
    stop_in_the_middle(home.gardener.settings.home, Nobody(), home.gardener)
    page = client.get("/page/fleet").text
    assert "<img" not in page and "49 \\u202e" not in page
    assert not set("\x1b\u202e") & set(page)
    assert (
        page.count("&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }} \\u202ekcab \\x1b[31m") == 3
    )  # source, error, hint


@pytest.mark.slow
def test_a_list_is_found_in_and_goes_on(made: tuple[Home, TestClient]) -> None:
    home, client = made
    many = [FleetEntry(f"r{n:03}", f"/src/r{n:03}", where=f"{FILE}:1") for n in range(60)]
    run_fleet(home.gardener, many, Nobody(), lambda entries, _: iter([done(one) for one in entries]))
    first = client.get("/page/fleet").text
    assert "r049" in first and "r050" not in first and 'rel="next"' in first
    assert "r050" in client.get("/page/fleet?from=50").text
    assert client.get("/page/fleet?q=R007").text.count("<tr>") == 2
    assert "No repository is like that" in client.get("/page/fleet?q=nothing").text
    assert client.get("/page/fleet?from=-1").status_code == 400


@pytest.mark.parametrize("text", ["", "[]", '{"asked": 3}', "[" * 100_000])
def test_a_damaged_note_of_the_run_says_nothing(made: tuple[Home, TestClient], text: str) -> None:
    home, client = made
    run_fleet(home.gardener, ENTRIES[:1], Nobody(), lambda entries, _: iter([done(entries[0])]))
    for name in (".run.json", ".now.json"):
        (home.gardener.settings.home / "fleet" / name).write_text(text)
    assert "1 done" in client.get("/page/fleet").text


def test_a_damaged_outcome_is_told_with_what_to_do(made: tuple[Home, TestClient]) -> None:
    home, client = made
    file = home.gardener.settings.home / "fleet" / "a.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps([]))
    answer = client.get("/page/fleet")
    assert answer.status_code == 409
    assert "a.json is damaged" in answer.text and "remove it" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_it_is_accessible_and_fits(tmp_path: Path, page: Page, size: str) -> None:
    with served(tmp_path / "home") as home:
        stop_in_the_middle(home.gardener.settings.home, Nobody(), home.gardener)
        check_view(page, LEFT_OUT, f"{home.url}/page/fleet", size)
        expect(page.get_by_role("row").filter(has_text="kite")).to_contain_text(SHOWN)
        assert page.locator("img").count() == 0
