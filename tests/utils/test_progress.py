"""What may be quick is told once it is slow."""

from __future__ import annotations

import pytest

from codebase_gardener.utils import progress
from codebase_gardener.utils.progress import SlowLines


def test_bytes_are_told_after_two_seconds_and_every_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [100.0], list[str]()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    lines = SlowLines(said.append, "fetching a from the store")
    for at, done in ((101.0, 1), (102.5, 2), (105.0, 3), (113.0, 4), (114.0, 5)):
        now[0] = at
        lines(done * 1_000_000, 5_000_000)
    assert said == [f"fetching a from the store: {done}.0 of 5.0 MB" for done in (2, 4, 5)]


def test_what_is_quick_is_not_told() -> None:
    said = list[str]()
    lines = SlowLines(said.append, "fetching a from the store")
    lines(1, 2)
    lines(2, 2)
    assert said == []
