"""`evaluate --full` and `--since`: where the cursors are, what the adapter may have seen, and what is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.repository.git import GitError, GitRepository, find_repository
from codebase_gardener.repository.git_trees import resolve_commit
from codebase_gardener.utils.error_handling import ConflictError, DatasetError, InvalidInputError
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset
    from codebase_gardener.dataset.cursors import CursorTask
    from codebase_gardener.dataset.taught import Taught
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.languages.symbols import Symbol
    from codebase_gardener.registry.rows import VersionRow
    from codebase_gardener.repository.snapshot import Snapshot, SourceFile

__all__ = ["CURSORS", "FULL", "evaluate_fully"]

CURSORS = 64
FULL = "full evaluation"
"""The kind of its receipt."""


def evaluate_fully(
    gardener: Gardener,
    ref: AdapterRef,
    *,
    limit: int = CURSORS,
    since: str | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Measure an adapter at an editor's cursors, beside noise, and for recitation; kept as a receipt.

    Args:
        gardener: The home.
        ref: `project/name`; without a version the newest is measured.
        limit: Cursors at most, each in another function.
        since: A revision: only functions that were added or changed after it; by default the held-out ones.
        progress: Prompts scored and lines written.

    Returns:
        The receipt's data: that of `Full`, and "since", the commit, where it was asked for.

    Raises:
        InvalidInputError: No such revision, or the project is no git repository here.
        ConflictError: The adapter was trained after that revision.
        DatasetError: There is nothing to ask for.
    """
    from codebase_gardener.dataset.writer import load_dataset
    from codebase_gardener.evaluation.torch_full import evaluate_fully as measure

    row = gardener.newest(ref)
    commit = _trained_before(gardener, row, since) if since is not None else None
    dataset = load_dataset(gardener.heldout_dataset(row))
    held_out = frozenset(dataset.report.heldout_files)
    seen = _seen(gardener, row)
    tasks = _tasks(gardener, row, seen, dataset, commit, limit)
    if not tasks or not dataset.heldout:
        raise DatasetError(
            f"no function was added or changed since {since}" if since else "nothing was held out",
            hint="name an earlier revision, and grow at it"
            if since
            else "a repository needs two files with functions",
        )
    os.environ.update(gardener.settings.for_computing)
    measured = measure(
        row.directory,
        gardener.base(row.base_id),
        tasks,
        dataset.heldout,
        dataset.train,
        device=gardener.settings.device,
        dtype=gardener.settings.inference_dtype,
        snapshot=seen,
        held_out=held_out,
        progress=progress,
    )
    data = {**measured.as_dict(), **({"since": commit} if commit else {})}
    gardener.registry.add_receipt(row, FULL, data)
    return data


def _seen(gardener: Gardener, row: VersionRow) -> Snapshot:
    """What the adapter was trained on."""
    seen = gardener.wiki(row.project).source.kept(row.snapshot_id) if row.snapshot_id else None
    if seen is None:
        raise DatasetError(
            f"the snapshot that {row.ref} was trained on is not kept any more",
            hint=f"add that revision again: gardener add SOURCE --name {row.project} --revision {row.commit or 'REV'}",
        )
    return seen


def _tasks(
    gardener: Gardener,
    row: VersionRow,
    seen: Snapshot,
    dataset: Dataset,
    commit: str | None,
    limit: int,
) -> list[CursorTask]:
    """Cursors in held-out functions, or in those that the tree has now and at the commit had not."""
    from codebase_gardener.dataset.context import training_side
    from codebase_gardener.dataset.cursors import bodies, cursor_tasks, functions_of
    from codebase_gardener.dataset.split import Split
    from codebase_gardener.repository.extraction import extract_tables, without_secrets

    tables = without_secrets(extract_tables(seen), seen)
    finder = training_side(seen, tables, Split(frozenset(dataset.report.heldout_files)), 0.0)
    if commit is None:
        asked = functions_of(seen, tables, dataset.report.heldout_files)
        return cursor_tasks([one for one in asked if not _was_taught(*one, dataset.before)], finder, limit)
    source = gardener.wiki(row.project).source
    before, now = source.at(commit), source.now()
    known = bodies(seen, tables) | bodies(before, extract_tables(before))
    new_tables = without_secrets(extract_tables(now), now)
    asked = functions_of(now, new_tables, new_tables, known)
    return cursor_tasks([one for one in asked if not _was_taught(*one, dataset.before)], finder, limit)


def _was_taught(symbol: Symbol, file: SourceFile, before: Taught) -> bool:
    """Whether a generation before was trained on a function."""
    from codebase_gardener.dataset.functions import body_text
    from codebase_gardener.utils.anchors import source_lines

    return bool(before) and before.has(body_text(symbol, source_lines(file.text)))


def _trained_before(gardener: Gardener, row: VersionRow, since: str) -> str:
    """The revision's commit, if the adapter was trained on it or on one before it."""
    source = Path(gardener.registry.project(row.project).source)
    repository = find_repository(source) if source.is_dir() else None
    if repository is None:
        raise InvalidInputError(
            f"{row.project} is no git repository on this machine: {source}",
            hint="clone it, and add the clone",
        )
    commit = resolve_commit(repository, since)
    if commit is None:
        raise InvalidInputError(f"there is no revision {since} in {source}", hint="see: git log --oneline")
    trained_on = [row.commit, *(row.lineage or {}).get("commits", ())]  # it, and those that it went on from
    later = [
        one
        for one in trained_on
        if not one or one.endswith("+dirty") or not _is_ancestor(repository, one, commit)
    ]
    if later:
        raise ConflictError(
            f"{row.ref} was trained on {later[0] or 'a tree without a commit'}, which is not {since} or before it: "
            "it may have seen what is asked for",
            hint=f"grow at that revision, from nothing: gardener grow {source} --revision {since} --fresh",
        )
    return commit


def _is_ancestor(repository: GitRepository, one: str, other: str) -> bool:
    try:
        repository.run("merge-base", "--is-ancestor", "--end-of-options", one, other)
    except GitError:
        return False
    return True
