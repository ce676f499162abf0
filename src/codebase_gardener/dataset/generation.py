"""From symbols to rows: the table of tasks, and the pass over a snapshot that applies it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from codebase_gardener.dataset.completion import complete
from codebase_gardener.dataset.context import ContextFinder
from codebase_gardener.dataset.docstrings import code_to_doc, doc_to_code
from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.fill_in import infill
from codebase_gardener.dataset.page_rows import PAGE_TASKS
from codebase_gardener.dataset.page_sites import PageSite
from codebase_gardener.dataset.questions import question
from codebase_gardener.dataset.sites import Site
from codebase_gardener.dataset.split import Split
from codebase_gardener.dataset.tasks import Task, kept_rows
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.utils.anchors import source_lines
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["TASKS", "generate_examples", "task_weights"]

TASKS: dict[str, Task[Site]] = {
    "complete": Task(
        complete, 1.0, 1.0, "a function's body from its path, signature, docstring and what stands before"
    ),
    "doc_to_code": Task(doc_to_code, 0.15, 0.3, "a function from its signature and docstring alone"),
    "code_to_doc": Task(code_to_doc, 0.3, 0.2, "the docstring of a function"),
    "question": Task(question, 0.1, 0.2, "questions about symbols, with computed answers"),
    "fim": Task(
        infill,
        0.5,
        0.5,
        "the middle of a body from both sides, in the base's tokens or in plain text",
    ),
}


def task_weights(chosen: Mapping[str, float] | None) -> dict[str, float]:
    """The weight of each task: that of `TASKS` and `PAGE_TASKS`, or only those that are chosen.

    Raises:
        InvalidInputError: A task that does not exist, or a weight outside 0 to 1.
    """
    known: dict[str, Task[Site] | Task[PageSite]] = {**TASKS, **PAGE_TASKS}
    if chosen is None:
        return {name: task.weight for name, task in known.items()}
    for name, weight in chosen.items():
        if name not in known:
            raise InvalidInputError(f"there is no task {name!r}", hint=f"choose from {', '.join(known)}")
        if not 0 <= weight <= 1:
            raise InvalidInputError(f"weight {weight} of task {name!r} is not between 0 and 1")
    return dict(chosen)


def generate_examples(
    snapshot: Snapshot,
    tables: Mapping[str, SymbolTable],
    split: Split,
    finder: ContextFinder,
    *,
    repeated: Collection[str] = (),
    weights: Mapping[str, float],
    progress: Progress = silent,
) -> list[Example]:
    """All rows of a snapshot, in the order of its paths and lines.

    Args:
        snapshot: The files.
        tables: Symbols by path.
        split: Decides the split of every row.
        finder: Retrieved code for the rows that get some.
        repeated: Anchors of functions that repeat a held-out one: no other row trains on their lines.
        weights: As `task_weights` gives them; tasks of pages are passed over.
        progress: Called with files done.
    """
    examples: list[Example] = []
    sites = _sites_by_file(snapshot, tables, split, finder, repeated)
    for done, file_sites in enumerate(sites, start=1):
        for site in file_sites:
            for name in (name for name in weights if name in TASKS):
                examples += kept_rows(TASKS[name], site, weights[name])
        progress(done, len(snapshot.files))
    return examples


def _sites_by_file(
    snapshot: Snapshot,
    tables: Mapping[str, SymbolTable],
    split: Split,
    finder: ContextFinder,
    repeated: Collection[str],
) -> Iterator[list[Site]]:
    counts = Counter(symbol.qualified_name for table in tables.values() for symbol in table.symbols)
    for file in sorted(snapshot.files, key=lambda file: file.path):
        symbols = tables[file.path].symbols if file.path in tables else ()
        lines = source_lines(file.text) if symbols else []
        members = _members_by_owner(symbols)
        left_out = tuple((s.start, s.end) for s in symbols if str(s.anchor) in repeated)
        in_file = Counter(symbol.qualified_name for symbol in symbols)
        yield [
            Site(
                symbol=symbol,
                lines=lines,
                members=tuple(members[symbol.qualified_name]),
                commit=snapshot.revision,
                split=split.side_of(file.path),
                same_name=counts[symbol.qualified_name],
                same_name_in_file=in_file[symbol.qualified_name],
                repeated=left_out,
                context=finder.for_row(symbol),
            )
            for symbol in symbols
        ]


def _members_by_owner(symbols: Iterable[Symbol]) -> defaultdict[str, list[Symbol]]:
    members: defaultdict[str, list[Symbol]] = defaultdict(list)
    for symbol in symbols:
        members[symbol.qualified_name.rpartition(".")[0]].append(symbol)
    return members
