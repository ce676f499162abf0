"""Links of documents and the names of headings."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.documents.links import read_anchors, read_links


def targets(text: str) -> list[str]:
    return [link.target for link in read_links(text)]


def test_all_forms() -> None:
    text = (
        '[a](b.md "t") ![i](<im g.png>) [`c`](d.md#x) <a href="e.md">e</a> [[Page|shown]]\n\n[ref]: ../f.md\n'
        "\n| [g](h(1).md) | [[step::Principle:o_r_P]] |\n"
    )
    assert targets(text) == [
        "b.md", "im g.png", "d.md#x", "e.md", "Page|shown", "../f.md", "h(1).md", "step::Principle:o_r_P",
    ]  # fmt: skip


def test_a_target_stands_where_it_is_said_to() -> None:
    text = "# T\n\n> see [a](b.md) and\n> [[Page]]\n"
    lines = text.split("\n")
    assert [(lines[one.line - 1][one.begin : one.end], one.line) for one in read_links(text)] == [
        ("b.md", 3), ("Page", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "`[x](y)`", "```\n[x](y) [[z]]\n```", "~~~md\n[x](y)\n~~~", "- a\n\n  ```\n  [x](y)\n  ```",
        "<!-- [x](y)\n[[z]] -->",
        "a\n\n    [x](y)\n", "[x](https://w.org) [x](//w) [x](mailto:a@b) [x](C:\\a)", "[x]({{ url }}) [x](@site/a)",
        "\\[x\\](y) \\[[z]]", "`a\n[x](y) b`", "[^1]: note", "[[1]](https://w.org)", "[[ -f x ]]", "[[1]][r]",
    ],
)  # fmt: skip
def test_no_link(text: str) -> None:
    assert targets(text) == []


@pytest.mark.parametrize(
    ("heading", "fragment"),
    [
        ("# What's new in 2.0?", "whats-new-in-20"), ("# What's new in 2.0?", "what-s-new-in-2-0"),
        ("# `run(x)`", "runx"),
        ("# A {#own}", "own"), ("# A { #own .b }", "own"), ("# [A](b.md) c", "a-c"), ("Setext\n======", "setext"),
        ("<h2 id='x'>A</h2>", "x"), ('<a name="y"></a>', "y"), ("# Über uns", "über-uns"), ("# Über uns", "uber-uns"),
        ("# Über", "%C3%BCber"), ("# a_b", "a_b"), ("# A\n\n# A", "a-1"), ("# A\n\n# A", "a_1"), ("(lab)=\n# A", "lab"),
        ("# :rocket: Go", "go"), ("# :rocket: Go", "rocket-go"), ("# A & B", "a--b"), ("# **Bold** *it*", "bold-it"),
        ("", "top"),
    ],
)  # fmt: skip
def test_a_heading_makes_the_fragment(heading: str, fragment: str) -> None:
    assert read_anchors(f"{heading}\n").has(fragment)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [("# A\n", "b"), ("# A\n", "a-1"), ("```\n# A\n```\n", "a"), ("# Set up\n", "setup")],
)
def test_no_heading_makes_it(text: str, fragment: str) -> None:
    assert not read_anchors(text).has(fragment)


def test_of_generated_references_all_is_believed() -> None:
    assert read_anchors("# A\n\n::: package.module\n").has("package.module.Class")


@pytest.mark.parametrize(
    "piece", ["[a](b", "[[a", "`[x](", "<a href='", "[x]: ", "<!--", "](<a", "| [a](b) "]
)
def test_linear(piece: str) -> None:
    began = time.perf_counter()
    assert len(list(read_links(piece * 20_000))) <= 20_000
    assert time.perf_counter() - began < 5
