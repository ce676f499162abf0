"""Sentences end at their stops, not at those of abbreviations, code and lists."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.sentences import first_sentence, sentence_spans, sentences, stands_alone


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Loads it, e.g. from disk. Then more.", "Loads it, e.g. from disk."),
        ("Made by J. Doe et al. in 2021. It works.", "Made by J. Doe et al. in 2021."),
        ("Works (i.e. runs. Always) here. Then.", "Works (i.e. runs. Always) here."),
        ("Three ways: 1. One", "Three ways:"),
        ("Title\n=====\n\nIt calls\nthem. Twice.", "It calls them."),
        ("Version 1.5 is out. Now.", "Version 1.5 is out."),
        (
            "Cleans a path, eliminating . and .. elements. Then more.",
            "Cleans a path, eliminating . and .. elements.",
        ),
        ("", ""),
    ],
)
def test_the_first_sentence(text: str, first: str) -> None:
    assert first_sentence(text) == first


def test_a_long_sentence_is_cut() -> None:
    assert first_sentence("word " * 100, 10) == "word word…"


def test_sentences_of_a_paragraph_cover_it() -> None:
    text = "Use `a. B` now. See Fig. 3 for it. (Why?) Option a. Then no. Now"
    spans = list(sentence_spans(text))
    assert [text[start:end].strip() for start, end in spans] == [
        "Use `a. B` now.", "See Fig. 3 for it. (Why?)", "Option a.", "Then no.", "Now"
    ]  # fmt: skip
    assert [spans[0][0], *(end for _, end in spans)] == [*(start for start, _ in spans), len(text)]


def test_what_follows_a_stop_without_a_word_belongs_to_it() -> None:
    assert sentences("It is faster. 🚀 So use it. 404 is an error! * Not that.") == [
        "It is faster. 🚀 So use it.", "404 is an error!", "* Not that."
    ]  # fmt: skip
    assert sentences('Say "as it is." "Done."') == ['Say "as it is."', '"Done."']
    assert sentences("你不需要! 否则。") == ["你不需要!", "否则。"]


def test_literals_joined_without_a_space_are_sentences_and_a_dotted_name_is_none() -> None:
    assert sentences("Use random bases.The current one is slow, for cobra.Command only.") == [
        "Use random bases.", "The current one is slow, for cobra.Command only."
    ]  # fmt: skip


def test_a_sentence_is_cut_between_words() -> None:
    text = "By Ann <https://a.example/ann>, Bob <https://a.example/bob>"
    for most in range(8, len(text)):
        cut = first_sentence(text, most)
        assert len(cut) <= most and text.startswith(f"{cut[:-1]} ")
    assert first_sentence("x" * 30, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    "sentence",
    [
        "This is slow.", "And it works.", "It takes this concept to the next level.", "Instead, wait.",
        "Use it to create such functions.", "Note that pots crack.", "An example of this is below:",
        "The previous example also works.",
    ],
)  # fmt: skip
def test_a_sentence_that_means_another_does_not_stand_alone(sentence: str) -> None:
    assert not stands_alone(sentence)


def test_most_sentences_stand_alone() -> None:
    for one in ("Pots are fired in kilns.", "Use tools such as brushes.", "To fire a pot, use `fire`:"):
        assert stands_alone(one)
