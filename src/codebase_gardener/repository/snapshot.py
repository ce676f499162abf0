"""A repository pinned to a commit or a tree hash: the files that count, and why the others do not."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.copies import copied_folders
from codebase_gardener.repository.entries import Entry, EntryListing, printable
from codebase_gardener.repository.filters import directory_problem, left_out_directory, may_be_own
from codebase_gardener.repository.judging import LeftOutError, judge
from codebase_gardener.repository.own_folders import own_folders
from codebase_gardener.repository.patterns import Chosen
from codebase_gardener.utils.error_handling import SourceError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["SkippedFile", "Snapshot", "SourceFile", "require_code", "take_snapshot"]

MAX_FILES = 200_000
MAX_TOTAL_BYTES = 512 * 2**20

_TOLD = 5  # secrets of a file that is left out


@dataclass(frozen=True)
class SourceFile:
    """One text file of the snapshot.

    Attributes:
        path: POSIX path relative to the repository's root.
        language: A key of `languages.LANGUAGES`, or "text".
        sha256: Of the file's bytes, hex.
        text: Decoded content, with `\\n` line ends and no byte order mark; the letters of secrets are replaced.
        hidden: First and last line, 1-based, of each place that held a secret; what encloses it is in no row.
    """

    path: str
    language: str
    sha256: str
    text: str
    hidden: tuple[tuple[int, int], ...] = ()

    @property
    def lines(self) -> int:
        """Number of lines."""
        return self.text.count("\n") + (not self.text.endswith("\n") and bool(self.text))


@dataclass(frozen=True)
class SkippedFile:
    """A file that was left out, and why; a directory left out as a whole ends in `/`."""

    path: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """The files of a repository at one moment.

    Attributes:
        id: First 16 hex digits of a hash over paths and contents of `files`.
        source: What the user named: an absolute path, a URL, or an archive's path.
        kind: "git", "directory" or "sdist".
        commit: The git commit the tree is at or derives from, else None.
        tree_hash: Hex SHA-256 over (path, sha256) of all files.
        dirty: Whether the working tree differs from `commit`.
        date: ISO 8601 date of the commit, else of the newest file, UTC.
    """

    id: str
    source: str
    kind: str
    commit: str | None
    tree_hash: str
    dirty: bool
    date: str
    files: tuple[SourceFile, ...]
    skipped: tuple[SkippedFile, ...]

    @property
    def revision(self) -> str:
        """How reports name this state: the commit, marked where the tree differs, else the tree hash."""
        if self.commit is None:
            return f"tree:{self.tree_hash[:16]}"
        return f"{self.commit}+dirty:{self.tree_hash[:16]}" if self.dirty else self.commit


def take_snapshot(
    source: str,
    *,
    revision: str | None = None,
    max_file_bytes: int = 1_000_000,
    chosen: Chosen | None = None,
    progress: Progress = silent,
) -> Snapshot:
    """Read a repository without running, checking out or following anything in it.

    Args:
        source: A directory, a git URL (https, ssh, file, `git@host:path`), or a source archive.
        revision: A commit, branch or tag of a git repository; without one, the working tree of a local
            repository or the default branch of a remote one.
        max_file_bytes: Larger files are left out.
        chosen: Patterns of a person's; a `.gardenerignore` at the root counts in any case.
        progress: Called with (entries looked at, all entries).

    Returns:
        The snapshot; everything left out stands in `skipped` with its reason.

    Raises:
        InvalidInputError: A revision that is an option, or of a source that has none; a malformed pattern.
        SourceError: The source is missing, unreachable, damaged or empty; the hint says what to do.

    Example:
        >>> snapshot = take_snapshot(".")  # doctest: +SKIP
    """
    from codebase_gardener.repository.sources import (
        open_source,  # what reads a snapshot again needs none of it
    )

    with open_source(source, revision, max_file_bytes) as listing:
        selection = _select(listing.entries, max_file_bytes, chosen or Chosen(), progress)
    _leave_out_copies(selection)
    _hide_secrets(selection)
    if not listing.entries and not listing.left_out:
        raise SourceError(
            f"{listing.source} is empty: no file in it",
            hint="name a repository that has files (commit some first)",
        )
    return _pinned(listing, selection)


def require_code(snapshot: Snapshot) -> None:
    """Make sure that there is something to learn from.

    Raises:
        SourceError: No file is in a known programming language; the message says what there was instead.
    """
    if any(is_code(file.language) for file in snapshot.files):
        return
    kept = Counter(file.language for file in snapshot.files)
    found = f"{_tally(kept) or 'no text file'} kept, {len(snapshot.skipped)} left out"
    raise SourceError(
        f"{snapshot.source} has no code in a known language: {found}",
        hint="name the directory that holds the code; `gardener add` lists what was left out and why",
        context={"kept": dict(kept), "left_out": [vars(file) for file in snapshot.skipped[:20]]},
    )


def _tally(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common(5))


@dataclass
class _Selection:
    """Files and reasons, gathered one entry at a time."""

    files: list[SourceFile]
    skipped: list[SkippedFile]
    directories: Counter[tuple[str, str]]
    total_bytes: int = 0
    newest: float = 0.0

    def add(self, entry: Entry, max_file_bytes: int) -> None:
        """Keep the entry, or the reason why not."""
        if len(self.files) >= MAX_FILES or self.total_bytes >= MAX_TOTAL_BYTES:
            reason = f"over the limit of {MAX_FILES:,} files and {MAX_TOTAL_BYTES:,} bytes"
            self.skipped.append(SkippedFile(printable(entry.path), reason))
            return
        try:
            judged = judge(entry, max_file_bytes)
        except LeftOutError as reason:
            self.skipped.append(SkippedFile(printable(entry.path), str(reason)))
        else:
            self.files.append(SourceFile(entry.path, judged.language, judged.sha256, judged.text))
            self.total_bytes += len(judged.text)
            self.newest = max(self.newest, entry.modified or 0.0)

    def leave_out(self, entry: Entry, reason: str) -> None:
        """A person wants it so: a row a folder."""
        folder = entry.path.rpartition("/")[0]
        if folder:
            self.directories[f"{folder}/", reason] += 1
        else:
            self.skipped.append(SkippedFile(printable(entry.path), reason))

    def skipped_rows(self) -> list[SkippedFile]:
        """Files one by one, directories as one row each."""
        rows = [
            SkippedFile(
                printable(path), f"{reason}, {count} {'file' if count == 1 else 'files'}{_hint(path, reason)}"
            )
            for (path, reason), count in self.directories.items()
        ]
        return self.skipped + rows


def _select(
    entries: tuple[Entry, ...], max_file_bytes: int, chosen: Chosen, progress: Progress
) -> _Selection:
    unwanted = chosen.problems(entries)
    selection = _Selection([], [], Counter())
    named: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    progress(0, len(entries))
    for done, entry in enumerate(entries, 1):
        left_out = left_out_directory(entry.path)
        if entry.path in unwanted:
            selection.leave_out(entry, unwanted[entry.path])
        elif left_out:
            named[left_out].append(entry)
        else:
            selection.add(entry, max_file_bytes)
        progress(done, len(entries))
    paths = {folder: [entry.path for entry in inside] for (folder, _), inside in named.items()}
    own = own_folders(paths, [(file.path, file.text) for file in selection.files])
    for (folder, reason), inside in named.items():
        for entry in inside:
            deeper = left_out_directory(entry.path[len(folder) :])
            if folder not in own:
                selection.directories[folder, reason] += 1
            elif deeper:
                selection.directories[folder + deeper[0], deeper[1]] += 1
            else:
                selection.add(entry, max_file_bytes)
    return selection


def _hint(path: str, reason: str) -> str:
    is_named = reason == directory_problem(path.split("/")[-2])
    return "; no code of the repository imports it" if is_named and may_be_own(path) else ""


def _leave_out_copies(selection: _Selection) -> None:
    copies = copied_folders({file.path: file.sha256 for file in selection.files})
    kept = []
    for file in selection.files:
        folder = next((folder for folder in copies if file.path.startswith(folder + "/")), None)
        if folder is None:
            kept.append(file)
        else:
            selection.directories[folder + "/", f"a copy of {printable(copies[folder])}/"] += 1
    selection.files = kept


def _hide_secrets(selection: _Selection) -> None:
    """Replace the letters of secrets; a file of which they are the most is left out."""
    from codebase_gardener.repository.secrets import Scanned, find_secrets, masked

    files = selection.files
    found = find_secrets([Scanned(file.text, PurePosixPath(file.path).suffix) for file in files])
    selection.files = []
    for file, secrets in zip(files, found, strict=True):
        if sum(secret.stop - secret.start for secret in secrets) * 2 > len(file.text):
            told = [f"{secret.kind} at line {secret.line}" for secret in secrets]
            more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
            reason = f"secret: {', '.join(told[:_TOLD])}{more}"
            selection.skipped.append(SkippedFile(printable(file.path), reason))
            continue
        for secret in secrets:
            where = SkippedFile(
                f"{printable(file.path)}:L{secret.line}-{secret.end}",
                f"secret: {secret.kind} at line {secret.line}; its letters and the rows around it are left out",
            )
            selection.skipped.append(where)
        hidden = tuple((secret.line, secret.end) for secret in secrets)
        selection.files.append(
            replace(file, text=masked(file.text, secrets), hidden=hidden) if secrets else file
        )


def _pinned(listing: EntryListing, selection: _Selection) -> Snapshot:
    files = tuple(sorted(selection.files, key=lambda file: file.path))
    tree_hash = _tree_hash(files)
    left_out = [SkippedFile(printable(path), reason) for path, reason in listing.left_out]
    return Snapshot(
        id=tree_hash[:16],
        source=listing.source,
        kind=listing.kind,
        commit=listing.commit,
        tree_hash=tree_hash,
        dirty=listing.dirty,
        date=_iso(selection.newest if listing.committed is None else listing.committed),
        files=files,
        skipped=tuple(sorted([*left_out, *selection.skipped_rows()], key=lambda file: file.path)),
    )


def _tree_hash(files: Iterable[SourceFile]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path}\0{file.sha256}\n".encode())
    return digest.hexdigest()


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):  # an archive may claim any time
        return datetime.fromtimestamp(0, UTC).isoformat(timespec="seconds")
