"""Held-out functions: what evaluation asks for, with and without retrieved code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from codebase_gardener.dataset.context import ContextFinder
from codebase_gardener.dataset.examples import USER_TASK, Example
from codebase_gardener.dataset.fill_in import fill_in_parts
from codebase_gardener.dataset.functions import body_text, is_completable, outermost, spread
from codebase_gardener.dataset.prompts import completion_prompt
from codebase_gardener.dataset.split import Split
from codebase_gardener.dataset.taught import UNTAUGHT, Taught
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from codebase_gardener.utils.anchors import source_lines

__all__ = ["HeldoutFunction", "heldout_rows", "heldout_tasks"]

HELDOUT_LIMIT = 200
HELDOUT_BODY_CHARS = 2_000  # about 600 tokens: longer bodies would take the time of many others


@dataclass(frozen=True)
class HeldoutFunction:
    """A function of a held-out file.

    Attributes:
        symbol: Qualified name.
        path: Its file.
        anchor: `path:Lx-y`.
        prompt: Without retrieved code.
        prompt_with_context: With retrieved code of the training side; `prompt` where nothing was found.
        completion: The body as it stands in the file.
        context: Anchors of the retrieved documents.
        prompt_with_pages: With retrieved code and pages of the wiki; "" without a wiki.
        context_with_pages: Anchors of those documents.
        fim: A middle of the body between what stands before and behind it; () for one that has none.
    """

    symbol: str
    path: str
    anchor: str
    prompt: str
    prompt_with_context: str
    completion: str
    context: tuple[str, ...] = ()
    prompt_with_pages: str = ""
    context_with_pages: tuple[str, ...] = ()
    fim: tuple[str, str, str] | tuple[()] = ()

    def as_row(self) -> dict[str, Any]:
        """The function as JSON holds it; what only a wiki or a longer body gives is left out where it is not."""
        row = asdict(self)
        return {key: row[key] for key in row if row[key] or not key.endswith(("_with_pages", "fim"))}


def heldout_tasks(
    snapshot: Snapshot,
    tables: Mapping[str, SymbolTable],
    split: Split,
    limit: int = HELDOUT_LIMIT,
    seed: int = 0,
    *,
    finder: ContextFinder,
    page_finder: ContextFinder | None = None,
    before: Taught = UNTAUGHT,
) -> list[HeldoutFunction]:
    """Functions of the held-out files in an order that depends on the seed only.

    Args:
        snapshot: The files.
        tables: Their symbols.
        split: Which files are held out.
        limit: At most so many, spread over the files: each file's first before any file's second.
        seed: Another seed, another order.
        finder: Where retrieved code comes from: of files that are not held out.
        page_finder: Where code and pages of the wiki come from, if there is one.
        before: What earlier generations were trained on: it is not asked for.
    """
    files = [file for file in snapshot.files if file.path in split.heldout]
    functions = [(symbol, file) for file in files for symbol in _functions(file, tables[file.path], before)]
    return [
        _heldout_function(symbol, file, finder, page_finder)
        for symbol, file in spread(functions, seed)[:limit]
    ]


def heldout_rows(examples: Iterable[Example]) -> list[HeldoutFunction]:
    """The user's own held-out rows with prompt and completion; there is no code to retrieve for them."""
    own = (e for e in examples if e.task == USER_TASK and e.split == "heldout" and e.prompt)
    return [
        HeldoutFunction(row.symbol, row.path, row.anchor, row.prompt, row.prompt, row.completion)
        for row in islice(own, HELDOUT_LIMIT)
    ]


def _functions(file: SourceFile, table: SymbolTable, before: Taught) -> list[Symbol]:
    """Completable functions that are new to the model, none inside another: nested ones would be measured twice."""
    lines = source_lines(file.text)
    return outermost(
        [
            symbol
            for symbol in table.symbols
            if is_completable(symbol, lines)
            and len(body_text(symbol, lines)) <= HELDOUT_BODY_CHARS
            and not before.has(body_text(symbol, lines))
        ]
    )


def _heldout_function(
    symbol: Symbol, file: SourceFile, finder: ContextFinder, page_finder: ContextFinder | None
) -> HeldoutFunction:
    lines: Sequence[str] = source_lines(file.text)
    context = finder.documents(symbol)
    with_pages = page_finder.documents(symbol) if page_finder is not None else ()
    return HeldoutFunction(
        symbol=symbol.qualified_name,
        path=symbol.path,
        anchor=str(symbol.anchor),
        prompt=completion_prompt(symbol, lines),
        prompt_with_context=completion_prompt(symbol, lines, context=context),
        completion=body_text(symbol, lines),
        context=tuple(document.anchor for document in context),
        prompt_with_pages=completion_prompt(symbol, lines, context=with_pages)
        if page_finder is not None
        else "",
        context_with_pages=tuple(document.anchor for document in with_pages),
        fim=fill_in_parts(symbol, lines) or (),
    )
