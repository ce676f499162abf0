"""Where intervals lie on their scale."""

from __future__ import annotations

import math

from codebase_gardener.page.intervals import Interval, picture


def test_all_lie_on_one_scale_with_zero() -> None:
    drawn = picture([Interval("a", -0.2, -0.3, -0.1), Interval("b", 0.1, 0.0, 0.7)], "{:+.3f}", zero=True)
    assert drawn is not None
    (_, a), (_, b) = drawn.rows
    assert 0 < a[0] < a[1] < a[2] < b[0] == drawn.zero < b[1] < b[2] < 100
    assert [text for _, text in drawn.ticks] == ["-0.2", "0.0", "0.2", "0.4", "0.6"]
    assert drawn.write(-0.2) == "-0.200"


def test_one_figure_and_none() -> None:
    drawn = picture([Interval("a", 0.5, 0.5, 0.5), Interval("b", math.nan, 0, 1)], "{:.1%}")
    assert drawn is not None
    assert [row.name for row, _ in drawn.rows] == ["a"]
    assert drawn.rows[0][1] == (50, 50, 50)
    assert all(text.endswith("%") for _, text in drawn.ticks)
    none = picture([Interval("a", 0.0, 0.0, 0.0)], "{:.1%}")
    assert none is not None and [text for _, text in none.ticks] == ["0%", "20%", "40%", "60%", "80%", "100%"]
    assert picture([]) is None
