"""What Prometheus reads where several replicas answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from codebase_gardener.serving.engine import REPLICA_FIGURES, Engine, EngineState
from codebase_gardener.serving.metrics import MeasuredEngine


def test_each_replica_is_told_of_until_it_is_gone() -> None:
    figures = dict.fromkeys(REPLICA_FIGURES, 3)
    states = [
        EngineState(2, 0, 70, 0, 0, {"one": figures, "two": figures | {"asked": 5}}),
        EngineState(1, 0, 40, 0, 0, {"two": figures}),
    ]
    inner: Any = SimpleNamespace(name="inner", state=lambda: states.pop(0))
    engine = MeasuredEngine(cast(Engine, inner))
    first, second = (engine.written().decode() for _ in range(2))
    assert "gardener_engine_running 2.0" in first and "gardener_engine_prefix_bytes 70.0" in first
    assert 'gardener_replica_asked{replica="two"} 5.0' in first
    assert all(f'gardener_replica_{name}{{replica="one"}} 3.0' in first for name in REPLICA_FIGURES)
    assert 'replica="one"' not in second and 'gardener_replica_loaded{replica="two"} 3.0' in second
