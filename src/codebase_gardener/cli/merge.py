"""`gardener merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from codebase_gardener.cli.command import base_option, command_options, open_gardener, print_json
from codebase_gardener.models.merge_methods import MERGE_METHODS
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import parse_ref

__all__ = ["merge"]


@click.command()
@click.argument("adapters", metavar="A B…", nargs=-1, required=True)
@click.option("--weights", help="One for each adapter, with commas; by default 1 each.")
@click.option("--method", default="svd", show_default=True, help=f"{', '.join(MERGE_METHODS)}.")
@click.option("--rank", type=click.IntRange(min=1), help="Rank of the result, at most.")
@click.option("--density", type=float, default=0.5, show_default=True, help="Share that sparse methods keep.")
@click.option("--seed", type=int, default=0, show_default=True, help="For DARE.")
@click.option(
    "--space",
    type=click.Choice(["delta", "factors"]),
    default="delta",
    show_default=True,
    help="Merge weight changes, or factors as PEFT does.",
)
@click.option("--into", metavar="P/N", help="Make the result a version of this adapter.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the result to this new folder.")
@base_option
@command_options
def merge(
    adapters: tuple[str, ...],
    weights: str | None,
    into: str | None,
    out: Path | None,
    base: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Merge adapters of one base into a new one, with the error of each module.

    An adapter is a name (P/N or P/N@V) or a folder. The base is not needed with --out.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.locating import locate
    from codebase_gardener.gardener.merging import merge_into
    from codebase_gardener.models.merging import MergeInput, MergeSpec, merge_adapters

    if (into is None) == (out is None):
        raise InvalidInputError("say where the result goes", hint="give either --into P/N or --out DIR")
    spec = MergeSpec(**options)
    numbers = _weights(weights, len(adapters))
    with open_gardener() as gardener, Display().stage("merge", "modules") as progress:
        found = [locate(gardener, adapter) for adapter in adapters]
        if out is not None:
            inputs = [MergeInput(f.directory, w, f.label) for f, w in zip(found, numbers, strict=True)]
            report, place = merge_adapters(inputs, out.resolve(), spec, progress=progress), str(out)
        else:
            pairs = list(zip(found, numbers, strict=True))
            row, report = merge_into(
                gardener, pairs, parse_ref(str(into)), spec, base=base, progress=progress
            )
            place = str(row.ref)
    if as_json:
        print_json({"adapter": place, "report": report.as_dict()})
        return
    worst = max(report.modules.items(), key=lambda item: item[1]["error"], default=None)
    click.echo(f"{spec.method}: {len(report.modules) or 'all'} modules in {report.seconds:.2f} s")
    click.echo(f"Relative error against what the method defines: {report.error:.2g}")
    if worst is not None and worst[1]["error"] > 1e-6:
        click.echo(f"  largest in {worst[0].removeprefix('base_model.model.')}: {worst[1]['error']:.2g}")
        click.echo("  a higher --rank lowers it")
    click.echo(f"Adapter: {place}")


def _weights(text: str | None, count: int) -> list[float]:
    if text is None:
        return [1.0] * count
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidInputError(f"--weights {text}: not numbers", hint="write --weights 0.7,0.3") from error
    if len(numbers) != count:
        raise InvalidInputError(f"{len(numbers)} weights for {count} adapters", hint="give one for each")
    return numbers
