"""Rows of a wiki: what they say, where they come from, and that nothing held out is among the training rows."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from codebase_gardener.dataset.assembly import Dataset, generate_dataset
from codebase_gardener.dataset.generation import TASKS
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.page_rows import PAGE_TASKS
from codebase_gardener.dataset.writer import load_dataset, write_dataset
from codebase_gardener.knowledge.pages.anchoring import source_of
from codebase_gardener.knowledge.pages.citations import quote
from codebase_gardener.knowledge.pages.implementation_layout import IoContract, Parameter, io_contract
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import Anchor
from samples.garden_wiki import OWNER, garden_pages

ALL = dict.fromkeys({**TASKS, **PAGE_TASKS}, 1.0)


@pytest.fixture(scope="module")
def pages(garden: Snapshot) -> list[Page]:
    return garden_pages(garden)


@pytest.fixture(scope="module")
def dataset(garden: Snapshot, pages: list[Page]) -> Dataset:
    return generate_dataset(garden, tasks=ALL, pages=pages, heldout_share=0.25)


def asked(dataset: Dataset) -> dict[str, str]:
    return {
        row.messages[0]["content"]: row.messages[1]["content"]
        for row in dataset.train
        if row.task in PAGE_TASKS
    }


def plant_of(dataset: Dataset, split: str) -> str:
    """A plant whose module is on this side."""
    heldout = {path[7:-3] for path in dataset.report.heldout_files}
    return min(heldout if split == "heldout" else {"rose", "tulip", "lily", "oak", "fern", "moss"} - heldout)


@pytest.mark.parametrize(
    ("questions", "answer"),
    [
        (("Where is `{f}` defined?", "Where does `{f}` stand?"), "`{f}` is defined at `garden/{p}.py:L"),
        (("What goes into `{f}`?", "What does `{f}` take?"), "- `plants` (`list`, required): The plants of {f}."),
        (("What comes out of `{f}`?", "What does `{f}` return?"), "- `int`: What {f} gave."),
        (("Which page of the wiki covers `{f}`?",), "`Implementation:{o}_{f}`."),
        (("What does the wiki's page `Implementation:{o}_{f}` cover?",), "`{f}` at `garden/{p}.py:L"),
        (("Which principle stands behind `{f}`?",), "Principle of {f}: `Principle:{o}_Principle_of_{f}`."),
        (("What implements the principle “Principle of {f}”?",), "Its page is `Implementation:{o}_{f}`."),
        (
            ("Show how `{f}` is used in `README.md`.", "Give an example of `{f}` from `README.md`."),
            "From `README.md:L2-2`:\n\n```python\nRun `water_rose` every day.\n```",
        ),
        (
            ("What does the source advise about “Advice on {f}”?", "What is to be minded about “Advice on {f}”?"),
            "{f} drowns. (`garden/{p}.py:L",
        ),
        (("How do I install the “Core Environment”?",), "```shell\npip install garden\n```"),
        (
            ("Which packages does the “Core Environment” need, and where does the source say so?",),
            "- watercan >=1.2 (`README.md:L2-2`)",
        ),
    ],
)  # fmt: skip
def test_questions_have_the_answers_that_the_pages_hold(
    dataset: Dataset, questions: tuple[str, ...], answer: str
) -> None:
    plant = plant_of(dataset, "train")
    names = {"p": plant, "f": f"water_{plant}", "o": OWNER}
    found = asked(dataset)
    answers = [found[one.format(**names)] for one in questions if one.format(**names) in found]
    assert len(answers) == 1
    assert answer.format(**names) in answers[0]
    assert "Not stated" not in answers[0]


def test_a_step_is_followed_by_the_next_one_with_its_call(dataset: Dataset, pages: list[Page]) -> None:
    rows = [row for row in dataset.examples if row.task == "wiki_workflow"]
    following = [row for row in rows if row.messages[1]["content"].startswith("Step ")]
    assert len(following) == 11
    for row in following:
        number = int(row.messages[1]["content"].split(":")[0].removeprefix("Step "))
        assert f"step {number - 1}" in row.messages[0]["content"]
        assert ", by `water_" in row.messages[1]["content"]
    (whole,) = {row.id for row in rows} - {row.id for row in following}
    assert next(row for row in rows if row.id == whole).split == "heldout"  # it names every plant


def test_rows_name_their_evidence(dataset: Dataset, garden: Snapshot, pages: list[Page]) -> None:
    rows = [row for row in dataset.examples if row.task in PAGE_TASKS]
    assert {row.task for row in rows} == set(PAGE_TASKS)
    cited = {str(source.anchor): source.symbol for page in pages for source in page.sources}
    for row in rows:
        assert row.symbol == cited[row.anchor]
        assert row.anchor.startswith(f"{row.path}:L")
        assert row.commit == garden.revision
        assert 0 < row.weight < 1
    ids = [row.id for row in dataset.examples]
    assert len(set(ids)) == len(ids)


def test_nothing_of_a_held_out_file_is_in_the_training_rows(dataset: Dataset) -> None:
    assert len(dataset.report.heldout_files) >= 2
    for path in dataset.report.heldout_files:
        plant = path[7:-3]
        own = [row for row in dataset.examples if row.task in PAGE_TASKS and plant in str(row.messages)]
        assert own
        assert {row.split for row in own} == {"heldout"}


def test_inherited_fields_hold_a_page_out_with_the_class_that_they_come_from(
    garden: Snapshot, pages: list[Page], dataset: Dataset
) -> None:
    kept, held = plant_of(dataset, "train"), plant_of(dataset, "heldout")
    wanted = f"Implementation:{OWNER}_water_{kept}"
    told = Parameter("leaves", "int", "", True, f"Its leaves. (inherited from `{held.title()}`)")

    def with_field(page: Page) -> Page:
        sections = [
            io_contract(IoContract((told,), ())) if part.heading == "I/O Contract" else part
            for part in page.sections
        ]
        return replace(page, sections=tuple(sections)) if page.id == wanted else page

    made = generate_dataset(garden, tasks=ALL, pages=[with_field(page) for page in pages], heldout_share=0.25)
    assert made.report.heldout_files == dataset.report.heldout_files
    assert not any("Its leaves." in str(row.messages) for row in made.train)
    assert any("Its leaves." in str(row.messages) for row in made.examples)
    assert not any(wanted in function.context_with_pages for function in made.heldout)


@pytest.mark.slow
def test_the_code_rows_and_prompts_are_those_without_a_wiki(dataset: Dataset, garden: Snapshot) -> None:
    without = generate_dataset(garden, tasks=ALL, heldout_share=0.25)
    assert tuple(row for row in dataset.examples if row.task not in PAGE_TASKS) == without.examples
    assert [replace(one, prompt_with_pages="", context_with_pages=()) for one in dataset.heldout] == list(
        without.heldout
    )
    assert all("pages" not in key for one in without.heldout for key in one.as_row())
    assert generate_dataset(garden, tasks=ALL, heldout_share=0.25, pages=()).hash == without.hash


def test_the_order_of_pages_changes_nothing(garden: Snapshot, pages: list[Page], dataset: Dataset) -> None:
    shuffled = random.Random(3).sample(pages, len(pages))
    again = generate_dataset(garden, tasks=ALL, pages=shuffled, heldout_share=0.25)
    assert again.hash == dataset.hash
    assert again.heldout == dataset.heldout


def test_shares_are_those_of_the_table(garden: Snapshot, pages: list[Page], dataset: Dataset) -> None:
    default = generate_dataset(garden, pages=pages, heldout_share=0.25)
    for task in PAGE_TASKS:
        kept = {row.id for row in default.examples if row.task == task}
        assert kept <= {row.id for row in dataset.examples if row.task == task}
    many = sum(row.task == "wiki_api" for row in dataset.examples)
    assert 0 < sum(row.task == "wiki_api" for row in default.examples) < 0.6 * many


@pytest.mark.parametrize("change", ["moved", "other hash", "no such file"])
def test_a_page_of_another_state_of_the_source_gives_nothing(
    garden: Snapshot, pages: list[Page], change: str
) -> None:
    page = next(page for page in pages if page.type == "Heuristic")
    (source,) = page.sources
    wrong = {
        "moved": replace(source, anchor=replace(source.anchor, start=1, end=500)),
        "other hash": replace(source, sha256="0" * 16),
        "no such file": replace(source, anchor=replace(source.anchor, path="gone.py")),
    }[change]
    made = generate_dataset(garden, tasks=ALL, pages=[replace(page, sources=(wrong,))])
    assert not any(row.task in PAGE_TASKS for row in made.examples)
    assert all(one.prompt_with_pages == "" for one in made.heldout)


def test_a_secret_that_a_person_wrote_into_a_page_is_in_no_row(garden: Snapshot, pages: list[Page]) -> None:
    key = "AKIA" + "IOSFODNN7ABCDEFG"
    told = [
        replace(page, overview=f"Log in with {key}.") if page.type == "Heuristic" else page for page in pages
    ]
    made = generate_dataset(garden, tasks=ALL, pages=told)
    assert key not in str([row.messages for row in made.examples])
    assert any(row.task == "wiki_api" for row in made.examples)


def test_an_example_that_repeats_a_held_out_body_is_removed(
    garden: Snapshot, pages: list[Page], dataset: Dataset, snapshot_of: Any
) -> None:
    held = dataset.report.heldout_files[0]
    body = next(one.completion for one in dataset.heldout if one.path == held and "total_" in one.completion)
    plain = {file.path: file.text for file in garden.files}
    copied = snapshot_of({**plain, "README.md": f"# Garden\n{body}"})
    lines = body.rstrip("\n").split("\n")
    shown = source_of(Anchor("README.md", 2, 1 + len(lines)), ["# Garden", *lines])
    kept = plant_of(dataset, "train")
    page = next(page for page in pages if page.id == f"Implementation:{OWNER}_water_{kept}")
    sections = tuple(
        Section(part.heading, quote(shown.anchor, lines)) if part.heading == "Usage Examples" else part
        for part in page.sections
    )
    page = replace(page, sections=sections, sources=(page.sources[0], shown))
    made = generate_dataset(copied, tasks=ALL, pages=[page], heldout_share=0.25)
    assert held in made.report.heldout_files
    assert not any(row.task == "wiki_example" for row in made.train)
    assert made.report.near_duplicates >= 1


def test_pages_of_held_out_files_are_in_no_prompt(dataset: Dataset, pages: list[Page]) -> None:
    by_id = {page.id: page for page in pages}
    heldout = set(dataset.report.heldout_files)
    shown = [
        anchor
        for one in dataset.heldout
        for anchor in one.context_with_pages
        if anchor.partition("#")[0] in by_id
    ]
    assert shown
    for anchor in shown:
        sources = by_id[anchor.partition("#")[0]].sources
        assert not {source.anchor.path for source in sources} & heldout


def test_a_page_stands_in_the_prompt_as_comments_and_leaves_room_for_code(dataset: Dataset) -> None:
    one: HeldoutFunction = next(one for one in dataset.heldout if one.context_with_pages)
    *code, page = one.context_with_pages
    assert one.prompt_with_pages.startswith(f"# {page}\n# ")
    assert code
    assert all(f"# {anchor}\n" in one.prompt_with_pages for anchor in code)
    assert one.prompt_with_pages.endswith(one.prompt)
    assert len(one.prompt_with_pages) - len(one.prompt) <= 2_000


def test_what_was_written_reads_back(dataset: Dataset, tmp_path: Any) -> None:
    write_dataset(dataset, tmp_path / "set")
    assert load_dataset(tmp_path / "set") == dataset
