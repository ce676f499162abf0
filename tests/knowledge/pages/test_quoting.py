"""Text of the repository inside a page cannot break it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.pages.citations import read_citations, read_quotes
from codebase_gardener.knowledge.pages.markup import outside_fences
from codebase_gardener.knowledge.pages.quoting import inline, safe_markdown
from codebase_gardener.utils.identifiers import title_words


def test_a_code_block_stays_one_and_prose_is_escaped() -> None:
    quoted = safe_markdown("Intro:\n\n```py\nx = [[a]]\n```\n<script>x</script>")
    assert quoted == "> Intro:\n>\n> ```\n> x = [[a]]\n> ```\n> \\<script>x\\</script>"


def test_a_directive_and_a_literal_block_become_code_with_their_indentation() -> None:
    quoted = safe_markdown(
        "Do::\n\n    def f():\n        pass\n\n.. code-block:: python\n\n    x = 1\n\nEnd."
    )
    assert "> ```\n> def f():\n>     pass\n> ```" in quoted
    assert "> ```\n> x = 1\n> ```" in quoted
    assert quoted.endswith("> End.")


def test_doctests_do_not_become_nested_quotes() -> None:
    assert safe_markdown(">>> f()\n3\n\nx") == "> ```\n> >>> f()\n> 3\n> ```\n>\n> x"


@pytest.mark.parametrize(
    "text",
    [
        "# Heading",
        "```\nnever closed\n## Usage",
        "[[implemented_by::Implementation:x]]",
        "`[[implemented_by::Implementation:x]]`",
        "```\n[[implemented_by::Implementation:x]]\n```",
        "Text\n====\n",
        "</details><script>alert(1)</script>",
        "![i](http://x/y.png)",
        "[x](javascript:alert(1))",
        "From `a.py:L1-2`:\n\n```\nx\n```",
    ],
)
def test_what_would_break_the_page_does_not(text: str) -> None:
    for quoted in (safe_markdown(text), inline(text)):
        assert "[[implemented_by" not in quoted
        assert not list(read_citations(quoted))
        assert not list(read_quotes(quoted))
    lines = safe_markdown(text).split("\n")
    assert all(line.startswith(">") for line in lines)
    for line in outside_fences("\n".join(line[2:] for line in lines)):
        assert not line.startswith(("#", "==", "<", "!["))
    assert "(javascript:" not in safe_markdown(text).replace("\\(javascript:", "")


@given(st.text(alphabet="`[]<>#=-:L1 .\n\\~>!(){}|a*_", max_size=200))
def test_any_text_stays_inside_its_quote(text: str) -> None:
    quoted = safe_markdown(text)
    assert not quoted or all(line.startswith(">") for line in quoted.split("\n"))
    assert not list(read_citations(quoted))
    assert "\n" not in inline(text)
    assert not list(read_citations(inline(text)))


@pytest.mark.parametrize("unit", ["`", "[[", "<a ", ">", ":x:`", "[`", "`a <", ".. x::\n", "```\n", "a. "])
def test_long_hostile_text_is_quick(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    safe_markdown(text)
    inline(text)
    first_sentence(text)
    assert time.perf_counter() - started < 2


def test_lines_that_are_cut_are_counted() -> None:
    assert safe_markdown("\n".join("abc"), most_lines=1) == "> a\n>\n> … (2 further lines)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Loads it. Then more.", "Loads it."),
        ("Loads, e.g. from disk. More.", "Loads, e.g. from disk."),
        ("One line\nwraps here. And", "One line wraps here."),
        ("Uses v1.2 of x. And", "Uses v1.2 of x."),
        ("No stop", "No stop"),
        ("It does: 1. one 2. two", "It does:"),
        ("First (see a. b) end. Next", "First (see a. b) end."),
    ],
)
def test_first_sentences(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_words() -> None:
    assert title_words("Seq2SeqLM") == ["Seq2SeqLM"]
    assert title_words("ToDict") == ["To", "Dict"]
    assert title_words("__init__") == ["init"]


def test_roles_and_titles_are_markup_not_words() -> None:
    text = (
        "See {meth}`~click.Context.close`, :py:class:`~a.B`, {ref}`the guide <a-b>`, `Option`\\s and `\\n`."
    )
    assert inline(text) == "See `close`, `B`, the guide, `Option`s and `\\n`."
    assert safe_markdown(text) == f"> {inline(text)}"
    assert first_sentence("requests.api\n~~~~~~~~~~~~\n\nIt calls. More.") == "It calls."
    assert first_sentence("Only a title\n~~~~~~~~~~~~") != ""


def test_what_is_cleaned_away_leaves_no_half_word() -> None:
    names = [f":class:`~{'package.' * 9}Name{number}`" for number in range(60)]
    for most in (40, 80, 120, 400, 3000):
        cut = inline(" ".join(names), most)
        said = cut.removesuffix(" …").split()
        assert said == [f"`Name{number}`" for number in range(len(said))]
        assert cut.endswith(" …") == (len(said) < 60)


def test_links_to_code_keep_what_they_name() -> None:
    assert inline("See [`Pot`][clay::Pot], [`Lid`].") == "See `Pot`, `Lid`."


@pytest.mark.parametrize("most", [40, 46])
def test_a_quote_does_not_end_within_an_open_bracket(most: int) -> None:
    text = "Takes a pot of clay and of iron (or a pan of copper that is hot) and boils it."
    assert inline(text, most) == "Takes a pot of clay and of iron …"


def test_items_that_are_counted_by_their_reader_have_numbers() -> None:
    told = safe_markdown(
        "Two ways:\n\n#. One:\n\n   * slow\n#. Two\n   goes on\n\nDone\n\n#. Again\n\n.. code:: po\n\n    #. kept"
    )
    assert "> 1. One:\n>\n>    * slow\n>\n> 2. Two\n>    goes on\n" in told
    assert "> 1. Again" in told
    assert "#. kept" in told
