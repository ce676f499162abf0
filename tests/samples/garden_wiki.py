"""A wiki of the garden, written by hand: an API, a principle and an example for each plant, and what joins them."""

from __future__ import annotations

from codebase_gardener.knowledge.pages.anchoring import source_of
from codebase_gardener.knowledge.pages.citations import quote
from codebase_gardener.knowledge.pages.implementation_layout import (
    CodeReference,
    IoContract,
    Output,
    Parameter,
    code_reference,
    io_contract,
)
from codebase_gardener.knowledge.pages.markup import table
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section
from codebase_gardener.knowledge.pages.workflow_layout import WrittenStep, execution_steps
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import Anchor, split_lines

__all__ = ["OWNER", "garden_pages"]

OWNER = "acme_garden"


def garden_pages(garden: Snapshot) -> list[Page]:
    """The pages: of every plant two, a workflow over all plants, an environment, a heuristic of each plant."""
    lines = {file.path: split_lines(file.text) for file in garden.files}
    apis = [
        source_of(symbol.anchor, lines[path], symbol.qualified_name)
        for path, found in sorted(extract_tables(garden).items())
        for symbol in found.symbols
        if symbol.name.startswith("water_")
    ]
    readme = source_of(Anchor("README.md", 2, 2), lines["README.md"])
    pages = [_workflow(apis, readme), _environment(readme)]
    for api in apis:
        pages += [_implementation(api, lines, readme), _principle(api), _heuristic(api)]
    return sorted(pages, key=lambda page: page.id)


def _cited(lines: dict[str, list[str]], anchor: Anchor) -> list[str]:
    return lines[anchor.path][anchor.start - 1 : anchor.end]


def _implementation(api: Source, lines: dict[str, list[str]], readme: Source) -> Page:
    reference = CodeReference(
        api.anchor,
        "",
        f"def {api.symbol}(plants):",
        f"from garden import {api.symbol}",
        f"{api.symbol}(plants)",
    )
    contract = IoContract(
        (Parameter("plants", "list", "", True, f"The plants of {api.symbol}."),
         Parameter("litres", "int", "2", False, "")),
        (Output("int", f"What {api.symbol} gave."),),
    )  # fmt: skip
    shown = quote(readme.anchor, _cited(lines, readme.anchor))
    return Page(
        "Implementation", f"{OWNER}_{api.symbol}", api.symbol, f"`{api.symbol}` waters.", "It does.", "Call it.",
        (code_reference(reference), io_contract(contract), Section("Usage Examples", shown)),
        (), (api, readme), (), "API Doc",
    )  # fmt: skip


def _principle(api: Source) -> Page:
    edge = Edge("implemented_by", f"Implementation:{OWNER}_{api.symbol}")
    return Page(
        "Principle", f"{OWNER}_Principle_of_{api.symbol}", f"Principle of {api.symbol}", "Water is life.", "D", "U",
        (Section("Theoretical Basis", ""),), (edge,),
    )  # fmt: skip


def _workflow(apis: list[Source], readme: Source) -> Page:
    targets = [f"Principle:{OWNER}_Principle_of_{api.symbol}" for api in apis]
    steps = [WrittenStep(n, f"Pour {n}", target, "Water is poured.") for n, target in enumerate(targets, 1)]
    return Page(
        "Workflow", f"{OWNER}_Watering", "Watering", "Water every plant.", "D", "Daily.",
        (execution_steps(steps), Section("Execution Diagram", "")),
        tuple(Edge("step", target) for target in targets), (readme,),
    )  # fmt: skip


def _environment(readme: Source) -> Page:
    needs = table(("Package", "Version", "Where"), [("`watercan`", "`>=1.2`", f"`{readme.anchor}`")])
    return Page(
        "Environment", f"{OWNER}_Core_Environment", "Core Environment", "A can.", "D", "U",
        (Section("Dependencies", needs), Section("Quick Install", "```shell\npip install garden\n```")),
        (), (readme,),
    )  # fmt: skip


def _heuristic(api: Source) -> Page:
    insight = f"- **Action:** “Water less in {api.symbol}.”\n- **Value:** Not stated by the source."
    return Page(
        "Heuristic", f"{OWNER}_Advice_on_{api.symbol}", f"Advice on {api.symbol}",
        f"{api.symbol} drowns.", "D", "U", (Section("The Insight", insight),), (), (api,),
    )  # fmt: skip
