"""A question that asks for several things, taken apart."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.answers.clauses import clauses_of


@pytest.mark.parametrize(
    ("question", "asked", "told"),
    [
        ("Where is Plant defined?", ["Where is Plant defined?"], ""),
        ("What does grow take and return?", ["What does grow take and return?"], ""),
        (
            "What does it do when the pot breaks and when the lid is on?",
            ["What does it do when the pot breaks and when the lid is on?"],
            "",
        ),
        ("Who calls `fire`, and what does it raise?", ["Who calls `fire`", "what does `fire` raise"], ""),
        ("What is MOST_POTS, what is its value, and when is it used?",
         ["What is MOST_POTS", "what is `MOST_POTS`'s value", "when is `MOST_POTS` used"], ""),
        ("My pot leaks. Why, and how do I mend it?", ["how do I mend it"], "My pot leaks"),
        ("If I set nothing, how long does it burn?", ["how long does it burn"], "If I set nothing"),
        ("Which pots are checked, how often, and is it hot?",
         ["Which pots are checked and how often", "is it hot"], ""),
        ('What is said by "Is it on? Or what is it"?', ['What is said by "Is it on? Or what is it"?'], ""),
        ("What reads `glaze`, which is a file?", ["What reads `glaze`, which is a file?"], ""),
    ],
)  # fmt: skip
def test_each_question_stands_for_itself(question: str, asked: list[str], told: str) -> None:
    found = clauses_of(question)
    assert list(found.asked) == asked
    assert found.told == told
