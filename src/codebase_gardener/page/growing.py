"""To grow from a form: the plan first, then the training, each a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.bases.named import NAMED
from codebase_gardener.page.grow_runs import GrowForm, GrowRun
from codebase_gardener.page.overviews import overview_of
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.page.training_feed import PENDING
from codebase_gardener.page.works import works_of
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.names import parse_ref

__all__ = ["grow_routes", "open_trainings"]

_LOOKED_AT = 20


def grow_routes(shell: Shell) -> Sequence[BaseRoute]:
    """The form, a run that was asked for, and its start."""
    settings = shell.gardener.settings

    names = [field.name for field in dataclass_fields(GrowForm)]

    def filled_in(asked: Form, problem: InvalidInputError | None = None) -> Response:
        return shell.render(
            "projects/grow.html",
            status=400 if problem else 200,
            asked=asked,
            bases=list(NAMED),
            base=settings.base,
            problem=problem,
        )

    def form(request: Request) -> Response:
        return filled_in({name: request.query_params.get(name, "") for name in names})

    def plan(request: Request, fields: Form) -> Response:
        try:
            asked = GrowForm.of(fields)
            asked.check_source()
        except InvalidInputError as error:  # what was typed is still there
            return filled_in({name: fields.get(name, "") for name in names}, error)
        return shell.redirect(shell.link("grow", GrowRun.ask(settings.home, asked, settings.for_workers).id))

    def show(request: Request) -> Response:
        run = _run(settings.home, request)
        options = {name: field.description for name, field in TrainingSpec.model_fields.items()}
        state, project = run.state, (run.plan or {}).get("project", "")
        return shell.render(
            "projects/run.html",
            run=run,
            again=shell.link("grow", **asdict(run.asked)),
            state=state,
            plan=run.plan,
            training=training_of(run),
            has_wiki=bool(overview_of(settings.projects_dir, project)) if project else False,
            made=parse_ref(run.grown["adapter"]) if run.grown and "adapter" in run.grown else None,
            log=run.log_tail(),
            now="".join(work.progress for work in works_of(settings.home, [run.folder])),
            options=options,
        )

    def training_of(run: GrowRun) -> JobRow | None:
        project = (run.plan or {}).get("project", "")
        return run.training(open_trainings(shell, project)) if project else None

    def start(request: Request, fields: Form) -> Response:
        run = _run(settings.home, request)
        run.start(settings.for_workers)
        return shell.redirect(shell.link("grow", run.id))

    def stop(request: Request, fields: Form) -> Response:
        run = _run(settings.home, request)
        if training_of(run):
            raise ConflictError(
                "it trains now", hint="cancel the training on its page: that ends this run, too"
            )
        run.stop()
        return shell.redirect(shell.link("grow", run.id))

    def discard(request: Request, fields: Form) -> Response:
        _run(settings.home, request).discard()
        return shell.redirect(shell.link("projects"))

    return [
        Route(f"{PREFIX}/grow", form),
        Route(f"{PREFIX}/grow", shell.action(plan), methods=["POST"]),
        Route(f"{PREFIX}/grow/{{run}}", show),
        Route(f"{PREFIX}/grow/{{run}}/start", shell.action(start), methods=["POST"]),
        Route(f"{PREFIX}/grow/{{run}}/stop", shell.action(stop), methods=["POST"]),
        Route(f"{PREFIX}/grow/{{run}}/discard", shell.action(discard), methods=["POST"]),
    ]


def open_trainings(shell: Shell, project: str) -> list[JobRow]:
    """Those of a project that work or wait, newest first."""
    jobs = shell.gardener.manager.trainings.list(project, _LOOKED_AT)
    return [job for job in jobs if job.state in PENDING]


def _run(home: Path, request: Request) -> GrowRun:
    return GrowRun.find(home, request.path_params["run"])
