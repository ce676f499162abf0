"""Comments of HTML and MDX in Markdown are no prose."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.documents.html_comments import comment_free, mdx_comment_free
from codebase_gardener.documents.reading import blocks, document_facts

COMMENTED = """\
# Pots <!-- omit in toc -->

<!-- Always water the pot,
# or not -->

Pots hold plants. <!-- TODO: more
of it --> They are round.

<div><!-- <h2>Hidden</h2> --></div>

- clay <!-- or glass -->

```html
<!-- shown
as it is -->
```
"""


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["a <!-- b --> c <!-- d", "e", "f --> g"], ["a  c ", "", " g"]),
        (["<!-- a", "", "```", "b -->", "c"], ["", "", "", "", "c"]),
        (["```", "<!-- a -->", "```", "<!-- b -->"], ["```", "<!-- a -->", "```", ""]),
        (["`<!--` begins, `-->` ends"], ["`<!--` begins, `-->` ends"]),
        (["a <!-- never ends", "b"], ["a <!-- never ends", "b"]),
        (["<!-- a -->", "b <!-- never ends", "c"], ["", "b <!-- never ends", "c"]),
        (["<!----> a <!--> b"], [" a  b"]),
    ],
)
def test_what_stands_in_comments_is_left_out_line_by_line(lines: list[str], kept: list[str]) -> None:
    assert comment_free(lines) == kept


def test_blocks_of_a_document_have_no_comments_but_in_code() -> None:
    found = [
        (block.kind, block.start, block.end, block.text) for block in blocks("a.md", "markdown", COMMENTED)
    ]
    assert found == [
        ("heading", 1, 1, "Pots "),
        ("paragraph", 6, 7, "Pots hold plants. \n They are round."),
        ("item", 11, 11, "clay "),
        ("code", 14, 15, "<!-- shown\nas it is -->"),
    ]
    (heading,) = document_facts("a.md", "markdown", COMMENTED).headings
    assert (heading.title, heading.summary) == ("Pots", "Pots hold plants. They are round.")


def test_comments_of_mdx_go_with_their_code_and_those_in_code_stay() -> None:
    text = "## `.refine()` {/* new */}\n\n{/* ## Old\n\n```ts\nold()\n```\n*/}\n\n```tsx\n<a>{/* kept */}</a>\n```\n"
    found = blocks("a.mdx", "markdown", text)
    assert [(block.kind, block.text.strip(), block.start) for block in found] == [
        ("heading", "`.refine()`", 1),
        ("code", "<a>{/* kept */}</a>", 11),
    ]
    assert mdx_comment_free(["`{/*` and {/* a */}b", "{/* no end"]) == ["`{/*` and b", "{/* no end"]


@pytest.mark.parametrize("piece", ["{/*", "*/}", "`{/*", "{/* */}", "`a` {/* */}", "{/*\n", "```\n{/*\n"])
def test_hostile_comments_of_mdx_are_read_fast(piece: str) -> None:
    started = time.monotonic()
    mdx_comment_free((piece * 20_000).split("\n"))
    assert time.monotonic() - started < 1
