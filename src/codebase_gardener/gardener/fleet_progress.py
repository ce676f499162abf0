"""Where a fleet is while it is grown, for who looks from another process.

fleet/.run.json   what the last run was asked for, written once; its lock is fleet/lock
      .now.json   what is grown at this moment, in which words; written once a second at most
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.repository.sources import without_credentials
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.files import FileLock, read_json, write_json

if TYPE_CHECKING:
    from codebase_gardener.gardener.fleet import FleetWatcher, Outcome

__all__ = ["FleetProgress", "FleetRunNow", "fleet_run_now"]

_EVERY_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FleetRunNow:
    """The last run of a fleet, as its files show it.

    Attributes:
        began: Seconds since 1970; 0 where there was none.
        file: Of the repositories.
        asked: Sources of those that were due, without credentials, by project.
        works: What is grown now, by project: where it is, and since when in seconds since 1970.
        runs: Whether it works now.
    """

    began: float
    file: str
    asked: Mapping[str, str]
    works: Mapping[str, tuple[str, float]]
    runs: bool


def fleet_run_now(folder: Path) -> FleetRunNow:
    """What the files in a home's `fleet` folder say; an unreadable one says nothing.

    Args:
        folder: `fleet` of the home.
    """
    runs = not FileLock.is_free(folder / "lock", shared=True)
    run, now = _read(folder / ".run.json"), _read(folder / ".now.json")
    try:
        asked = {str(name): str(source) for name, source in run["asked"].items()}
        works = {str(name): (str(words), float(since)) for name, (words, since) in now.items()}
        return FleetRunNow(float(run["began"]), str(run["file"]), asked, works if runs else {}, runs)
    except (LookupError, ValueError, TypeError, AttributeError):  # of no run, or of another version
        return FleetRunNow(0.0, "", {}, {}, runs)


def _read(file: Path) -> Any:
    try:
        return read_json(file)
    except (OSError, ValueError):
        return {}


class FleetProgress:
    """A watcher that writes down what it passes on.

    It is for looking at only: where it cannot be written the fleet goes on, and the log says so once.

    Args:
        folder: `fleet` of the home.
        entries: That are due.
        watcher: Told all, as before.
    """

    def __init__(self, folder: Path, entries: Sequence[FleetEntry], watcher: FleetWatcher) -> None:
        self._folder, self._watcher = folder, watcher
        self._works: dict[str, tuple[str, float]] = {}
        self._over: set[str] = set()
        self._written_s, self._failed = 0.0, False
        asked = {entry.name: without_credentials(entry.source) for entry in entries}
        file = entries[0].where.rpartition(":")[0] if entries else ""
        self._write(".now.json", {})
        self._write(".run.json", {"began": time.time(), "file": file, "asked": asked})

    def began(self, name: str) -> None:
        """A repository is grown now."""
        self._note(name, "begins", anew=True)
        self._watcher.began(name)

    def at(self, name: str, words: str) -> None:
        """Where it is."""
        self._note(name, words)
        self._watcher.at(name, words)

    def said(self, name: str, message: str) -> None:
        """A line of it."""
        self._watcher.said(name, message)

    def ended(self, outcome: Outcome) -> None:
        """It is grown, or has failed."""
        self._over.add(outcome.name)
        self._works.pop(outcome.name, None)
        self._write(".now.json", self._works)
        self._watcher.ended(outcome)

    def _note(self, name: str, words: str, *, anew: bool = False) -> None:
        if name in self._over:  # told by a node after it had ended
            return
        since = time.time() if anew or name not in self._works else self._works[name][1]
        self._works[name] = (words, since)
        if anew or time.monotonic() - self._written_s >= _EVERY_S:
            self._write(".now.json", self._works)

    def _write(self, name: str, content: Mapping[str, object]) -> None:
        self._written_s = time.monotonic()
        try:
            write_json(self._folder / name, content)
        except (ResourceError, OSError) as error:
            if not self._failed:
                _log.warning("where the fleet is cannot be written down: %s", error)
            self._failed = True
