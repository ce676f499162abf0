"""Losses as lines."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

from codebase_gardener.jobs.events import EventLog
from codebase_gardener.page.curves import Curve, CurveChart, curve_of, thinned


def test_what_a_resumed_training_goes_again_is_drawn_once(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for step, loss in ((1, 3.0), (2, 2.5), (3, 2.25)):
        log.append("step", step=step, steps=9, loss=loss, smooth_loss=loss)
    log.append("validated", step=3, loss=2.0, base_loss=2.75)
    log.append("resumed", step=1)
    log.append("step", step=2, steps=9, loss=1.5, smooth_loss=1.75)
    log.append("validated", step=3, loss=float("nan"), base_loss=2.75)
    job: Any = SimpleNamespace(ref="garden/default@1", directory=tmp_path)
    curve = curve_of(job, {"arms": {"base": {"nats_per_token": 2.5}, "adapter": {"nats_per_token": 1.0}}})
    assert curve.losses == ((1, 3.0), (2, 1.5))
    assert (curve.steps, curve.base, curve.looks, curve.heldout) == (9, 2.75, ((3, 2.0),), (2.5, 1.0))
    assert curve_of(job, {"arms": {"base": {}}}).heldout is None
    assert curve_of(SimpleNamespace(ref="x", directory=tmp_path / "gone")).losses == ()  # type: ignore[arg-type]


@pytest.mark.slow
def test_of_a_training_that_goes_on_only_the_newest_losses_are_kept(tmp_path: Path) -> None:
    """Each look at it stayed in memory: an hour took 18 MB of the server."""
    log = EventLog(tmp_path / "events.jsonl")
    job: Any = SimpleNamespace(ref="garden/default@1", directory=tmp_path)
    seen = []
    for step in range(1, 4):
        log.append("step", step=step, steps=9, loss=2.0, smooth_loss=2.0)
        assert curve_of(job) is curve_of(job)
        assert len(curve_of(job).losses) == step
        seen.append(ref(curve_of(job)))
    gc.collect()
    assert [one() is None for one in seen] == [True, True, False]


def test_many_points_become_means_that_end_where_they_end() -> None:
    points = [(float(n), float(n % 2)) for n in range(1, 1001)]
    fewer = thinned(points, 100)
    assert len(fewer) == 100
    assert fewer[-1] == (1000, 0.5)
    assert thinned(points[:99], 100) == points[:99]


@pytest.mark.parametrize(("low", "high"), [(1.0, 3.0), (0.0, 0.001), (2.0, 2.0), (10.0, 45_000.0)])
def test_everything_lies_in_the_picture_and_ticks_are_round(low: float, high: float) -> None:
    line = ((1.0, high), (20.0, low))
    picture = CurveChart([Curve("one", 10, line, line), Curve("other", 5, ((1.0, 1e6),), line, base=1e6)])
    left, top, width, height = map(float, picture.box.split())
    assert (left, width) == (0, 20)
    assert top <= -high <= -low <= top + height + 1e-9
    assert 2 <= len(picture.ticks) <= 7
    assert all(-0.01 <= place <= 100.01 for _, place in picture.ticks)
    assert len({words for words, _ in picture.ticks}) == len(picture.ticks)


def test_one_odd_step_does_not_press_the_others_into_a_line() -> None:
    steps = tuple((float(n), 45_000.0 if n == 30 else 2.0 + n % 2) for n in range(1, 41))
    low, high = CurveChart([Curve("one", 40, steps, ((1.0, 2.5),))]).range
    assert 1.5 < low < 2 and 3 < high < 3.5


def test_a_picture_of_nothing_can_be_drawn() -> None:
    picture = CurveChart([Curve("one", 0)])
    assert (picture.steps, picture.line(()), picture.dots(())) == (1, "", "")
    assert picture.ticks
    assert picture.curves[0].told == "one: no step yet"
