"""An engine that starts when it is first asked."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codebase_gardener.bases.resolution import Base
from codebase_gardener.serving.engine import Engine, EngineState, Served
from codebase_gardener.serving.late_engine import LateEngine
from codebase_gardener.utils.error_handling import ModelError, ResourceError

BASE = cast(Base, SimpleNamespace(id="a base"))
ONE = Served(BASE)


class Noting:
    """Says what it was asked; what it answers is its own."""

    name = "noting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def method(*given: object) -> Any:
            self.asked.append(name)
            return (name, *given)

        return method

    def keeping(self, served: object) -> AbstractContextManager[None]:
        self.asked.append("keeping")
        return nullcontext()


def late(engine: Noting, begun: list[int], wait_s: float = 0.0) -> LateEngine:
    def start() -> Engine:
        begun.append(1)
        time.sleep(wait_s)
        return cast(Engine, engine)

    return LateEngine(start)


def test_what_needs_no_engine_starts_none() -> None:
    begun: list[int] = []
    engine = late(Noting(), begun)
    assert engine.held() == {}
    assert engine.state() == EngineState(0, 0, 0, 0, 0)
    engine.let_go(ONE)
    with engine.keeping([]):
        pass
    engine.close()
    assert begun == []


def test_the_first_question_starts_it_and_all_are_handed_on() -> None:
    inner, begun = Noting(), cast("list[int]", [])
    engine = late(inner, begun)
    assert engine.encode(BASE, "a") == ("encode", BASE, "a")
    assert engine.control_ids(BASE) == ("control_ids", BASE)
    assert engine.vocabulary_size(BASE) == ("vocabulary_size", BASE)
    assert engine.context_tokens(BASE) == ("context_tokens", BASE)
    assert engine.submit(cast(Any, "request")) == ("submit", "request", None)
    assert engine.held() == ("held",)
    assert engine.state() == ("state",)
    with engine.keeping([ONE]):
        engine.let_go(ONE)
    engine.close()
    assert inner.asked == [
        "encode", "control_ids", "vocabulary_size", "context_tokens", "submit", "held", "state", "keeping",
        "let_go", "close",
    ]  # fmt: skip
    assert begun == [1]


def test_many_who_ask_at_once_wait_for_one_start() -> None:
    begun: list[int] = []
    engine = late(Noting(), begun, wait_s=0.05)
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(engine.context_tokens(BASE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert engine.held() == {}  # those who only look do not wait
    for thread in threads:
        thread.join()
    assert answers == [("context_tokens", BASE)] * 8
    assert begun == [1]


def test_a_start_that_fails_is_told_and_tried_again() -> None:
    tries: list[int] = []

    def start() -> Engine:
        tries.append(1)
        if len(tries) == 1:
            raise ModelError("the base is gone", hint="name another")
        return cast(Engine, Noting())

    engine = LateEngine(start)
    with pytest.raises(ModelError, match="the base is gone"):
        engine.encode(BASE, "a")
    assert engine.held() == {}
    assert engine.encode(BASE, "a") == ("encode", BASE, "a")
    assert tries == [1, 1]


def test_who_waits_for_a_start_is_sent_away_when_the_server_ends() -> None:
    inner, begun, may_end, closed = Noting(), threading.Event(), threading.Event(), threading.Event()
    inner.close = closed.set  # type: ignore[attr-defined]

    def start() -> Engine:
        begun.set()
        may_end.wait()
        return cast(Engine, inner)

    engine = LateEngine(start)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(ResourceError) as caught:
            engine.encode(BASE, "a")
        told.append(caught.value.message)

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert begun.wait(10)
    engine.give_up()
    waiting.join(10)
    ask()
    assert told == ["the server is ending"] * 2, "while the start goes on"
    may_end.set()
    assert closed.wait(10), "what came too late is closed"
    assert engine.held() == {}


def test_an_engine_that_has_started_is_not_given_up() -> None:
    engine = late(Noting(), [])
    assert engine.context_tokens(BASE)
    engine.give_up()
    assert engine.context_tokens(BASE) == ("context_tokens", BASE)
