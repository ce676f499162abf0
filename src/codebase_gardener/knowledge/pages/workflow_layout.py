"""The fixed layout of a Workflow's Execution Steps, written and read back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.pages.markup import link_free, outside_fences
from codebase_gardener.knowledge.pages.structure import Page, Section

__all__ = ["LINK", "TESTS_ALONE", "WrittenStep", "execution_steps", "read_steps"]

LINK = re.compile(r"\[\[([a-z_]{1,40})::([A-Za-z]{1,40}):([^\[\]#<>{}|+:/\s]{1,200})\]\]")
"""A link: its edge, the target's type and the target's name."""

TESTS_ALONE = "No document shows it, but tests take it."
"""How the description of a workflow begins that tests alone show."""

_HEADING = re.compile(r"### Step (\d{1,4}): (.*)\Z")
_ESCAPE = re.compile(r"\\(?=[\\`*\[\]<>_~&])")


@dataclass(frozen=True)
class WrittenStep:
    """A step as its page has it.

    Attributes:
        number: From 1.
        title: In words.
        principle: Id of the page that it links to: "Principle:…"; "" where it has no link.
        prose: What is said of it, without code.
        line: Of the heading in the section's body, 1-based; 0 for one that is to be written.
    """

    number: int
    title: str
    principle: str
    prose: str
    line: int = 0


def execution_steps(steps: Sequence[WrittenStep]) -> Section:
    """The section "Execution Steps"."""
    parts = [
        f"### Step {step.number}: {link_free(step.title)}\n\n[[step::{step.principle}]]"
        + (f"\n\n{step.prose.strip()}" if step.prose.strip() else "")
        for step in steps
    ]
    return Section("Execution Steps", "\n\n".join(parts))


def read_steps(page: Page) -> tuple[WrittenStep, ...]:
    """The steps of a Workflow's page, in the order in which it has them."""
    body = next((section.body for section in page.sections if section.heading == "Execution Steps"), "")
    starts = [
        (line, found)
        for line, text in enumerate(outside_fences(body), 1)
        if (found := _HEADING.match(text.rstrip()))
    ]
    lines = body.split("\n")
    ends = [line - 1 for line, _ in starts[1:]] + [len(lines)]
    return tuple(
        _step(found, line, lines[line:end]) for (line, found), end in zip(starts, ends, strict=False)
    )


def _step(heading: re.Match[str], line: int, lines: list[str]) -> WrittenStep:
    links = [(index, found) for index, text in enumerate(lines) if (found := LINK.fullmatch(text.strip()))]
    own = next(((index, found) for index, found in links if found[1] == "step"), None)
    prose = [text for index, text in enumerate(lines) if own is None or index != own[0]]
    return WrittenStep(
        number=int(heading[1]),
        title=_ESCAPE.sub("", heading[2]),
        principle=f"{own[1][2]}:{own[1][3]}" if own else "",
        prose="\n".join(prose).strip(),
        line=line,
    )
