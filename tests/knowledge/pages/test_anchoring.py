"""Anchors are found again after moves, renames, edits, deletions and in the presence of duplicates."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.knowledge.pages.anchoring import AnchorIndex, Reanchored, find_again, source_of
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import Anchor, split_lines

AREA = "def area(r):\n    x = 3.14\n    return x * r * r\n"
OTHER = "def other():\n    return 2\n"
LIMITS = "# limits\nMAX = 3\nMIN = 1\n"


def index_of(**files: str) -> AnchorIndex:
    read = [SourceFile(name.replace("_py", ".py"), "python", "", text) for name, text in files.items()]
    return AnchorIndex(read, {file.path: symbols_of(file.path, file.text, file.language) for file in read})


def source(text: str, start: int, end: int, symbol: str = "", path: str = "a.py") -> Source:
    return source_of(Anchor(path, start, end), split_lines(text), symbol)


def area(**files: str) -> Reanchored:
    return find_again(source(AREA, 1, 3, "area"), index_of(**files), split_lines(AREA))


def test_the_same() -> None:
    found = area(a_py=AREA)
    assert (found.state, str(found.source.anchor), found.diff) == ("same", "a.py:L1-3", "")


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"a_py": OTHER + AREA}, "a.py:L3-5"),
        ({"a_py": OTHER, "b_py": "\n" + AREA}, "b.py:L2-4"),
        ({"b_py": AREA}, "b.py:L1-3"),
        ({"a_py": OTHER + AREA, "b_py": AREA}, "a.py:L3-5"),
        ({"a_py": "\n" * 50 + AREA + "\n" * 9 + AREA}, "a.py:L51-53"),
    ],
    ids=["shifted", "to another file", "file renamed", "own file before others", "the nearest of two"],
)
def test_moved(files: dict[str, str], place: str) -> None:
    found = area(**files)
    assert (found.state, str(found.source.anchor), found.source.symbol) == ("moved", place, "area")
    assert found.source.sha256 == source(AREA, 1, 3).sha256


def test_a_symbol_moved_into_a_class_is_found_by_its_text() -> None:
    method = "class A:\n    def go(self):\n        return 1\n"
    moved = "x = 1\n\nclass B:\n    def go(self):\n        return 1\n"
    found = find_again(source(method, 2, 3, "A.go"), index_of(a_py=moved))
    assert (found.state, found.source.symbol, str(found.source.anchor)) == ("moved", "B.go", "a.py:L4-5")


def test_changed_with_its_diff() -> None:
    found = area(a_py=OTHER + AREA.replace("3.14", "3.1416"))
    assert (found.state, str(found.source.anchor)) == ("changed", "a.py:L3-5")
    assert found.source.sha256 != source(AREA, 1, 3).sha256
    assert found.diff.splitlines()[:2] == ["--- a.py:L1-3", "+++ a.py:L3-5"]
    assert "-    x = 3.14" in found.diff.splitlines()
    assert "+    x = 3.1416" in found.diff.splitlines()


def test_changed_without_the_old_lines_has_no_diff() -> None:
    found = find_again(source(AREA, 1, 3, "area"), index_of(a_py=AREA.replace("x", "y")))
    assert (found.state, found.diff) == ("changed", "")


def test_changed_in_a_renamed_file_only_where_one_defines_it() -> None:
    edited = AREA.replace("x", "y")
    assert area(b_py=edited).state == "changed"
    assert area(b_py=edited, c_py=edited).state == "gone"
    assert area(a_py=OTHER, b_py=edited).state == "gone", (
        "its file is there: another one's function is another"
    )


def test_gone() -> None:
    found = area(a_py=OTHER)
    assert (found.state, found.source) == ("gone", source(AREA, 1, 3, "area"))
    assert area().state == "gone"
    assert area(a_py="def area(:\n").state == "gone"


@pytest.mark.parametrize("known", [True, False], ids=["with the old lines", "by the hash alone"])
def test_lines_that_are_no_definition(known: bool) -> None:
    limits = source(LIMITS, 2, 3)
    old = split_lines(LIMITS)[1:3] if known else None
    assert str(find_again(limits, index_of(a_py="\n\n" + LIMITS), old).source.anchor) == "a.py:L4-5"
    assert str(find_again(limits, index_of(b_py=LIMITS), old).source.anchor) == "b.py:L2-3"
    assert find_again(limits, index_of(a_py=LIMITS.replace("3", "4")), old).state == "gone"


def test_lines_that_moved_to_another_place_of_another_file_need_the_old_lines() -> None:
    limits, now = source(LIMITS, 2, 3), index_of(b_py=OTHER + LIMITS)
    assert find_again(limits, now).state == "gone"
    assert str(find_again(limits, now, ["MAX = 3", "MIN = 1"]).source.anchor) == "b.py:L4-5"


@settings(deadline=None, max_examples=40)
@given(shift=st.integers(0, 30), before=st.booleans())
def test_a_shift_is_a_move_by_as_many_lines(shift: int, before: bool) -> None:
    text = "\n" * shift + AREA if before else AREA + "\n" * shift
    found = area(a_py=text)
    moved = shift if before else 0
    assert found.state == ("moved" if moved else "same")
    assert found.source.anchor == Anchor("a.py", 1 + moved, 3 + moved)


def test_thousands_of_sources_in_a_long_file_of_equal_lines() -> None:
    long = "x = 1\n" * 20_000
    now = index_of(a_py=long, b_py=long)
    wanted = [source("x = 2\n" * 5_000, n, n + n % 50) for n in range(1, 200)]
    begun = time.monotonic()
    assert {
        find_again(one, now, ["x = 2"] * (one.anchor.end - one.anchor.start + 1)).state for one in wanted
    } == {"gone"}
    assert find_again(wanted[0], now).state == "gone"
    assert time.monotonic() - begun < 5
