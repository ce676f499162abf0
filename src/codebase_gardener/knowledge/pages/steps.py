"""The nine attributes of a workflow's step, computed from the pages that the step links to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.pages.implementation_layout import (
    CodeReference,
    IoContract,
    Parameter,
    called_name,
    read_code_reference,
    read_io_contract,
)
from codebase_gardener.knowledge.pages.markup import NONE_FOUND, code
from codebase_gardener.knowledge.pages.rendering import incoming_edges
from codebase_gardener.knowledge.pages.structure import Edge, Page, Wiki
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.knowledge.pages.workflow_layout import read_steps

__all__ = ["ATTRIBUTES", "StepFacts", "WikiGraph", "WorkflowFacts", "api_name", "source_of"]

ATTRIBUTES = (
    "Principle", "Implementation", "API Call", "Source Location", "External Dependencies", "Environment",
    "Key Parameters", "Inputs", "Outputs",
)  # fmt: skip
"""In the order of the format."""

MAX_KEY_PARAMETERS = 8


@dataclass(frozen=True)
class StepFacts:
    """A step with the pages behind it; a page that does not exist is None.

    Attributes:
        number: From 1.
        title: In words.
        principle_id: As the Workflow's page has it.
        principle, implementation: The pages.
        reference, contract: The implementation's.
    """

    number: int
    title: str
    principle_id: str
    principle: Page | None
    implementation: Page | None
    reference: CodeReference | None
    contract: IoContract | None

    @property
    def api(self) -> str:
        """The API's name, "" where none is known."""
        return api_name(self.implementation, self.reference)

    @property
    def file(self) -> str:
        """The file that defines the API; "" for one from outside."""
        return self.reference.location.path if self.reference and self.reference.location else ""

    @property
    def source(self) -> str:
        """Source Location: the anchor, or where it comes from."""
        return source_of(self.reference)

    @cached_property
    def attributes(self) -> tuple[tuple[str, str], ...]:
        """The nine, each with its value."""
        inputs = self.contract.inputs if self.contract else ()
        outputs = self.contract.outputs if self.contract else ()
        values = (
            self.principle_id,
            self.implementation.id if self.implementation else NONE_FOUND,
            code(self.reference.call) if self.reference else "",
            self.source,
            ", ".join(map(code, self.reference.dependencies)) if self.reference else "",
            ", ".join(_targets(self.implementation, "requires_env")),
            _key_parameters(inputs),
            ", ".join(_typed(row) for row in inputs if row.required) or _none_required(inputs),
            "; ".join(filter(None, (code(row.type) or row.description for row in outputs))),
        )
        return tuple((name, value or NONE_FOUND) for name, value in zip(ATTRIBUTES, values, strict=True))


