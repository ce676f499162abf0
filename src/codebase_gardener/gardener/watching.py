"""`watch`: after commits have settled, snapshot, wiki, index and memory at once; the adapter when nothing else runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

from codebase_gardener.gardener.facade import DEFAULT_ADAPTER, Gardener
from codebase_gardener.repository.git import GitRepository, find_repository
from codebase_gardener.repository.git_trees import resolve_commit
from codebase_gardener.repository.sources import default_name
from codebase_gardener.utils.error_handling import CodebaseGardenerError, InvalidInputError
from codebase_gardener.utils.files import FileLock
from codebase_gardener.utils.limits import load_per_core
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Quiet, Reporter

__all__ = ["Limits", "Tell", "Watch", "busy"]


class Tell(Protocol):
    """Who is told what happened."""

    def __call__(self, event: str, line: str, **data: Any) -> None:
        """One event: its name, words for people, and figures for programs."""


@dataclass(frozen=True)
class Limits:
    """When the machine counts as idle.

    Attributes:
        load: Load average of the last minute for each core, at most.
        battery: Percent that must be left where no power is plugged in.
    """

    load: float = 0.5
    battery: int = 50


def busy(limits: Limits) -> tuple[str, str]:
    """What keeps an adapter from being trained now, and that in words; both "" where the machine is idle."""
    load = load_per_core()
    if load > limits.load:
        return "load", f"the load is {load:.2f} for each core, and {limits.load:g} is the limit"
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is not None and not battery.power_plugged and battery.percent < limits.battery:
        return "battery", f"the battery is at {battery.percent:.0f} %, and {limits.battery} % is the limit"
    return "", ""


@dataclass
class Watch:
    """A repository that is kept up to date, one process at a time.

    Each step writes what it makes beside what is there and then puts it in its place, so it can be ended anywhere;
    a training that has begun goes on in its own process, and the next `watch` or `grow` finds it.

    Attributes:
        gardener: The home.
        source: The repository's folder.
        tell: Told of each event.
        name: Of the project.
        adapter: Whether the adapter is grown on, too.
        limits: When that may be.
        reporter: Told of the stages.
    """

    gardener: Gardener
    source: Path
    tell: Tell
    name: str | None = None
    adapter: bool = True
    limits: Limits = Limits()
    reporter: Reporter = field(default_factory=Quiet)
    _waiting: str = ""

    def once(self) -> None:
        """Bring all up to date with the commit that is checked out; the adapter if the machine is idle.

        Raises:
            InvalidInputError: It is no git repository, or has no commit.
            CodebaseGardenerError: A step failed; what is done stays done.
        """
        lock = self._lock()
        if not lock.acquire():
            self.tell("busy", "another watch of this project is at it: nothing to do")
            return
        try:
            commit = self._head()
            self._refresh(commit)
            self._grow(commit)
        finally:
            lock.release()

    def follow(self, *, settle_s: float, poll_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Do that whenever another commit is checked out, and has been for a while; until the process is ended.

        Args:
            settle_s: Seconds without another commit.
            poll_s: Seconds between two looks.
            sleep: Waits.
        """
        lock = self._lock()
        if not lock.acquire():
            self.tell("busy", "another watch of this project is at it: nothing to do")
            return
        try:
            self._follow(settle_s, poll_s, sleep)
        finally:
            lock.release()

    def _follow(self, settle_s: float, poll_s: float, sleep: Callable[[float], None]) -> None:
        refreshed, grown, seen = "", "", ""
        quiet = settle_s
        self.tell("watching", f"watching {self.source}", project=self._project)
        while True:
            commit = self._head()
            quiet = quiet + poll_s if commit == seen or not seen else 0.0
            seen = commit
            if commit != refreshed and quiet >= settle_s:
                self._or_say(self._refresh, commit)
                refreshed = commit
            if commit == refreshed != grown and self._or_say(self._grow, commit) is not False:
                grown = commit
            sleep(poll_s)

    def _or_say(self, step: Callable[[str], bool | None], commit: str) -> bool | None:
        """A step that fails is told of, and tried again with the next commit."""
        try:
            return step(commit)
        except CodebaseGardenerError as error:
            self.tell("failed", f"{error.message}; {error.hint}" if error.hint else error.message)
            return None

    # ---- the steps

    def _refresh(self, commit: str) -> None:
        """Snapshot, wiki and index, and the memory where an adapter would use it."""
        from codebase_gardener.gardener.wikis import build_wiki

        start = time.monotonic()
        built = build_wiki(
            self.gardener, str(self.source), self.reporter, revision=commit, name=self._project
        )
        self.gardener.wiki(self._project).index()
        with_memory = self._remember()
        seconds = round(time.monotonic() - start, 1)
        made = ["snapshot", "wiki", "index", *(["memory"] if with_memory else [])]
        written = len(built.published.written)
        self.tell(
            "refreshed",
            f"{self._project} at {commit[:12]}: {', '.join(made)} in {seconds:g} s, {written} files written",
            project=self._project,
            commit=commit,
            made=made,
            written=written,
            seconds=seconds,
        )
        self.gardener.wiki(self._project).graph()  # the next question would wait for it

    def _remember(self) -> bool:
        number = self.gardener.registry.active_version(self._project, DEFAULT_ADAPTER)
        if number is None:
            return False
        from codebase_gardener.bases.torch_loading import load_tokenizer
        from codebase_gardener.memory.building import kept_memory

        row = self.gardener.registry.version(AdapterRef(self._project, DEFAULT_ADAPTER, number))
        folder = self.gardener.settings.projects_dir / self._project / "memory"
        tokenizer = load_tokenizer(self.gardener.base(row.base_id).path)
        kept_memory(folder, self.gardener.snapshot(self._project), tokenizer)
        return True

    def _grow(self, commit: str) -> bool:
        """Grow the adapter on; whether there is nothing left to do for this commit."""
        if not self.adapter:
            return True
        if self.gardener.registry.active_version(self._project, DEFAULT_ADAPTER) is None:
            self.tell("no adapter", f"{self._project} has no active adapter: gardener grow {self.source}")
            return True
        before, (self._waiting, why) = self._waiting, busy(self.limits)
        if self._waiting:
            if self._waiting != before:  # told once, not at each look
                self.tell("waiting", f"the adapter waits: {why}", why=why)
            return False
        from codebase_gardener.gardener.growing import grow

        grown = grow(
            self.gardener,
            str(self.source),
            self.reporter,
            name=self._project,
            revision=commit,
            base_id=self._active_base(),
            show_plan=lambda plan: None,
        )
        word = (grown.verdict.get("parent") or {}).get("word", grown.verdict["word"])
        state = "active" if grown.version.active else "not active"
        self.tell(
            "adapter",
            f"{grown.version.ref}: {word}, {state}{' (nothing new)' if grown.was_there else ''}",
            adapter=str(grown.version.ref),
            word=word,
            active=grown.version.active,
            was_there=grown.was_there,
        )
        return True

    def _active_base(self) -> str:
        number = self.gardener.registry.active_version(self._project, DEFAULT_ADAPTER)
        return self.gardener.registry.version(AdapterRef(self._project, DEFAULT_ADAPTER, number)).base_id

    # ---- what is watched

    @property
    def _project(self) -> str:
        known = (row.name for row in self.gardener.projects() if row.source == str(self.source.resolve()))
        return self.name or next(known, "") or default_name(str(self.source))

    def _lock(self) -> FileLock:
        self._head()
        return FileLock(self.gardener.settings.home / "watch" / f"{self._project}.lock")

    def _head(self) -> str:
        repository = self._repository()
        commit = resolve_commit(repository, "HEAD")
        if commit is None:
            raise InvalidInputError(f"{self.source} has no commit yet", hint="commit first, then watch")
        return commit

    def _repository(self) -> GitRepository:
        found = find_repository(self.source.resolve())
        if found is None:
            raise InvalidInputError(
                f"{self.source} is no git repository, and commits are what is watched",
                hint="gardener grow PATH reads a folder as it is",
            )
        return found
