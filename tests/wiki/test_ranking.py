"""Which pages of a wiki come first."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.pages.markup import NO_VARIABLE
from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.retrieval.stems import stem, stems
from codebase_gardener.wiki.ranking import PageRanking


def page(anchor: str, title: str, text: str = "It is.\n\nNothing.\n", **more: object) -> Document:
    return Document(f"{anchor}", "a.md", title, text, PAGE_KIND, **more)  # type: ignore[arg-type]


def first(question: str, *documents: Document) -> list[str]:
    return [hit.document.anchor for hit in PageRanking(SymbolIndex.build(documents)).search(question, 9)]


@pytest.mark.parametrize(
    "words",
    [
        "merge merges merging merged",
        "test tests testing tested",
        "set sets setting",
        "query queries",
        "color colored coloring colour colours coloured",
        "compress compression compresses",
        "validate validates validating validation",
        "serialize serializing serialise serialised",
        "handle handles handling handled",
        "address",
        "hide hides hid hidden hiding",
        "write writes wrote written",
        "class classes",
    ],
)
def test_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    "words", ["string str", "bus bu", "need ne", "sing s", "speed spe", "king k", "four for", "hours hors"]
)
def test_other_words_keep_theirs(words: str) -> None:
    one, other = words.split()
    assert stem(one) != stem(other)


def test_how_deep_it_may_be_is_a_maximum_depth() -> None:
    depth, width = page("Implementation:o_a", "max_depth"), page("Implementation:o_b", "max_width")
    assert first("limit how deep it goes", depth, width)[0] == "Implementation:o_a"
    assert first("limit how wide it goes", depth, width)[0] == "Implementation:o_b"


def test_what_is_deprecated_comes_last_where_it_fits_best() -> None:
    old = page(
        "Implementation:o_a", "fire_clay", "Fire the clay.\n\nClay is fired.\n", deprecated=True, links=9
    )
    new = page("Implementation:o_b", "bake", "It is.\n\nClay is baked.\n")
    assert first("harden clay", old, new) == ["Implementation:o_b", "Implementation:o_a"]
    assert first("fire clay", old, new)[0] == "Implementation:o_a"


def test_names_give_their_words_and_short_forms_their_long_ones() -> None:
    assert stems("JSONRenderer.add_app") == stems("json renderer add application")
    assert stems("load_in_4bit") == ["load", "in", "4", "bit"]


def test_a_title_counts_more_than_an_overview_and_that_more_than_the_body() -> None:
    title = page("Principle:o_a", "Watering", "It is.\n\nNothing.\n")
    overview = page("Principle:o_b", "Bee", "Watering is meant.\n\nNothing.\n")
    body = page("Principle:o_c", "Sea", "It is.\n\nWatering.\n")
    other = [page(f"Principle:o_x{number}", "Other") for number in range(9)]
    assert first("how do I water", body, overview, title, *other) == [
        "Principle:o_a",
        "Principle:o_b",
        "Principle:o_c",
    ]


def test_workflows_come_before_implementations_and_these_before_heuristics_unless_asked_for() -> None:
    pages = [page(f"{kind}:o_Firing", "Firing") for kind in ("Heuristic", "Implementation", "Workflow")]
    assert [one.partition(":")[0] for one in first("fire", *pages)] == [
        "Workflow",
        "Implementation",
        "Heuristic",
    ]
    assert first("heuristics of firing", *pages)[0] == "Heuristic:o_Firing"


def test_what_workflows_lead_to_comes_before_internals() -> None:
    internal, used = page("Implementation:o_a", "fire_a"), page("Implementation:o_b", "fire_b", links=4)
    assert first("fire", internal, used) == ["Implementation:o_b", "Implementation:o_a"]


def test_a_principle_is_found_as_its_implementation_unless_principles_are_asked_for() -> None:
    principle = page("Principle:o_Firing", "Firing", told_by="Implementation:o_bake")
    bake = page("Implementation:o_bake", "bake")
    assert first("fire", principle, bake) == ["Implementation:o_bake"]
    assert first("principle of firing", principle, bake) == ["Principle:o_Firing"]
    assert first("fire", principle) == ["Principle:o_Firing"]  # its implementation is not there


def test_the_project_s_own_name_counts_little() -> None:
    pages = [page("Implementation:kiln_Kiln", "Kiln"), page("Implementation:kiln_Tester", "test_of_pots")]
    others = [page(f"Implementation:kiln_x{number}", "Other") for number in range(9)]
    assert first("test a kiln", *pages, *others) == ["Implementation:kiln_Tester", "Implementation:kiln_Kiln"]
    assert first("kiln", *pages, *others) == ["Implementation:kiln_Kiln"]


def test_domains_are_words_to_find_a_page_by_and_sections_are_one_page() -> None:
    head = page("Implementation:o_a", "Runner", domains=("testing",))
    section = page("Implementation:o_a#Usage", "Runner", "It is.\n\nUsage\n\nOf pots.\n")
    assert first("tests", head, section) == first("pots", head, section) == ["Implementation:o_a"]


@pytest.mark.parametrize("question", ["", "?", "how do I", "zqxwv", "principle"])
def test_a_question_without_words_of_the_wiki_finds_nothing(question: str) -> None:
    assert first(question, page("Workflow:o_a", "Fire")) == []
    assert first(question) == []


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("what is this library for?", "Overview:o_Overview"),
        ("what is this for?", "Overview:o_Overview"),
        ("how do I run the tests?", "Overview:o_Overview"),
        ("how should the parts work together?", "Overview:o_Overview"),
        ("what is o?", "Overview:o_Overview"),
        ("how do I test an endpoint?", "Workflow:o_a"),
    ],
)
def test_what_names_no_part_of_the_repository_is_answered_by_the_overview(question: str, found: str) -> None:
    whole = page("Overview:o_Overview", "o: the way in", domains=("library", "parts", "run", "tests"))
    other = page("Workflow:o_a", "Test and run an endpoint", "It runs tests of a library.\n\nParts of it.\n")
    assert first(question, other, whole)[0] == found


def test_nothing_asked_finds_nothing() -> None:
    assert first("", page("Overview:o_Overview", "o", domains=("run",))) == []


def test_a_name_that_only_a_row_of_a_module_tells_is_found_there_by_any_of_its_names() -> None:
    row = "| `MARK`, to users `kiln.marking` | `MARK = 1` | `kiln.py:L1-1` |"
    module = page("Module:o_k", "kiln", f"It fires.\n\n{'pots ' * 200}\n\n{row}\n")
    fires = page("Implementation:o_f", "fires", "It is marking pots.\n\nMark and marking.\n")
    documents = (fires, module, page("Implementation:o_x", "fire"))
    assert first("what is MARK", *documents)[0] == "Module:o_k"
    assert first("where is marking", *documents)[0] == "Module:o_k"
    assert first("marking of pots", *documents)[0] == "Implementation:o_f"
    own = page("Implementation:o_m", "Kiln.MARK", "It marks.\n\nMARK.\n")
    assert first("what is MARK", *documents, own)[0] == "Implementation:o_m"
    ranking = PageRanking(SymbolIndex.build(list(documents)))
    assert ranking.line_of(module, "what is MARK", "It fires.") == row


def test_a_name_written_as_code_finds_its_definition() -> None:
    named = page("Implementation:o_get_pot", "get_pot")
    other = page("Implementation:o_a_pot", "pot_get")
    assert first("is get_pot slow", other, named)[0] == named.anchor
    assert first("is it slow to get a pot", other, named)[0] == other.anchor


def test_neither_paths_nor_tests_nor_other_definitions_are_what_a_line_says() -> None:
    told = page(
        "Implementation:o_boil",
        "boil",
        "It heats.\n\nIts code uses 1 other definition: `stew`.\n\n- Stew slowly: `tests/test_stew.py:L1-2`\n\n"
        "Stirred at `src/stew.py:L1-2`.\n",
    )
    other = page("Implementation:o_fry", "fry")
    ranking = PageRanking(SymbolIndex.build([told, other]))
    assert ranking.line_of(told, "stew slowly", "") == "Stirred at `src/stew.py:L1-2`."
    assert "slowli" not in ranking.words_of(told.anchor)
    assert first("slowly", told, other) == []


def test_the_version_that_a_question_names_finds_its_section() -> None:
    log = [
        Document(
            f"CHANGELOG.md:L{n}-{n}", "CHANGELOG.md", f"1.{n}.0 (2026)", f"Changes of 1.{n}.0.\n", "text"
        )
        for n in (1, 2, 3)
    ]
    assert first("what is new in 1.2.0", page("Implementation:o_a", "boil"), *log)[0] == "CHANGELOG.md:L2-2"


def section(number: int, heading: str, text: str) -> Document:
    return Document(
        f"docs/a.md:L{number}-{number}", "docs/a.md", heading, f"## {heading}\n\n{text}\n", "text"
    )


def test_who_asks_to_delete_finds_what_removes_and_what_is_called_delete_before_it() -> None:
    remove = page("Implementation:o_remove", "Shelf.remove", "Remove a pot.\n\nNothing.\n")
    pot = page("Implementation:o_pot", "Pot", "A pot that stands on a shelf.\n\nNothing.\n")
    others = [page(f"Implementation:o_x{number}", "Other", "A pot.\n\nNothing.\n") for number in range(5)]
    assert first("how do I delete a pot?", pot, remove, *others)[0] == remove.anchor
    delete = page("Implementation:o_delete", "Shelf.delete", "Delete a pot.\n\nNothing.\n")
    assert first("how do I delete a pot?", pot, remove, delete, *others)[:2] == [delete.anchor, remove.anchor]


def test_a_section_comes_first_whose_heading_names_the_option_or_asks_the_same() -> None:
    option = section(1, "[.heat](#heat)", "Degrees.")
    asks = section(2, "How do I break or mend a pot?", "With glue.")
    running = page("Implementation:o_firing_pots", "Kiln.firing_pots", "The pots in it.\n\nTheir heat.\n")
    others = [section(number, "Other", "A pot in it.") for number in range(3, 30)]
    assert first("how do I set the heat for a pot?", running, option, asks, *others)[0] == option.anchor
    assert first("how do I mend a pot?", running, option, asks, *others)[0] == asks.anchor
    assert first("what is firing_pots?", running, option, asks, *others)[0] == running.anchor


def test_what_a_page_has_not_is_no_reason_to_find_it() -> None:
    says_none = page("Environment:o_a", "Core", f"What it needs.\n\n{NO_VARIABLE}\n")
    reads_one = page("Environment:o_b", "Other", "What it needs.\n\nThe environment variable HOME is read.\n")
    assert first("which environment variable is read", says_none, reads_one)[0] == "Environment:o_b"
    assert "Environment:o_a" not in first("which variable", says_none, reads_one)


def test_a_number_is_found_in_words_and_in_figures() -> None:
    assert stems("every tenth pot of the twenty") == stems("every 10 pot of the 20")
    assert stems("the second pot of one") != stems("the 2 pot of 1")


def test_what_a_question_asks_to_come_to_is_found_by_the_name_that_says_so() -> None:
    converter = page("Implementation:o_a", "Converter")
    made = page("Implementation:o_b", "as_dict", "It is.\n\nNothing.\n")
    other = [page(f"Principle:o_x{number}", "Other") for number in range(9)]
    for question in ("how do I convert an instance to a dict?", "convert it into dict"):
        assert first(question, converter, made, *other)[0] == made.anchor
    assert first("convert a dict", converter, made, *other)[0] == converter.anchor
