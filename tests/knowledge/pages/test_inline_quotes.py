from __future__ import annotations

import time

import pytest

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.remarks import remarks
from codebase_gardener.documents.rst import rst_blocks
from codebase_gardener.knowledge.pages import inline_quotes
from codebase_gardener.knowledge.pages.inline_quotes import QuotableText, read_inline_quotes, unsaid_of

SOURCE = QuotableText('''
def f():
    """Return a :class:`~kiln.Pot` that `holds <https://a.org/very/long/path?to=it>`_ water.

    Use ``r=16`` at *most*.
    """
    raise ValueError("the glaze is" "n't dry, wait 3 "
                     "hours\\n or m"
                     f"ore")
''')


@pytest.mark.parametrize(
    "quoted",
    [
        "Return a Pot that holds water.",
        "Return a `kiln.Pot` that holds … Use r=16 at most",
        "wait 3 hours or more",
        "",
        "…",
    ],
)
def test_words_may_lose_their_markup(quoted: str) -> None:
    assert SOURCE.says(quoted)


@pytest.mark.parametrize(
    "quoted",
    [
        "Return a Pan that holds water.",
        "holds water that",
        "Use r=17 at most",
        "wait 4 hours",
        "Use r=16 at most wine",
        "def … glaze … lava",
    ],
)
def test_no_word_may_be_another(quoted: str) -> None:
    assert not SOURCE.says(quoted)


def test_a_quote_may_be_looked_for_as_it_is_written_first() -> None:
    """Most files that a page cites need not be read without their markup."""
    text = QuotableText("Put the `glaze <a.md>`_ on.\n\nLet it dry.")
    quotes = ("Let it dry.", "the glaze on", "Let it burn.")
    assert unsaid_of(text, quotes, False) == ("Let it burn.",)
    plain = QuotableText("Put the `glaze <https://a.org/very/long/path/to/it>`_ on. Let it dry.")
    assert unsaid_of(plain, quotes, False) == ("the glaze on", "Let it burn.")
    assert unsaid_of(plain, quotes, True) == ("Let it burn.",)


def test_words_may_not_be_gathered_from_afar() -> None:
    text = QuotableText("never " + "x " * 30 + "twice")
    assert not text.says("never twice")
    assert text.says("never … twice")


def test_quotes_are_read_outside_of_code() -> None:
    text = "He says “a b” and “c”.\n\n```\n“no”\n```\n“d"
    assert [(item.text, item.line) for item in read_inline_quotes(text)] == [("a b", 1), ("c", 1)]


@pytest.mark.parametrize("text", ["a " * 400_000, "“" * 400_000, "“a" * 200_000, '"\n' * 200_000])
def test_hostile_text_is_looked_through_quickly(text: str) -> None:
    start = time.monotonic()
    QuotableText(text).says("a " * 200 + "b")
    list(read_inline_quotes(text))
    assert time.monotonic() - start < 10


def test_a_quote_marks_the_code_that_it_leaves_out() -> None:
    note = [".. note::", "", "    Two ways::", "", "        a()", "", "    Both of them work."]
    (block,) = remarks(rst_blocks(note))
    told = plain_text(block.text, code_marks=True)
    assert told == "Two ways: … Both of them work."
    assert QuotableText("\n".join(note)).says(told)
    assert plain_text("in a ``<script>`` block", code_marks=True) == "in a `<script>` block"
    assert (
        plain_text("Be careful. .. seealso:: - Our guide, - `object.x`, - more", code_marks=True)
        == "Be careful."
    )


def test_quotes_are_found_over_tags_links_and_joined_strings() -> None:
    tag = "<a\n href='https://x.org/a/b/c/d/e'>it</a>"
    text = f'"Enable {tag} for a big"\n    "gain, see [this](https://x.org/a/b) now"'
    assert QuotableText(text).says("Enable it for a biggain, see this now")
    assert not QuotableText(text).says("Enable it for a big loss")


@pytest.mark.parametrize(
    ("source", "quoted"),
    [
        (
            "Only use [`model_construct()`][pots.main.Pot.model_construct] for speed.",
            "Only use `model_construct()` for speed",
        ),
        ("## Include the `Router`s { #include-the-routers }", "Include the Routers"),
        (
            "Returns a <a href='https://a.org/b/c/d'>Path</a> in <i>dots</i>.",
            "Returns a Path in \\\\<i>dots\\\\</i>.",
        ),
        ("## Price in $$ and `a_b`s { #price }", "Price in $$ and a_bs"),
        (
            "made of <a href='https://a.org/paper'\n    >Fine clay (FC)</a>, which",
            "made of Fine clay (FC), which",
        ),
        ("The :py:class:`~very.long.path.to.the.Kiln <very.long.path.to.Kiln>` fires.", "The Kiln fires"),
    ],
)
def test_what_is_written_without_its_marks_is_found(source: str, quoted: str) -> None:
    assert QuotableText(source).says(quoted)
    assert QuotableText(source).says(plain_text(source)), plain_text(source)
    assert QuotableText(source).says(plain_text(source, code_marks=True))


def test_literals_are_joined_across_comments() -> None:
    text = QuotableText(
        "warn(\n  f'Name {a.b} as '  # type: ignore[x]\n  # only on 3.12\n\n  f'{c.d}'  # y\n  'and go.'\n)\n"
    )
    assert text.says("Name {a.b} as {c.d}and go.")
    assert not text.says("Name {a.b} only {c.d}")


def test_a_word_goes_on_behind_a_role() -> None:
    assert QuotableText("It yields :class:`Token`\\\\s.").says("It yields `Token`s.")
    assert QuotableText(r"It yields :class:`Token`\s.").says("It yields `Token`s.")


def test_the_words_of_few_texts_are_held_at_a_time() -> None:
    """All of them were a gigabyte for a repository of 25 MB."""
    texts = [QuotableText(f"One {number} two three, and four.") for number in range(100)]
    assert not any(text.says("one two four five") for text in texts)
    held = [words.joined for text in texts for words in text._made.values()]
    assert len(held) > len(texts)
    assert all(len(joined) < 60 for joined in held)
    assert inline_quotes._places.cache_info().currsize <= 16


def test_a_formula_between_two_paragraphs_is_no_part_of_what_they_say() -> None:
    text = "A plan (bad):\n\n.. math::\n    h = one * two + three * four\n\n    k = five\n\nBy only knowing it.\n"
    assert QuotableText(text).says("A plan (bad): By only knowing it.")
    assert not QuotableText(text.replace(".. math::", ".. note::")).says("A plan (bad): By only knowing it.")
