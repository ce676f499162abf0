"""The buttons that measure: `gardener evaluate` as a process of its own, one at a time for a version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.page.processes import OwnProcess
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.names import parse_ref

__all__ = ["MEASUREMENTS", "MeasureButton", "measuring_routes", "process_of"]


@dataclass(frozen=True)
class MeasureButton:
    """What a button measures.

    Attributes:
        options: Of `gardener evaluate`.
        words: On the button.
        help: Beside it.
        doing: What is going on while it runs.
        counted: What its progress counts.
    """

    options: tuple[str, ...]
    words: str
    help: str
    doing: str
    counted: str


MEASUREMENTS = {
    "verdict": MeasureButton(
        (),
        "Measure the verdict",
        "Each arm on held-out functions. The newest version becomes active unless it hurt.",
        "measuring",
        "times a function in an arm",
    ),
    "full": MeasureButton(
        ("--full",),
        "Measure as an editor asks",
        "Cursors, slices, noise, recitation. Takes minutes.",
        "measuring as an editor asks",
        "prompts",
    ),
    "tokens": MeasureButton(
        ("--tokens",),
        "Measure token by token",
        "Base and adapter on each held-out function, 32 at most. Takes minutes.",
        "measuring token by token",
        "times a function, with base or adapter",
    ),
}


def process_of(home: Path, row: VersionRow, kind: str) -> OwnProcess:
    """The last run of a measurement of a version, or where it would be."""
    return OwnProcess(home / "runs" / "evaluate" / row.project / row.adapter_name / str(row.version) / kind)


def measuring_routes(shell: Shell) -> Sequence[BaseRoute]:
    """What a button does."""
    settings = shell.gardener.settings

    def measure(request: Request, form: Form) -> Response:
        row = shell.gardener.registry.version(parse_ref(form.get("what", "")))
        kind = request.path_params["kind"]
        if kind not in MEASUREMENTS:
            raise InvalidInputError(f"there is no measurement {kind[:40]!r}", hint="go back to the verdict")
        if any(process_of(settings.home, row, one).runs for one in MEASUREMENTS if one != kind):
            raise ConflictError(f"{row.ref} is being measured", hint="wait until that is done")
        on = form.get("dataset", "")
        dataset = [f"--dataset={shell.gardener.registry.project(on).name}"] if on else []
        arguments = ["evaluate", *MEASUREMENTS[kind].options, *dataset, "--", str(row.ref)]
        process_of(settings.home, row, kind).start(arguments, settings.for_workers)
        return shell.redirect(shell.link("verdict", row.project, row.adapter_name, row.version))

    return [Route(f"{PREFIX}/measure/{{kind}}", shell.action(measure), methods=["POST"])]
