"""Results that are kept between runs: found again, dropped when they are not used, harmless when damaged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from codebase_gardener.utils.memo import remembered, remembering

CALLS: list[str] = []


@dataclass(frozen=True)
class Answer:
    text: str
    places: tuple[int, ...]


@remembered
def answer(text: str, start: int) -> Answer:
    CALLS.append(text)
    return Answer(text.upper(), (start, len(text)))


class Known:
    """An argument that says what it is known by."""

    def __init__(self, text: str, digest: bytes) -> None:
        self.text, self.digest = text, digest


@remembered
def first_letter(known: Known) -> str:
    CALLS.append(known.text)
    return known.text[0]


@pytest.fixture(autouse=True)
def none_called() -> None:
    CALLS.clear()


def ask(path: Path | None, *texts: str, version: str = "1") -> list[Answer]:
    with remembering(path, version):
        return [answer(text, 3) for text in texts]


def test_a_result_is_computed_once_and_found_in_the_next_run(tmp_path: Path) -> None:
    first = ask(tmp_path / "m", "a", "b", "a")
    assert CALLS == ["a", "b"]
    assert ask(tmp_path / "m", "b", "a") == [first[1], first[0]]
    assert CALLS == ["a", "b"]


def test_without_a_memo_it_is_a_plain_function() -> None:
    assert [answer("a", 1), answer("a", 1)] == [Answer("A", (1, 1))] * 2
    assert CALLS == ["a", "a"]
    ask(None, "b", "b")
    assert CALLS == ["a", "a", "b"]


def test_another_argument_or_version_is_another_result(tmp_path: Path) -> None:
    ask(tmp_path / "m", "a")
    with remembering(tmp_path / "m", "1"):
        assert answer("a", 4).places == (4, 1)
    ask(tmp_path / "m", "a", version="2")
    assert CALLS == ["a", "a", "a"]


def test_an_argument_with_a_digest_is_known_by_it(tmp_path: Path) -> None:
    for known in (Known("ab", b"1"), Known("ab", b"1"), Known("cd", b"2")):
        with remembering(tmp_path / known.digest.hex(), "1"):
            assert first_letter(known) == known.text[0]
    assert CALLS == ["ab", "cd"]


def test_what_a_run_does_not_use_is_forgotten(tmp_path: Path) -> None:
    ask(tmp_path / "m", "a", "b")
    size = (tmp_path / "m").stat().st_size
    ask(tmp_path / "m", "a")
    assert (tmp_path / "m").stat().st_size < size
    ask(tmp_path / "m", "b")
    assert CALLS == ["a", "b", "b"]


def test_a_run_that_needs_nothing_new_writes_nothing(tmp_path: Path) -> None:
    ask(tmp_path / "m", "a")
    before = (tmp_path / "m").stat().st_mtime_ns
    ask(tmp_path / "m", "a")
    assert (tmp_path / "m").stat().st_mtime_ns == before


@pytest.mark.parametrize("where", [0, 3, 9, 20, -1])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, where: int) -> None:
    wanted = ask(tmp_path / "m", "a", "b")
    data = bytearray((tmp_path / "m").read_bytes())
    data[where] ^= 1
    (tmp_path / "m").write_bytes(data)
    assert ask(tmp_path / "m", "a", "b") == wanted
    (tmp_path / "m").write_bytes(data[: len(data) // 2])
    assert ask(tmp_path / "m", "a", "b") == wanted
    assert CALLS == ["a", "b"] * 3


def test_a_lone_surrogate_does_no_harm(tmp_path: Path) -> None:
    assert ask(tmp_path / "m", "\ud800", "a")[0].text == "\ud800"
    assert ask(tmp_path / "m", "\ud800", "a")[1].text == "A"
    assert CALLS == ["\ud800", "a", "\ud800"]


def test_an_inner_block_uses_the_outer_memo(tmp_path: Path) -> None:
    with remembering(tmp_path / "outer", "1"), remembering(tmp_path / "inner", "1"):
        answer("a", 3)
    assert (tmp_path / "outer").is_file()
    assert not (tmp_path / "inner").exists()


def test_what_was_computed_before_a_failure_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyError), remembering(tmp_path / "m", "1"):
        answer("a", 3)
        raise KeyError
    ask(tmp_path / "m", "a")
    assert CALLS == ["a", "a"]
