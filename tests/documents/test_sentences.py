"""Sentences end at their stops, not at those of abbreviations, code and lists."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.sentences import first_sentence, sentence_spans


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Loads it, e.g. from disk. Then more.", "Loads it, e.g. from disk."),
        ("Made by J. Doe et al. in 2021. It works.", "Made by J. Doe et al. in 2021."),
        ("Works (i.e. runs. Always) here. Then.", "Works (i.e. runs. Always) here."),
        ("Three ways: 1. One", "Three ways:"),
        ("Title\n=====\n\nIt calls\nthem. Twice.", "It calls them."),
        ("Version 1.5 is out. Now.", "Version 1.5 is out."),
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
