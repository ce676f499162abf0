"""How something is done: by a workflow that is about it, else by what the search finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.graph_rows import DefinedName, DescribedParameter, Place
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.switches import NamedSwitch
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.wiki.how_to import (
    answer_how,
    asked_switches,
    command_lines,
    field_lines,
    parameter_lines,
)
from codebase_gardener.wiki.search import WikiIndex
from samples.written_graph import graph_of


def document(anchor: str, title: str, text: str) -> Document:
    return Document(anchor, "a.md", title, text, PAGE_KIND, evidence=("a.py:L1-2",))


def test_a_workflow_that_only_has_the_words_does_not_answer_before_what_is_found_first() -> None:
    shelve = document("Implementation:o_shelve", "shelve_pot", "Shelve a pot.\n\nOn a board.\n")
    firing = document("Workflow:o_Firing", "Firing", "Firing of clay.\n\nA pot is fired; shelve it then.\n")
    others = [document(f"Implementation:o_x{n}", "other", "It is.\n\nNothing.\n") for n in range(5)]
    index = WikiIndex(SymbolIndex.build([shelve, firing, *others]))
    pages = {firing.anchor: Page("Workflow", "o_Firing", "Firing", "Firing of clay.", "", "", ())}
    told = answer_how(index, pages.get, "how do I shelve a pot?")
    assert told is not None
    assert told.name == shelve.anchor
    assert told.lines[0].text == "Shelve a pot."
    done = answer_how(index, pages.get, "how do I do the firing?")
    assert done is not None
    assert done.name == firing.anchor


def test_an_api_that_says_what_is_asked_comes_before_a_workflow_that_says_less_of_it() -> None:
    bigger = document("Implementation:o_enlarge", "Pot.enlarge", "Change the size of a pot.\n\nNothing.\n")
    cooking = document(
        "Workflow:o_Pots", "Size of a pot after", "Pot size.\n\nThe size of a pot, after a pot.\n"
    )
    others = [document(f"Implementation:o_x{n}", "other", "After it, pots.\n\nA size.\n") for n in range(5)]
    index = WikiIndex(SymbolIndex.build([bigger, cooking, *others]))
    pages = {cooking.anchor: Page("Workflow", "o_Pots", "Size of a pot after", "Pot size.", "", "", ())}
    told = answer_how(index, pages.get, "how do I change the size of a pot after it was made?")
    assert told is not None
    assert "Change the size of a pot." in [line.text for line in told.lines]
    shown = answer_how(index, pages.get, "what is the size of a pot after?")
    assert shown is not None
    assert [line.text for line in shown.lines] == ["Pot size."]


def test_a_plain_question_is_answered_by_another_verb_for_it() -> None:
    remove = document("Implementation:o_remove", "Shelf.remove", "Remove a pot.\n\nNothing.\n")
    others = [document(f"Implementation:o_x{n}", "other", "A pot.\n\nNothing.\n") for n in range(5)]
    told = answer_how(
        WikiIndex(SymbolIndex.build([remove, *others])), lambda _: None, "how do I delete a pot?"
    )
    assert told is not None
    assert told.lines[0].text == "Remove a pot."


def test_a_section_that_says_how_one_thing_comes_from_another_is_told_first() -> None:
    said = "## Inferring types\n\nPots derive a type from your\nschema. Use `infer`.\n\nMore.\n"
    section = Document("README.md:L5-9", "README.md", "Inferring types", said, "text")
    page = document("Implementation:o_x", "SchemaType", "Type of a schema.\n\nA type, a schema.\n")
    others = [document(f"Implementation:o_x{n}", "other", "It is.\n\nNothing.\n") for n in range(5)]
    index = WikiIndex(SymbolIndex.build([section, page, *others]))
    told = answer_how(index, lambda _: None, "how do I get the type from a schema?")
    assert told is not None
    line = told.lines[0]
    assert line.text == "Inferring types: “Pots derive a type from your schema. Use `infer`.”"
    assert line.anchor == section.anchor
    hidden = answer_how(index, lambda _: None, "how do I hide the type from a schema?")
    assert hidden is not None
    assert "Inferring" not in hidden.lines[0].text


def test_what_a_section_shows_is_told_before_pages_that_only_it_connects_with_the_question() -> None:
    said = "## Limits\n\nLimit an upload's size with `most`, or a `LimitedPot`.\n"
    section = Document("README.md:L5-9", "README.md", "Limits", said, "text")
    page = Document("Implementation:o_x", "a.md", "LimitedPot", "A limited one.\n\nLimit.\n", PAGE_KIND,
                    evidence=("a.py:L1-2",), shown=f"Limits Limits {said}")  # fmt: skip
    index = WikiIndex(SymbolIndex.build([section, page]))
    line = GraphLine("`most`", "README.md:L7-7")
    told = answer_how(index, lambda _: None, "how do I limit the size of an upload?", lambda *_: [line])
    assert told is not None
    assert told.lines[0] == line


COMMANDS = [
    DefinedName(name, "command", Place("pot/main.py", line, line + 1, "", "package"), name, says)
    for line, (name, says) in enumerate(
        [
            ("pot stir", "Stir one stew."),
            ("pot stir-all", "Stir all stews."),
            ("pot lid remove", "Take the lid off."),
            ("pot eat", ""),
        ],
        start=1,
    )
]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("how do I stir a stew?", ["`pot stir`: Stir one stew."]),
        ("how do I stir all stews?", ["`pot stir-all`: Stir all stews."]),
        ("how do I delete the lid?", ["`pot lid remove`: Take the lid off."]),  # the same act
        ("how do I remove a spoon?", []),  # not each word of the name is asked for
        ("how do I eat", ["`pot eat`"]),
        ("how do I use a pot", []),
    ],
)
def test_the_command_does_it_whose_whole_name_is_asked_for(question: str, told: list[str]) -> None:
    lines = command_lines(COMMANDS, question)
    assert [line.text for line in lines] == told
    assert all(line.anchor.startswith("pot/main.py:L") for line in lines)


def test_a_goal_is_found_through_what_is_said_of_a_parameter() -> None:
    told = [
        DescribedParameter("paint", "glossy", "Make a pot glossy.", False, "a.py:L1-1"),
        DescribedParameter("bake", "hard", "Make pots unbreakable. Glossy, too.", True, "a.py:L2-2"),
        DescribedParameter("bake_again", "hard", "Make pots unbreakable. And more.", False, "a.py:L3-3"),
        DescribedParameter("carry", "how", f"Unbreakable{' and so' * 8} on.", True, "a.py:L4-4"),
    ]
    line = ("`hard` of `bake`: Make pots unbreakable.", "a.py:L2-2")
    for question, lines in (
        ("how do I make a pot unbreakable?", [line]),
        ("how do I make it unbreakable", [line]),
        ("how do I make a pot square", []),
        ("how do I do it", []),
    ):
        assert [(one.text, one.anchor) for one in parameter_lines(told, question)] == lines


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How do I turn on serde support?", ["serde"]),
        ("how can I enable the std feature", ["std"]),
        ("How do I turn std off?", ["std"]),
        ("How does serde read a version?", []),
        ("How do I turn on the light?", []),
    ],
)
def test_what_is_switched_on_by_its_name_answers(question: str, names: list[str]) -> None:
    switches = [NamedSwitch("feature", name, (), (), "", "Cargo.toml", 1, 1) for name in ("serde", "std")]
    assert [one.name for one in asked_switches(switches, question)] == names


def test_an_option_is_found_by_the_words_of_its_name(tmp_path: Path) -> None:
    code = "export interface Options {\n"
    code += "  /** Fires again when a lid opens. */\n  fireOnOpening?: boolean\n  lid?: string\n}\n"
    code += "export function offWindow(options: Options) {}\n"
    graph = graph_of({"package.json": '{"name": "kiln", "version": "1.0.0"}', "index.ts": code}, tmp_path)
    told = [("field `Options.fireOnOpening`: Fires again when a lid opens.", "index.ts:L3-3")]
    for question, lines in (
        ("How do I turn off firing on opening?", told),
        ("How do I fire it?", []),
        ("How do I open a lid?", []),
    ):
        assert [(one.text, one.anchor) for one in field_lines(graph, question)] == lines


def test_a_section_with_all_that_is_asked_comes_before_code_without_a_page() -> None:
    lines = "\n".join(f"Line {n} is of clay and of much else that is told here." for n in range(40))
    said = Document(
        "README.md:L5-60", "README.md", "Example", f"## Example\n\n{lines}\nA `lid,needed` lid.\n", "text"
    )
    code = Document(
        "pot.py:L1-9", "pot.py", "_find_needed_lids", "def _find_needed_lids(lid): needed(lid)\n", "function"
    )
    page = document("Implementation:o_x", "LidError", "A needed lid is missing.\n\nA lid.\n")
    others = [document(f"Implementation:o_x{n}", "other", "It is.\n\nNothing.\n") for n in range(5)]
    index = WikiIndex(SymbolIndex.build([said, code, page, *others]))
    told = answer_how(index, lambda _: None, "how do I make a lid needed?")
    assert told is not None
    assert [line.anchor for line in told.lines[:3]] == ["a.py:L1-2", "README.md:L5-60", "pot.py:L1-9"]


def test_a_section_comes_before_a_remark_in_it() -> None:
    said = "## Setting defaults\n\nWrite it into the tag.\n\nMore of it.\n\nIt is slow.\n"
    section = Document("README.md:L5-11", "README.md", "Setting defaults", said, "text")
    remark = Document(
        "Heuristic:o_Defaults", "README.md", "Setting defaults: a default glaze",
        "A default glaze is slow to set.\n\nIt is.\n",
        PAGE_KIND, evidence=("README.md:L11-11",),
    )  # fmt: skip
    others = [document(f"Implementation:o_x{n}", "other", "It is.\n\nNothing.\n") for n in range(5)]
    index = WikiIndex(SymbolIndex.build([section, remark, *others]))
    assert [one.anchor for one in index.search("how do I set a default glaze?")][:2] == [
        "README.md:L5-11", "README.md:L11-11"
    ]  # fmt: skip
