"""The dataset of a repository: rows to train on, functions to be measured on, and a report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from codebase_gardener.dataset.context import ContextFinder, training_side
from codebase_gardener.dataset.deduplication import deduplicate, heldout_bodies
from codebase_gardener.dataset.examples import USER_TASK, Example
from codebase_gardener.dataset.functions import body_text, is_completable
from codebase_gardener.dataset.generation import generate_examples, task_weights
from codebase_gardener.dataset.heldout import HeldoutFunction, heldout_rows, heldout_tasks
from codebase_gardener.dataset.page_rows import PAGE_TASKS, generate_page_rows
from codebase_gardener.dataset.page_sites import pages_that_hold, split_of_pages
from codebase_gardener.dataset.report import DatasetReport, count_rows
from codebase_gardener.dataset.split import HELDOUT_SHARE, Split, split_files
from codebase_gardener.dataset.taught import UNTAUGHT, Taught, body_key, taught_by
from codebase_gardener.knowledge.pages.documents import page_documents
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.repository.areas import area_of
from codebase_gardener.repository.extraction import extract_tables, without_secrets
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.anchors import source_lines
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import DatasetError, InvalidInputError
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["WITH_CONTEXT", "Dataset", "dataset_hash", "generate_dataset"]

WITH_CONTEXT = 0.0
"""ADR 5: in the same time, rows without retrieved code teach more, for use with it too."""
_ENOUGH_LIBRARY_FILES = 8


@dataclass(frozen=True)
class Dataset:
    """Rows and held-out functions.

    Attributes:
        examples: Rows of both splits.
        heldout: Functions of held-out files, for evaluation.
        report: What is in it, and what is not.
        before: What earlier generations were trained on, where an adapter is grown from another.
    """

    examples: tuple[Example, ...]
    heldout: tuple[HeldoutFunction, ...]
    report: DatasetReport
    before: Taught = UNTAUGHT

    @property
    def train(self) -> tuple[Example, ...]:
        """The rows to train on."""
        return tuple(example for example in self.examples if example.split == "train")

    @cached_property
    def hash(self) -> str:
        """`dataset_hash` of its rows, and of what may not be asked for."""
        rows = dataset_hash(self.examples)
        return sha256_text(f"{rows} {self.before.as_dict()}") if self.before else rows

    @property
    def taught(self) -> Taught:
        """What an adapter that is trained on it has seen, it and those before."""
        return taught_by(self.train, self.report.heldout_files, self.before)

    @property
    def bodies(self) -> frozenset[str]:
        """Keys of the functions' bodies that it has, on either side."""
        rows = {row.completion for row in self.examples if row.completion}
        return frozenset(map(body_key, rows | {function.completion for function in self.heldout}))

    def with_warning(self, warning: str) -> Dataset:
        """The same rows, with one more thing that a person should know."""
        return replace(self, report=replace(self.report, warnings=(*self.report.warnings, warning)))


def dataset_hash(examples: Sequence[Example]) -> str:
    """Hex SHA-256 over all rows with their ids, in order."""
    digest, between = hashlib.sha256(), b""
    for example in examples:
        digest.update(between + json.dumps(example.as_row(), sort_keys=True).encode())
        between = b"\n"
    return digest.hexdigest()


