"""What a git repository holds: the files of a revision, read from its objects, or of its work tree."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from codebase_gardener.repository.disk import DiskTree, read_regular
from codebase_gardener.repository.entries import Entry, Listing, escapes
from codebase_gardener.repository.git import GitError, GitRepository
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError

__all__ = ["list_revision", "list_work_tree"]

HASHED_BYTES = 256 * 2**20
"""A tracked file above this is compared with the commit by its size alone."""

_MODES = {"120000": "a link", "160000": "another repository (a submodule)"}


@dataclass(frozen=True)
class _Blob:
    """A row of `git ls-tree -r -l`."""

    mode: str
    id: str
    size: int


@contextmanager
def list_revision(
    repository: GitRepository, source: str, revision: str, *, folder: str = "", limit_bytes: int
) -> Iterator[Listing]:
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
            hint="name a branch, tag or commit that `git log` shows; fetch it first if it is only on the remote",
        )
    tree = _ls_tree(repository, f"{commit}:{folder}")
    with repository.talk("cat-file", "--batch") as (ask, answer):
        read = partial(_read_blob, ask, answer, limit_bytes)
        entries = tuple(
            Entry(path, blob.size, partial(read, blob.id), problem=_MODES.get(blob.mode))
            for path, blob in tree.items()
        )
        yield Listing("git", source, entries, commit, committed=_commit_time(repository, commit))


def list_work_tree(repository: GitRepository, source: str, folder: Path, limit_bytes: int) -> Listing | None:
    """List tracked files, and untracked ones that are not ignored.

    Args:
        repository: With a work tree.
        source: How the snapshot names it.
        folder: The work tree, or a directory in it.
        limit_bytes: Files are read at most one byte past this.

    Returns:
        None where the folder is ignored by the repository it lies in.
    """
    prefix = "/".join(folder.relative_to(repository.work_tree or folder).parts)
    tags = _ls_files(repository, prefix)
    if not tags and prefix:
        return None
    disk = DiskTree(folder, limit_bytes)
    entries = {path: entry for path in tags if (entry := disk.entry(path.removesuffix("/"))) is not None}
    listing = Listing("git", source, tuple(entries.values()))
    commit = resolve_commit(repository, "HEAD")
    if commit is None:
        return listing
    tree = _ls_tree(repository, f"{commit}:{prefix}", missing_ok=True)
    dirty = _differs(tree, tags, folder)
    return replace(listing, commit=commit, dirty=dirty, committed=_commit_time(repository, commit))


def resolve_commit(repository: GitRepository, revision: str) -> str | None:
    """The commit's full id, or None where there is none of that name.

    Raises:
        InvalidInputError: The revision begins with a dash or holds a control character.
    """
    if revision.startswith("-") or not revision.isprintable() or not revision:
        raise InvalidInputError(f"{revision!r} is no revision", hint="name a branch, a tag, or a commit id")
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


def _ls_tree(repository: GitRepository, tree: str, *, missing_ok: bool = False) -> dict[str, _Blob]:
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
        blobs[os.fsdecode(name)] = _Blob(mode, blob_id, int(size) if size.isdigit() else 0)
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


def _differs(tree: dict[str, _Blob], tags: dict[str, str], folder: Path) -> bool:
    """Whether the work tree differs from a commit's tree, decided by hashing.

    `git status` would run the clean filters that .git/config and .gitattributes name.
    """
    if any(path not in tree for path in tags):
        return True
    if any(path not in tags for path in tree):
        return True
    return any(
        not _same(folder, path, blob)
        for path, blob in tree.items()
        if tags[path] != "S" and blob.mode != "160000"
    )


def _same(folder: Path, path: str, blob: _Blob) -> bool:
    if escapes(path):
        return True
    target = folder / path
    try:
        found = target.lstat()
        if blob.mode == "120000":
            return (
                stat.S_ISLNK(found.st_mode) and _blob_id(os.fsencode(target.readlink()), blob.id) == blob.id
            )
        if not stat.S_ISREG(found.st_mode):
            return False
        if blob.size > HASHED_BYTES:
            return found.st_size == blob.size
        return _same_text(read_regular(target, max(blob.size * 2, 4096)), blob.id)
    except OSError:
        return False


def _same_text(data: bytes, blob_id: str) -> bool:
    """Equal, or equal once CRLF is LF: a checkout with core.autocrlf is no change."""
    if _blob_id(data, blob_id) == blob_id:
        return True
    return b"\r\n" in data and _blob_id(data.replace(b"\r\n", b"\n"), blob_id) == blob_id


def _blob_id(data: bytes, like: str) -> str:
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()
