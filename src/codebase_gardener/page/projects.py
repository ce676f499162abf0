"""The view of projects: what each is and has, and what becomes of its adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.page.asked import whole_number
from codebase_gardener.page.grow_runs import growing_now, waiting_runs
from codebase_gardener.page.growing import grow_routes, open_trainings
from codebase_gardener.page.overviews import overview_of
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.page.view import View
from codebase_gardener.training.warm import described
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.names import AdapterRef, parse_ref

__all__ = ["VIEW"]

_ROWS = 50
_MAX_ID = 2**31 - 1


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener, registry = shell.gardener, shell.gardener.registry
    folder = gardener.settings.projects_dir

    def projects(request: Request) -> Response:
        q, after = request.query_params.get("q", ""), request.query_params.get("after", "")
        rows = registry.listed_projects(q, after=after, limit=_ROWS + 1)
        shown = rows[:_ROWS]
        return shell.render(
            "projects/list.html",
            rows=[(row, overview_of(folder, row.name)) for row in shown],
            q=q,
            after=after,
            more=shell.link("projects", q=q, after=shown[-1].name) if len(rows) > _ROWS else "",
            runs=waiting_runs(gardener.settings.home),
            deleted=deleted(request),
        )

    def deleted(request: Request) -> str:
        """What the address says is deleted, if it is."""
        if not (what := request.query_params.get("deleted", "")):
            return ""
        ref = parse_ref(what)
        if not registry.listed_projects(name=ref.project):
            return str(ref)
        rows = registry.versions(ref.project, ref.name, limit=None) if ref.name else []
        return "" if not ref.name or any(ref.version in (None, row.version) for row in rows) else str(ref)

    def project(request: Request) -> Response:
        name = request.path_params["project"]
        q, before = request.query_params.get("q", ""), _number(request.query_params.get("before", ""))
        found = registry.listed_projects(name=name)
        if not found:
            raise NotFoundError(f"there is no project {name!r}", hint="go to Projects: it lists all of them")
        rows = registry.listed_versions(name, q, before=before, limit=_ROWS + 1)
        shown = rows[:_ROWS]
        return shell.render(
            "projects/project.html",
            project=found[0],
            overview=overview_of(folder, name),
            rows=[(row, _lineage(row.spec, row.lineage)) for row in shown],
            q=q,
            before=before,
            more=shell.link("projects", name, q=q, before=shown[-1].id) if len(rows) > _ROWS else "",
            trainings=open_trainings(shell, name),
            growing=growing_now(gardener.settings.home, name),
            last=next(iter(gardener.manager.trainings.list(name, 1)), None),
            deleted=deleted(request),
        )

    def version(request: Request) -> Response:
        row = gardener.version(_ref(request))
        verdict = registry.latest_verdict(row)
        return shell.render(
            "projects/version.html",
            row=row,
            receipts=registry.receipts(row),
            verdict=verdict,
            lineage=_lineage(row.spec, row.lineage),
            news=described(row.lineage) if row.lineage else "",
        )

    def switch(request: Request, form: Form) -> Response:
        row = gardener.activate(_asked(form))
        return shell.redirect(shell.link("projects", row.project))

    def disable(request: Request, form: Form) -> Response:
        ref = _asked(form)
        gardener.deactivate(AdapterRef(ref.project, ref.name))
        return shell.redirect(shell.link("projects", ref.project))

    def confirm(request: Request) -> Response:
        ref = parse_ref(request.query_params.get("what", ""))
        if ref.name is None:
            found = registry.listed_projects(name=registry.project(ref.project).name)[0]
            return shell.render("projects/delete.html", ref=ref, project=found, rows=[])
        rows = [row for row in registry.versions(ref.project, ref.name, limit=None)
                if ref.version in (None, row.version)]  # fmt: skip
        if not rows:
            raise NotFoundError(f"there is no {ref}", hint="go back to the project: it lists what there is")
        return shell.render("projects/delete.html", ref=ref, project=None, rows=rows)

    def delete(request: Request, form: Form) -> Response:
        ref = _asked(form)
        gardener.delete(ref)
        return shell.redirect(shell.link("projects", *([ref.project] if ref.name else []), deleted=ref))

    return [
        Route(f"{PREFIX}/projects", projects),
        Route(f"{PREFIX}/projects/{{project}}", project),
        Route(f"{PREFIX}/projects/{{project}}/{{adapter}}/{{version}}", version),
        Route(f"{PREFIX}/switch", shell.action(switch), methods=["POST"]),
        Route(f"{PREFIX}/disable", shell.action(disable), methods=["POST"]),
        Route(f"{PREFIX}/delete", confirm),
        Route(f"{PREFIX}/delete", shell.action(delete), methods=["POST"]),
        *grow_routes(shell),
    ]


def _asked(form: Form) -> AdapterRef:
    return parse_ref(form.get("what", ""))


def _ref(request: Request) -> AdapterRef:
    parts = request.path_params
    return parse_ref(f"{parts['project']}/{parts['adapter']}@{parts['version']}")


def _number(text: str) -> int | None:
    return whole_number(text, f"{text[:40]!r} is no row", "go back to the list", largest=_MAX_ID)


def _lineage(spec: Mapping[str, Any], lineage: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """How an adapter came about: what was done, and with which."""
    if merged := spec.get("merged_from"):
        return [("merged of", f"{one} × {weight:g}") for one, weight in merged.items()]
    if lineage:
        return [("warm-started from", lineage["parent"])]
    if source := spec.get("imported_from"):
        return [("imported from", str(source))]
    return []


VIEW = View("projects", "Projects", _routes)
