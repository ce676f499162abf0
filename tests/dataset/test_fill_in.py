from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.dataset.fill_in import AFTER_CHARS, _middle, _place

BODY = "    total = width * height\n    for each in (1, 2):\n        total += each\n    return total\n"
LONG = "def g(a):\n    b = a\n    c = b\n    return c\n"


@given(st.integers(3, 400), st.text(max_size=20))
def test_the_middle_is_some_lines_and_leaves_some_after_it(count, anchor):
    start, end = _middle(count, anchor)
    assert 0 <= start < end < count
    assert end - start <= min(1 + count // 2, 8)


def test_the_middle_stands_anywhere():
    assert {_middle(3, f"a.py:L{n}-9") for n in range(50)} == {(0, 1), (1, 2)}


@given(
    st.lists(
        st.sampled_from(["    x = f(a, b)\n", "\n", "    \n", "}\r\n", "    é = 1  \n"]),
        min_size=3,
        max_size=30,
    ),
    st.text(max_size=9),
)
def test_a_place_is_in_the_body_and_leaves_something_behind_it(body, anchor):
    start, end = _place(body, anchor)
    assert 0 <= start < end < sum(map(len, body))


def test_middles_are_whole_lines_ends_of_lines_and_parts_of_one():
    found = [_place(BODY.splitlines(keepends=True), f"a.py:L{n}-9") for n in range(300)]
    whole = sum(BODY[end - 1] == "\n" for _, end in found)
    to_the_end = sum(BODY[end] == "\n" for _, end in found)
    within = sum("\n" not in BODY[start:end] and BODY[end] != "\n" for start, end in found)
    assert whole + to_the_end + within == 300
    assert whole > 80 and to_the_end > 80 and within > 20


def test_short_bodies_have_no_middle(snapshot_of):
    short = "def f(a):\n    b = a\n    return b\n"
    rows = generate_dataset(snapshot_of({"a.py": short + LONG}), tasks={"fim": 1.0}).examples
    assert [row.symbol for row in rows] == ["g"]
    assert rows[0].prompt == rows[0].completion == rows[0].text == ""


def test_behind_the_middle_stands_what_follows_in_the_file(snapshot_of):
    others = "".join(f"\n\ndef f{n}(a):\n    return a * {n} + f{n}(a)\n" for n in range(90))
    rows = generate_dataset(snapshot_of({"a.py": LONG + others}), tasks={"fim": 1.0}).examples
    prefix, middle, suffix = rows[0].fim
    assert f"# path: a.py\n{LONG}{others}".startswith(prefix + middle + suffix)
    assert AFTER_CHARS - 60 < len(suffix) <= AFTER_CHARS


@pytest.mark.slow
def test_nothing_that_repeats_a_held_out_function_stands_behind(snapshot_of):
    body = "".join(f"    total = total * {n} + other.rank_{n}\n" for n in range(12)) + "    return total\n"
    files = {f"m{n}.py": f"def only_{n}(a):\n    return a - {n}\n" for n in range(6)}
    files |= {
        "one.py": f"def one(total, other):\n{body}",
        "two.py": f"{LONG}\n\ndef two(total, other):\n{body}",
    }
    for seed in range(30):
        dataset = generate_dataset(snapshot_of(files), seed=seed, tasks={"fim": 1.0})
        if dataset.report.heldout_files == ("one.py",):
            break
    else:
        raise AssertionError("no seed holds one.py out alone")
    assert [row.symbol for row in dataset.train] == ["g"]
    assert "rank_" not in "".join(dataset.train[0].fim)


def test_held_out_functions_have_a_middle_too(garden):
    functions = generate_dataset(garden).heldout
    assert any(function.fim for function in functions)
    for function in functions:
        if function.fim:
            prefix, middle, _ = function.fim
            assert prefix.startswith(function.prompt)
            assert (prefix + middle).startswith(function.prompt + function.completion[:1])
