"""What the page started and works now, beside trainings: how far it is, what it holds, and how it is stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.page.grow_runs import runs_of
from codebase_gardener.page.measuring import MEASUREMENTS
from codebase_gardener.page.processes import OwnProcess, process_in, spans
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import read_json

__all__ = ["Work", "work_routes", "works_of"]


@dataclass(frozen=True)
class Work:
    """A command in a folder of the home.

    Attributes:
        id: Its folder below `runs/`.
        words: What it does, with the name of what it does it to.
        link: Where it is shown.
        project: Whose it is; "" where that is not known yet.
        counted: What its progress counts; "" where its stages say so themselves.
        can_stop: Whether it ends with its process: a training that it began is a job of its own.
    """

    id: str
    folder: Path
    words: str
    link: str
    project: str
    counted: str = ""
    can_stop: bool = True

    @property
    def progress(self) -> str:
        """How much is done of how much, in words."""
        now = OwnProcess(self.folder).progress
        if now is None or not now.total:
            return (
                "its base is being loaded, and nothing is counted yet"
                if self.counted
                else now.stage
                if now
                else ""
            )
        rounded = 60 * round(now.left_s / 60) if now.left_s is not None and now.left_s >= 90 else now.left_s
        left = f", about {spans(rounded)} left" if rounded is not None and now.done < now.total else ""
        stage, counted = ("", self.counted) if self.counted else (f"{now.stage}: ", now.unit)
        return f"{stage}{now.done} of {now.total} {counted}{left}"

    @property
    def rss_bytes(self) -> int:
        """What it has in memory; 0 where it has just ended."""
        import psutil

        process = process_in(self.folder)
        try:
            return int(process.memory_info().rss) if process else 0
        except psutil.Error:
            return 0


def works_of(home: Path, folders: Collection[Path] | None = None) -> list[Work]:
    """Those that work now, of all or in some folders."""
    asked = (one for one in _all(home) if folders is None or one.folder in folders)
    return [one for one in asked if OwnProcess(one.folder).runs]


def _all(home: Path) -> Iterator[Work]:
    """Whatever the page has ever started and still has a folder of."""
    runs = home / "runs"
    for lock in sorted((runs / "evaluate").glob("*/*/*/*/lock")):
        project, adapter, version, kind = lock.parent.parts[-4:]
        if kind in MEASUREMENTS:
            row = MEASUREMENTS[kind]
            yield Work(
                _id(runs, lock), lock.parent, f"{row.doing} of {project}/{adapter}@{version}",
                Shell.link("verdict", project, adapter, version), project, row.counted,
            )  # fmt: skip
    for lock in sorted((runs / "merge").glob("*-*-*/*/lock")):
        merge = lock.parents[1]
        words = "trial of a merge" if lock.parent.name == "trial" else "merge"
        yield Work(
            _id(runs, lock), lock.parent, f"{words} into {_into(merge)}", Shell.link("merge", merge.name), ""
        )
    for lock in sorted((runs / "wiki").glob("*/lock")):
        project = lock.parent.name
        yield Work(
            _id(runs, lock), lock.parent, f"building of the wiki of {project}",
            Shell.link("wiki", project, "build"), project,
        )  # fmt: skip
    for run in runs_of(home):
        yield Work(
            run.id, run.folder, f"growing of {run.asked.name or run.asked.source}", Shell.link("grow", run.id),
            "", can_stop=False,
        )  # fmt: skip


def _into(merge: Path) -> str:
    """The adapter that a merge makes a version of."""
    try:
        return str(read_json(merge / "asked.json")["into"])
    except (OSError, ValueError, LookupError, TypeError):  # it is being removed
        return merge.name


def _id(runs: Path, lock: Path) -> str:
    return lock.parent.relative_to(runs).as_posix()


def work_routes(shell: Shell) -> Sequence[BaseRoute]:
    """The button that stops one."""
    home = shell.gardener.settings.home

    def stop(request: Request, form: Form) -> Response:
        what = form.get("what", "")
        work = next((one for one in _all(home) if one.id == what and one.can_stop), None)
        if work is None:
            raise NotFoundError(
                f"nothing called {what[:100]!r} can be stopped", hint="go to Home: it lists what works"
            )
        OwnProcess(work.folder).stop()
        return shell.redirect(work.link)

    return [Route(f"{PREFIX}/stop", shell.action(stop), methods=["POST"])]
