"""The way into a wiki: pages of modules, and the first page, made when all other pages are known."""

from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.draft import WikiDraft
from codebase_gardener.knowledge.modules.page import ModulePages, module_page
from codebase_gardener.knowledge.modules.tree import ModuleTree, module_tree
from codebase_gardener.knowledge.overview.page import overview_page
from codebase_gardener.knowledge.pages.mermaid import MAX_BOXES, Arrow, sequence
from codebase_gardener.knowledge.pages.structure import Section
from codebase_gardener.knowledge.pages.workflow_groups import program_of
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath

__all__ = ["add_way_in"]


def add_way_in(draft: WikiDraft) -> None:
    """A page for each module, and the overview."""
    by_target = {api.target: draft.pages[page_id] for page_id, api in draft.api_of.items()}
    tree = module_tree(draft.repository)
    given = ModulePages(draft.context, tree, by_target, _workflows(draft))
    for module in tree.modules:
        draft.add(module_page(module, given))
    _add_sequences(draft, tree)
    pages = list(draft.pages.values())
    overview = overview_page(draft.context, given.relations, pages, by_target)
    if overview.sources or pages:  # a repository of a licence alone has nothing to show
        draft.add(overview)


def _add_sequences(draft: WikiDraft, tree: ModuleTree) -> None:
    """Under the steps of each workflow, which modules and packages the reader's code asks for what, in order."""
    for path in draft.mined:
        page = draft.pages[draft.page_id("Workflow", path.page)]
        apis = _apis(draft, path)
        asked = [(_asked(api, tree), api.called) for api in apis]
        asks = "you" if all(api.kind == "External Tool Doc" for api in apis) else "your code"
        actors = list(dict.fromkeys((asks, *(actor for actor, _ in asked))))
        if len(actors) > MAX_BOXES:
            actors = [*actors[: MAX_BOXES - 1], f"{len(actors) - MAX_BOXES + 1} others"]
        messages = [
            Arrow(0, actors.index(actor) if actor in actors else MAX_BOXES - 1, f"{number}. {call}")
            for number, (actor, call) in enumerate(asked, 1)
        ]
        *before, diagram = page.sections
        body = f"{diagram.body}\n\n{sequence(actors, messages)}"
        draft.add(replace(page, sections=(*before, Section(diagram.heading, body))))


def _apis(draft: WikiDraft, path: GoldenPath) -> list[Api]:
    return [draft.apis[step.target] for step in path.steps if step.target in draft.apis]


def _asked(api: Api, tree: ModuleTree) -> str:
    """The module that defines an API, the package that it is of, or the program that a command runs."""
    if api.kind == "External Tool Doc":
        return program_of(api.target.name) or "the server"
    module = tree.of_file.get(api.target.path)
    return module.title if module else api.target.path or api.target.name.partition(".")[0]


def _workflows(draft: WikiDraft) -> dict[str, list[tuple[str, str]]]:
    """Of each Implementation's id, title and file of the workflows that have it as a step."""
    found: dict[str, list[tuple[str, str]]] = {}
    for page in sorted(draft.pages.values(), key=lambda one: one.id):
        for edge in page.edges if page.type == "Workflow" else ():
            principle = draft.pages.get(edge.target) if edge.kind == "step" else None
            for made in principle.edges if principle else ():
                if made.kind == "implemented_by":
                    found.setdefault(made.target, []).append((page.title, page.file))
    return found
