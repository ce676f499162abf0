"""A repository pinned to a commit or a tree hash: the files that count, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SkippedFile", "Snapshot", "SourceFile"]


@dataclass(frozen=True)
class SourceFile:
    """One text file of the snapshot.

    Attributes:
        path: POSIX path relative to the repository's root.
        language: A key of `languages.LANGUAGES`, or "text".
        sha256: Of the file's bytes, hex.
        text: Decoded content, with `\\n` line ends as they stand in the file.
    """

    path: str
    language: str
    sha256: str
    text: str

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.text.splitlines())


@dataclass(frozen=True)
class SkippedFile:
    """A file that was left out, and why."""

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
        """How rows and reports name this state: the commit, marked where the tree differs, else the tree hash."""
        if self.commit is None:
            return f"tree:{self.tree_hash[:16]}"
        return f"{self.commit}+dirty:{self.tree_hash[:16]}" if self.dirty else self.commit
