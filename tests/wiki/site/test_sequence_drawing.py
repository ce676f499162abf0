"""Who is asked for what: each call is an arrow between two lines, in order, and names are only text."""

from __future__ import annotations

import re

from codebase_gardener.knowledge.pages.mermaid import Arrow, Chart
from codebase_gardener.wiki.site.sequence_drawing import sequence_drawing

CHART = Chart(
    ("your code", "<b>", "c"), (Arrow(0, 1, "1. <i>go"), Arrow(1, 1, "2. self"), Arrow(2, 0, "3. back"))
)


def test_calls_stand_below_each_other_and_point_to_who_is_asked() -> None:
    drawn = sequence_drawing(CHART)
    lives = [int(x) for x in re.findall(r'class="life" d="M(\d+)', drawn)]
    tips = re.findall(r'class="tip" d="M[-\d]+,[-\d]+L(\d+),(\d+)', drawn)
    assert lives == sorted(set(lives))
    assert [int(x) for x, _ in tips] == [lives[1], lives[1], lives[0]]
    assert [int(y) for _, y in tips] == sorted(int(y) for _, y in tips)


def test_hostile_names_are_text_and_long_words_fit() -> None:
    drawn = sequence_drawing(CHART)
    assert "&lt;b&gt;" in drawn
    assert "<i>" not in drawn
    long = sequence_drawing(Chart(("a", "b"), (Arrow(0, 1, "x" * 60),)))
    width = int(re.findall(r'width="(\d+)"', long)[0])
    assert width > 60 * 7
