"""Which files are held out: whole files, never rows, chosen by a hash of their paths."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from codebase_gardener.utils.files import sha256_text

__all__ = ["HELDOUT_SHARE", "Split", "split_files"]

HELDOUT_SHARE = 0.12
MAX_HELDOUT_FILES = 40
MAX_FUNCTION_SHARE = 0.2
ENOUGH_FUNCTIONS = 48
ENOUGH_FUNCTION_SHARE = 0.08


@dataclass(frozen=True)
class Split:
    """The held-out files; every other file is for training.

    Attributes:
        heldout: Their paths.
        warnings: Why a split is not as asked for.
    """

    heldout: frozenset[str]
    warnings: tuple[str, ...] = ()

    def side_of(self, path: str) -> str:
        """The split of a file: "train" or "heldout"."""
        return "heldout" if path in self.heldout else "train"


def split_files(
    functions: Mapping[str, int],
    *,
    share: float = HELDOUT_SHARE,
    seed: int = 0,
    most: int = MAX_HELDOUT_FILES,
    first: Collection[str] = (),
    never: Collection[str] = (),
) -> Split:
    """Choose the held-out files.

    Args:
        functions: Completable functions by path. Files without any are never held out.
        share: Of the files with functions; at least 1 file, and more until 48 functions or 8 % of all are
            held out; together no more than 20 % of all functions, except that where every file is larger than
            that, the smallest is taken.
        seed: Another seed, another choice.
        most: At most so many files.
        first: Files that come before all others: an earlier generation held them out.
        never: Files that are not held out: an earlier generation was trained on them.

    Returns:
        A split that does not depend on the order of `functions`; files keep their rank when others change.
    """
    files = {path: count for path, count in functions.items() if count > 0}
    if len(files) < 2 or share <= 0:
        reason = "nothing is held out" if share <= 0 else "fewer than two files have functions to hold out"
        return Split(frozenset(), (f"{reason}: evaluation has nothing to measure on",))
    wanted = min(max(1, round(share * len(files))), most)
    room = MAX_FUNCTION_SHARE * sum(files.values())
    chosen: set[str] = set()
    enough = min(ENOUGH_FUNCTIONS, ENOUGH_FUNCTION_SHARE * sum(files.values()))
    held = 0
    eligible = [path for path in files if path not in never]
    if not eligible:
        return Split(frozenset(), ("all files with functions were trained on before: nothing is held out",))
    for path in sorted(eligible, key=lambda path: (path not in first, sha256_text(f"{seed}:{path}"))):
        wants_more = len(chosen) < wanted or (held < enough and len(chosen) < most)
        if wants_more and held + files[path] <= room:
            chosen.add(path)
            held += files[path]
    return Split(frozenset(chosen or {min(eligible, key=lambda path: (files[path], path))}))
