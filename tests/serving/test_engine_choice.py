"""Which engine answers, and what is remembered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.serving import engine_choice
from codebase_gardener.serving.engine import EngineRequest, Piece
from codebase_gardener.serving.engine_choice import chosen
from codebase_gardener.utils.error_handling import ModelError


class Paced:
    """An engine that is as fast as it is told to be."""

    def __init__(self, name: str, clock: list[float], seconds: float) -> None:
        self.name, self.clock, self.seconds, self.is_closed = name, clock, seconds, False

    def encode(self, *_: Any) -> tuple[list[int], str]:
        return [1, 2], ""

    def submit(self, request: EngineRequest) -> list[Piece]:
        self.clock[0] += self.seconds
        return [Piece("a", request.decoding.max_tokens)]

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(("torch_s", "llamacpp_s", "best"), [(1.0, 0.5, "llamacpp"), (0.5, 1.0, "torch")])
def test_the_faster_one_is_taken_and_remembered(
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    torch_s: float,
    llamacpp_s: float,
    best: str,
) -> None:
    base = resolve_base(str(tiny_base), tmp_path / "bases")
    clock = [0.0]
    monkeypatch.setattr(engine_choice.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(engine_choice, "load_per_core", lambda: 0.2)
    started: list[Paced] = []

    def start(name: str) -> Any:
        started.append(Paced(name, clock, torch_s if name == "torch" else llamacpp_s))
        return started[-1]

    said: list[str] = []
    engine, why = chosen(base, start, tmp_path / "engines.json", say=said.append)
    assert (engine.name, why.split(":")[0]) == (best, best)
    assert [one.is_closed for one in started] == [one.name != best for one in started] and len(started) == 2
    assert len(json.loads((tmp_path / "engines.json").read_text())) == 1
    chosen(base, start, tmp_path / "engines.json", say=said.append)
    assert len(said) == 1 and "measured, once" in said[0]
    assert [one.name for one in started[2:]] == [best]  # nothing was measured again


def test_figures_of_a_busy_machine_are_not_kept(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = resolve_base(str(tiny_base), tmp_path / "bases")
    load = [2.0]
    monkeypatch.setattr(engine_choice, "load_per_core", lambda: load[0])
    monkeypatch.setattr(
        engine_choice, "_tokens_per_s", lambda engine, _: 2.0 if engine.name == "torch" else 1.0
    )
    kept = tmp_path / "engines.json"
    _, why = chosen(base, lambda name: Paced(name, [0.0], 1.0), kept)
    assert "the next start measures again" in why and not kept.exists()
    load[0] = 0.2
    _, why = chosen(base, lambda name: Paced(name, [0.0], 1.0), kept)
    assert why.endswith("(one stream)") and kept.exists()


def test_where_llama_cpp_cannot_torch_answers_and_says_why(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = resolve_base(str(tiny_base), tmp_path / "bases")

    def start(name: str) -> Any:
        if name == "llamacpp":
            raise ModelError("no such architecture", hint="none")
        return Paced(name, [0.0], 1.0)

    monkeypatch.setattr(engine_choice, "_tokens_per_s", lambda *_: 1.0)
    assert chosen(base, start, tmp_path / "a.json")[1] == "torch: no such architecture"
    assert "DoRA" in chosen(base, start, tmp_path / "b.json", "x has DoRA")[1]
    monkeypatch.setattr(engine_choice, "is_installed", lambda: False)
    assert "pip install" in chosen(base, start, tmp_path / "c.json")[1]
