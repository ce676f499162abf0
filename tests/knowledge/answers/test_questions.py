"""What a question asks for."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.answers.questions import FORMS, clean_question, forms_of, named
from codebase_gardener.utils.error_handling import InvalidInputError


@pytest.mark.parametrize("question", ["", "  \n", "?!", "\t"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        clean_question(question)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\u202e", "\x7f", "\ud800"])
def test_a_control_character_is_refused_by_its_number(character: str) -> None:
    with pytest.raises(InvalidInputError, match=f"U\\+{ord(character):04X}"):
        clean_question(f"where is {character}a")


def test_lines_and_tabs_become_blanks() -> None:
    assert clean_question(" where\tis\n a? ") == "where is a?"


@pytest.mark.parametrize(
    ("words", "name"),
    [("the class Plant", "Plant"), ("Plant's save method", "Plant.save"), ("`a.b()`", "a.b"),
     ("Vec::push", "Vec.push"), ("the function `save` in the shed", "shed.save"), ("@decorator", "decorator")],
)  # fmt: skip
def test_a_name_is_taken_out_of_what_stands_around_it(words: str, name: str) -> None:
    assert named(words)[0] == name


@pytest.mark.parametrize(
    ("question", "revision"),
    [("what changed since v4.8.0?", "v4.8.0"), ("what has changed since version 4.7", "4.7"),
     ("what changed since the tag v1?", "v1"), ("what changed since", ""), ("changes since?", "")],
)  # fmt: skip
def test_a_revision_or_that_none_is_named(question: str, revision: str) -> None:
    assert [(asked.form, asked.what) for asked in forms_of(question)][:1] == [("changed", revision)]


def test_no_pattern_takes_long_however_long_the_question() -> None:
    for word in ("what ", "is ", "which extra need ", "a of b in ", "what version of the "):
        started = time.perf_counter()
        forms_of(word * (300 // len(word)))
        forms_of(word * 10_000)
        assert time.perf_counter() - started < 0.5
    assert len({form for form, _ in FORMS}) == 30


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        ("what error for an unknown flag?", "an unknown flag"),
        ("Which exception is raised when a pot breaks?", "a pot breaks"),
        ("what kind of error do I get if the lid is lost", "the lid is lost"),
        ("what is raised when a pot leaks?", "a pot leaks"),
        ("what errors can be raised when the fire is out", "the fire is out"),
    ],
)
def test_an_error_is_asked_for_by_what_goes_wrong(question: str, wrong: str) -> None:
    assert [asked.what for asked in forms_of(question) if asked.form == "error"] == [wrong]
    assert not any(asked.is_name for asked in forms_of(question) if asked.form == "error")
