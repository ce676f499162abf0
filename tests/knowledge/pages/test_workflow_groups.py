"""Workflows stand under the module or the program that they serve; those of tests apart; one group has no heading."""

from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.pages.indexes import render_indexes
from codebase_gardener.knowledge.pages.structure import Edge, Page, Source
from codebase_gardener.knowledge.pages.workflow_groups import group_title, workflow_groups
from codebase_gardener.knowledge.pages.workflow_layout import TESTS_ALONE
from codebase_gardener.utils.anchors import Anchor
from samples.small_wiki import repository, wiki


def page(
    kind: str, name: str, *edges: tuple[str, str], title: str = "", note: str = "", says: str = ""
) -> Page:
    return Page(
        type=kind, name=name, title=title or name, overview="", description=says, usage="", sections=(),
        edges=tuple(Edge(*edge) for edge in edges), kind=note,
    )  # fmt: skip


def doing(api: str, title: str = "", note: str = "API Doc") -> list[Page]:
    made = page("Implementation", api, title=title, note=note)
    return [page("Principle", f"P_{api}", ("implemented_by", made.id)), made]


APIS = [
    *doing("load"), *doing("fire"), *doing("sell"), *doing("weigh"),
    *doing("build", "kiln build", "External Tool Doc"), *doing("train", "python train.py", "External Tool Doc"),
    *doing("get", "GET /pots", "External Tool Doc"),
    page("Module", "M_core", ("contains", "Implementation:load"), ("contains", "Implementation:fire"), title="kiln"),
    page("Module", "M_shop", ("contains", "Implementation:sell"), ("contains", "Implementation:weigh"), title="shop"),
]  # fmt: skip


def flow(name: str, *apis: str, says: str = "") -> Page:
    return page("Workflow", name, *[("step", f"Principle:P_{api}") for api in apis], says=says)


def grouped(*flows: Page) -> list[tuple[str, list[str]]]:
    groups = workflow_groups(flows, [*flows, *APIS])
    return [
        (group_title(group) if group.title else "", [one.name for one in group.pages]) for group in groups
    ]


def test_a_workflow_is_of_the_module_that_most_of_its_steps_use() -> None:
    flows = [
        flow("Selling", "load", "sell", "weigh"),
        flow("Firing", "load", "fire"),
        flow("Weighing", "weigh"),
    ]
    assert grouped(*flows) == [
        ("[`shop`](modules/M_shop.md)", ["Selling", "Weighing"]),
        ("[`kiln`](modules/M_core.md)", ["Firing"]),
    ]


def test_a_long_file_counts_as_the_package_that_it_is_in() -> None:
    long = page("Module", "M_long", ("contains", "Implementation:cool"), title="kiln/long.py")
    long = replace(long, sources=(Source(Anchor("kiln/long.py", 1, 9), "cool", "0" * 16),))
    core = replace(APIS[-2], edges=(*APIS[-2].edges, Edge("contains", long.id)))
    flows = [flow("Cooling", "cool"), flow("Firing", "fire"), flow("Selling", "sell")]
    groups = workflow_groups(flows, [*flows, *APIS[:-2], APIS[-1], core, long, *doing("cool")])
    assert [(group.title, len(group.pages)) for group in groups] == [("kiln", 2), ("shop", 1)]


def test_commands_are_of_their_program_and_calls_of_a_server_of_none() -> None:
    flows = [flow("Typed", "build"), flow("Called", "get"), flow("Trained", "train")]
    assert grouped(*flows) == [("", ["Called"]), ("`kiln`", ["Typed"]), ("`train.py`", ["Trained"])]


def test_one_group_has_no_heading_and_what_tests_alone_show_comes_last() -> None:
    seen = flow("Tried", "sell", says=f"{TESTS_ALONE} More.")
    assert grouped(flow("Firing", "load")) == [("", ["Firing"])]
    assert grouped(seen, flow("Firing", "load")) == [("", ["Firing"]), ("Seen in tests", ["Tried"])]
    assert grouped() == []


def test_the_index_has_the_groups_as_headings() -> None:
    made = wiki(repository())
    flows = (flow("Selling", "sell"), flow("Firing", "fire"), flow("Tried", "sell", says=TESTS_ALONE))
    text = render_indexes(replace(made, pages=(*flows, *APIS)))["_WorkflowIndex.md"]
    places = [text.index(words) for words in ("### [`shop`](", "[Selling](", "### [`kiln`](", "[Firing](",
                                              "### Seen in tests", "No document shows them.", "[Tried](")]  # fmt: skip
    assert places == sorted(places)
