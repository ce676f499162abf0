"""`gardener evaluate`."""

from __future__ import annotations

import click

from codebase_gardener.cli.command import command_options, open_gardener, print_json
from codebase_gardener.utils.error_handling import VerificationError
from codebase_gardener.utils.names import AdapterRef, parse_ref

__all__ = ["evaluate"]

_GOOD_ENOUGH = {"helped": ("helped",), "unchanged": ("helped", "unchanged")}


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER[@VERSION]]")
@click.option(
    "--functions", type=click.IntRange(min=1), default=32, show_default=True, help="Held-out functions."
)
@click.option(
    "--require",
    type=click.Choice(["helped", "unchanged"]),
    help="Exit with 11 unless the verdict is this, or better.",
)
@click.option(
    "--dataset", metavar="PROJECT", help="Measure on this project; by default on what it was trained from."
)
@command_options
def evaluate(what: str, functions: int, require: str | None, dataset: str | None, as_json: bool) -> None:
    """Measure an adapter on held-out files, in four arms.

    Base and adapter, each without and with retrieved code: loss, exact next lines, intervals, and one word.
    Without @VERSION the newest is measured; it becomes active unless it hurt.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.cli.figures import paper, print_verdict

    with open_gardener() as gardener, Display().stage("evaluation", "functions") as progress:
        row = gardener.newest(parse_ref(what))
        verdict = gardener.evaluate(row.ref, limit=functions, dataset=dataset, progress=progress)
        active = gardener.version(row.ref).active
    data = verdict.data
    error = _missed(row.ref, verdict.verdict, require)
    if as_json:
        print_json({"adapter": str(row.ref), "active": active, "verdict": data}, error)
    else:
        print_verdict(data)
        paper().print(f"Adapter: {row.ref} ({'active' if active else 'not active'})")
        if error is not None:
            raise error


def _missed(ref: AdapterRef, verdict: str, required: str | None) -> VerificationError | None:
    if required is None or verdict in _GOOD_ENOUGH[required]:
        return None
    return VerificationError(
        f"{ref}: the verdict is {verdict!r}, and {required!r} was required",
        hint="train longer, on more code, or on a larger base; measure on more with --functions",
    )
