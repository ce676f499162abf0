"""The view of a fleet: each repository of `grow --many`, where it is, what failed, and what to do next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.gardener.fleet import Outcome, fleet_run, fleet_states
from codebase_gardener.gardener.fleet_progress import FleetRunNow
from codebase_gardener.page.asked import whole_number
from codebase_gardener.page.processes import spans
from codebase_gardener.page.shell import PREFIX, Shell
from codebase_gardener.page.view import View
from codebase_gardener.utils.names import AdapterRef, parse_ref

__all__ = ["VIEW", "FleetRow", "fleet_rows"]

_ROWS = 50
_ORDER = ("works", "failed", "stopped", "waits", "done")


@dataclass(frozen=True)
class FleetRow:
    """A repository of a fleet.

    Attributes:
        name: Of the project.
        source: Without credentials.
        state: One of "works", "failed", "stopped" (its run ended before it did), "waits", "done".
        words: Where it is, or what went wrong.
        hint: What to do next; "" where nothing is to be done.
        adapter: What was grown; None where nothing was.
        active: Whether that answers.
        verdict: Its word, with what it brought.
        node: The machine that grew it; "" for this one.
        took: For how long it was or is grown.
        ended: ISO 8601, UTC; "" before.
    """

    name: str
    source: str
    state: str
    words: str = ""
    hint: str = ""
    adapter: AdapterRef | None = None
    active: bool = False
    verdict: str = ""
    node: str = ""
    took: str = ""
    ended: str = ""


def fleet_rows(home: Path) -> tuple[FleetRunNow, list[FleetRow]]:
    """The last run, and all repositories that were ever grown by one; what needs a look comes first.

    Args:
        home: Of the gardener.

    Raises:
        ConflictError: A file of what became of one is damaged.
    """
    run, outcomes = fleet_run(home), fleet_states(home)
    names = dict.fromkeys((*run.asked, *outcomes))
    rows = [_row(name, run, outcomes.get(name)) for name in names]
    return run, sorted(rows, key=lambda row: (_ORDER.index(row.state), row.name))


def _row(name: str, run: FleetRunNow, last: Outcome | None) -> FleetRow:
    if name in run.works:
        words, since = run.works[name]
        took = spans(max(0.0, time.time() - since))
        return FleetRow(name, run.asked.get(name, ""), "works", words, took=took)
    if last is None or (name in run.asked and last.ended < run.began):
        before = f"; {_became(last)} before" if last else ""
        if run.runs:
            return FleetRow(name, run.asked[name], "waits", f"waits for its turn{before}")
        return FleetRow(
            name,
            run.asked[name],
            "stopped",
            f"the run ended before it was done{before}",
            f"run it again, it goes on with the rest: {_command(run)}",
        )
    stamp = datetime.fromtimestamp(last.ended, UTC).isoformat()
    row = FleetRow(name, last.source, last.state, node=last.node, took=spans(last.seconds), ended=stamp)
    if last.state != "done":
        again = f"; then run it again: {_command(run)}" if name in run.asked else ""
        hint = f"{last.hint or 'see what went wrong'}{again}"
        return replace(row, state="failed", words=last.error, hint=hint)
    gain = f" ({last.gain:+.3f} nats/token)" if last.gain is not None else ""
    return replace(row, adapter=parse_ref(last.adapter), active=last.active, verdict=f"{last.word}{gain}")


def _became(last: Outcome) -> str:
    return f"grown to {last.adapter}" if last.state == "done" else "failed"


def _command(run: FleetRunNow) -> str:
    return f"gardener grow --many {quote(run.file)}"


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    home, registry = shell.gardener.settings.home, shell.gardener.registry

    def fleet(request: Request) -> Response:
        q, at = request.query_params.get("q", ""), request.query_params.get("from", "")
        begin = whole_number(at, f"{at[:40]!r} is no place", "go back to the fleet") or 0
        run, rows = fleet_rows(home)
        found = [
            row for row in rows if q.lower() in f"{row.name} {row.source} {row.state} {row.words}".lower()
        ]
        shown = found[begin : begin + _ROWS]
        counts = [(state, sum(row.state == state for row in rows)) for state in _ORDER]
        return shell.render(
            "fleet/list.html",
            run=run,
            command=_command(run) if run.file else "",
            rows=shown,
            counts=[(state, count) for state, count in counts if count],
            projects={row.name for row in shown if row.adapter or registry.listed_projects(name=row.name)},
            q=q,
            begin=begin,
            more=shell.link("fleet", q=q, **{"from": begin + _ROWS}) if len(found) > begin + _ROWS else "",
        )

    return [Route(f"{PREFIX}/fleet", fleet)]


VIEW = View("fleet", "Fleet", _routes)
