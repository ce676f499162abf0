"""What a git repository holds: the files of a revision, read from its objects, or of its work tree."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from codebase_gardener.repository.disk import DiskTree
from codebase_gardener.repository.entries import Entry, EntryListing
from codebase_gardener.repository.git import GitError, GitRepository
from codebase_gardener.repository.git_changes import Blob, differences
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError

__all__ = [
    "changed_paths",
    "check_revision",
    "Tracked",
    "list_revision",
    "list_tracked",
    "list_work_tree",
    "resolve_commit",
]

_MODES = {"120000": "a link", "160000": "another repository (a submodule)"}


@contextmanager
def list_revision(
    repository: GitRepository, source: str, revision: str, *, folder: str = "", limit_bytes: int
) -> Iterator[EntryListing]:
    """List the files of a revision without checking it out; they can be read within the block.

    Args:
        repository: Bare or with a work tree.
        source: How the snapshot names it.
        revision: Anything that names a commit.
        folder: Only what lies below this directory, without its path.
        limit_bytes: Larger files are not read.

    Raises:
        SourceError: No such revision, or the folder is not in it.
    """
    commit = resolve_commit(repository, revision)
    if commit is None:
        raise SourceError(
            f"{source} has no revision {revision!r}",
            hint="name a branch, tag or commit that `git log` shows; fetch it first if it is not here yet",
        )
    tree = _ls_tree(repository, f"{commit}:{folder}")
    with repository.talk("cat-file", "--batch") as (ask, answer):
        read = partial(_read_blob, ask, answer, limit_bytes)
        entries = tuple(
            Entry(path, blob.size, partial(read, blob.id), problem=_MODES.get(blob.mode))
            for path, blob in tree.items()
        )
        yield EntryListing("git", source, entries, commit, committed=_commit_time(repository, commit))


class Tracked(NamedTuple):
    """What git knows of a folder of a work tree, and what is there.

    Attributes:
        prefix: Of the folder, from the work tree.
        tags: By path: how git has it.
        entries: By path: what lies there.
    """

    prefix: str
    tags: dict[str, str]
    entries: dict[str, Entry]


def list_tracked(repository: GitRepository, folder: Path, limit_bytes: int) -> Tracked | None:
    """Tracked files of a folder, and untracked ones that are not ignored; None where the folder is ignored itself."""
    prefix = "/".join(folder.relative_to(repository.work_tree or folder).parts)
    tags = _ls_files(repository, prefix)
    if not tags and prefix:
        return None
    disk = DiskTree(folder, limit_bytes)
    entries = {path: entry for path in tags if (entry := disk.entry(path.removesuffix("/"))) is not None}
    return Tracked(prefix, tags, entries)


def list_work_tree(
    repository: GitRepository, source: str, folder: Path, limit_bytes: int
) -> EntryListing | None:
    """List tracked files, and untracked ones that are not ignored.

    Args:
        repository: With a work tree.
        source: How the snapshot names it.
        folder: The work tree, or a directory in it.
        limit_bytes: Files are read at most one byte past this.

    Returns:
        None where the folder is ignored by the repository it lies in.
    """
    tracked = list_tracked(repository, folder, limit_bytes)
    if tracked is None:
        return None
    prefix, tags = tracked.prefix, tracked.tags
    listing = EntryListing("git", source, tuple(tracked.entries.values()))
    commit = resolve_commit(repository, "HEAD")
    if commit is None:
        return listing
    tree = _ls_tree(repository, f"{commit}:{prefix}", missing_ok=True)
    sizes = {path: entry.size for path, entry in tracked.entries.items()}
    likely = sorted(
        tree.items(), key=lambda row: sizes.get(row[0]) == row[1].size
    )  # what was edited: other sizes
    dirty = any(True for _ in differences(dict(likely), tags, folder))
    return replace(listing, commit=commit, dirty=dirty, committed=_commit_time(repository, commit))


def changed_paths(
    repository: GitRepository, folder: Path, commit: str, later: str | None = None
) -> Iterator[str]:
    """Files below a folder of a work tree that are not as they were at a commit; those that are gone, too.

    Args:
        repository: With a work tree, or bare where `later` is given.
        folder: The work tree, or a directory in it.
        commit: The earlier state.
        later: The later one; by default the working tree.
    """
    prefix = "/".join(folder.relative_to(repository.work_tree or folder).parts)
    tree = _ls_tree(repository, f"{commit}:{prefix}", missing_ok=True)
    if later is None:
        return differences(tree, _ls_files(repository, prefix), folder)
    other = _ls_tree(repository, f"{later}:{prefix}", missing_ok=True)
    return (path for path in {*tree, *other} if tree.get(path) != other.get(path))


def check_revision(revision: str) -> None:
    """Refuse what git could take for an option.

    Raises:
        InvalidInputError: Empty, beginning with a dash, or with a control character.
    """
    if revision.startswith("-") or not revision.isprintable() or not revision:
        raise InvalidInputError(f"{revision!r} is no revision", hint="name a branch, a tag, or a commit id")


def resolve_commit(repository: GitRepository, revision: str) -> str | None:
    """The commit's full id, or None where there is none of that name.

    Raises:
        InvalidInputError: See `check_revision`.
    """
    check_revision(revision)
    try:
        found = repository.run("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    except GitError:
        return None
    return found.decode("ascii").strip()


def _ls_files(repository: GitRepository, prefix: str) -> dict[str, str]:
    """Path relative to `prefix` → git's tag: H tracked, S left out of a sparse checkout, ? untracked …"""
    pathspec = ["--", f":(top,literal){prefix}"] if prefix else []
    found = repository.run("ls-files", "-z", "-t", "-co", "--exclude-standard", *pathspec)
    rows = (os.fsdecode(row) for row in found.split(b"\0") if row)
    start = len(prefix) + 1 if prefix else 0
    return {row[2 + start :]: row[0] for row in rows}


def _ls_tree(repository: GitRepository, tree: str, *, missing_ok: bool = False) -> dict[str, Blob]:
    try:
        found = repository.run("ls-tree", "-r", "-z", "-l", "--full-tree", tree)
    except GitError:
        if missing_ok:
            return {}
        raise
    blobs = {}
    for row in filter(None, found.split(b"\0")):
        about, _, name = row.partition(b"\t")
        mode, _, blob_id, size = about.decode("ascii").split()
        blobs[os.fsdecode(name)] = Blob(mode, blob_id, int(size) if size.isdigit() else 0)
    return blobs


def _commit_time(repository: GitRepository, commit: str) -> float | None:
    # `git log` would run gpg where log.showSignature asks for it
    head = repository.run("cat-file", "commit", commit).split(b"\n\n", 1)[0]
    found = re.search(rb"^committer .* (\d+) [+-]\d{4}$", head, re.MULTILINE)
    return float(found[1]) if found else None


def _read_blob(ask: IO[bytes], answer: IO[bytes], limit_bytes: int, blob_id: str) -> bytes:
    ask.write(blob_id.encode("ascii") + b"\n")
    ask.flush()
    head = answer.readline().split()
    if len(head) != 3 or head[1] != b"blob":
        raise OSError("the object is missing from the repository")
    size = int(head[2])
    data = answer.read(min(size, limit_bytes + 1))
    _drop(answer, size - len(data) + 1)
    return data


def _drop(stream: IO[bytes], count: int) -> None:
    while count > 0:
        piece = stream.read(min(count, 2**20))
        if not piece:
            raise OSError("git ended early")
        count -= len(piece)
