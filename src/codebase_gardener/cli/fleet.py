"""`gardener grow --many`: a table of progress on a terminal, plain lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.cli.command import echo, open_gardener
from codebase_gardener.utils.error_handling import TrainingError

if TYPE_CHECKING:
    from rich.table import Table

    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.gardener.fleet import Due, FleetRun, Outcome
    from codebase_gardener.gardener.fleet_file import FleetEntry

__all__ = ["grow_many"]

_DUE = {
    "new": "waits",
    "changed": "waits: its entry has changed",
    "failed": "waits: it failed",
    "gone": "waits: its version is gone",
    "scheduled": "waits: its time has come",
    "": "not due",
}


def grow_many(
    file: Path, *, base: str | None, minutes: float | None, on: str | None, plan_only: bool, as_json: bool
) -> None:
    """Grow what is due of a file's repositories.

    Args:
        file: As `gardener.fleet_file` reads it.
        base, minutes: For those that say nothing.
        on: Where: an address of Ray, or "auto"; None for this machine.
        plan_only: Tell what is due, and grow nothing.
        as_json: A line of JSON for each event in place of tables.

    Raises:
        InvalidInputError: Something in the file cannot be right.
        TrainingError: Some could not be grown; each is told before.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.fleet import due_of, run_fleet
    from codebase_gardener.gardener.fleet_file import read_fleet

    with open_gardener() as gardener:
        entries = read_fleet(file, base=base, minutes=minutes, defaults=gardener.settings.training)
        rows = due_of(gardener, entries)
        if plan_only:
            _show_due(rows, as_json)
            return
        display = Display()
        due = [row.entry for row in rows if row.why]
        outcomes: list[Outcome] = []
        if due:
            try:
                with _runner(gardener, due, display, on) as run, _shown(rows, display, as_json) as watcher:
                    outcomes = run_fleet(gardener, due, watcher, run)
            except KeyboardInterrupt:
                display.say("\nStopped. What has ended is kept; the same command goes on with the rest.")
                raise
    _conclude(rows, outcomes, as_json)


@contextmanager
def _runner(
    gardener: Gardener, due: Sequence[FleetEntry], display: Display, on: str | None
) -> Iterator[FleetRun]:
    """Who grows them; bases are fetched before, on a cluster by each node."""
    if on is None:
        from codebase_gardener.gardener.fleet import grow_here, pinned_bases

        yield grow_here(gardener, pinned_bases(gardener, due, display))
        return
    from codebase_gardener.cluster.placing import on_cluster

    with on_cluster(gardener.settings, on):
        from codebase_gardener.cluster.ray_fleet import grow_on_ray

        yield grow_on_ray(gardener.settings)


# ---- while it runs


@contextmanager
def _shown(rows: Sequence[Due], display: Display, as_json: bool) -> Iterator[_Lines]:
    if as_json:
        yield _JsonLines(rows, display)
    elif display.console.is_terminal:
        from rich.live import Live

        with Live(console=display.console, refresh_per_second=4, vertical_overflow="crop") as live:
            table = _LiveTable(rows, display)
            live.update(table)
            yield table
            live.update(table, refresh=True)
    else:
        yield _Lines(rows, display)


class _Lines:
    """Plain lines: when one begins, what it says, and when it has ended."""

    def __init__(self, rows: Sequence[Due], display: Display) -> None:
        self.rows, self.display = rows, display
        self.total = sum(1 for row in rows if row.why)
        self.done = 0

    def began(self, name: str) -> None:
        self.display.say(f"{name}: begins")

    def at(self, name: str, words: str) -> None:
        pass

    def said(self, name: str, message: str) -> None:
        self.display.say(f"{name}: {message}")

    def ended(self, outcome: Outcome) -> None:
        self.done += 1
        self.display.say(f"{outcome.name}: {_words(outcome)} ({self.done} of {self.total})")


class _JsonLines(_Lines):
    """An object on a line of its own for each event, on standard output."""

    def began(self, name: str) -> None:
        _event("began", name=name)

    def said(self, name: str, message: str) -> None:
        _event("said", name=name, message=message)

    def ended(self, outcome: Outcome) -> None:
        _event("ended", **asdict(outcome))


