"""What a person leaves out of a repository: patterns as in `.gitignore`, of the settings and of `.gardenerignore`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pathspec

from codebase_gardener.repository.entries import Entry
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["IGNORE_FILE", "Chosen"]

IGNORE_FILE = ".gardenerignore"
_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Chosen:
    """Which files count.

    Attributes:
        include: Only what matches one of these; all where there are none.
        exclude: What matches one of these does not count.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def problems(self, entries: Sequence[Entry]) -> dict[str, str]:
        """Path of each file that is left out → why: by the settings first, then by the file at the root.

        Raises:
            InvalidInputError: A pattern of the settings is malformed.
        """
        rules = []
        if self.exclude:
            rules.append((_spec(self.exclude, "exclude"), True, "excluded by the settings"))
        if self.include:
            rules.append((_spec(self.include, "include"), False, "not included by the settings"))
        if lines := _lines(entries):
            rules.append((_spec(lines, IGNORE_FILE), True, f"excluded by {IGNORE_FILE}"))
        return {
            entry.path: reason
            for entry in entries
            if (reason := next((why for spec, out, why in rules if spec.match_file(entry.path) == out), None))
        }


def _spec(patterns: Iterable[str], where: str) -> pathspec.GitIgnoreSpec:
    try:
        return pathspec.GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise InvalidInputError(f"{where}: {error}", hint="patterns are those of .gitignore") from error


def _lines(entries: Sequence[Entry]) -> list[str]:
    """Of a `.gardenerignore` at the root; one that cannot be read leaves out nothing."""
    found = next((entry for entry in entries if entry.path == IGNORE_FILE and entry.problem is None), None)
    if found is None or found.size > _MAX_BYTES:
        return []
    try:
        return found.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
