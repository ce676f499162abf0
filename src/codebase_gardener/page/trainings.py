"""The view of trainings: what runs and ran, one live, several over one another, and the rows they learn from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import lru_cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventReader, NewestEvents
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.page.asked import whole_number
from codebase_gardener.page.coloured_rows import coloured_rows
from codebase_gardener.page.curves import Curve, CurveChart, curve_of
from codebase_gardener.page.grow_runs import runs_of
from codebase_gardener.page.shell import HEADERS, PREFIX, Form, Shell
from codebase_gardener.page.training_feed import PENDING, TrainingFeed, figures, happened, log_tail
from codebase_gardener.page.view import View
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError

__all__ = ["VIEW"]

_ROWS = 50
_NEWEST = 1000
_OVER = 5
_OFFERED = 12
_COLOURED = 5
_MOST = 10**12 - 1


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener = shell.gardener
    jobs = gardener.manager.trainings

    def listed(request: Request) -> Response:
        q, before = request.query_params.get("q", ""), request.query_params.get("before", "")
        found = [job for job in jobs.list(limit=_NEWEST) if q.lower() in f"{job.ref} {job.state}".lower()]
        ids = [job.id for job in found]
        found = found[ids.index(before) + 1 :] if before in ids else found
        shown = found[:_ROWS]
        return shell.render(
            "trainings/list.html",
            rows=[(job, _progress(job)) for job in shown],
            q=q,
            before=before,
            more=shell.link("trainings", q=q, before=shown[-1].id) if len(found) > _ROWS else "",
            runs=any(job.state in PENDING for job in shown),
            several=len(shown) > 1,
        )

    def one(request: Request) -> Response:
        job = jobs.get(request.path_params["job"])
        over = [jobs.get(one) for one in dict.fromkeys(request.query_params.getlist("with")) if one != job.id]
        if len(over) > _OVER:
            raise InvalidInputError(
                f"{len(over)} runs are too many to tell apart", hint=f"lay at most {_OVER} over this one"
            )
        directory = JobDirectory(job.directory)
        seen = NewestEvents(directory.events)
        progress = TrainingProgress.of_job(job, seen)
        log = EventReader(directory.events)
        lines = happened(log.new(), job)
        offered = [*over, *(other for other in jobs.list(job.project, _OFFERED) if other.id != job.id)]
        return shell.render(
            "trainings/one.html",
            job=job,
            progress=progress,
            figures=figures(job, seen.look(), progress),
            picture=CurveChart([curve(run) for run in (job, *over)]),
            over=[run.id for run in over],
            offered=list(dict.fromkeys(offered)),
            happened=lines,
            log=log_tail(directory.log),
            offset=log.offset,
            pending=job.state in PENDING,
        )

    def curve(job: JobRow) -> Curve:
        if job.state != "ready":
            return curve_of(job)
        try:
            verdict = gardener.registry.latest_verdict(gardener.registry.version(job.ref))
        except NotFoundError:  # what it made was deleted
            return curve_of(job)
        return curve_of(job, verdict.data if verdict else None)

    async def events(request: Request) -> Response:
        job = await run_in_threadpool(jobs.get, request.path_params["job"])
        asked = request.headers.get("last-event-id") or request.query_params.get("after", "")
        feed = TrainingFeed(jobs, job, _number(asked))
        messages: AsyncIterator[bytes] = feed.messages(request.app.state.presence)
        return StreamingResponse(messages, headers=HEADERS, media_type="text/event-stream")

    def rows(request: Request) -> Response:
        job = jobs.get(request.path_params["job"])
        begin = _number(request.query_params.get("from", ""))
        shown, count = coloured_rows(JobDirectory(job.directory).spec, begin, _COLOURED)

        def at(place: int) -> str:
            return shell.link("trainings", job.id, "rows", **{"from": place})

        return shell.render(
            "trainings/rows.html",
            job=job,
            rows=shown,
            begin=begin,
            end=min(begin + _COLOURED, count),
            count=count,
            before=at(max(0, begin - _COLOURED)) if begin else "",
            after=at(begin + _COLOURED) if begin + _COLOURED < count else "",
        )

    def cancel(request: Request, form: Form) -> Response:
        what = form.get("what", "")
        for run in runs_of(gardener.settings.home):
            if run.waits_for(what):
                run.stop()  # else it would start the training again
        return shell.redirect(shell.link("trainings", jobs.cancel(what).id))

    def resume(request: Request, form: Form) -> Response:
        job = jobs.resume(form.get("what", ""), from_start=form.get("anew") == "yes")
        home = gardener.settings.home
        if run := next((one for one in runs_of(home) if one.ended_training == job.id), None):
            run.start(gardener.settings.for_workers, job.id)  # it goes on as far as the verdict
        return shell.redirect(shell.link("trainings", job.id))

    return [
        Route(f"{PREFIX}/trainings", listed),
        Route(f"{PREFIX}/trainings/{{job}}", one),
        Route(f"{PREFIX}/trainings/{{job}}/events", events),
        Route(f"{PREFIX}/trainings/{{job}}/rows", rows),
        Route(f"{PREFIX}/cancel-training", shell.action(cancel), methods=["POST"]),
        Route(f"{PREFIX}/resume-training", shell.action(resume), methods=["POST"]),
    ]


def _number(text: str) -> int:
    refusal = f"{text[:40]!r} is no place"
    return whole_number(text, refusal, "go back to the training", largest=_MOST) or 0


def _progress(job: JobRow) -> TrainingProgress:
    try:
        stat = JobDirectory(job.directory).events.path.stat()
    except OSError:
        return TrainingProgress.of_job(job)
    return _read(job, stat.st_mtime_ns, stat.st_size)


@lru_cache(_NEWEST)
def _read(job: JobRow, changed_ns: int, size: int) -> TrainingProgress:
    """The stamps are there to be remembered by."""
    return TrainingProgress.of_job(job)


VIEW = View("trainings", "Trainings", _routes)
