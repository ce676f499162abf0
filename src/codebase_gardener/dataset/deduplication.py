"""Removing training rows that repeat a held-out function or each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.dataset.duplicates import near_duplicates
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_text, is_completable
from codebase_gardener.dataset.split import Split
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.repository.symbols import SymbolTable
from codebase_gardener.retrieval.source_lines import source_lines

__all__ = ["Deduplicated", "deduplicate", "repeated_anchors", "trained_text"]

_ABOUT_NAMES = frozenset({"question"})


@dataclass(frozen=True)
class Deduplicated:
    """What is left, and how many training rows were removed for which reason."""

    examples: tuple[Example, ...]
    near_duplicates: int
    exact_duplicates: int


def deduplicate(examples: Sequence[Example], repeated: frozenset[str] = frozenset()) -> Deduplicated:
    """Remove training rows; held-out rows stay as they are.

    Args:
        examples: Rows of both splits.
        repeated: Anchors of training functions that repeat a held-out one (`repeated_anchors`). Their rows
            go, except questions, which do not hold code.
    """
    near = [e for e in examples if e.split == "train" and e.anchor in repeated and e.task not in _ABOUT_NAMES]
    removed = {example.id for example in near}
    left = [example for example in examples if example.split != "train" or example.id not in removed]
    unique = _unique(left)
    return Deduplicated(tuple(unique), len(near), len(left) - len(unique))


def repeated_anchors(snapshot: Snapshot, tables: Mapping[str, SymbolTable], split: Split) -> frozenset[str]:
    """Anchors of training functions whose body is a near-duplicate of a held-out function's body."""
    bodies: dict[str, dict[str, str]] = {"train": {}, "heldout": {}}
    for file in snapshot.files:
        symbols = tables[file.path].symbols if file.path in tables else ()
        lines = source_lines(file.text) if symbols else []
        for symbol in symbols:
            if is_completable(symbol, lines):
                bodies[split.of(file.path)][str(symbol.anchor)] = body_text(symbol, lines)
    anchors = list(bodies["train"])
    found = near_duplicates(list(bodies["train"].values()), list(bodies["heldout"].values()))
    return frozenset(anchors[number] for number in found)


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
    if example.task == "user":
        asked = [example.prompt, *(turn["content"] for turn in example.messages)]
    return (example.task, example.symbol.rpartition(".")[2], trained_text(example), *asked)
