"""`gardener watch`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener

__all__ = ["watch"]

_ENDED = (130, 143)  # by Ctrl-C, by SIGTERM


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.name
@click.option(
    "--once", is_flag=True, help="Bring all up to date with the commit that is checked out, and end."
)
@click.option(
    "--adapter/--no-adapter", default=True, help="Grow the adapter on when the machine is idle (yes)."
)
@click.option(
    "--max-load",
    type=float,
    default=0.5,
    show_default=True,
    help="Load for each core up to which it is idle.",
)
@click.option(
    "--min-battery",
    type=int,
    default=50,
    show_default=True,
    help="Percent of battery that it needs without power.",
)
@click.option("--settle", type=float, default=5.0, show_default=True, help="Seconds without another commit.")
@click.option(
    "--poll",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
@command_options
def watch(
    path: Path,
    name: str | None,
    once: bool,
    adapter: bool,
    max_load: float,
    min_battery: int,
    settle: float,
    poll: float,
    as_json: bool,
) -> None:
    """Keep a repository's snapshot, wiki, index and memory at its last commit, and its adapter when there is time.

    PATH is a git repository. With --json each event is a JSON object on a line of its own.
    """
    from codebase_gardener.gardener.watching import Limits, Watch

    def tell(event: str, line: str, **data: Any) -> None:
        echo(json.dumps({"event": event, **data, "line": line}) if as_json else line)

    with open_gardener() as gardener:
        watched = Watch(gardener, path, tell, name, adapter, Limits(max_load, min_battery))
        if once:
            watched.once()
            return
        try:
            watched.follow(settle_s=settle, poll_s=poll)
        except KeyboardInterrupt:
            tell("stopped", "stopped")
        except SystemExit as end:
            if end.code not in _ENDED:
                raise
            tell("stopped", "stopped")
