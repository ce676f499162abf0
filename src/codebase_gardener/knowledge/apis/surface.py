"""Which APIs get a page: a score over visible features, and a threshold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.knowledge.apis.candidates import Candidate, candidates
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.principle_names import page_names
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.languages.symbols import Symbol

__all__ = [
    "FEATURES",
    "MEMBER_THRESHOLD",
    "THRESHOLD",
    "Feature",
    "Scored",
    "choose_apis",
    "name_kind",
    "ranked",
    "threshold",
]


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
    Feature("listed", 6.0, lambda c: float(c.listed > 0),
            lambda c: f"{'' if c.listed_itself else 'a member of a class '}listed in the API reference of the docs",
            "the authors themselves chose it"),
    Feature("exported", 1.0, lambda c: float(bool(c.exported)),
            lambda c: f"{'a member of a class ' if c.owner else ''}exported as `{c.exported}`",
            "an `__init__` that imports a name makes it public"),
    Feature("bound", 4.0, lambda c: float(bool(c.bound)), lambda c: f"exported itself as `{c.bound}`",
            "users call it as a function"),
    Feature("top level", 2.0, lambda c: float(c.top), _silent, "the top package's names are what users meet first"),
    Feature("imported", 2.0, lambda c: c.imported,
            lambda c: f"{'a member of a class ' if c.owner else ''}imported from its module by "
            f"{'docs or examples' if c.imported == 1 else 'several test files'}",
            "where the top-level package exports little, modules are the interface"),
    Feature("reached", 1.5, lambda c: float(c.reached.count(".") == 1),
            lambda c: f"a method that `{c.reached}` inherits", "users call it on a class that is exported"),
    Feature("declared", 1.0, lambda c: float(c.declared),
            lambda c: f"{'a member of a class ' if c.owner else ''}in its module's `__all__`",
            "`__all__` is a statement of what is public"),
    Feature("member", -5.0, lambda c: float(c.owner is not None), _silent,
            "a class's page comes before those of its methods"),
    Feature("docstring", 2.0, lambda c: float(c.docstring_lines > 0), _silent,
            "autodoc leaves out what has no docstring"),
    Feature("long docstring", 1.0, lambda c: _grows(max(0, c.docstring_lines - 1), 20),
            lambda c: f"explained in a docstring of {counted(c.docstring_lines, 'line')}",
            "authors explain what users need"),
    Feature("parameters documented", 0.5, lambda c: c.documented * (c.docstring_lines > 1), _silent,
            "parameters are described for callers"),
    Feature("version notes", 0.5, lambda c: float(c.versioned), lambda c: "its docstring says since when it is there",
            "only what users rely on has its changes noted"),
    Feature("docs", 2.0, lambda c: _grows(c.readme + c.docs, 5),
            lambda c: f"used in {counted(c.readme + c.docs, 'section')} of README and docs", "shown to users"),
    Feature("examples", 1.0, lambda c: _grows(c.examples + c.docstrings, 5),
            lambda c: f"used in {counted(c.examples + c.docstrings, 'example')}", "shown to users"),
    Feature("tests", 0.5, lambda c: _grows(c.tests, 20), lambda c: f"exercised by {counted(c.tests, 'test')}",
            "what is tested directly is meant to be used"),
    Feature("mentions", 1.0, lambda c: _grows(c.mentions, 4),
            lambda c: f"named in {counted(c.mentions, 'document')}", "prose tells users of it"),
    Feature("callers", 1.0, lambda c: _grows(c.caller_files, 10),
            lambda c: f"used by {counted(c.caller_files, 'other file')} of the package", "a centre of the call graph"),
    Feature("base class", 0.5, lambda c: _grows(c.heirs, 5),
            lambda c: f"inherited by {counted(c.heirs, 'class', 'classes')}", "a pattern that others follow"),
    Feature("override", -1.0, lambda c: float(c.overrides), _silent, "its base class's page tells the same"),
    Feature("erased", -2.0, lambda c: float(c.is_erased), _silent, "a script's type is told by what takes or gives it"),
    Feature("hidden module", -2.5, lambda c: float(c.hidden_module and not c.exported and not c.reached), _silent,
            "an underscore says that it is internal"),
    Feature("deprecated", -0.5, lambda c: float(c.deprecated), lambda c: "deprecated", "users are told not to use it"),
)  # fmt: skip

THRESHOLD = 3.5
"""Score from which on a function or class gets a page."""

MEMBER_THRESHOLD = -0.5
"""Score from which on a method gets a page; being one costs it as much as its feature says."""

_MOST_REASONS = 5
_PATTERN_HEIRS = 1
"""Classes of docs, examples and tests that inherit from a class, from which on users are meant to write their own."""


def ranked(context: ApiContext) -> tuple[Scored, ...]:
    """Every public definition of the package with its score, best first."""
    found = [_scored(candidate) for candidate in candidates(context)]
    return tuple(
        sorted(found, key=lambda s: (-s.score, s.candidate.symbol.path, s.candidate.symbol.qualified_name))
    )


def choose_apis(context: ApiContext, scored: Iterable[Scored] | None = None) -> tuple[Api, ...]:
    """The APIs of the repository that get a page, best first: all whose score reaches the threshold.

    Args:
        context: The repository and its links.
        scored: What `ranked` gives, where it is known already.
    """
    scored = ranked(context) if scored is None else scored
    chosen = [
        each for each in scored if each.score >= threshold(each.candidate) and not each.candidate.is_internal
    ]
    targets = [
        (context.target(each.candidate.symbol), name_kind(each.candidate.symbol, context)) for each in chosen
    ]
    return tuple(
        _api(each, page, principle, context)
        for each, (page, principle) in zip(chosen, page_names(targets, context.spellings), strict=True)
    )


def threshold(candidate: Candidate) -> float:
    """The score from which on a candidate gets a page."""
    return MEMBER_THRESHOLD if candidate.owner else THRESHOLD


def _scored(candidate: Candidate) -> Scored:
    parts = [(feature, feature.weight * feature.value(candidate)) for feature in FEATURES]
    told = sorted((part for part in parts if part[1]), key=lambda part: -abs(part[1]))
    reasons = [text for feature, _ in told if (text := feature.says(candidate))]
    return Scored(candidate, round(sum(value for _, value in parts), 6), tuple(reasons[:_MOST_REASONS]))


def name_kind(symbol: Symbol, context: ApiContext) -> str:
    """The kind that decides its page's name; "maker" for a function named after the class that it returns and calls."""
    if symbol.kind != "function":
        return symbol.kind
    returned = set(re.findall(r"[A-Za-z_]\w*", symbol.returns or "")) & context.class_names
    name = symbol.name.replace("_", "").lower()
    named = [each for each in sorted(returned) if name.endswith(each.lower())]
    if named and symbol.body_start:
        body = "\n".join(context.repository.lines(symbol.path, symbol.body_start, symbol.end))
        if re.search(rf"\b(?:{'|'.join(map(re.escape, named))})\(", body):
            return "maker"
    return symbol.kind


def _api(scored: Scored, page: str, principle: str, context: ApiContext) -> Api:
    candidate, symbol = scored.candidate, scored.candidate.symbol
    pattern = symbol.kind == "class" and (candidate.is_abstract or candidate.outside_heirs >= _PATTERN_HEIRS)
    target = context.target(symbol)
    return Api(
        target=target,
        symbol=symbol,
        kind="Pattern Doc" if pattern else "API Doc",
        import_statement=import_of(target, context),
        call=call_of(symbol, context),
        page=page,
        principle=principle,
        score=scored.score,
        reasons=scored.reasons,
    )