@dataclass(frozen=True)
class WorkflowFacts:
    """A workflow's page with its steps."""

    page: Page
    steps: tuple[StepFacts, ...]

    @property
    def apis(self) -> tuple[str, ...]:
        """Names of the steps' APIs, each once, in order."""
        return tuple(dict.fromkeys(step.api for step in self.steps if step.api))

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Packages from outside that its steps need, sorted."""
        return tuple(
            sorted({name for step in self.steps if step.reference for name in step.reference.dependencies})
        )


@dataclass(frozen=True)
class WikiGraph:
    """The pages of a wiki with their links followed."""

    wiki: Wiki

    @cached_property
    def pages(self) -> dict[str, Page]:
        """By id."""
        return {page.id: page for page in self.wiki.pages}

    @cached_property
    def workflows(self) -> tuple[WorkflowFacts, ...]:
        """In the order of the pages."""
        return tuple(self._workflow(page) for page in self.of_type("Workflow"))

    @cached_property
    def references(self) -> dict[str, CodeReference | None]:
        """Of each Implementation, by id."""
        return {page.id: read_code_reference(page) for page in self.of_type("Implementation")}

    @cached_property
    def contracts(self) -> dict[str, IoContract | None]:
        """What each Implementation says of inputs and outputs, by id."""
        return {page.id: read_io_contract(page) for page in self.of_type("Implementation")}

    @cached_property
    def principles_of(self) -> dict[str, tuple[str, ...]]:
        """Of each Implementation's id, the ids of the Principles that it implements."""
        found: dict[str, list[str]] = {}
        for page in self.of_type("Principle"):
            for target in _targets(page, "implemented_by"):
                found.setdefault(target, []).append(page.id)
        return {target: tuple(pages) for target, pages in found.items()}

    @cached_property
    def reachable(self) -> frozenset[str]:
        """Ids of the pages that some Workflow leads to, and of the Workflows."""
        return self.led_to(page.id for page in self.of_type("Workflow"))

    def led_to(self, page_ids: Iterable[str]) -> frozenset[str]:
        """Ids of some pages and of all that their links lead to."""
        seen: set[str] = set()
        waiting = list(page_ids)
        while waiting:
            page = self.pages.get(waiting.pop())
            if page and page.id not in seen:
                seen.add(page.id)
                waiting += [edge.target for edge in page.edges]
        return frozenset(seen)

    @cached_property
    def incoming(self) -> dict[str, tuple[Edge, ...]]:
        """Of each page's id, the inverses of the edges that lead to it."""
        return incoming_edges(self.wiki.pages)

    def of_type(self, kind: str) -> tuple[Page, ...]:
        """The pages of a type, in order."""
        return self._by_type.get(kind, ())

    @cached_property
    def _by_type(self) -> dict[str, tuple[Page, ...]]:
        found: dict[str, list[Page]] = {}
        for page in self.wiki.pages:
            found.setdefault(page.type, []).append(page)
        return {kind: tuple(pages) for kind, pages in found.items()}

    def short(self, page_id: str) -> str:
        """A page's name without its type and owner_repo."""
        return page_id.partition(":")[2].removeprefix(f"{self.wiki.owner_repo}_")

    def requiring(self, kind: str, target: str) -> tuple[Page, ...]:
        """The pages with an edge of a kind to a page, in order."""
        return self._by_target.get((kind, target), ())

    @cached_property
    def _by_target(self) -> Mapping[tuple[str, str], tuple[Page, ...]]:
        found: dict[tuple[str, str], list[Page]] = {}
        for page in self.wiki.pages:
            for edge in dict.fromkeys(page.edges):
                found.setdefault((edge.kind, edge.target), []).append(page)
        return {key: tuple(pages) for key, pages in found.items()}

    def _workflow(self, page: Page) -> WorkflowFacts:
        written = {step.number: step.title for step in read_steps(page)}
        targets = _targets(page, "step")
        return WorkflowFacts(
            page,
            tuple(
                self._step(number, written.get(number, ""), target)
                for number, target in enumerate(targets, 1)
            ),
        )

    def _step(self, number: int, title: str, target: str) -> StepFacts:
        principle = self.pages.get(target)
        implemented = _targets(principle, "implemented_by")
        implementation = self.pages.get(implemented[0]) if implemented else None
        return StepFacts(
            number=number,
            title=title or self.short(target),
            principle_id=target,
            principle=principle,
            implementation=implementation,
            reference=self.references.get(implementation.id) if implementation else None,
            contract=self.contracts.get(implementation.id) if implementation else None,
        )


def api_name(page: Page | None, reference: CodeReference | None) -> str:
    """What an API's page calls, without its arguments: "PeftModel.save_pretrained"; "" where nothing is known."""
    if reference is None:
        return ""
    return called_name(reference.call, page.title if page is not None and reference.location else "")


def source_of(reference: CodeReference | None) -> str:
    """Where an API stands: its anchor, or the program or the package that it is of."""
    if reference is None:
        return NONE_FOUND
    if reference.location:
        return code(str(reference.location))
    return f"{code(reference.external)} ({'of this repository' if reference.is_own else 'external'})"


def _targets(page: Page | None, kind: str) -> tuple[str, ...]:
    return tuple(edge.target for edge in page.edges if edge.kind == kind) if page else ()


def _typed(row: Parameter) -> str:
    return code(f"{row.name}: {row.type}" if row.type else row.name)


def _none_required(inputs: tuple[Parameter, ...]) -> str:
    """That none of them must be given, as far as the repository says; "" for no inputs."""
    if any(row.required is None for row in inputs):
        return f"none said to be required; {len(inputs)} in all"
    return f"none required; {len(inputs)} optional" if inputs else ""


def _key_parameters(inputs: tuple[Parameter, ...]) -> str:
    """Required ones first, then those with a default; how many more there are is said."""
    ordered = sorted(inputs, key=lambda row: not row.required)
    shown = [
        code(f"{row.name}={row.default}" if row.default else row.name) for row in ordered[:MAX_KEY_PARAMETERS]
    ]
    return enumerated(shown, len(ordered))
