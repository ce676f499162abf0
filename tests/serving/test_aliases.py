"""A name that comes to mean another version: that one is loaded first, and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest

from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving import aliases as aliases_module
from codebase_gardener.serving.aliases import Aliases
from codebase_gardener.serving.engine import Served
from codebase_gardener.utils.error_handling import AdapterError, NotFoundError
from codebase_gardener.utils.names import AdapterRef, parse_ref
from serving.conftest import Running

NAME = parse_ref("demo/default")


def version(number: int) -> VersionRow:
    return cast(VersionRow, SimpleNamespace(id=number, ref=AdapterRef("demo", "default", number)))


@dataclass
class Case:
    """Versions of one adapter, and a load that lasts until it is let through."""

    aliases: Aliases
    there: dict[int, VersionRow]
    loaded: list[tuple[int, int]]
    through: threading.Event
    active: int = 1

    def number(self) -> int:
        return self.aliases.row(NAME).id


@pytest.fixture
def case() -> Iterator[Case]:
    there, loaded, through = {n: version(n) for n in (1, 2, 3)}, list[tuple[int, int]](), threading.Event()

    def look(name: AdapterRef) -> VersionRow:
        try:
            return there[name.version or made.active]
        except KeyError as error:
            raise NotFoundError(f"there is no {name}") from error

    def load(now: VersionRow, before: VersionRow) -> None:
        loaded.append((now.id, before.id))
        assert through.wait(60)
        if now.id == 3:
            raise AdapterError("its numbers are none")

    made = Case(Aliases(look, load), there, loaded, through)
    yield made
    through.set()
    made.aliases.close()


def until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_requests_go_to_the_old_one_until_the_new_one_is_loaded(case: Case) -> None:
    assert case.number() == 1
    case.active = 2
    assert [case.number() for _ in range(3)] == [1, 1, 1]
    until(lambda: case.loaded)
    assert case.loaded == [(2, 1)]
    case.through.set()
    until(lambda: case.number() == 2)
    assert case.loaded == [(2, 1)], "once"


@pytest.mark.slow
def test_it_is_loaded_though_nobody_asks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases_module, "_LOOK_S", 0.01)
    assert case.number() == 1
    case.through.set()
    case.active = 2
    until(lambda: case.loaded)
    until(lambda: case.number() == 2)


def test_one_that_nobody_has_asked_for_means_what_it_means(case: Case) -> None:
    case.active = 2
    assert case.number() == 2
    assert case.loaded == []


def test_a_name_that_moves_twice_or_back_ends_at_the_last(case: Case) -> None:
    assert case.number() == 1
    case.active = 3
    assert case.number() == 1
    case.active = 2
    assert case.number() == 1
    case.through.set()
    until(lambda: case.number() == 2)
    case.active = 3
    case.number()
    case.active = 2
    until(lambda: case.number() == 2)  # 3 may have been answered by meanwhile


def test_one_that_cannot_be_loaded_is_what_is_asked_then(case: Case) -> None:
    """Its error is told to who asks."""
    assert case.number() == 1
    case.active = 3
    case.through.set()
    until(lambda: case.number() == 3)


def test_where_the_old_one_is_deleted_nobody_waits(case: Case) -> None:
    assert case.number() == 1
    case.active = 2
    assert case.number() == 1
    del case.there[1]
    assert case.number() == 2
    case.active = 9
    with pytest.raises(NotFoundError):
        case.number()


@pytest.mark.slow
def test_a_server_loads_what_a_name_moves_to_before_it_is_asked(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, engine = running.gardener.registry, running.answering.engine
    body = {"model": "geometry/default:bare", "prompt": "def area(", "max_tokens": 4}

    def answers() -> str:
        said = httpx2.post(f"{running.url}/v1/completions", json=body, timeout=60)
        return str(said.json()["gardener"]["adapter"])

    registry.set_active("geometry", "default", 1)
    assert answers() == "geometry/default@1"
    assert "geometry/default@2" not in engine.held()
    let, load = threading.Event(), engine.load

    def slow(served: Served, instead_of: Served) -> None:
        assert let.wait(60)
        load(served, instead_of)

    monkeypatch.setattr(running.answering.catalog._aliases, "_load", lambda row, before: slow(
        running.answering.catalog._served_by(row), running.answering.catalog._served_by(before)
    ))  # fmt: skip
    registry.set_active("geometry", "default", 2)
    assert answers() == "geometry/default@1"
    let.set()
    until(lambda: "geometry/default@2" in engine.held())
    until(lambda: answers() == "geometry/default@2")
