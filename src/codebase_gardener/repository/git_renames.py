"""What a file that is gone is called now, by the history of its repository."""

from __future__ import annotations

from pathlib import Path

from codebase_gardener.repository.git import GitError, GitRepository

__all__ = ["renamed_path"]

_MAX_RENAMES = 10


def renamed_path(repository: GitRepository, folder: Path, path: str, commit: str = "HEAD") -> str:
    """The last name that git's own detection of renames follows a file to; "" where it was not renamed.

    Args:
        repository: With a work tree.
        folder: The work tree, or a directory in it.
        path: Below that folder.
        commit: The state whose name is asked for.
    """
    prefix = "/".join(folder.relative_to(repository.work_tree or folder).parts)
    start = f"{prefix}/" if prefix else ""
    name = start + path
    for _ in range(_MAX_RENAMES):
        try:
            found = _renamed_once(repository, name, commit)
        except GitError:  # no commit yet, or a history that is not whole
            return ""
        if not found:
            break
        name = found
    return name.removeprefix(start) if name != start + path and name.startswith(start) else ""


def _renamed_once(repository: GitRepository, name: str, commit: str) -> str:
    last = repository.run("rev-list", "-1", commit, "--", f":(top,literal){name}").decode("ascii").strip()
    if not last:
        return ""
    told = repository.run("diff-tree", "-r", "-M", "-z", "--no-commit-id", "--name-status", last)
    fields = told.decode("utf-8", "surrogateescape").split("\0")
    at = 0
    while at + 1 < len(fields):
        moved = fields[at].startswith("R")
        if moved and fields[at + 1] == name:
            return fields[at + 2]
        at += 3 if moved or fields[at].startswith("C") else 2
    return ""
