"""Which APIs get a page: a score over visible features, and a threshold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from codebase_gardener.knowledge.api_candidates import Candidate, candidates
from codebase_gardener.knowledge.api_context import ApiContext
from codebase_gardener.knowledge.api_descriptions import counted
from codebase_gardener.knowledge.api_names import page_names
from codebase_gardener.knowledge.apis import Api
from codebase_gardener.repository.symbols import Symbol

__all__ = ["FEATURES", "THRESHOLD", "Feature", "Scored", "choose_apis", "ranked"]


@dataclass(frozen=True)
class Feature:
    """Something that speaks for a page or against it.

    Attributes:
        name: What it is called in reports.
        weight: Added to the score, times the value.
        value: From 0 to 1.
        says: The reason in words with its figures, "" where it is not worth a word.
        why: Why it has this weight.
    """

    name: str
    weight: float
    value: Callable[[Candidate], float]
    says: Callable[[Candidate], str]
    why: str


@dataclass(frozen=True)
class Scored:
    """A candidate with its score and the reasons, those that weigh most first."""

    candidate: Candidate
    score: float
    reasons: tuple[str, ...]


def _grows(number: int, full: int) -> float:
    """From 0 to 1, logarithmically: the first use tells most."""
    return min(1.0, math.log1p(number) / math.log1p(full))


def _silent(_: Candidate) -> str:
    return ""


FEATURES: tuple[Feature, ...] = (
    Feature("listed", 6.0, lambda c: float(c.listed > 0), lambda c: "listed in the API reference of the docs",
            "the authors themselves chose it"),
    Feature("exported", 2.0, lambda c: float(bool(c.exported)),
            lambda c: f"{'a method of a class ' if c.owner else ''}exported as `{c.exported}`",
            "an `__init__` that imports a name makes it public"),
    Feature("top level", 1.0, lambda c: float(c.top), _silent, "the top package's names are what users meet first"),
    Feature("declared", 0.5, lambda c: float(c.declared), lambda c: "in its module's `__all__`",
            "`__all__` is a statement of what is public"),
    Feature("member", -1.5, lambda c: float(c.owner is not None), _silent,
            "a class's page comes before those of its methods"),
    Feature("docstring", 2.0, lambda c: float(c.docstring_lines > 0), _silent,
            "autodoc leaves out what has no docstring"),
    Feature("long docstring", 1.0, lambda c: _grows(max(0, c.docstring_lines - 1), 20),
            lambda c: f"explained in a docstring of {counted(c.docstring_lines, 'line')}",
            "authors explain what users need"),
    Feature("parameters documented", 0.5, lambda c: c.documented * (c.docstring_lines > 1), _silent,
            "parameters are described for callers"),
    Feature("version notes", 1.0, lambda c: float(c.versioned), lambda c: "its docstring says since when it is there",
            "only what users rely on has its changes noted"),
    Feature("docs", 2.0, lambda c: _grows(c.readme + c.docs, 5),
            lambda c: f"used in {counted(c.readme + c.docs, 'section')} of README and docs", "shown to users"),
    Feature("examples", 1.0, lambda c: _grows(c.examples + c.docstrings, 5),
            lambda c: f"used in {counted(c.examples + c.docstrings, 'example')}", "shown to users"),
    Feature("tests", 1.0, lambda c: _grows(c.tests, 20), lambda c: f"used in {counted(c.tests, 'test')}",
            "what is tested directly is meant to be used"),
    Feature("mentions", 1.5, lambda c: _grows(c.mentions, 4),
            lambda c: f"named in {counted(c.mentions, 'document')}", "prose tells users of it"),
    Feature("callers", 0.3, lambda c: _grows(c.caller_files, 10),
            lambda c: f"used by {counted(c.caller_files, 'other file')} of the package", "a centre of the call graph"),
    Feature("base class", 0.5, lambda c: _grows(c.heirs, 5),
            lambda c: f"inherited by {counted(c.heirs, 'class', 'classes')}", "a pattern that others follow"),
    Feature("override", -1.5, lambda c: float(c.overrides), _silent, "its base class's page tells the same"),
    Feature("property", -0.5, lambda c: float(c.is_property), _silent, "its class's page tells it"),
    Feature("hidden module", -1.0, lambda c: float(c.hidden_module and not c.exported), _silent,
            "an underscore says that it is internal"),
    Feature("deprecated", -1.5, lambda c: float(c.deprecated), lambda c: "deprecated", "users are told not to use it"),
)  # fmt: skip

THRESHOLD = 4.0
"""Score from which on an API gets a page."""

_MOST_REASONS = 5


def ranked(context: ApiContext) -> tuple[Scored, ...]:
    """Every public definition of the package with its score, best first."""
    found = [_scored(candidate) for candidate in candidates(context)]
    return tuple(
        sorted(found, key=lambda s: (-s.score, s.candidate.symbol.path, s.candidate.symbol.qualified_name))
    )


def choose_apis(context: ApiContext) -> tuple[Api, ...]:
    """The APIs of the repository that get a page, best first: all whose score reaches the threshold."""
    chosen = [each for each in ranked(context) if each.score >= THRESHOLD]
    targets = [
        (context.target(each.candidate.symbol), _kind(each.candidate.symbol, context)) for each in chosen
    ]
    return tuple(
        _api(each, page, principle, context)
        for each, (page, principle) in zip(chosen, page_names(targets), strict=True)
    )


def _scored(candidate: Candidate) -> Scored:
    parts = [(feature, feature.weight * feature.value(candidate)) for feature in FEATURES]
    told = sorted((part for part in parts if part[1]), key=lambda part: -abs(part[1]))
    reasons = [text for feature, _ in told if (text := feature.says(candidate))]
    return Scored(candidate, round(sum(value for _, value in parts), 6), tuple(reasons[:_MOST_REASONS]))


def _kind(symbol: Symbol, context: ApiContext) -> str:
    return symbol.kind
