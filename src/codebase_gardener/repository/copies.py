"""Folders that are copies of one another: worktrees and clones of one repository beside each other are read once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

__all__ = ["copied_folders"]

MIN_FILES = 8
MIN_SHARE = 0.7
"""Of the larger folder's files, how many are in the other under the same path with the same bytes.

A worktree of another branch has nearly all; two projects made from one template have a few.
"""

_MOST_COPIES = 12  # of one file: what every folder has (an empty `__init__.py`) tells nothing


def copied_folders(files: Mapping[str, str]) -> dict[str, str]:
    """The folders that are copies, each with the one that stays.

    Args:
        files: Path to hash of the content.

    Returns:
        Path of a copy to that of the original, without a slash at the end; of copies the first by name stays, and of
        nested ones only the outermost are named.

    Example:
        >>> files = {f"{root}/src/{n}.py": str(n) for root in ("main", "work") for n in range(9)}
        >>> copied_folders(files)
        {'work': 'main'}
    """
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, digest in files.items():
        places[path.rpartition("/")[2], digest].append(path)
    shared: Counter[tuple[str, str]] = Counter()
    for paths in places.values():
        for one, other in combinations(sorted(paths), 2) if len(paths) <= _MOST_COPIES else ():
            shared.update(_pairs(one, other))
    sizes = Counter(folder for path in files for folder in _folders(path))
    copies: dict[str, str] = {}
    for (one, other), count in sorted(shared.items()):
        if (
            count >= MIN_FILES
            and count >= MIN_SHARE * max(sizes[one], sizes[other])
            and not _below(one, copies)
        ):
            copies.setdefault(other, one)
    return {folder: kept for folder, kept in copies.items() if not _below(folder.rpartition("/")[0], copies)}


def _pairs(one: str, other: str) -> Iterable[tuple[str, str]]:
    """The folders of two files that would be copies if these are: their paths without a common end."""
    a, b = one.split("/"), other.split("/")
    for common in range(1, min(len(a), len(b))):
        if a[-common:] != b[-common:]:
            return
        yield "/".join(a[:-common]), "/".join(b[:-common])


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _below(folder: str, others: Mapping[str, str]) -> bool:
    return folder in others or any(outer in others for outer in _folders(folder))
