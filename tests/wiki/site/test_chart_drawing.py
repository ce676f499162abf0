"""Drawings of boxes and arrows: each box stands where no other does, and no arrow runs through one."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from codebase_gardener.knowledge.pages.mermaid import Arrow, Chart
from codebase_gardener.wiki.site.chart_drawing import chart_drawing

RECT = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"')
LINE = re.compile(r'class="line" d="([^"]*)"')
SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)"')

HUB = Chart(
    ("hub", *"abcdef"), tuple([Arrow(at, 0) for at in (1, 2, 3)] + [Arrow(0, at) for at in (4, 5, 6)])
)
LONG = Chart(
    tuple("abcde"), (*(Arrow(at, at + 1) for at in range(4)), Arrow(0, 4, "9"), Arrow(4, 0), Arrow(3, 1))
)
DENSE = Chart(tuple(map(str, range(25))), tuple(Arrow(a, (a * b) % 25) for a in range(25) for b in (2, 3, 7)))
LONE = Chart(tuple("abcdefgh"), (Arrow(0, 1), Arrow(2, 2)))
NONE = Chart(("one", "two"), ())


def rects(drawn: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, found)) for found in RECT.findall(drawn)]


@pytest.mark.parametrize("chart", [HUB, LONG, DENSE, LONE, NONE])
def test_boxes_stand_apart_and_inside(chart: Chart) -> None:
    drawn = chart_drawing(chart, lambda words: "")
    boxes = rects(drawn)
    width, height = map(int, SIZE.findall(drawn)[0])
    assert len(boxes) == len(chart.boxes)
    for at, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
        for other_x, other_y, *_ in boxes[at + 1 :]:
            assert x != other_x or abs(y - other_y) >= h


@pytest.mark.parametrize("chart", [HUB, LONG, DENSE, LONE])
def test_no_arrow_runs_through_a_box(chart: Chart) -> None:
    drawn = chart_drawing(chart, lambda words: "")
    boxes = rects(drawn)
    for line in LINE.findall(drawn):
        y = 0.0
        for command, where in re.findall(r"([MCH])([^MCH]*)", line):
            values = [float(number) for number in re.findall(r"-?[\d.]+", where)]
            if command == "H":  # the way through a column
                assert not [
                    box
                    for box in boxes
                    if box[0] < values[0] <= box[0] + box[2] and box[1] < y < box[1] + box[3]
                ]
            else:
                y = values[-1]


def test_what_uses_a_box_stands_left_of_it_and_what_it_uses_right() -> None:
    x = [box[0] for box in rects(chart_drawing(HUB, lambda words: ""))]
    assert set(x[1:4]) == {min(x)}
    assert min(x) < x[0] < max(x)
    assert set(x[4:]) == {max(x)}


def test_an_arrow_says_who_uses_whom_and_hostile_names_are_text() -> None:
    chart = Chart(("<b>a", 'x"y'), (Arrow(0, 1, "<i>7"),))
    drawn = chart_drawing(chart, lambda words: 'h"<' if "x" in words else "")
    assert "<title>&lt;b&gt;a → x&quot;y: &lt;i&gt;7</title>" in drawn
    assert 'href="h&quot;&lt;"' in drawn
    assert "<b>" not in drawn
    assert "<i>" not in drawn


def test_columns_are_as_wide_as_the_longest_name_up_to_a_limit() -> None:
    narrow = rects(chart_drawing(Chart(("a", "b"), (Arrow(0, 1),)), lambda words: ""))
    wide = rects(chart_drawing(Chart(("a" * 20, "b"), (Arrow(0, 1),)), lambda words: ""))
    widest = rects(chart_drawing(Chart(("a" * 60, "b"), (Arrow(0, 1),)), lambda words: ""))
    assert narrow[0][2] < wide[0][2] < widest[0][2] < 200
    assert all(right[0] - left[0] - left[2] > 40 for left, right in pairwise(sorted(wide)))


def test_a_column_is_no_wider_than_its_own_names_and_many_columns_stand_closer() -> None:
    names = ("a" * 20, "b", "c")
    few = rects(chart_drawing(Chart(names, (Arrow(0, 1), Arrow(1, 2))), lambda words: ""))
    assert few[0][2] > few[1][2] == few[2][2]
    row = Chart(tuple("abcdef"), tuple(Arrow(at, at + 1) for at in range(5)))
    many = rects(chart_drawing(row, lambda words: ""))
    assert many[1][0] - many[0][0] < few[2][0] - few[1][0]
