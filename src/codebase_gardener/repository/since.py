"""What changed in a repository since a revision: files, and the lines of one file."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from codebase_gardener.repository.decoding import decode
from codebase_gardener.repository.git import GitError, GitRepository, find_repository
from codebase_gardener.repository.git_trees import changed_paths, resolve_commit
from codebase_gardener.utils.anchors import split_lines
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError

__all__ = ["Since"]


@dataclass(frozen=True)
class Since:
    """A revision, to compare with.

    Attributes:
        repository: Its repository.
        commit: The revision's id.
        paths: Files that are not as they were, relative to the folder that was named; those that are gone, too.
    """

    repository: GitRepository
    commit: str
    paths: frozenset[str]

    @classmethod
    def read(cls, source: str, since: str, revision: str | None = None) -> Since:
        """What differs between two states of a repository on disk.

        Args:
            source: A directory of its work tree.
            since: The earlier one.
            revision: The later one; by default the working tree.

        Raises:
            InvalidInputError: The source is no git repository on this machine.
            SourceError: There is no such revision.
        """
        folder = Path(source).expanduser().resolve()
        repository = find_repository(folder) if folder.is_dir() else None
        if repository is None:
            raise InvalidInputError(
                f"{source} is no git repository: nothing is known of what changed since {since}",
                hint="leave out --since, or name a clone",
            )
        commits = [resolve_commit(repository, name) for name in (since, revision) if name is not None]
        if None in commits:
            raise SourceError(
                f"{source} has no revision {since!r}" if commits[0] is None else f"{source}: {revision!r}",
                hint="name a branch, tag or commit that `git log` shows; in CI fetch the whole history",
            )
        first = str(commits[0])
        later = commits[1] if revision is not None else None
        return cls(repository, first, frozenset(changed_paths(repository, folder, first, later)))

    def changed_lines(self, file: Path, text: str) -> set[int]:
        """Lines of a file that are new, 1-based; none for a file outside of the work tree.

        Args:
            file: Where it lies.
            text: As it is now, with `\\n` line ends.
        """
        root = self.repository.work_tree
        lines = split_lines(text)
        if root is None or not file.resolve().is_relative_to(root):
            return set()
        path = file.resolve().relative_to(root).as_posix()
        try:
            before = decode(self.repository.run("cat-file", "blob", f"{self.commit}:{path}"))
        except GitError:
            return set(range(1, len(lines) + 1))
        matcher = SequenceMatcher(None, split_lines(before), lines)
        return {
            number + 1
            for tag, _, _, begin, end in matcher.get_opcodes()
            if tag != "equal"
            for number in range(begin, end)
        }
