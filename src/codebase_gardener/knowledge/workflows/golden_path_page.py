"""Workflow pages: a golden path in words, each step with its link, its diagram and its evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from codebase_gardener.documents.actions import action_in, says_purpose
from codebase_gardener.documents.facts import Heading
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.sentences import stands_alone, told_alone, whole_remarks
from codebase_gardener.knowledge.apis.section_titles import headings_around, opens_section, passage_title
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.apis.words_beside import lead_in, snippet_around
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.markup import code, fence
from codebase_gardener.knowledge.pages.mermaid import label_text
from codebase_gardener.knowledge.pages.quoting import inline, safe_markdown, summary_quote
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section
from codebase_gardener.knowledge.pages.wording import AREA_NOUNS, counted, enumerated
from codebase_gardener.knowledge.pages.workflow_layout import TESTS_ALONE, WrittenStep, execution_steps
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.fields_set import fields_set
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath, Step
from codebase_gardener.knowledge.workflows.passage_code import passage_code
from codebase_gardener.knowledge.workflows.passage_sequences import AREAS, is_direct
from codebase_gardener.knowledge.workflows.remarks_inside import remarks_inside
from codebase_gardener.knowledge.workflows.shared_words import speaks_of
from codebase_gardener.languages.symbols import TYPES
from codebase_gardener.utils.identifiers import title_words

__all__ = ["workflow_page"]

_MOST_PASSAGES = 8
_MOST_KEYWORDS = 8
_MOST_PLACES = 3
_MOST_OTHERS = 6
_TITLE = 120
_LEAST_WORDS = 4
_RULES_OUT = (
    r"\b(?:avoid\w*|instead of|rather than|unlike|without|replac\w+|(?:not|never|n.t) (?:use|call|using|calling))"
    r"\s+(?:\w+\s+){0,2}[`'\"]?[\w.]{0,60}?"
)
"""Words before the name of what is not to be used."""


def workflow_page(path: GoldenPath, apis: Mapping[Target, Api], repository: RepositoryFacts) -> Page:
    """The page of a golden path.

    Args:
        path: As mined.
        apis: The API of every step's target, with the names of its pages.
        repository: Its facts.

    Raises:
        KeyError: The target of a step is not among the APIs.
    """
    return _Writer(path, apis, repository).page()


@dataclass(frozen=True)
class _Counts:
    """How the passages use a step's API: counted in passages, not in calls."""

    passages: int
    helped: int
    keywords: Counter[str]


