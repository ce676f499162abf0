"""Identifiers are split one way, whoever asks."""

from __future__ import annotations

import pytest

from codebase_gardener.utils.identifiers import identifier_words, title_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("getHTTPHeader", ["get", "HTTP", "Header"]),
        ("load_in_4bit", ["load", "in", "4bit"]),
        ("TestFParseErr", ["Test", "F", "Parse", "Err"]),
        ("größe-max", ["größe", "max"]),
        ("Conv2d_1x1", ["Conv2", "d", "1x1"]),
        ("12characters", ["12", "characters"]),
        ("__", []),
    ],
)
def test_words_of_an_identifier(name: str, words: list[str]) -> None:
    assert identifier_words(name) == words


def test_short_words_of_a_title_stay_with_their_neighbours() -> None:
    assert title_words("bnb.VBLoRAConfig") == ["bnb", "VBLoRA", "Config"]
    assert title_words("Conv2dToDevice") == ["Conv2d", "To", "Device"]
