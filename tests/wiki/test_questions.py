"""What a question is about."""

from __future__ import annotations

from codebase_gardener.wiki.questions import content_words


def test_forms_of_words_that_name_nothing_name_nothing() -> None:
    assert content_words("how do I get told when making it, after it was made?") == ["after"]
    assert content_words("what gets shown while it makes a pot") == ["while", "pot"]
