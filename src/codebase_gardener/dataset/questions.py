"""Task `question`: questions about symbols, with answers that are computed from the syntax tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.prompts import question_turns
from codebase_gardener.dataset.sites import Site, chance

__all__ = ["QUESTIONS", "Question", "question"]

_MAX_LISTED = 30
_MIN_SUMMARY_WORDS = 3
_MAX_ANSWER_CHARS = 600
_FIRST_SENTENCE = re.compile(r"(.+?[.!?])(\s|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """One kind of question.

    Attributes:
        phrasings: With `{name}` (the symbol, with its file where others have the same name) and `{kind}`.
        answer: The answer, or "" where the question makes no sense for the symbol.
    """

    phrasings: tuple[str, ...]
    answer: Callable[[Site], str]


def question(site: Site) -> Iterator[Example]:
    """One row for each kind of question that the symbol answers; a hash picks the phrasing.

    Symbols that share a qualified name within one file are left out: no question could tell them apart.
    """
    if not site.symbol.public or site.same_name_in_file > 1:
        return
    for kind, entry in QUESTIONS.items():
        answer = entry.answer(site)
        if 0 < len(answer) <= _MAX_ANSWER_CHARS:
            asked = _phrase(kind, entry.phrasings, site)
            yield site.example("question", messages=question_turns(asked, answer))


def _phrase(kind: str, phrasings: Sequence[str], site: Site) -> str:
    symbol = site.symbol
    number = int(chance(f"{kind} {symbol.anchor}") * len(phrasings))
    place = f" in `{symbol.path}`" if site.same_name > 1 else ""
    return phrasings[number].format(name=f"`{symbol.qualified_name}`{place}", kind=symbol.kind)


def _where(site: Site) -> str:
    symbol = site.symbol
    return f"`{symbol.qualified_name}` is defined in `{symbol.path}`, lines {symbol.start} to {symbol.end}."


def _parameters(site: Site) -> str:
    symbol = site.symbol
    if symbol.kind not in ("function", "method") or len(symbol.parameters) > _MAX_LISTED:
        return ""
    if not symbol.parameters:
        return f"`{symbol.qualified_name}` takes no parameters."
    word = "parameter" if len(symbol.parameters) == 1 else "parameters"
    return f"`{symbol.qualified_name}` takes the {word} {_listed(symbol.parameters)}."


def _returns(site: Site) -> str:
    symbol = site.symbol
    return f"`{symbol.qualified_name}` is annotated to return `{symbol.returns}`." if symbol.returns else ""


def _bases(site: Site) -> str:
    symbol = site.symbol
    return f"`{symbol.qualified_name}` derives from {_listed(symbol.bases)}." if symbol.bases else ""


def _methods(site: Site) -> str:
    names = list(dict.fromkeys(member.name for member in site.members if member.kind == "method"))
    if site.symbol.kind != "class" or not names or len(names) > _MAX_LISTED:
        return ""
    return f"`{site.symbol.qualified_name}` defines {_listed(names)}."


def _summary(site: Site) -> str:
    paragraph = (site.symbol.docstring or "").split("\n\n")[0]
    sentence = _FIRST_SENTENCE.match(paragraph)
    text = " ".join((sentence[1] if sentence else paragraph).split())
    return text if len(text.split()) >= _MIN_SUMMARY_WORDS else ""


def _signature(site: Site) -> str:
    symbol = site.symbol
    return f"`{symbol.signature}`" if symbol.kind in ("function", "method") else ""


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


QUESTIONS: dict[str, Question] = {
    "where": Question(
        (
            "Where is {name} defined?",
            "In which file and on which lines does {name} stand?",
            "Where do I find the {kind} {name}?",
        ),
        _where,
    ),
    "parameters": Question(
        ("What parameters does {name} take?", "Which arguments does {name} accept?"), _parameters
    ),
    "returns": Question(("What does {name} return?", "What is the return type of {name}?"), _returns),
    "bases": Question(
        ("Which base classes does {name} have?", "What does {name} inherit from?"),
        _bases,
    ),
    "methods": Question(
        ("What methods does {name} have?", "Which methods does the {kind} {name} define?"), _methods
    ),
    "summary": Question(
        ("What does {name} do?", "What is {name} for, in one sentence?", "Summarize {name}."), _summary
    ),
    "signature": Question(
        ("What is the signature of {name}?", "How is {name} declared?"),
        _signature,
    ),
}
