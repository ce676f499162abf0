"""What is done, in the words of headings and sentences."""

import pytest

from codebase_gardener.documents.actions import action_in, says_action, says_purpose


@pytest.mark.parametrize(
    ("sentence", "action"),
    [
        ("Force a retry from an `afterResponse` hook.", "Force a retry from an `afterResponse` hook"),
        ("For example, to retry a failed request, use `retry()`:", "retry a failed request"),
        ("You can also use the `foo` option to log to a file:", "log to a file"),
        ("This shows how to fire a kiln, step by step, with clay of one's own.", "fire a kiln"),
        ("Use `z.looseRecord(a, b)` like so:", "Use `z.looseRecord(a, b)`"),
        ("To make a schema optional (that is, to allow `undefined`):", "make a schema optional"),
        ("Shapes bowls.", "Shapes bowls"),
        ("To access cookies you can use the attribute.", "access cookies"),
        ("Map schemas can be further constrained.", ""),  # a noun with its verb
        ("Writing an API is simple.", ""),
        ("kiln — Fire and cool pots", "Fire and cool pots"),
        ("You can find the details in the API documentation of `fire`.", ""),
        ("You can find a pot in the kiln.", "find a pot in the kiln"),
        ("Finally, run it:", ""),  # no noun
        ("You should put them in the same kiln.", ""),  # what?
        ("We can validate the pot using the above script.", ""),
        ("Retry a request until it succeeds.", "Retry a request until it succeeds"),
        ("The function passed to parse returns the tree of a file.", ""),  # a name
        ("This is how to validate requests.", "validate requests"),
        ("It looks so:", ""),
        ("You can record the updates and, as needed, send them.", "record the updates"),  # cut off
        ("", ""),
    ],
)
def test_a_sentence_says_what_is_done_or_nothing(sentence: str, action: str) -> None:
    assert action_in(sentence) == action


def test_a_heading_says_what_is_done_with_a_verb_and_a_noun_that_is_not_the_projects_name() -> None:
    assert says_action("Merging adapters")
    assert says_action("How to mount a router")
    assert not says_action("Getting started")
    assert not says_action("Custom levels")
    assert says_action("Using levels", {"pino"})
    assert not says_action("Using pino", {"pino"})


@pytest.mark.parametrize(
    "sentence",
    [
        "To make it shine, `glaze` it.",
        "If you fire at home, open a window:",
        "You can keep pots on a shelf:",
        "Glazes are mixed first, so that they stay wet.",
        "Loading a pot",
        "Open a kiln of three shelves",
        "- Use `fire` and wait:",
        "For home kilns:",
        "It lets you fire twice.",
    ],
)
def test_a_sentence_says_what_its_code_is_for(sentence: str) -> None:
    assert says_purpose(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["Currently, only tested with clay", "Here is an example:", "Standard kiln", "Pots are fired twice.", ""],
)
def test_a_sentence_that_only_states_tells_no_purpose(sentence: str) -> None:
    assert not says_purpose(sentence)


def test_to_set_up_the_project_itself_says_nothing() -> None:
    assert action_in("Install kiln with your package manager:", {"kiln"}) == ""
    assert action_in("Install clay for kiln:", {"kiln"}) == "Install clay for kiln"


def test_no_sentence_is_read_for_long() -> None:
    action_in("to " * 100_000)
    action_in("use the " * 100_000)
    assert not action_in("`" * 100_001)
