"""Runs of `gardener grow` that the page asked for: processes that outlive page and server, each with its folder.

runs/ID/asked.json   what the form said
        lock         held by the process that works
        plan.json    what `grow --plan` printed
        grown.json   what `grow` printed
        log.txt      what both said while they worked
        resumed      the training that was resumed for it
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codebase_gardener.page.asked import whole_number
from codebase_gardener.page.processes import STOPPED, OwnProcess, log_tail, runs_in, start_in, stop_in
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
from codebase_gardener.utils.files import make_folder, read_json, write_atomic, write_json
from codebase_gardener.utils.names import check_name

__all__ = ["GrowForm", "GrowRun", "growing_now", "runs_of", "waiting_runs"]

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_KEPT = 50
_MAX_CHARS = 4096
_STEPS = ("Wiki, dataset and plan", "Training and proof", "Verdict")
_MEASURES, _TRAINS = "evaluation", "training"
"""Stages of `grow`; what comes before is looked at once more when a plan is followed."""
_OPEN = ("planning", "planned", "growing")


@dataclass(frozen=True)
class GrowForm:
    """What a form asks for; "" is what `grow` takes by itself.

    Attributes:
        source: A directory, a git URL, or a source archive.
        name: Of the project.
        revision: A commit, branch or tag.
        base: The base model.
        minutes: Of training, as it was written.
        threads: Of the processor, as they were written.
        fresh: "yes": begin from nothing.
    """

    source: str
    name: str = ""
    revision: str = ""
    base: str = ""
    minutes: str = ""
    threads: str = ""
    fresh: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> GrowForm:
        """Of a form.

        Raises:
            InvalidInputError: A field cannot be right; nothing has begun.
        """
        asked = cls(**{field.name: fields.get(field.name, "").strip() for field in dataclass_fields(cls)})
        if not asked.source:
            raise InvalidInputError(
                "no repository was named", hint="write a folder's path, a git URL or an archive"
            )
        if any(len(value) > _MAX_CHARS or not value.isprintable() for value in asdict(asked).values()):
            raise InvalidInputError("a field holds control characters, or is too long", hint="write it anew")
        if asked.name:
            check_name(asked.name, "project name")
        if asked.minutes:
            _check_minutes(asked.minutes)
        if asked.threads:
            whole_number(
                asked.threads, f"{asked.threads[:40]!r} is no number of threads", "write one, such as 1",
                smallest=1, largest=1024,
            )  # fmt: skip
        return asked

    def check_source(self) -> None:
        """Look for a source that is a path, before a process is begun.

        Raises:
            InvalidInputError: It is not there.
        """
        if self.source.startswith(("/", "~", ".")) and not Path(self.source).expanduser().exists():
            raise InvalidInputError(
                f"there is no {self.source[:200]} on the server's machine",
                hint="write a folder's path, a git URL or an archive",
            )

    @property
    def arguments(self) -> list[str]:
        """As `gardener grow` takes them: no value can be taken for an option."""
        given = {name: value for name, value in asdict(self).items() if value}
        source, fresh = given.pop("source"), ["--fresh"] if given.pop("fresh", "") else []
        return [*(f"--{name}={value}" for name, value in given.items()), *fresh, "--", source]


def _check_minutes(text: str) -> None:
    try:
        right = 0 < float(text) < 100_000
    except ValueError:
        right = False
    if not right:
        raise InvalidInputError(f"{text[:40]!r} is no number of minutes", hint="write one, such as 5")


@dataclass(frozen=True)
class GrowRun:
    """A run, as its folder shows it."""

    folder: Path

    @classmethod
    def ask(cls, home: Path, asked: GrowForm, environment: Mapping[str, str]) -> GrowRun:
        """Begin to plan.

        Args:
            home: Where it is kept.
            asked: The form.
            environment: What the process needs to find the same home.

        Raises:
            ResourceError: The disk is full or the place cannot be written.
        """
        for old in runs_of(home)[_KEPT - 1 :]:
            if not old.is_open:
                shutil.rmtree(old.folder, ignore_errors=True)
        run = cls(home / "runs" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}")
        make_folder(run.folder)
        write_json(run.folder / "asked.json", asdict(asked))
        run._work("plan", ["--plan"], environment)
        return run

    @classmethod
    def find(cls, home: Path, run_id: str) -> GrowRun:
        """The run of an id.

        Raises:
            NotFoundError: There is none, or not any more.
        """
        run = cls(home / "runs" / run_id)
        if not _ID.fullmatch(run_id) or not (run.folder / "asked.json").is_file():
            raise NotFoundError(f"there is no run {run_id[:40]!r}", hint="go to Projects, and grow again")
        return run

    def start(self, environment: Mapping[str, str], resumed: str = "") -> None:
        """Train what was planned; a run that has begun is left to itself.

        Args:
            environment: What the process needs to find the same home.
            resumed: The training that goes on already, and that it is to follow.

        Raises:
            ConflictError: There is no plan that could be followed.
        """
        if self.state in ("growing", "grown"):
            return
        if self.state not in ("planned", "stopped", "failed") or "rows" not in (self.plan or {}):
            raise ConflictError(
                f"this run cannot start: it is {self.state}", hint="wait for its plan, or grow again"
            )
        write_atomic(self.folder / "resumed", resumed)
        self._work("grown", [], environment)

    def stop(self) -> None:
        """End it: what it has done stands, and a start goes on from there. Its training is a job of its own."""
        if runs_in(self.folder):
            stop_in(self.folder, "grown.json" if self._has_begun else "plan.json")

    def discard(self) -> None:
        """Forget it; what has grown stays.

        Raises:
            ConflictError: It works.
        """
        if runs_in(self.folder):
            raise ConflictError(f"this run is {self.state}", hint="wait until it has ended")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _work(self, what: str, options: list[str], environment: Mapping[str, str]) -> None:
        start_in(self.folder, f"{what}.json", ["grow", *options, *self.asked.arguments], environment)

    # ---- what there is of it

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def asked(self) -> GrowForm:
        """What the form said."""
        return GrowForm(**read_json(self.folder / "asked.json"))

    @property
    def called(self) -> str:
        """Its project, where that is known, its source, and when it was asked for."""
        project = self.asked.name or (self.plan or {}).get("project", "")
        at = f"{self.id[9:11]}:{self.id[11:13]}"
        return f"{project} of {self.asked.source}, {at} UTC" if project else f"{self.asked.source}, {at} UTC"

    @property
    def state(self) -> str:
        """ "planning", "planned", "growing", "grown", "stopped" or "failed"."""
        begun = self._has_begun
        if runs_in(self.folder):
            return "growing" if begun else "planning"
        said = self.grown if begun else self.plan
        if said is None or "error" in said:
            cancelled = ((said or {}).get("context") or {}).get("state") == "cancelled"
            return "stopped" if said == STOPPED or cancelled else "failed"
        return "grown" if begun or said.get("there") else "planned"

    @property
    def _has_begun(self) -> bool:
        return (self.folder / "grown.json").exists()

    @property
    def is_open(self) -> bool:
        """Whether it works, or waits for a person."""
        return self.state in _OPEN

    @property
    def plan(self) -> dict[str, Any] | None:
        """What `grow --plan` printed; None before it has."""
        return _printed(self.folder / "plan.json")

    @property
    def grown(self) -> dict[str, Any] | None:
        """What `grow` printed; None before it has."""
        return _printed(self.folder / "grown.json")

    @property
    def error(self) -> dict[str, Any]:
        """Message and hint of what went wrong; {} where nothing has."""
        said = self.grown or self.plan or {}
        return said if "error" in said else {}

    @property
    def ended_training(self) -> str:
        """The job of the training that it ended with, without an adapter; "" where that is not why."""
        return str((self.error.get("context") or {}).get("job") or "")

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What growing does in turn, each "done", "now", "failed" or "later"."""
        state = self.state
        if self._has_begun:
            at = len(_STEPS) if state == "grown" else 2 if self._stage == _MEASURES else 1
        else:
            at = 0 if state == "planning" or not self.plan or self.error else 1
        here = {"planning": "now", "growing": "now", "failed": "failed"}.get(state, "later")
        return [(words, "done" if n < at else here if n == at else "later") for n, words in enumerate(_STEPS)]

    @property
    def _stage(self) -> str:
        far = OwnProcess(self.folder).progress
        return far.stage if far else ""

    def training(self, jobs: Sequence[JobRow]) -> JobRow | None:
        """The one that it follows now, or goes on with, of those that work or wait."""
        resumed = self._resumed
        if self.state != "growing" or not (resumed or self._stage == _TRAINS):
            return None
        of_id = (job for job in jobs if job.id == resumed)
        began = self._began
        since = sorted(
            (job for job in jobs if max(job.created_at, job.started_at or "") >= began),
            key=lambda job: job.created_at,
        )
        return next(of_id, None if resumed else next(iter(since), None))

    def waits_for(self, job_id: str) -> bool:
        """Whether it will start this training once more, which was resumed for it: it does not follow it yet."""
        return self.state == "growing" and self._resumed == job_id and self._stage != _TRAINS

    @property
    def _resumed(self) -> str:
        try:
            return (self.folder / "resumed").read_text("utf-8").strip()
        except FileNotFoundError:
            return ""

    @property
    def _began(self) -> str:
        """When its process began, as the registry writes times; after all of them where that is not known."""
        try:
            at = float(read_json(self.folder / "process.json")["create_time"])
        except (OSError, ValueError, LookupError, TypeError):
            return "~"
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")

    def log_tail(self) -> str:
        """The end of what it said."""
        return log_tail(self.folder)


def runs_of(home: Path) -> list[GrowRun]:
    """All that are kept, newest first."""
    folders = sorted((home / "runs").glob("*-*-*"), reverse=True)
    return [GrowRun(folder) for folder in folders if (folder / "asked.json").is_file()]


def waiting_runs(home: Path) -> list[tuple[GrowRun, str]]:
    """Those that work or wait for a person, each with its state, newest first.

    One that was stopped or failed waits until its repository is grown again, or it is discarded.
    """
    found, newer = [], set()
    for run in runs_of(home):
        state, source = run.state, run.asked.source
        if state in _OPEN or (state in ("stopped", "failed") and source not in newer):
            found.append((run, state))
        newer.add(source)
    return found


def growing_now(home: Path, project: str) -> GrowRun | None:
    """The run that grows a project now, as far as its verdict."""
    runs = (run for run in runs_of(home) if run.state == "growing")
    return next((run for run in runs if (run.plan or {}).get("project") == project), None)


def _printed(file: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None