@dataclass
class _Writer:
    path: GoldenPath
    apis: Mapping[Target, Api]
    repository: RepositoryFacts
    sources: PageSources = field(init=False)

    def __post_init__(self) -> None:
        self.sources = PageSources(self.repository)
        self.steps = self.path.steps
        self.passages = self.path.passages
        self.taken = [_order(passage) for passage in self.passages]
        self.told: set[tuple[str, int, str]] = set()

    def page(self) -> Page:
        owner_repo = self.repository.owner_repo
        description, usage = self._description(), self._usage()
        written = [
            WrittenStep(
                number, self._title(step), f"Principle:{owner_repo}_{self.apis[step.target].principle}",
                self._prose(number, step),
            )
            for number, step in enumerate(self.steps, 1)
        ]  # fmt: skip
        return Page(
            type="Workflow",
            name=f"{owner_repo}_{self.path.page}",
            title=inline(self.path.title, _TITLE),
            overview=self._overview(),
            description="\n\n".join(
                filter(None, (description, self._led_in(self._overview() + description)))
            ),
            usage=usage,
            sections=(execution_steps(written), Section("Execution Diagram", self._diagram())),
            edges=tuple(Edge("step", step.principle) for step in written),
            sources=self.sources.all(),
            domains=self._domains(),
        )

    @cached_property
    def wanted(self) -> frozenset[Target]:
        """What the steps use."""
        return frozenset(step.target for step in self.steps)

    @cached_property
    def again(self) -> tuple[Use, ...]:
        """The calls of earlier steps that the code that the path is named after makes behind its last step."""
        first = self.passages[0]
        direct = [
            use for use in first.uses if use.acts and use.target in self.wanted and is_direct(first, use)
        ]
        last = [at for at, use in enumerate(direct) if use.target == self.steps[-1].target]
        if first.area not in ("readme", "docs") or not last:
            return ()
        behind = (use for use in direct[last[0] + 1 :] if use.target != self.steps[-1].target)
        calls = (use for use in behind if use.kind == "call" and not self._makes(use.target))
        return tuple({use.target: use for use in calls}.values())

    def _makes(self, target: Target) -> bool:
        symbol = self.apis[target].symbol
        return symbol is not None and symbol.kind in TYPES

    @cached_property
    def end(self) -> Step:
        """The step on which it ends: the last, or one that is taken again, but for the first."""
        last = self.again[-1].target if self.again else self.steps[-1].target
        return next((step for step in self.steps[1:] if step.target == last), self.steps[-1])

    # ---- what it is

    def _overview(self) -> str:
        """One sentence: the document's, else one on the steps."""
        heading = self._heading()
        begins = told_alone(next(iter(whole_remarks(heading.summary)), "")) if heading else ""
        is_of_it = stands_alone(begins) and begins.endswith((".", "!")) and speaks_of(begins, self._code())
        title = inline(self.path.title, _TITLE)
        if says := self._said or (begins if is_of_it else ""):
            return f"{title}, in the authors' words: “{inline(says)}”"
        first, last = self._name(self.steps[0]), self._name(self.end)
        kind = "tests" if self.passages[0].area == "test" else "documents"
        if len(self.steps) == 1:
            return f"{title} takes 1 step, {first}, as the authors' {kind} show it."
        return f"{title} takes {len(self.steps)} steps, from {first} to {last}, as the authors' {kind} show them."

    @cached_property
    def _said(self) -> str:
        """The sentence before the code whose words the title is; "" where it is a heading's."""
        title = self.path.title.casefold()
        first = self.passages[0]
        leads = (lead_in(use, self.repository) for use in first.uses if use.path == first.path)
        for text in dict.fromkeys(lead[2] for lead in leads if lead):
            for sentence in whole_remarks(plain_text(text, code_marks=True)):
                words = action_in(sentence).replace("`", "").casefold()
                if words and title.endswith(words) and stands_alone(sentence):
                    return told_alone(sentence)
        return ""

    def _code(self) -> str:
        """The lines that the path is named after, and what it and its steps are called."""
        first = self.passages[0]
        names = (step.target.name for step in self.steps)
        return "\n".join(
            (self.path.title, *names, *self.repository.lines(first.path, first.start, first.end))
        )

    def _description(self) -> str:
        first = self.passages[0]
        where = self.sources.cite(first.path, first.start, first.end)
        parts = [f"{self._origin(first)} at {where}."]
        heading = self._heading()
        if (
            heading
            and not self._said
            and stands_alone(heading.summary)
            and speaks_of(heading.summary, self._code())
            and f"“{inline(heading.summary)}”" not in self._overview()
        ):
            parts += [
                f"The section {inline(heading.title, _TITLE)} begins so:",
                safe_markdown(heading.summary, 12),
            ]
        if shown_code := passage_code(first, self.repository, self.sources):
            parts.append(shown_code)
        if len(self.passages) == 1:  # nothing to count
            return "\n\n".join(parts)
        areas = Counter(passage.area for passage in self.passages)
        listed = ", ".join(counted(areas[area], *AREA_NOUNS[area]) for area in AREAS if areas[area])
        wanted = {step.target for step in self.steps}
        whole = sum(wanted <= taken.keys() for taken in self.taken)
        half = sum(2 * len(wanted & taken.keys()) >= len(wanted) for taken in self.taken) - whole
        parts.append(
            f"It is mined from {counted(len(self.passages), 'passage')}: {listed}. "
            f"Of them, {whole} {'uses' if whole == 1 else 'use'} {self._all_steps()}"
            + (f" and {half} at least half of them." if half else ".")
            + (" A test also uses what the helpers and fixtures of its file use." if areas["test"] else "")
        )
        parts.append(f"The steps stand in the order {self._order_of()}. The passages that show it best:")
        shown = [
            f"- {self._called(passage) or passage.area}: "
            f"{self.sources.cite(passage.path, passage.start, passage.end)}"
            for passage in self._best_passages()
        ]
        return "\n\n".join([*parts, "\n".join(shown)])

    def _all_steps(self) -> str:
        return f"all {len(self.steps)} steps" if len(self.steps) > 1 else "its one step"

    def _usage(self) -> str:
        """From where to where, what it needs, and which steps are not always taken."""
        own = list(
            dict.fromkeys(
                self._name(step) for step in self.steps if not step.target.external or self._is_typed(step)
            )
        )
        outside = sorted(
            {
                step.target.name.partition(".")[0]
                for step in self.steps
                if step.target.external and not self._is_typed(step)
            }
        )
        first, last = self._title(self.steps[0]), self._title(self.end)
        whole = f"It leads from {first} to {last}" if len(self.steps) > 1 else f"It is one step, {first}"
        parts = [f"{whole}. Of this repository it uses {', '.join(own)}."]
        if outside:
            parts.append(f"From outside it needs {', '.join(map(code, outside))}.")
        rare = [
            self._name(step) for step in self.steps if 2 * self._counts(step).passages < len(self.passages)
        ]
        if rare:
            parts.append(f"Less than half of the passages use {', '.join(rare)}.")
        return "\n\n".join(parts)

    def _origin(self, first: Passage) -> str:
        """What it is named after, or where it is best seen."""
        title = self._called(first)
        if first.area == "test":
            return f"{TESTS_ALONE} The one that is most like it is {code(first.scope)}"
        kinds = {"readme": "The README's section", "docs": "The docs' section", "example": "The example"}
        return f"{kinds.get(first.area, 'The docstring example')} {title} shows it"

    def _called(self, passage: Passage) -> str:
        return inline(passage_title(passage, self.repository), _TITLE)

    def _order_of(self) -> str:
        is_test = self.passages[0].area == "test"
        return "that most of these passages have" if is_test else "of the passage that it is named after"

    def _best_passages(self) -> list[Passage]:
        """The first, then those with all of the steps, documents before tests."""
        wanted = {step.target for step in self.steps}

        def rank(number: int) -> tuple[int, ...]:
            passage = self.passages[number]
            direct = {use.target for use in passage.uses if is_direct(passage, use)}
            return (
                AREAS.index(passage.area),
                -len(wanted & direct),
                -len(wanted & self.taken[number].keys()),
                number,
            )

        whole = (n for n in range(1, len(self.passages)) if wanted <= self.taken[n].keys())
        return [self.passages[n] for n in (0, *sorted(whole, key=rank)[: _MOST_PASSAGES - 1])]

    def _heading(self) -> Heading | None:
        """The section that the workflow stands in, where its first words lead to this code and say something."""
        first = self.passages[0]
        if first.area not in ("readme", "docs"):
            return None
        around = headings_around(first, self.repository)
        named = next((each for each in around if each.title == self.path.title), None)
        inner = named or next(iter(around), None)
        is_its = inner is not None and opens_section(first, inner, self.repository) and _tells(inner.summary)
        return inner if is_its else None

    # ---- the steps

    def _title(self, step: Step) -> str:
        return self.apis[step.target].principle.replace("_", " ")

    def _name(self, step: Step) -> str:
        return code(_called(self.apis[step.target]))

    def _counts(self, step: Step) -> _Counts:
        keywords: Counter[str] = Counter()
        passages = helped = 0
        for passage in self.passages:
            uses = [use for use in passage.uses if use.target == step.target and use.acts]
            passages += bool(uses)
            helped += bool(uses) and not any(is_direct(passage, use) for use in uses)
            keywords.update({keyword for use in uses for keyword in use.keywords})
        return _Counts(passages, helped, keywords)

    def _prose(self, number: int, step: Step) -> str:
        """What happens, with which arguments, what it yields, where it is shown: a sentence each."""
        counts = self._counts(step)
        why = self._why(step)
        parts = [*([why] if why else []), self._does(step)]
        parts += filter(None, [self._shares(number, counts)])
        given = sorted(counts.keywords.items(), key=lambda item: (-item[1], item[0]))
        if given:
            shown = [f"{code(name)} ({times})" for name, times in given[:_MOST_KEYWORDS]]
            what = "Options" if self._is_typed(step) else "Keyword arguments"
            parts.append(
                f"{what}, with the number of passages that give them: {enumerated(shown, len(given))}."
            )
        if takes := self._takes(step):
            parts.append(takes)
        yields = self._yields(step)
        others = [code(target.name) for target in step.others[:_MOST_OTHERS]]
        parts += [yields] if yields else []
        parts += self._sets(step)
        parts += (
            [f"Other passages use {enumerated(others, len(step.others))} at this step."] if others else []
        )
        places = self._places(step)
        parts.append(f"It is shown at {', '.join(places)}.")
        return " ".join([*parts, *(self._again() if number == len(self.steps) else ())])

    def _again(self) -> Iterator[str]:
        """What is called once more after the last step, with what a comment says of it."""
        first = self.passages[0]
        said = remarks_inside(first, self.wanted, self.repository)
        for use in self.again:
            where = self.sources.cite(use.path, use.start, use.end)
            yield f"Then {code(_called(self.apis[use.target]))} is called again ({where})."
            start, end, words = said.get(use, (0, 0, ""))
            if words and (use.path, start, words) not in self.told:
                self.told.add((use.path, start, words))
                yield _told(words, self.sources.cite(use.path, start, end))

    def _why(self, step: Step) -> str:
        """The sentence before the code that takes the step, or the remark above its line, quoted.

        A sentence that does not name the step is of all that the code does: it is the step's where that is no other.
        """
        for passage in self.passages:
            use = next((each for each in passage.uses if each.target == step.target), None)
            if use is None or passage.area not in ("readme", "docs") or use.path.endswith(".ipynb"):
                continue
            for start, end, sentence in self._reasons(use, passage):
                if sentence and (use.path, start, sentence) not in self.told:
                    self.told.add((use.path, start, sentence))
                    return _told(sentence, self.sources.cite(use.path, start, end))
            return ""  # a later passage does it for a purpose of its own
        return ""

    def _reasons(self, use: Use, passage: Passage) -> Iterator[tuple[int, int, str]]:
        """What is said of a use, what names it first: first line, last line, sentence."""
        lead = lead_in(use, self.repository)
        said = _quotable(lead[2]) if lead else []
        name = use.target.name
        named = re.compile(_named(name))
        remark = remarks_inside(passage, self.wanted, self.repository).get(use)
        if lead:
            of_it = (one for one in reversed(said) if named.search(one) and not _rules_out(one, name))
            yield from ((*lead[:2], one) for one in of_it)
        if remark:
            yield (*remark[:2], next(iter(_quotable(remark[2])), ""))
        snippet = snippet_around(use, self.repository)
        if lead and said and snippet and self._takes_alone(use, passage):
            lines = self.repository.lines(use.path, snippet.start, snippet.end)
            if speaks_of(said[-1], "\n".join((use.target.name, *lines))):
                yield (*lead[:2], said[-1])

    def _takes_alone(self, use: Use, passage: Passage) -> bool:
        """Whether the code that a use stands in takes no other step."""
        others = {step.target for step in self.steps} - {use.target}
        snippet = snippet_around(use, self.repository)
        return snippet is not None and not any(
            each.target in others and each.path == use.path and snippet.start <= each.start <= snippet.end
            for each in passage.uses
        )

    def _led_in(self, told: str) -> str:
        """The sentence before the code that takes several steps, which is of none of them alone."""
        first = self.passages[0]
        leads = (lead_in(each, self.repository) for each in first.uses if each.path == first.path)
        if first.area not in ("readme", "docs") or first.path.endswith(".ipynb"):
            return ""
        lead = next(filter(None, leads), None)
        said = _quotable(lead[2]) if lead else []
        if lead is None or not said or any(key[:2] == (first.path, lead[0]) for key in self.told):
            return ""
        last = said[-1]
        is_against = any(_rules_out(last, step.target.name) for step in self.steps)
        if inline(last) in told or is_against or not speaks_of(last, self._code()):
            return ""
        return _told(last, self.sources.cite(first.path, *lead[:2]))

    def _takes(self, step: Step) -> str:
        symbol = self.apis[step.target].symbol
        names = symbol.parameters if symbol is not None else ()
        if symbol is not None and symbol.kind == "class":
            maker = self.repository.symbols.get((symbol.path, f"{symbol.qualified_name}.__init__"))
            names = maker.parameters if maker is not None else ()
        listed = enumerated([code(name) for name in names[:_MOST_KEYWORDS]], len(names))
        return f"It takes {listed}." if listed else ""

    def _sets(self, step: Step) -> list[str]:
        """What the code that the path is named after gives the fields of what is made, from this step to the next."""
        first = self.passages[0]
        if first.area not in ("readme", "docs") or first.path.endswith(".ipynb"):
            return []
        starts = {
            each.target: use.start
            for each in self.steps
            if (use := next((use for use in first.uses if use.target == each.target and use.acts), None))
        }
        if step.target not in starts:
            return []
        from_line = starts[step.target]
        after = [line for target, line in starts.items() if line > from_line]
        if any(line == from_line for line in list(starts.values())[list(starts).index(step.target) + 1 :]):
            return []  # the last step of a line stands for it
        lines = self.repository.lines(first.path, first.start, first.end)
        return [
            f"Then {code(text)} is set ({self.sources.cite(first.path, line, line)})."
            for line, text in fields_set(lines, first.start)
            if from_line <= line < min(after, default=first.end + 1)
        ][:_MOST_PLACES]

    def _is_typed(self, step: Step) -> bool:
        return self.apis[step.target].kind == "External Tool Doc"

    def _does(self, step: Step) -> str:
        api = self.apis[step.target]
        name = self._name(step)
        if self._is_typed(step):
            typed = next((use.text for use in step.uses if use.text), step.target.name)
            return f"It is typed as {code(inline(typed, _TITLE))}."
        if step.target.external:
            return f"{name} of the package {code(step.target.name.partition('.')[0])} does this step."
        told = summary_quote(documented(api.symbol)) if api.symbol else ""
        if api.symbol is None or not told:
            return f"{name} does this step."
        where = self.sources.cite_docstring(api.symbol)
        return f"{name} does this step; its docstring ({where}) says: {told}"

    def _shares(self, number: int, counts: _Counts) -> str:
        total = len(self.passages)
        says = f"{counts.passages} of the {total} passages {'uses' if counts.passages == 1 else 'use'} it."
        if total == 1 or (counts.passages == total and not counts.helped):
            says = ""  # nothing to tell
        elif counts.helped:
            says = f"{says[:-1]}, {counts.helped} of them through a helper or fixture of their file."
        if number == 1:
            return says
        before = self.steps[number - 2].target
        target = self.steps[number - 1].target
        both = [taken for taken in self.taken if before in taken and target in taken]
        after = sum(taken[before] < taken[target] for taken in both)
        if after == len(both):
            return says
        order = f"{after} of the {len(both)} passages that have it and step {number - 1} have it after that."
        return f"{says} {order[0].upper()}{order[1:]}".strip()

    def _yields(self, step: Step) -> str:
        symbol = self.apis[step.target].symbol
        if symbol is None:
            return ""
        if symbol.kind == "class":
            return f"It gives an instance of {code(symbol.name)}."
        return f"It returns {code(symbol.returns)}." if symbol.returns and symbol.returns != "None" else ""

    def _places(self, step: Step) -> list[str]:
        """Of different passages, documents first."""
        found: dict[tuple[str, int], str] = {}
        for passage in self._best_passages():
            for use in passage.uses:
                key = (use.path, use.start)
                if use.target == step.target and use.acts and key not in found:
                    if len(found) < _MOST_PLACES:
                        found[key] = self.sources.cite(use.path, use.start, use.end)
                    break
        if not found:
            use = step.uses[0]
            return [self.sources.cite(use.path, use.start, use.end)]
        return list(found.values())

    def _diagram(self) -> str:
        titles = [label_text(f"{number}. {self._title(step)}") for number, step in enumerate(self.steps, 1)]
        names = [label_text(_called(self.apis[step.target])) for step in self.steps]
        lines = ["flowchart TD"]
        lines += [
            f'  S{n}["{title}<br/>{name}"]'
            for n, (title, name) in enumerate(zip(titles, names, strict=True), 1)
        ]
        lines += [f"  S{n} --> S{n + 1}" for n in range(1, len(titles))]
        numbers = {step.target: number for number, step in enumerate(self.steps, 1)}
        whole = [len(self.steps), *(numbers[use.target] for use in self.again)]
        lines += [f"  S{start} --> S{end}" for start, end in pairwise(whole)]
        return fence("\n".join(lines), "mermaid")

    def _domains(self) -> tuple[str, ...]:
        names = [self.path.title, *(step.target.name.rpartition(".")[2] for step in self.steps)]
        return tuple(sorted({word.lower() for name in names for word in title_words(name) if len(word) > 2}))


