"""How pages count and enumerate."""

from __future__ import annotations

from codebase_gardener.knowledge.pages.wording import counted, enumerated, tallied


def test_a_number_has_its_noun() -> None:
    assert [counted(n, "page") for n in (0, 1, 2)] == ["0 pages", "1 page", "2 pages"]
    assert counted(2, "entry", "entries") == "2 entries"


def test_those_that_are_not_shown_are_counted() -> None:
    assert enumerated([], 0) == ""
    assert enumerated(["a", "b"], 2) == "a, b"
    assert enumerated(["a", "b"], 9) == "a, b and 7 more"


def test_names_that_stand_there_several_times_add_up() -> None:
    assert tallied(["a", "b", "a", "c", "d", "d"], 2) == "a (2 times), b and 3 more"
    assert tallied(["a", "b"], 4) == "a, b"
