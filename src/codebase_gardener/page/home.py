"""The view of the home: what doctor finds, what waits and works, what holds memory and disk, and the settings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.config.origins import SettingRow, setting_rows
from codebase_gardener.doctor.checks import CHECKS, REGISTRY_CHECKS
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.page.holders import disk_holders, memory_holders
from codebase_gardener.page.later import Later, run_gardener
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.page.view import View
from codebase_gardener.page.works import work_routes, works_of
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.error_handling import VerificationError
from codebase_gardener.utils.limits import available_bytes, total_bytes

__all__ = ["VIEW"]

_ENDED = 5


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener = shell.gardener
    settings = gardener.settings
    doctor: Later[list[dict[str, str]]] = Later(lambda: _examined(gardener))
    disk = Later(lambda: disk_holders(settings))

    def mended() -> list[dict[str, str]]:
        found = _examined(gardener, "--fix")
        disk.ask(anew=True)
        return found

    mending = Later(mended)

    def home(request: Request) -> Response:
        jobs = gardener.registry.jobs(states=("queued", "training"), limit=None)
        ended = gardener.registry.jobs(states=("ready", "error", "cancelled"), limit=_ENDED)
        rows = [(job, TrainingProgress.of_job(job)) for job in jobs]
        works = works_of(settings.home)
        told = max((doctor, mending), key=lambda one: (one.running, one.at))
        answer = shell.render(
            "home/home.html", doctor=told, looking=told.running or disk.running or not told.at,
            jobs=sorted(rows, key=lambda row: (row[0].state == "queued", row[0].created_at)), ended=ended,
            works=works, memory=memory_holders(gardener, jobs, works), disk=disk, home=settings.home,
            checks=[*CHECKS, *REGISTRY_CHECKS],
            free=(available_bytes(), total_bytes(), shutil.disk_usage(settings.home).free),
            settings=[_in_words(row) for row in setting_rows(settings)],
        )  # fmt: skip
        doctor.ask()
        disk.ask()
        return answer

    def look(request: Request, form: Form) -> Response:
        doctor.ask(anew=True)
        disk.ask(anew=True)
        return shell.redirect(shell.link("home"))

    def mend(request: Request, form: Form) -> Response:
        mending.ask(anew=True)
        return shell.redirect(shell.link("home"))

    return [
        Route(f"{PREFIX}/home", home),
        Route(f"{PREFIX}/home/look", shell.action(look), methods=["POST"]),
        Route(f"{PREFIX}/home/fix", shell.action(mend), methods=["POST"]),
        *work_routes(shell),
    ]


def _in_words(row: SettingRow) -> SettingRow:
    """A training option says what it is, not that it is one."""
    option = TrainingSpec.model_fields.get(row.name.removeprefix("training."))
    return replace(row, words=f"training: {option.description}") if option and option.description else row


def _examined(gardener: Gardener, *options: str) -> list[dict[str, str]]:
    """What `gardener doctor` finds, in a process of its own: it loads torch and measures.

    Raises:
        VerificationError: It ended without an answer.
    """
    code, printed, said = run_gardener(["doctor", "--json", *options], gardener.settings.for_workers)
    try:
        told: dict[str, Any] = json.loads(printed)
        return list(told["checks"])
    except (ValueError, LookupError, TypeError) as error:
        raise VerificationError(
            f"doctor ended with {code}: {said.strip()[-500:]}", hint="run it in a terminal: gardener doctor"
        ) from error


VIEW = View("home", "Home", _routes)
