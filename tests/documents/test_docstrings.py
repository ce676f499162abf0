"""What a docstring says first."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.docstrings import documentation
from codebase_gardener.documents.reading import document_facts

BOXES = [
    '!!! abstract "Usage"\n    [Pots](../pots.md)\n\n    More of it.\n\n',
    "??? note\n    Hidden.\n\n",
    ":::{warning}\nHot.\n:::\n\n",
    "```{note}\nHot.\n```\n",
    ".. warning::\n\n    Hot.\n\n",
    "!!! note\n    One.\n\n!!! tip\n    Two.\n\n",
]


@pytest.mark.parametrize("box", BOXES)
def test_a_box_is_no_first_sentence_of_a_docstring(box: str) -> None:
    found = documentation(f"{box}A base class for pots. It fires.\n")
    assert found.summary == "A base class for pots."
    assert found.text.startswith("It fires.")
    assert "Hot" in found.text or "Hot" not in box  # it is kept, behind


def test_a_docstring_that_is_a_box_alone_stays() -> None:
    assert documentation("!!! note\n    Nothing else.").summary


@pytest.mark.parametrize("box", BOXES)
def test_a_box_is_not_what_a_section_is_about(box: str) -> None:
    language = "rst" if box.startswith("..") else "markdown"
    title = "Pots\n====\n\n" if language == "rst" else "# Pots\n\n"
    (heading,) = document_facts("a", language, f"{title}{box}\nThey hold water.\n").headings
    assert heading.summary == "They hold water."


@pytest.mark.parametrize(
    "lines",
    [
        "clay: What is fired,\n    all of it.\nheat: How hot.",
        "- **clay**: What is fired,\n  all of it.\n- **heat**: How hot.",
        "  clay - What is fired,\n      all of it.\n  `heat` (int) - How hot.",
        ":param clay: What is fired,\n    all of it.\n:param heat: How hot.",
        "Args:\n    clay: What is fired,\n        all of it.\n    heat: How hot.",
        "Parameters\n----------\nclay\n    What is fired,\n    all of it.\nheat : int\n    How hot.",
    ],
)
def test_a_parameter_is_told_in_each_form(lines: str) -> None:
    says = documentation(f"Fires clay.\n\n{lines}")
    told = [says.parameter(name) for name in ("clay", "heat")]
    assert [one.description for one in told if one] == ["What is fired, all of it.", "How hot."]
    assert says.parameter("Fires") is None


def test_the_end_of_a_sentence_is_no_heading_of_examples() -> None:
    says = documentation("Gives it.\n\nThe pots have names (see below for\nexamples).\n")
    assert " ".join(says.text.split()) == "The pots have names (see below for examples)."


def test_a_long_word_where_a_type_stands_is_looked_at_once() -> None:
    word = "or" * 5_000  # each "or" could part two types
    found = documentation(f"Boils.\n\nReturns:\n    {word}!: hot water\n")
    assert found.returns
    assert "hot water" in found.returns[0].description


def test_where_a_link_leads_is_no_prose() -> None:
    found = documentation(
        "Fires a [`Pot`].\n\nMore of [it].\n\n[`Pot`]: struct.Pot.html#method.new\n[it]: ../it.html"
    )
    assert (found.summary, found.text) == ("Fires a [`Pot`].", "More of [it].")


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        (
            "A report of the differences between two values:\ny - x. It returns nothing where\nthey are equal.",
            [],
        ),
        ("Fires.\n\nx - the pot\ny - the oven", ["the pot", "the oven"]),
        ("Fires.\n\nx - the pot that\nis cold", ["the pot that"]),
        ("Fires:\nx: the pot\n  that is cold\ny: the oven", ["the pot that is cold", "the oven"]),
        ("Fires.\n- x: the pot\nof clay", ["the pot"]),
    ],
)
def test_a_line_of_a_paragraph_tells_of_no_parameter(text: str, listed: list[str]) -> None:
    assert [one.description for one in documentation(text).listed] == listed


def test_a_section_may_have_an_empty_line_below_its_heading() -> None:
    text = "Fires.\n\nArguments:\n\n    clay (str):\n\n        What is fired.\n\n"
    text += "Raises:\n\n    `o.HeatError`:\n\n        if cold\n"
    found = documentation(text)
    assert [(one.name, one.type, one.description) for one in found.parameters] == [
        ("clay", "str", "What is fired.")
    ]
    assert [(one.name, one.description) for one in found.raises] == [("o.HeatError", "if cold")]
    assert found.text == ""


def test_a_first_sentence_stands_with_what_takes_it_back() -> None:
    assert (
        documentation("Fires a pot. Use `bake` instead. It is hot.").summary
        == "Fires a pot. Use `bake` instead."
    )
    assert documentation("Fires a pot. It is hot.").summary == "Fires a pot."


def test_a_first_sentence_that_leads_to_code_is_quoted_without_its_colon_or_not_at_all() -> None:
    assert documentation("Syntactic sugar for::\n\n    fire(pot)\n").summary == ""
    assert documentation("Fires only pots::\n\n    fire(pot)\n").summary == "Fires only pots"


def test_what_is_deprecated_says_so() -> None:
    assert documentation("Fires a pot.\n\nDeprecated: Use bake. It is better.").deprecation == "Use bake."
    assert documentation("Fires a pot.\n\nIt is hot.").deprecation == ""
