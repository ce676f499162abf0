"""`grow --many`: each repository of a file is grown; what failed is told in the end, and done by the next run.

What became of each stands in a file of the home, fleet/PROJECT.json, and is written when it has ended.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from codebase_gardener.gardener.choosing import foretell
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.gardener.fleet_progress import FleetProgress, FleetRunNow, fleet_run_now
from codebase_gardener.gardener.growing import grow
from codebase_gardener.repository.sources import without_credentials
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ConflictError, NotFoundError
from codebase_gardener.utils.files import FileLock, out_of_room, read_json, sha256_text, write_json
from codebase_gardener.utils.names import parse_ref
from codebase_gardener.utils.progress import Reporter, Stage

__all__ = [
    "Due",
    "FleetRun",
    "FleetWatcher",
    "Outcome",
    "due_of",
    "failed",
    "fleet_run",
    "fleet_states",
    "grow_here",
    "grow_one",
    "pinned_bases",
    "request_of",
    "run_fleet",
]

_FOLDER = "fleet"
_TRIES = 10
_KEPT = 16_384


@dataclass(frozen=True)
class Outcome:
    """What became of a repository.

    Attributes:
        name: Of the project.
        source: Without credentials.
        request: Hash over what was asked for.
        state: "done" or "failed".
        ended: Seconds since 1970.
        seconds: That it took.
        adapter: `project/name@version`; "" where it failed.
        active: Whether that version is the active one.
        word: Of the verdict.
        gain: Nats per token, adapter + retrieval against base + retrieval; None where nothing was measured.
        error, hint: Why it failed, and what to do.
        exit_code: Of that error.
        node: The machine that grew it; "" for this one.
    """

    name: str
    source: str
    request: str
    state: str
    ended: float
    seconds: float = 0.0
    adapter: str = ""
    active: bool = False
    word: str = ""
    gain: float | None = None
    error: str = ""
    hint: str = ""
    exit_code: int = 0
    node: str = ""


@dataclass(frozen=True)
class Due:
    """A repository with what is known of it.

    Attributes:
        entry: As the file has it.
        last: What became of it; None where it was never grown.
        why: Why it is due: "new", "changed", "failed", "gone" or "scheduled"; "" where it is not.
    """

    entry: FleetEntry
    last: Outcome | None
    why: str


class FleetWatcher(Protocol):
    """Who is told how a fleet gets on."""

    def began(self, name: str) -> None:
        """A repository is grown now."""

    def at(self, name: str, words: str) -> None:
        """Where it is."""

    def said(self, name: str, message: str) -> None:
        """A line of it: a warning, or what it goes on from."""

    def ended(self, outcome: Outcome) -> None:
        """It is grown, or has failed."""


FleetRun = Callable[[Sequence[FleetEntry], FleetWatcher], Iterator[Outcome]]
"""Grows repositories, and gives what became of each as it ends: in this process, or on many nodes."""


def due_of(gardener: Gardener, entries: Sequence[FleetEntry]) -> list[Due]:
    """What is to be done now, and what is not.

    Args:
        gardener: The home.
        entries: Of the file.
    """
    states = fleet_states(gardener.settings.home)
    return [
        Due(entry, states.get(entry.name), _why(gardener, entry, states.get(entry.name))) for entry in entries
    ]


def _why(gardener: Gardener, entry: FleetEntry, last: Outcome | None) -> str:
    if last is None:
        return "new"
    if last.request != request_of(entry):
        return "changed"
    if last.state != "done":
        return "failed"
    try:
        gardener.registry.version(parse_ref(last.adapter))
    except NotFoundError:
        return "gone"
    # a clock that went back does not keep it waiting
    return "scheduled" if entry.every_s is not None and abs(time.time() - last.ended) >= entry.every_s else ""


def fleet_run(home: Path) -> FleetRunNow:
    """The last run of a fleet in a home, and where it is."""
    return fleet_run_now(home / _FOLDER)


def fleet_states(home: Path) -> dict[str, Outcome]:
    """What became of each repository, by project.

    Raises:
        ConflictError: One of the files is damaged.
    """
    found = {}
    for file in sorted((home / _FOLDER).glob("[!.]*.json")):
        changed = file.stat()
        found[file.stem] = _read(file, changed.st_mtime_ns, changed.st_ino)
    return found


@lru_cache(_KEPT)
def _read(file: Path, changed_ns: int, inode: int) -> Outcome:
    """The stamps are there to be remembered by: the page looks every three seconds."""
    try:
        return Outcome(**read_json(file))
    except (OSError, ValueError, TypeError) as error:
        raise ConflictError(
            f"{file} is damaged: {error}", hint="remove it; its repository counts as never grown then"
        ) from error


def run_fleet(
    gardener: Gardener, entries: Sequence[FleetEntry], watcher: FleetWatcher, run: FleetRun
) -> list[Outcome]:
    """Grow what is due, and keep what became of each.

    Args:
        gardener: The home.
        entries: That are due.
        watcher: Told how it gets on.
        run: Who does it.

    Returns:
        What became of each, in the order in which they ended.

    Raises:
        ConflictError: Another such run works on this home.
        ResourceError: What became of one cannot be written.
    """
    outcomes = []
    folder = gardener.settings.home / _FOLDER
    with _alone(folder):
        told = FleetProgress(folder, entries, watcher)
        for outcome in run(entries, told):
            write_json(folder / f"{outcome.name}.json", asdict(outcome))
            told.ended(outcome)
            outcomes.append(outcome)
    return outcomes


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / "lock")
    if not (lock.acquire() or any(_again(lock) for _ in range(_TRIES))):
        raise ConflictError(
            "another `gardener grow --many` works on this home", hint="wait until it has ended, or end it"
        )
    try:
        yield
    finally:
        lock.release()


def _again(lock: FileLock) -> bool:
    """One who looks whether a run works holds it for a moment."""
    time.sleep(0.02)
    return lock.acquire()


def pinned_bases(
    gardener: Gardener, entries: Sequence[FleetEntry], reporter: Reporter
) -> dict[str | None, str | CodebaseGardenerError]:
    """Each base that is asked for, fetched once and pinned: all of a run are trained on the same weights.

    Args:
        gardener: The home.
        entries: That are due.
        reporter: Told what is fetched.

    Returns:
        By what the entries say: an id that finds the same weights, or why there is none.
    """
    found: dict[str | None, str | CodebaseGardenerError] = {}
    for base in dict.fromkeys(entry.base for entry in entries):
        with reporter.stage("base model", "bytes") as progress:
            try:
                foretell(gardener, base, {})
                found[base] = gardener.base(base, progress).pinned
            except CodebaseGardenerError as error:
                found[base] = error
    return found


def grow_here(gardener: Gardener, bases: Mapping[str | None, str | CodebaseGardenerError]) -> FleetRun:
    """One after another in this process: one training at a time has a device.

    Args:
        gardener: The home.
        bases: Of `pinned_bases`.
    """

    def run(entries: Sequence[FleetEntry], watcher: FleetWatcher) -> Iterator[Outcome]:
        for entry in entries:
            yield grow_one(gardener, entry, watcher, bases[entry.base])

    return run


def grow_one(
    gardener: Gardener,
    entry: FleetEntry,
    watcher: FleetWatcher,
    base: str | CodebaseGardenerError | None = None,
    *,
    node: str = "",
) -> Outcome:
    """Grow a repository; whatever goes wrong with it is what became of it, and no error.

    Args:
        gardener: The home.
        entry: Of the file.
        watcher: Told how it gets on.
        base: The entry's base, pinned, or why there is none.
        node: The machine that this runs on.
    """
    began = time.time()
    watcher.began(entry.name)
    if isinstance(base, CodebaseGardenerError):
        return failed(entry, base, began, node=node)
    try:
        grown = grow(
            gardener,
            entry.source,
            _Reporter(watcher, entry.name),
            name=entry.name,
            revision=entry.revision,
            base_id=base or entry.base,
            options=entry.options,
            fresh=entry.fresh,
            show_plan=lambda plan: None,
        )
    except Exception as error:  # of one repository: the others go on, and it is told in the end
        return failed(entry, error, began, node=node)
    difference = grown.verdict.get("difference") or {}
    return Outcome(
        **_known(entry, began, node),
        state="done",
        adapter=str(grown.version.ref),
        active=grown.version.active,
        word=grown.verdict["word"],
        gain=difference.get("nats_per_token"),
    )


def failed(entry: FleetEntry, error: BaseException, began: float, *, node: str = "") -> Outcome:
    """What became of a repository that could not be grown.

    Args:
        entry: Of the file.
        error: Whatever was raised.
        began: Seconds since 1970.
        node: The machine that it ran on.
    """
    told = error if isinstance(error, CodebaseGardenerError) else out_of_room(error)
    if told is None:
        told = CodebaseGardenerError(
            f"this is a bug in Codebase Gardener: {type(error).__name__}: {error}",
            hint=f"report it with what `gardener grow {without_credentials(entry.source)} --debug` says",
        )
    return Outcome(
        **_known(entry, began, node),
        state="failed",
        error=without_credentials(told.message),
        hint=without_credentials(told.hint),
        exit_code=told.exit_code,
    )


def _known(entry: FleetEntry, began: float, node: str) -> dict[str, Any]:
    ended = time.time()
    return {
        "name": entry.name,
        "source": without_credentials(entry.source),
        "request": request_of(entry),
        "ended": ended,
        "seconds": max(0.0, ended - began),
        "node": node,
    }


def request_of(entry: FleetEntry) -> str:
    """Hash over what is asked for, as an outcome holds it."""
    return sha256_text(json.dumps(entry.asked, sort_keys=True, default=str))


class _Reporter:
    """The stages of one repository, in a few words."""

    def __init__(self, watcher: FleetWatcher, name: str) -> None:
        self.watcher, self.name = watcher, name

    @contextmanager
    def stage(self, title: str, unit: str) -> Iterator[Stage]:
        """It is at a stage."""
        self.watcher.at(self.name, title)
        yield _Words(self.watcher, self.name, title)

    def say(self, message: str) -> None:
        """A line of it."""
        self.watcher.said(self.name, message)


class _Words:
    """A stage's progress as words."""

    def __init__(self, watcher: FleetWatcher, name: str, title: str) -> None:
        self.watcher, self.name, self.title = watcher, name, title

    def __call__(self, done: int, total: int) -> None:
        self.watcher.at(self.name, f"{self.title} {done}/{total}" if total else f"{self.title} {done}")

    def note(self, words: str) -> None:
        """What it says beside its figures is of no use in a table."""