def _called(api: Api) -> str:
    if api.kind == "External Tool Doc":
        return api.target.name
    return api.called or api.target.name


def _told(sentence: str, where: str) -> str:
    """What the authors say before the code, called a reason only where it is one."""
    who = "Why, in the authors' words" if says_purpose(sentence) else "The authors say"
    return f"{who} ({where}): “{inline(sentence)}”"


def _named(name: str) -> str:
    return rf"(?<!\w){re.escape(name.rpartition('.')[2])}(?!\w)"


def _rules_out(sentence: str, name: str) -> bool:
    """Whether a sentence says not to use what has the name."""
    return re.search(_RULES_OUT + _named(name), sentence, re.IGNORECASE) is not None


def _quotable(text: str) -> list[str]:
    """The sentences of a paragraph that tell more than that code follows, as "For example:" does."""
    found = (
        told_alone(one)
        for one in whole_remarks(plain_text(text, code_marks=True))
        if stands_alone(one) and not (one.endswith(":") and not action_in(one))
    )
    return list(filter(None, found))


def _tells(summary: str) -> bool:
    """Whether a section's first paragraph says something, and does not only announce the code."""
    return len(summary.split()) > _LEAST_WORDS and not summary.rstrip().endswith(":")


def _order(passage: Passage) -> dict[Target, int]:
    """Place of the first use of each target."""
    found: dict[Target, int] = {}
    for place, use in enumerate(passage.uses):
        if use.acts:
            found.setdefault(use.target, place)
    return found
