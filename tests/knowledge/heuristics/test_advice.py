"""What a sentence does for its reader."""

import pytest

from codebase_gardener.knowledge.heuristics.advice import advising, clauses, insight, reasons, signals


def test_words_serve_one_part_of_an_insight() -> None:
    text = "This can reduce the memory usage by half, but may lead to numerical instability."
    assert insight(text) == {
        "action": (),
        "value": (text,),
        "cost": (),
    }
    way = "That way you can make sure that nothing burns."
    assert insight(way)["value"] == (way,)
    assert signals("This should give you an idea of it.") == ()
    assert reasons("It would've otherwise run out of memory on the card.") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Originally, we didn't add a lid, because open pots are the preferred way.",
        "We had several choices of clay: 1) red - Pros: cheap - Cons: may break 2) white - Cons: expensive",
        "2. Otherwise it is slow.",
        "- lid=True Usually, this should be set.",
        "And if you follow the recommendation of:",
    ],
)
def test_what_was_and_what_is_cut_from_a_list_advises_nothing(text: str) -> None:
    assert advising(text) == []
    assert not any(insight(text).values())


@pytest.mark.parametrize(
    "text",
    [
        "Please note that a perfect seal is impossible.",
        "Open pots are useful for stews that should never boil.",
        "Red clay is even faster to heat (which is generally a good idea).",
    ],
)
def test_what_only_describes_is_no_action(text: str) -> None:
    assert insight(text)["action"] == ()


def test_a_reason_does_not_decide_what_a_sentence_says() -> None:
    text = "This is useful to avoid a lid because you can't close it."
    assert insight(text)["value"] == (text,)


@pytest.mark.parametrize("word", ["But", "However,"])
def test_what_takes_a_sentence_back_stands_with_it(word: str) -> None:
    text = f"You should close the lid. {word} we open it later."
    assert insight(text)["action"] == (text,)


def test_we_discourage_is_an_advice() -> None:
    text = "We strongly discourage the use of a lid."
    assert insight(text)["action"] == (text,)


def test_a_word_that_leads_to_a_reason_is_none_by_itself() -> None:
    assert reasons("It must be set, as due to a bug it fails.") == ("as due to a bug it fails.",)
    assert reasons("Never use it, as, otherwise, it breaks.") == ("as, otherwise, it breaks.",)
    assert clauses("It is fast, but, as it is old, it stays.") == [
        "It is fast",
        "but, as it is old, it stays.",
    ]
