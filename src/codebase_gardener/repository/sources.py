"""What a user may name as a repository, and how each kind is opened."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from codebase_gardener.repository.archive import archive_stem, is_archive, list_archive
from codebase_gardener.repository.directory import list_directory
from codebase_gardener.repository.entries import EntryListing
from codebase_gardener.repository.git import GitError, GitRepository, clone, find_repository
from codebase_gardener.repository.git_trees import (
    check_revision,
    list_revision,
    list_work_tree,
    resolve_commit,
)
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError
from codebase_gardener.utils.names import name_from

__all__ = ["default_name", "is_git_url", "open_source", "without_credentials"]

_URL = re.compile(r"(?:https?|ssh|git|file)://[^\s]+\Z")
_SCP = re.compile(r"[A-Za-z0-9_][\w.-]*@[A-Za-z0-9_][\w.-]*:[^\s]+\Z")
_VERSION = re.compile(r"-v?\d[\w.+!-]*\Z")
_WHEEL_TAGS = re.compile(r"(-[^-]+){3,5}\Z")
_CREDENTIALS = re.compile(r"(\b[a-z+]+://)[^/@\s]+@")


def is_git_url(source: str) -> bool:
    """Whether it is a git URL (https, http, ssh, git, file) or `user@host:path`."""
    return bool(_URL.match(source) or _SCP.match(source))


def without_credentials(text: str) -> str:
    """The text with user names and passwords taken out of URLs.

    Example:
        >>> without_credentials("https://me:token@example.org/a.git")
        'https://example.org/a.git'
    """
    return _CREDENTIALS.sub(r"\1", text)


def default_name(source: str) -> str:
    """A project's name where the user gave none.

    Example:
        >>> default_name("git@github.com:huggingface/peft.git"), default_name("/tmp/peft-0.18.0.tar.gz")
        ('peft', 'peft')
    """
    if is_git_url(source):
        last = re.split(r"[/:]", source.rstrip("/"))[-1]
        return name_from(last.removesuffix(".git"))
    path = Path(source).expanduser()
    if is_archive(path.name) and not path.is_dir():
        tags = _WHEEL_TAGS if path.name.lower().endswith(".whl") else _VERSION
        return name_from(tags.sub("", archive_stem(path.name)))
    return name_from(path.resolve().name.removesuffix(".git"))


@contextmanager
def open_source(source: str, revision: str | None, limit_bytes: int) -> Iterator[EntryListing]:
    """Open a repository; its entries can be read within the block.

    Args:
        source: A directory, a git URL, or an archive.
        revision: A commit, branch or tag; only for git.
        limit_bytes: Files are read at most one byte past this.

    Raises:
        InvalidInputError: A revision of something that has none, or one that is an option.
        SourceError: Missing, unreachable or damaged.
    """
    if revision is not None:
        check_revision(revision)
    if is_git_url(source):
        opened = _open_url(source, revision, limit_bytes)
    else:
        opened = _open_path(source, revision, limit_bytes)
    with opened as listing:
        yield listing


@contextmanager
def _open_url(url: str, revision: str | None, limit_bytes: int) -> Iterator[EntryListing]:
    named = without_credentials(url)
    with tempfile.TemporaryDirectory(prefix="gardener-clone-") as folder:
        try:
            repository = clone(url, Path(folder) / "repository.git", whole=revision is not None)
        except GitError as error:
            message = without_credentials(error.message).replace(folder, "")
            raise SourceError(f"{named}: {message}", hint=error.hint) from None
        with _open_bare(repository, named, revision, limit_bytes) as listing:
            yield listing


@contextmanager
def _open_path(source: str, revision: str | None, limit_bytes: int) -> Iterator[EntryListing]:
    path = _existing(source)
    if path.is_dir():
        with _open_directory(path, revision, limit_bytes) as listing:
            yield listing
        return
    if not (path.is_file() and is_archive(path.name)):
        raise SourceError(
            f"{path} is neither a directory nor a source archive",
            hint="name a directory, a git URL, or a .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip or .whl file",
        )
    if revision is not None:
        raise InvalidInputError(f"{path} is an archive: it has no revisions", hint="leave out --revision")
    with list_archive(path, limit_bytes) as listing:
        yield listing


def _existing(source: str) -> Path:
    if not source:
        raise _cannot_open(source, "nothing is named")
    try:
        return Path(source).expanduser().resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise _cannot_open(source, getattr(error, "strerror", None) or str(error)) from None


def _cannot_open(source: str, reason: str) -> SourceError:
    return SourceError(
        f"{source!r} cannot be opened: {reason}",
        hint="name a directory, an archive, or a git URL (https://…, ssh://…, file://…, git@host:path)",
    )


@contextmanager
def _open_directory(path: Path, revision: str | None, limit_bytes: int) -> Iterator[EntryListing]:
    repository = find_repository(path)
    if repository is None and revision is not None:
        raise InvalidInputError(
            f"{path} is no git repository: it has no revisions", hint="leave out --revision"
        )
    if repository is not None and repository.work_tree is None:
        opened = _open_bare(repository, str(path), revision, limit_bytes)
    elif repository is not None and revision is not None:
        folder = "/".join(path.relative_to(repository.work_tree or path).parts)
        opened = list_revision(repository, str(path), revision, folder=folder, limit_bytes=limit_bytes)
    else:
        opened = _open_files(repository, path, limit_bytes)
    with opened as listing:
        yield listing


@contextmanager
def _open_bare(
    repository: GitRepository, source: str, revision: str | None, limit_bytes: int
) -> Iterator[EntryListing]:
    if revision is None and resolve_commit(repository, "HEAD") is None:
        yield EntryListing("git", source, ())
        return
    with list_revision(repository, source, revision or "HEAD", limit_bytes=limit_bytes) as listing:
        yield replace(listing, source=source)


@contextmanager
def _open_files(repository: GitRepository | None, path: Path, limit_bytes: int) -> Iterator[EntryListing]:
    listing = list_work_tree(repository, str(path), path, limit_bytes) if repository else None
    yield listing or list_directory(path, str(path), limit_bytes)
