"""`gardener regrow`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codebase_gardener.cli.command import command_options, open_gardener, print_json
from codebase_gardener.cli.grow import say_stopped, show_plan
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.gardener.regrowing import Regrown

__all__ = ["regrow"]


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER[@VERSION]]")
@click.option(
    "--base", required=True, help="The other base: a Hugging Face id, a folder, or the embedded one."
)
@click.option("--minutes", type=float, help="Minutes to train; by default those of the version.")
@click.option("--activate", is_flag=True, help="Make the new version active, better or not.")
@command_options
def regrow(what: str, base: str, minutes: float | None, activate: bool, as_json: bool) -> None:
    """The rows and options of a version on another base, then old against new, in nats per byte.

    Without @VERSION the active version is meant. The new one is active only where the interval says that it is better.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.regrowing import regrow as run

    display = Display()
    with open_gardener() as gardener:
        try:
            made = run(
                gardener,
                parse_ref(what),
                base,
                display,
                options={} if minutes is None else {"minutes": minutes},
                activate=activate,
                show_plan=lambda plan: show_plan(display, plan),
            )
        except KeyboardInterrupt:
            say_stopped(display)
            raise
    if as_json:
        print_json(_as_dict(made))
    else:
        _show(made)


def _show(made: Regrown) -> None:
    from codebase_gardener.cli.figures import across_lines, paper, print_verdict

    console = paper()
    if made.was_there:
        console.print("Nothing has changed since this was grown again:")
    print_verdict(made.verdict)
    for line in across_lines(made.beside):
        console.print(line)
    version = made.version
    console.print(f"Adapter: {version.ref}{'' if version.active else ' (not active)'} in {version.directory}")
    if not version.active:
        console.print("Next:")
        console.print(f"  gardener switch {version.ref}    # to use it all the same")
        console.print(f"  gardener delete {version.ref}")


def _as_dict(made: Regrown) -> dict[str, object]:
    return {
        "adapter": str(made.version.ref),
        "active": made.version.active,
        "directory": str(made.version.directory),
        "metrics": made.version.metrics,
        "old": str(made.old.ref),
        "beside_old": made.beside,
        "verdict": made.verdict,
        "was_there": made.was_there,
    }
