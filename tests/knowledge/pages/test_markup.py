from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.knowledge.pages.citations import read_citations, read_quotes
from codebase_gardener.knowledge.pages.markup import (
    code,
    code_texts,
    fence,
    fenced,
    link_free,
    open_fence,
    outside_fences,
    plain,
    read_tables,
    table,
)
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.rendering import safe_body
from codebase_gardener.knowledge.pages.wiki_names import page_name

line = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("`|\\ "), max_size=40
).map(str.strip)


@given(line)
def test_a_code_span_reads_back(text: str) -> None:
    assert plain(code(text)) == text
    assert code_texts(f"a {code(text)} b") == ([text] if text else [])


@given(st.lists(line, max_size=6))
def test_a_fenced_block_reads_back(lines: list[str]) -> None:
    text = "\n".join(lines)
    block = fence(text, "python")
    assert fenced(f"words\n{block}\nwords") == ("python", text)
    assert open_fence(block) == ""
    assert not any(outside_fences(block))


@given(st.lists(st.tuples(line, line), min_size=1, max_size=4))
def test_a_table_reads_back(rows: list[tuple[str, str]]) -> None:
    rows = [row for row in rows if "—" not in row]
    ((headings, found),) = read_tables(table(("A", "B"), rows))
    assert headings == ["A", "B"]
    assert found == [list(row) for row in rows]


@given(line)
def test_words_of_the_repository_are_no_markup(text: str) -> None:
    safe = link_free(text)
    assert code_texts(safe) == []
    assert "[[" not in safe


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        "`",
        "` ",
        "\\`",
        "`` ` ",
        "_",
        "._",
        "|",
        "[[",
        "<",
        "#",
        ":L1-2` `",
        "From `a:L1-2`:",
        "~~~ ",
        "- ",
        "| - ",
    ],
)
def test_a_line_of_300_kB_is_read_quickly(part: str) -> None:
    text = part * (300_000 // len(part))
    start = time.monotonic()
    safe = safe_body(text)
    code_texts(safe)
    list(read_citations(safe))
    list(read_quotes(safe))
    read_tables(f"| a |\n{text}")
    link_free(text)
    read_page(f"---\n---\n{text}")
    page_name("o_r", text)
    assert time.monotonic() - start < 10, "seconds, where a quadratic way takes hours"
