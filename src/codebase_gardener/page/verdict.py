"""The view of verdicts: did an adapter help, on what, and how is that known?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.gardener.full_evaluation import FULL
from codebase_gardener.gardener.token_scores import TOKENS
from codebase_gardener.page import verdict_figures as figures
from codebase_gardener.page.grow_runs import growing_now
from codebase_gardener.page.intervals import Interval, Picture, picture
from codebase_gardener.page.measuring import MEASUREMENTS, measuring_routes, process_of
from codebase_gardener.page.shell import PREFIX, Shell
from codebase_gardener.page.shown_functions import listed_functions
from codebase_gardener.page.verdict_card import card_routes, public_base
from codebase_gardener.page.verdict_functions import function_routes
from codebase_gardener.page.verdict_rows import VERSION_PATH, asked_version, newest_receipt
from codebase_gardener.page.view import View
from codebase_gardener.page.works import works_of
from codebase_gardener.registry.rows import VersionRow

__all__ = ["VIEW"]

_ROWS = 50


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    registry, settings = shell.gardener.registry, shell.gardener.settings

    def projects(request: Request) -> Response:
        q, after = request.query_params.get("q", ""), request.query_params.get("after", "")
        rows = registry.listed_projects(q, after=after, limit=_ROWS + 1)
        shown = rows[:_ROWS]
        more = shell.link("verdict", q=q, after=shown[-1].name) if len(rows) > _ROWS else ""
        return shell.render("verdict/projects.html", rows=shown, q=q, after=after, more=more)

    def project(request: Request) -> Response:
        name = registry.project(request.path_params["project"]).name
        q = request.query_params.get("q", "")
        found = registry.listed_versions(name, q, limit=_ROWS + 1)
        rows = found[:_ROWS]
        return shell.render(
            "verdict/project.html",
            project=name,
            q=q,
            rows=rows,
            more=len(found) > _ROWS,
            drawn=_over_time([(row, row.figures) for row in rows]),
            missing=[row for row in rows if not figures.is_measured(row.figures)],
        )

    def version(request: Request) -> Response:
        row = asked_version(shell, request)
        verdict, receipts = registry.latest_verdict(row), registry.receipts(row)
        full, tokens = newest_receipt(receipts, FULL), newest_receipt(receipts, TOKENS)
        return shell.render(
            "verdict/version.html",
            row=row,
            base=public_base(row.base_id),
            verdict=verdict,
            growing=None if verdict else growing_now(settings.home, row.project),
            data=verdict.data if verdict else {},
            full=full,
            slices=figures.slices_of(full.data) if full else [],
            tokens=tokens,
            functions=listed_functions(
                verdict.data if verdict else {}, tokens.data if tokens else None, "helped"
            ),
            over_time=of_adapter(row),
            **_pictures(verdict.data if verdict else {}),
            **under_way(row),
        )

    def of_adapter(row: VersionRow) -> Picture | None:
        rows = registry.versions(row.project, row.adapter_name, limit=_ROWS)
        known = registry.latest_verdicts(rows)
        return _over_time([(one, known[one.id].data) for one in rows if one.id in known])

    def under_way(row: VersionRow) -> dict[str, Any]:
        processes = {kind: process_of(settings.home, row, kind) for kind in MEASUREMENTS}
        folders = {one.folder for one in processes.values()}
        running = [kind for kind, one in processes.items() if one.runs]
        return {
            "measurements": MEASUREMENTS,
            "running": running,
            "works": works_of(settings.home, folders),
            "failed": {kind: one for kind, one in processes.items() if one.error and kind not in running},
            "log": "\n".join(processes[kind].log_tail() for kind in running),
        }

    return [
        Route(f"{PREFIX}/verdict", projects),
        Route(f"{PREFIX}/verdict/{{project}}", project),
        Route(VERSION_PATH, version),
        *function_routes(shell),
        *card_routes(shell),
        *measuring_routes(shell),
    ]


def _pictures(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a verdict has to show; nothing where no function was measured."""
    if not figures.is_measured(data):
        return {"measured": False}
    return {
        "measured": True,
        "times": figures.times(data["difference"]["nats_per_token"]),
        "arms": figures.arms(data),
        "lines": figures.next_lines(data),
        "differences": figures.differences(data),
    }


def _over_time(rows: Sequence[tuple[Any, Mapping[str, Any] | None]]) -> Picture | None:
    """The difference that decides of each version, newest first."""
    return picture(
        (
            Interval(
                f"{row.adapter_name}@{row.version}",
                data["difference"]["nats_per_token"],
                data["difference"]["low"],
                data["difference"]["high"],
                note=f"{row.created_at[:10]}{', active' if row.active else ''}",
                word=data["word"],
                link=Shell.link("verdict", row.project, row.adapter_name, row.version),
            )
            for row, data in rows
            if data is not None and figures.is_measured(data)
        ),
        "{:+.3f}",
        zero=True,
    )


VIEW = View("verdict", "Verdicts", _routes)
