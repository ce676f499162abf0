"""Removing training rows that repeat a held-out function or each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.dataset.duplicates import near_duplicates
from codebase_gardener.dataset.examples import USER_TASK, Example
from codebase_gardener.dataset.functions import body_text, is_completable
from codebase_gardener.dataset.page_rows import PAGE_TASKS
from codebase_gardener.dataset.split import Split
from codebase_gardener.knowledge.pages.markup import fenced
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import source_lines

__all__ = ["Deduplicated", "HeldoutBodies", "deduplicate", "heldout_bodies", "trained_text"]

_QUOTING = frozenset({USER_TASK, "wiki_example"})  # code that does not stand under the row's own symbol
_ABOUT_NAMES = frozenset({"question", *PAGE_TASKS}) - _QUOTING


@dataclass(frozen=True)
class Deduplicated:
    """What is left (training rows first), and how many training rows were removed for which reason."""

    examples: tuple[Example, ...]
    near_duplicates: int
    exact_duplicates: int


@dataclass(frozen=True)
class HeldoutBodies:
    """What training rows may not repeat.

    Attributes:
        repeated: Anchors of training functions whose body is a near-duplicate of a held-out one.
        texts: Bodies and whole sources of held-out functions.
    """

    repeated: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()


def deduplicate(examples: Sequence[Example], heldout: HeldoutBodies) -> Deduplicated:
    """Remove training rows that repeat a held-out function or an earlier row; held-out rows stay as they are.

    Of a function that repeats a held-out one all rows go, except questions, which do not hold code. Rows of
    the user's own and examples of the wiki are compared by what they train, alone and with their prompt.
    """
    near = _near(examples, heldout)
    left = [example for example in examples if example.id not in near]
    unique = sorted(_unique(left), key=lambda example: example.split != "train")
    return Deduplicated(tuple(unique), len(near), len(left) - len(unique))


def heldout_bodies(snapshot: Snapshot, tables: Mapping[str, SymbolTable], split: Split) -> HeldoutBodies:
    """Compare the functions of both sides of a split."""
    train: dict[str, str] = {}
    heldout: list[str] = []
    sources: list[str] = []
    for file in snapshot.files:
        symbols = tables[file.path].symbols if file.path in tables else ()
        lines = source_lines(file.text) if symbols else []
        for symbol in (symbol for symbol in symbols if is_completable(symbol, lines)):
            if split.of(file.path) == "train":
                train[str(symbol.anchor)] = body_text(symbol, lines)
            else:
                heldout.append(body_text(symbol, lines))
                sources.append("".join(lines[symbol.start - 1 : symbol.end]))
    anchors = list(train)
    found = near_duplicates(list(train.values()), heldout)
    return HeldoutBodies(frozenset(anchors[number] for number in found), (*heldout, *sources))


def _near(examples: Sequence[Example], heldout: HeldoutBodies) -> set[str]:
    """Ids of the training rows that repeat what is held out."""
    train = [example for example in examples if example.split == "train"]
    found = {e.id for e in train if e.anchor in heldout.repeated and e.task not in _ABOUT_NAMES}
    own = [example for example in train if example.task in _QUOTING]
    if own:
        kept_back = [trained_text(e) for e in examples if e.split == "heldout" and e.task == USER_TASK]
        references = [*heldout.texts, *kept_back]
        for texts in ([_code(e) for e in own], [e.prompt + _code(e) for e in own]):
            found |= {own[number].id for number in near_duplicates(texts, references)}
    return found


def _code(example: Example) -> str:
    """What a row that quotes says, without the words around the quote."""
    text = trained_text(example)
    return text if example.task == USER_TASK else fenced(text)[1]


def trained_text(example: Example) -> str:
    """All that a row trains the model to say."""
    answers = [turn["content"] for turn in example.messages if turn["role"] == "assistant"]
    return "".join([example.completion, *answers, example.text, *(example.fim or ())])


def _unique(examples: Sequence[Example]) -> list[Example]:
    seen: set[tuple[str, ...]] = set()
    kept: list[Example] = []
    for example in examples:
        key = _identity(example)
        if example.split != "train" or key not in seen:
            kept.append(example)
        if example.split == "train":
            seen.add(key)
    return kept


def _identity(example: Example) -> tuple[str, ...]:
    """A copied function is the same row whatever its file; a question is the same only if asked alike."""
    asked = [turn["content"] for turn in example.messages if example.task in _ABOUT_NAMES]
    if example.task in _QUOTING:
        asked = [example.prompt, *(turn["content"] for turn in example.messages)]
    return (example.task, example.symbol.rpartition(".")[2], trained_text(example), *asked)
