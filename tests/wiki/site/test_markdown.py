"""Pages as HTML: words of documents without their marks, tables that a narrow window shows as lists."""

from __future__ import annotations

import pytest

from codebase_gardener.wiki.site.addresses import Addresses
from codebase_gardener.wiki.site.contents import Contents
from codebase_gardener.wiki.site.markdown import SiteMarkdown

EMPTY = Contents("a_b", "", "", "", {}, {}, {}, {}, {}, Addresses([]))


def html(text: str) -> str:
    return SiteMarkdown(EMPTY).html(text, "x.md", "x.html")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('a <abbr title="command line">CLI</abbr> tool', "a CLI tool"),
        (r"see [This list]\(docs/list.md) of names", "see This list of names"),
        ("<sub><img onerror=y></sub>", "&lt;sub&gt;&lt;img onerror=y&gt;&lt;/sub&gt;"),
        ("<kbd>&lt;b&gt;</kbd>", "&lt;kbd&gt;&lt;b&gt;&lt;/kbd&gt;"),
        ("Map<b>x</b>", "Map&lt;b&gt;x&lt;/b&gt;"),
    ],
)  # fmt: skip
def test_marks_around_words_go_and_nothing_becomes_markup(text: str, shown: str) -> None:
    assert html(text).strip() == f"<p>{shown}</p>"


def test_cells_carry_the_head_of_their_column_and_wide_tables_say_so() -> None:
    made = html('| A | "B<i>" | C |\n|---|---|---|\n| 1 | 2 | 3 |\n\n| A | B |\n|---|---|\n| 1 | 2 |\n')
    assert made.count('<table class="wide">') == 1
    assert made.count("<table>") == 1
    assert '<td data-head="&quot;B&lt;i&gt;&quot;">2</td>' in made
    assert html("| A |\n|---|\n").count("<td") == 0


def test_long_names_may_be_cut_between_words_and_short_options_stay_whole() -> None:
    assert html("`--install-completion-for-all`").count("<code>") == 1
    assert '<code class="whole">--output-dir</code>' in html("`--output-dir`")
    assert "Annotated<wbr>ParamWith<wbr>" not in html("`AnnotatedParam`")
    assert "typer.<wbr>main.<wbr>get_<wbr>command_<wbr>name" in html("`typer.main.get_command_name`")