class _LiveTable(_Lines):
    """One table; where it is higher than the terminal, those that are done or not due are left out first."""

    def __init__(self, rows: Sequence[Due], display: Display) -> None:
        super().__init__(rows, display)
        self.words = {row.entry.name: _DUE[row.why] for row in rows}
        self.since: dict[str, float] = {}
        self.outcomes: dict[str, Outcome] = {}

    def began(self, name: str) -> None:
        self.since[name], self.words[name] = time.monotonic(), "begins"

    def at(self, name: str, words: str) -> None:
        self.words[name] = words

    def ended(self, outcome: Outcome) -> None:
        self.done += 1
        self.outcomes[outcome.name] = outcome
        self.since.pop(outcome.name, None)

    def __rich__(self) -> Table:
        room = max(3, self.display.console.height - 4)
        names = [row.entry.name for row in self.rows]
        first = sorted(names, key=self._rank)[:room]
        shown = [name for name in names if name in set(first)]
        failed = sum(1 for one in self.outcomes.values() if one.state == "failed")
        title = f"{self.done} of {self.total} done" + (f", {failed} of them failed" if failed else "")
        if len(shown) < len(names):
            title += f"; {len(shown)} of {len(names)} shown"
        return _table(title, [(name, *self._cells(name)) for name in shown])

    def _rank(self, name: str) -> int:
        if name in self.since:
            return 0
        if name in self.outcomes:
            return 1 if self.outcomes[name].state == "failed" else 3
        return 4 if self.words[name] == _DUE[""] else 2

    def _cells(self, name: str) -> tuple[str, str]:
        if name in self.outcomes:
            return _words(self.outcomes[name]), _time(self.outcomes[name].seconds)
        return self.words[name], _time(time.monotonic() - self.since[name]) if name in self.since else ""


# ---- in the end


def _conclude(rows: Sequence[Due], outcomes: Sequence[Outcome], as_json: bool) -> None:
    """All of the file, those that failed with what to do next."""
    now: Mapping[str, Outcome] = {outcome.name: outcome for outcome in outcomes}
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    error = TrainingError(
        f"{len(failed)} of {len(outcomes)} could not be grown: {', '.join(one.name for one in failed)}",
        hint="run the same command again: it does those that failed",
    )
    if as_json:
        repositories = [_as_dict(row, now.get(row.entry.name, row.last)) for row in rows]
        counts = {"grown": len(outcomes) - len(failed), "failed": len(failed)}
        _event("fleet", **counts, repositories=repositories, **(error.as_dict() if failed else {}))
        if failed:
            raise SystemExit(error.exit_code)
        return
    _show_all(rows, now)
    for outcome in failed:
        echo(f"{outcome.name}: {outcome.error}", err=True)
        if outcome.hint:
            echo(f"  → {outcome.hint}", err=True)
    if failed:
        raise error


def _show_due(rows: Sequence[Due], as_json: bool) -> None:
    if as_json:
        _event("plan", repositories=[_as_dict(row, row.last) for row in rows])
        return
    cells = [(row.entry.name, _DUE[row.why] if row.why else _not_due(row.last), "") for row in rows]
    _print_table(f"{sum(1 for row in rows if row.why)} of {len(rows)} are due", cells)


def _show_all(rows: Sequence[Due], now: Mapping[str, Outcome]) -> None:
    cells = []
    for row in rows:
        one = now.get(row.entry.name)
        cells.append(
            (row.entry.name, _words(one), _time(one.seconds))
            if one
            else (row.entry.name, _not_due(row.last), "")
        )
    _print_table(f"{len(now)} of {len(rows)} were due", cells)


def _not_due(last: Outcome | None) -> str:
    return f"not due: {_words(last)}" if last else "not due"


def _print_table(title: str, cells: Sequence[tuple[str, str, str]]) -> None:
    from codebase_gardener.cli.figures import paper

    paper().print(_table(title, cells))


def _table(title: str, cells: Sequence[tuple[str, str, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("repository", no_wrap=True, max_width=32)
    table.add_column("where it is", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for row in cells:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    return table


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _words(outcome: Outcome) -> str:
    """What became of it, on one line."""
    on = f" on {outcome.node}" if outcome.node else ""
    if outcome.state == "failed":
        return f"failed{on}: {outcome.error}"
    gain = f" ({outcome.gain:+.3f} nats/token)" if outcome.gain is not None else ""
    return f"{outcome.adapter}{'' if outcome.active else ' (not active)'}: {outcome.word}{gain}{on}"


def _time(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _as_dict(row: Due, last: Outcome | None) -> dict[str, Any]:
    entry = row.entry
    known = {"name": entry.name, "due": row.why, "every_s": entry.every_s, "where": entry.where}
    return {**known, "last": asdict(last) if last else None}


def _event(event: str, **data: Any) -> None:
    echo(json.dumps({"event": event, **data}))
