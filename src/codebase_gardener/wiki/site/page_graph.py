"""The graph of all pages: a column for each type, a principle beside what implements it, links between them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from codebase_gardener.knowledge.pages.structure import EDGES
from codebase_gardener.wiki.site.contents import Contents

__all__ = ["Node", "PageGraph", "page_graph"]

COLUMNS = ("Workflow", "Principle", "Implementation", "Environment", "Heuristic")
_X = {"Workflow": 10, "Principle": 390, "Implementation": 770, "Environment": 1200, "Heuristic": 1200}
_TOP, _ROW, _WIDTH, _HEIGHT, _BETWEEN = 40, 24, 270, 20, 48
_CHARS = 38
_SWEEPS = 4


@dataclass(frozen=True)
class Node:
    """A page in the drawing; `x` and `y` are its left upper corner, in units of the drawing."""

    id: str
    type: str
    title: str
    link: str
    x: int
    y: int


@dataclass(frozen=True)
class PageGraph:
    """The drawing.

    Attributes:
        svg: Without script; each page is a link.
        data: JSON for the script: for each node its neighbours, as numbers.
        nodes: In the order of their numbers.
        edges: How many links it shows.
    """

    svg: str
    data: str
    nodes: tuple[Node, ...]
    edges: int


def page_graph(contents: Contents) -> PageGraph:
    """Draw the pages of a wiki.

    The order within a column follows the barycentre method (Sugiyama, Tagawa and Toda 1981): a page moves to the mean
    row of its neighbours in the columns that are placed already.
    """
    edges = [
        (page_id, edge.kind, edge.target)
        for page_id, page in contents.pages.items()
        for edge in page.edges
        if edge.target in contents.pages and page.type in COLUMNS
    ]
    edges = list(dict.fromkeys(edges))
    near: dict[str, list[str]] = defaultdict(list)
    for start, _, end in edges:
        near[start].append(end)
        near[end].append(start)
    nodes = _placed(_ordered(contents, near), contents)
    numbers = {node.id: number for number, node in enumerate(nodes)}
    pairs = [(numbers[start], kind, numbers[end]) for start, kind, end in edges]
    neighbours = [sorted({numbers[each] for each in near[node.id]}) for node in nodes]
    data = json.dumps(neighbours, separators=(",", ":"))
    return PageGraph(_svg(nodes, pairs), data, nodes, len(pairs))


def _ordered(contents: Contents, near: Mapping[str, list[str]]) -> dict[str, list[str]]:
    columns = {kind: [page.id for page in contents.of_type(kind)] for kind in COLUMNS}
    for _ in range(_SWEEPS):
        columns["Principle"] = _by_mean(columns["Principle"], columns["Workflow"], near)
        columns["Workflow"] = _by_mean(columns["Workflow"], columns["Principle"], near)
    rows = {page_id: row for row, page_id in enumerate(columns["Principle"])}
    columns["Implementation"].sort(
        key=lambda page_id: min((rows[each] for each in near.get(page_id, ()) if each in rows), default=10**9)
    )
    for kind in ("Environment", "Heuristic"):
        columns[kind] = _by_mean(columns[kind], columns["Implementation"], near)
    return columns


def _by_mean(moved: list[str], fixed: list[str], near: Mapping[str, list[str]]) -> list[str]:
    rows = {page_id: row / max(1, len(fixed)) for row, page_id in enumerate(fixed)}

    def mean(page_id: str) -> float:
        found = [rows[each] for each in near.get(page_id, ()) if each in rows]
        return sum(found) / len(found) if found else 2.0

    return sorted(moved, key=mean)  # stable: those that are equal stay in reading order


def _placed(columns: Mapping[str, list[str]], contents: Contents) -> tuple[Node, ...]:
    longest = max(len(column) for column in columns.values()) * _ROW
    nodes = []
    below = _TOP
    for kind in COLUMNS:
        column = columns[kind]
        beside = kind in ("Principle", "Implementation")
        top = below if kind == "Heuristic" else _TOP
        step = _ROW if beside else max(_ROW, min(3 * _ROW, longest // max(1, len(column))))
        if kind in ("Environment", "Heuristic"):
            step = _ROW
        for row, page_id in enumerate(column):
            page = contents.pages[page_id]
            link = contents.place_of(page_id) or ""
            nodes.append(Node(page_id, kind, page.title, link, _X[kind], top + row * step))
        if kind == "Environment":
            below = _TOP + len(column) * step + (_BETWEEN if column else 0)
    return tuple(nodes)


def _svg(nodes: Iterable[Node], pairs: Iterable[tuple[int, str, int]]) -> str:
    placed = tuple(nodes)
    height = max((node.y for node in placed), default=0) + 2 * _ROW
    width = _X["Heuristic"] + _WIDTH + 10
    lines: dict[str, list[str]] = {kind: [] for kind in EDGES}
    for start, kind, end in pairs:
        lines[kind].append(_line(placed[start], placed[end]))
    drawn = "".join(
        f'<path class="edge {kind}" d="{"".join(paths)}"/>' for kind, paths in lines.items() if paths
    )
    return (
        f'<svg id="graph" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-label="All pages and the links between them">'
        f'{drawn}<path id="near" d=""/>{_headings(placed)}'
        f"{''.join(_node(node, number) for number, node in enumerate(placed))}</svg>"
    )


def _headings(nodes: Iterable[Node]) -> str:
    first: dict[str, Node] = {}
    for node in nodes:
        first.setdefault(node.type, node)
    return "".join(
        f'<text class="heading" x="{node.x}" y="{node.y - 12}">{kind}s</text>' for kind, node in first.items()
    )


def _line(start: Node, end: Node) -> str:
    if start.x > end.x:
        start, end = end, start
    left, right = start.x + _WIDTH, end.x
    y, last = start.y + _HEIGHT // 2, end.y + _HEIGHT // 2
    middle = (left + right) // 2
    return f"M{left},{y}C{middle},{y} {middle},{last} {right},{last}"


def _node(node: Node, number: int) -> str:
    title = node.title if len(node.title) <= _CHARS else f"{node.title[: _CHARS - 1]}…"
    return (
        f'<a class="node {node.type.lower()}" href="{escape(node.link)}" data-n="{number}">'
        f"<title>{escape(f'{node.type}: {node.title}')}</title>"
        f'<rect x="{node.x}" y="{node.y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>'
        f'<text x="{node.x + 8}" y="{node.y + 14}">{escape(title)}</text></a>'
    )