@paused_collection()
def generate_dataset(
    snapshot: Snapshot,
    *,
    seed: int = 0,
    heldout_share: float = HELDOUT_SHARE,
    with_context: float = WITH_CONTEXT,
    tasks: Mapping[str, float] | None = None,
    user_rows: Sequence[Example] = (),
    pages: Sequence[Page] = (),
    before: Taught = UNTAUGHT,
    progress: Progress = silent,
) -> Dataset:
    """Make the dataset of a snapshot and its wiki; the same snapshot, pages and arguments give the same rows.

    Args:
        snapshot: The repository. Nothing of a file that it skipped is in any row.
        seed: Of the split.
        heldout_share: Share of the files with functions that are held out.
        with_context: Share of the completion rows that carry retrieved code.
        tasks: Task → share of its rows to keep; the default are the tables `generation.TASKS` and
            `page_rows.PAGE_TASKS`.
        user_rows: Further rows (`user_rows.read_user_rows`); those of a held-out file are held out too.
        pages: Of the snapshot's wiki. A page whose evidence is not in the snapshot as it cites it is left out.
        before: What earlier generations were trained on: it is not held out.
        progress: Called with files done, of twice the number of files (read, then turned into rows).

    Raises:
        DatasetError: Nothing in the snapshot can be trained on.
        InvalidInputError: A task that does not exist, or a share outside 0 to 1.
    """
    _check_shares(heldout_share=heldout_share, with_context=with_context)
    weights = task_weights(tasks)
    total = 2 * len(snapshot.files)
    tables = without_secrets(extract_tables(snapshot, lambda done, _: progress(done, total)), snapshot)
    bodies = _bodies_by_file(snapshot, tables)
    split = split_files(
        {path: len(own) for path, own in bodies.items()},
        share=heldout_share,
        seed=seed,
        first=before.heldout,
        never=before.never(bodies),
    )
    del bodies  # as large as half of the code
    finder = training_side(snapshot, tables, split, with_context)
    kept_back = heldout_bodies(snapshot, tables, split)
    rows = generate_examples(
        snapshot,
        tables,
        split,
        finder,
        repeated=kept_back.repeated,
        weights=weights,
        progress=lambda done, _: progress(total // 2 + done, total),
    )
    held_by = pages_that_hold(pages, snapshot, tables)
    rows += generate_page_rows(held_by, split, snapshot.revision, weights)
    own = _on_their_side(user_rows, tables, split)
    left = deduplicate([*rows, *own], kept_back)
    _check_trainable(left.examples, snapshot, tables)
    held = sum(path in split.heldout for path in tables)
    return Dataset(
        examples=left.examples,
        heldout=(
            *heldout_tasks(
                snapshot,
                tables,
                split,
                seed=seed,
                finder=finder,
                page_finder=_with_pages(finder, held_by, split),
                before=before,
            ),
            *heldout_rows(left.examples),
        ),
        report=DatasetReport(
            source=snapshot.source,
            commit=snapshot.revision,
            seed=seed,
            rows=count_rows(left.examples),
            files={"train": len(tables) - held, "heldout": held},
            heldout_files=tuple(sorted(split.heldout)),
            near_duplicates=left.near_duplicates,
            exact_duplicates=left.exact_duplicates,
            user_rows=sum(example.task == USER_TASK for example in left.examples),
            problems={path: table.problem for path, table in tables.items() if table.problem},
            warnings=split.warnings,
        ),
        before=before,
    )


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InvalidInputError(
                f"{name} {share} is not between 0 and 1", hint="give a share, such as 0.12"
            )


def _bodies_by_file(snapshot: Snapshot, tables: Mapping[str, SymbolTable]) -> dict[str, list[str]]:
    """What can be held out, by file: library code where there is enough of it, else tests too."""
    bodies: dict[str, list[str]] = {}
    for file in snapshot.files:
        if file.path in tables:
            lines = source_lines(file.text)
            completable = (symbol for symbol in tables[file.path].symbols if is_completable(symbol, lines))
            bodies[file.path] = [body_text(symbol, lines) for symbol in completable]
    library = {path: own for path, own in bodies.items() if own and area_of(path) != "tests"}
    return library if len(library) >= _ENOUGH_LIBRARY_FILES else bodies


def _with_pages(finder: ContextFinder, pages: Sequence[Page], split: Split) -> ContextFinder | None:
    """The same code and the pages of the training side; None without a wiki."""
    own = [page for page in pages if split_of_pages((page,), split) == "train"]
    if not own:
        return None
    documents = [*finder.index.documents, *page_documents(own)]
    return ContextFinder(SymbolIndex.build(documents), pages=True)


def _on_their_side(
    user_rows: Sequence[Example], tables: Mapping[str, SymbolTable], split: Split
) -> list[Example]:
    """Rows that name a file of the repository follow it: a held-out file is held out of all rows."""
    return [replace(row, split=split.side_of(row.path)) if row.path in tables else row for row in user_rows]


def _check_trainable(
    examples: Sequence[Example], snapshot: Snapshot, tables: Mapping[str, SymbolTable]
) -> None:
    # rows about pages alone teach where things stand that the repository does not have
    if any(example.split == "train" and example.task not in PAGE_TASKS for example in examples):
        return
    problems = [f"{path}: {table.problem}" for path, table in tables.items() if table.problem]
    shown = "".join(f"\n  {problem}" for problem in problems[:5])
    raise DatasetError(
        f"nothing in {snapshot.source} can be trained on: {len(snapshot.files)} files, "
        f"{len(tables)} of them code, {len(problems)} that cannot be parsed{shown}",
        hint="name a folder with functions in a known language, or bring rows of your own: --file ROWS.jsonl",
        context={"files": len(snapshot.files), "code_files": len(tables), "problems": len(problems)},
    )
