"""Workflow pages: a golden path in words, each step with its link, its diagram and its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from codebase_gardener.knowledge.apis import Api
from codebase_gardener.knowledge.golden_path import GoldenPath, Step
from codebase_gardener.knowledge.markup import code, fence
from codebase_gardener.knowledge.page_sources import PageSources
from codebase_gardener.knowledge.pages import Edge, Page, Section
from codebase_gardener.knowledge.quoting import inline, words_of
from codebase_gardener.knowledge.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.resolution import Resolution, Target
from codebase_gardener.knowledge.workflow_layout import WrittenStep, execution_steps

__all__ = ["workflow_page"]

_MOST_PASSAGES = 5
_MOST_KEYWORDS = 6


def workflow_page(
    path: GoldenPath, apis: Mapping[Target, Api], repository: RepositoryFacts, resolution: Resolution
) -> Page:
    """The page of a golden path.

    Args:
        path: As mined.
        apis: Of every step's target.
        repository: Its facts.
        resolution: What its names mean.
    """
    del resolution
    owner_repo = repository.owner_repo
    sources = PageSources(repository)
    steps = [step for step in path.steps if step.target in apis]
    written = [
        WrittenStep(
            number,
            apis[step.target].principle.replace("_", " "),
            f"Principle:{owner_repo}_{apis[step.target].principle}",
            _prose(step, apis[step.target], sources),
        )
        for number, step in enumerate(steps, 1)
    ]
    names = [code(apis[step.target].call.partition("(")[0]) for step in steps]
    return Page(
        type="Workflow",
        name=f"{owner_repo}_{path.page}",
        title=inline(path.title, 120),
        overview=f"{inline(path.title, 120)}: {len(steps)} steps, from {names[0]} to {names[-1]}.",
        description=_description(path, sources),
        usage=_usage(path, sources),
        sections=(execution_steps(written), Section("Execution Diagram", _diagram(written))),
        edges=tuple(dict.fromkeys(Edge("step", step.principle) for step in written)),
        sources=sources.all(),
        domains=tuple(sorted({word.lower() for word in words_of(path.title) if len(word) > 2})),
    )


def _description(path: GoldenPath, sources: PageSources) -> str:
    counts = Counter(passage.area for passage in path.passages)
    areas = ", ".join(f"{area}: {count}" for area, count in sorted(counts.items()))
    lines = [
        f"- {inline(passage.title, 120)}: {sources.cite(passage.path, passage.start, passage.end)}"
        for passage in path.passages[:_MOST_PASSAGES]
    ]
    return f"It is mined from these passages ({areas}):\n\n" + "\n".join(lines)


def _usage(path: GoldenPath, sources: PageSources) -> str:
    first = path.passages[0]
    where = sources.cite(first.path, first.start, first.end)
    return f"The passage that shows it first: {inline(first.title, 120) or first.area}, {where}."


def _prose(step: Step, api: Api, sources: PageSources) -> str:
    counts = Counter(keyword for use in step.uses for keyword in dict.fromkeys(use.keywords))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_KEYWORDS]
    parts = [f"{code(api.call.partition('(')[0])} does it."]
    if ranked:
        given = ", ".join(f"{code(name)} ({times})" for name, times in ranked)
        parts.append(f"Keyword arguments, with how many of its uses here give them: {given}.")
    use = step.uses[0]
    parts.append(f"Shown at {sources.cite(use.path, use.start, use.end)}.")
    return " ".join(parts)


def _diagram(steps: list[WrittenStep]) -> str:
    lines = ["flowchart TD"]
    lines += [f'  S{step.number}["{_label(step.title)}"]' for step in steps]
    lines += [f"  S{step.number} --> S{step.number + 1}" for step in steps[:-1]]
    return fence("\n".join(lines), "mermaid")


def _label(text: str) -> str:
    return "".join(each if each.isalnum() or each in " _-.,()" else " " for each in text)
