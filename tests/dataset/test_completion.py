from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.dataset.completion import _middle


@given(st.integers(3, 400), st.text(max_size=20))
def test_the_middle_is_some_lines_and_leaves_some_after_it(count, anchor):
    start, end = _middle(count, anchor)
    assert 0 <= start < end < count
    assert end - start <= 1 + count // 2


def test_the_middle_stands_anywhere():
    assert {_middle(3, f"a.py:L{n}-9") for n in range(50)} == {(0, 1), (1, 2)}


def test_short_bodies_have_no_middle(snapshot_of):
    short = "def f(a):\n    b = a\n    return b\n"
    long = "def g(a):\n    b = a\n    c = b\n    return c\n"
    rows = generate_dataset(snapshot_of({"a.py": short + long}), tasks={"fim": 1.0}).examples
    assert [row.symbol for row in rows] == ["g"]
    assert rows[0].prompt == rows[0].completion == rows[0].text == ""
