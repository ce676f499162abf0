from __future__ import annotations

from dataclasses import replace

import pytest

from codebase_gardener.knowledge.pages.markup import NONE_FOUND
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.rendering import incoming_edges, render, render_pages, safe_body
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section
from codebase_gardener.utils.error_handling import InvalidInputError
from samples.small_wiki import OWNER, repository, wiki


def test_a_page_reads_as_the_format_says() -> None:
    text = render_pages(wiki(repository()))[f"principles/{OWNER}_Firing.md"]
    assert (
        text
        == f"""---
type: "Principle"
name: "{OWNER}_Firing"
title: "Firing"
repo: "https://example.org/acme/kiln"
commit: "c0ffee"
sources: []
domains: []
updated: "2026-01-02T03:04:05+00:00"
---

# Firing

## Overview

Firing a pot.

## Description

What it is.

## Usage

When it is.

## Theoretical Basis

{NONE_FOUND}

## Related Pages

* [[implemented_by::Implementation:{OWNER}_fire]]
* [[step_of::Workflow:{OWNER}_Firing_Pots]]
"""
    )


def test_sources_kind_domains_and_notes_stand_in_the_front_matter() -> None:
    facts = repository()
    page = next(page for page in wiki(facts).pages if page.name == f"{OWNER}_load")
    front = render(replace(page, notes="a: b", domains=("z", "a")), wiki(facts), ()).split("---\n")[1]
    source = facts.source_of(facts.symbols["src/kiln/core.py", "load"])
    line = f'  - {{anchor: "src/kiln/core.py:L6-10", symbol: "load", sha256: "{source.sha256}"}}\n'
    assert (
        f'kind: "API Doc"\nrepo: "https://example.org/acme/kiln"\ncommit: "c0ffee"\nsources:\n{line}' in front
    )
    assert front.endswith('domains: ["a", "z"]\nupdated: "2026-01-02T03:04:05+00:00"\nnotes: "a: b"\n')


def test_steps_keep_their_order_and_inverses_are_sorted() -> None:
    made = wiki(repository())
    text = render_pages(made)[f"workflows/{OWNER}_Firing_Pots.md"]
    assert text.index("* [[step::Principle:acme_kiln_Loading]]") < text.index(
        "* [[step::Principle:acme_kiln_Firing]]"
    )
    environment = incoming_edges(reversed(made.pages))[f"Environment:{OWNER}_Core_Environment"]
    assert environment == (
        Edge("required_by", f"Implementation:{OWNER}_fire"),
        Edge("required_by", f"Implementation:{OWNER}_load"),
    )


def test_a_page_without_links_says_no_more_than_that() -> None:
    page = Page("Heuristic", f"{OWNER}_Slow_Fire", "Slow fire", "x", "x", "x", ())
    text = render(page, wiki(repository()), ())
    assert text.endswith("## Related Pages\n\nNo link to another page.\n")
    assert not [problem for problem in read_page(text).problems if problem.check == "links"]


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("", NONE_FOUND),
        (" \n\n ", NONE_FOUND),
        ("# A\ntext\n## B", "### A\ntext\n### B"),
        ("### C", "### C"),
        ("#hash", "#hash"),
        ("A\n===", "A\n\\==="),
        ("A\n---\nB", "A\n\n---\nB"),
        ("```\n# not a heading\n```", "```\n# not a heading\n```"),
        ("```\n# open", "```\n# open\n```"),
        ("~~~~\n```\nx", "~~~~\n```\nx\n~~~~"),
        ("<!-- hidden", "\\<!-- hidden"),
        ("<script>", "\\<script>"),
        ("<https://a.org> is fine, a < b too", "<https://a.org> is fine, a < b too"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ud800\x00", "\ufffd\ufffd"),
        ("| a |\n| --- |\n| b |", "| a |\n| --- |\n| b |"),
    ],
)
def test_a_body_cannot_leave_its_section(written: str, safe: str) -> None:
    assert safe_body(written) == safe
    assert safe_body(safe) == safe


def test_what_a_type_does_not_have_is_refused() -> None:
    made = wiki(repository())
    page = Page("Heuristic", f"{OWNER}_H", "H", "x", "x", "x", ())
    with pytest.raises(InvalidInputError, match="Code Reference, which a Heuristic does not have"):
        render(replace(page, sections=(Section("Code Reference", "x"),)), made, ())
    with pytest.raises(InvalidInputError, match="step, which a Heuristic does not have"):
        render(replace(page, edges=(Edge("step", "Principle:x"),)), made, ())
