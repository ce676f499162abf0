"""`gardener merge`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json, tell
from codebase_gardener.merging.methods import MERGE_METHODS
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.merging.merge import MergeSpec

__all__ = ["merge"]


@click.command()
@click.argument("adapters", metavar="A B…", nargs=-1, required=True)
@click.option("--weights", help="One for each adapter, with commas; by default 1 each.")
@click.option(
    "--method", help=f"{', '.join(MERGE_METHODS)}. By default svd; into a base, or on factors, linear."
)
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
@click.option(
    "--into-base", is_flag=True, help="Merge into the base: the result is a whole model. Needs --out."
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    help="Of the merged base; by default that of the base's files.",
)
@click.option("--plan", is_flag=True, help="Predict the error from the adapters' factors, and write nothing.")
@options.adapters_base
@command_options
def merge(adapters: tuple[str, ...], weights: str | None, method: str | None, **given: Any) -> None:
    """Merge adapters of one base into a new one, or into the base, with the error of each module.

    An adapter is a name (P/N or P/N@V) or a folder. The base is needed with --into and --into-base only.
    """
    from codebase_gardener.merging.merge import MergeSpec

    into, out, into_base, plan = given["into"], given["out"], given["into_base"], given["plan"]
    if plan and into_base:
        raise InvalidInputError(
            "a merge into the base has no low rank, and no error to predict", hint="leave out --plan"
        )
    if not plan and (into is None) == (out is None):
        raise InvalidInputError("say where the result goes", hint="give either --into P/N or --out DIR")
    if into_base and out is None:
        raise InvalidInputError("a merged base is a folder", hint="give --into-base --out DIR")
    if given["dtype"] is not None and not into_base:
        raise InvalidInputError(
            "--dtype is that of a merged base", hint="add --into-base: merged adapters are written as float32"
        )
    spec = MergeSpec(
        method=method or ("linear" if into_base or given["space"] == "factors" else "svd"),
        **{name: given[name] for name in ("rank", "density", "seed", "space")},
    )
    numbers = _weights(weights, len(adapters))
    if plan:
        _predict(adapters, numbers, spec, base=given["base"], as_json=given["as_json"])
        return
    (_into_base if into_base else _into_adapter)(adapters, numbers, spec, **given)


def _predict(
    adapters: Sequence[str], weights: Sequence[float], spec: MergeSpec, *, base: str | None, as_json: bool
) -> None:
    from codebase_gardener.gardener.locating import locate
    from codebase_gardener.gardener.merging import merge_inputs
    from codebase_gardener.merging.merge import predict_merge

    with open_gardener() as gardener:
        pairs = [
            (locate(gardener, adapter), weight) for adapter, weight in zip(adapters, weights, strict=True)
        ]
        found = predict_merge(merge_inputs(pairs), spec, vouched=base is not None)
    if found.sampled:
        line = f"Predicted relative error: {found.error:.2g}, from {found.sampled} of {found.modules} modules"
    else:
        line = "Predicted relative error: 0, the result can hold the sum exactly"
    tell(as_json, {"predicted": found}, line)


def _into_adapter(
    adapters: Sequence[str],
    weights: Sequence[float],
    spec: MergeSpec,
    *,
    into: str | None,
    out: Path | None,
    base: str | None,
    as_json: bool,
    **_: Any,
) -> None:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.locating import locate
    from codebase_gardener.gardener.merging import merge_inputs, merge_into
    from codebase_gardener.merging.merge import merge_adapters

    with open_gardener() as gardener, Display().stage("merge", "modules") as progress:
        found = [locate(gardener, adapter) for adapter in adapters]
        pairs = list(zip(found, weights, strict=True))
        if out is not None:
            report, place = (
                merge_adapters(merge_inputs(pairs), out.resolve(), spec, progress=progress),
                str(out),
            )
        else:
            row, report = merge_into(
                gardener, pairs, parse_ref(str(into)), spec, base=base, progress=progress
            )
            place = str(row.ref) + (
                "" if row.active or as_json else f" (not active: gardener switch {row.ref})"
            )
    if as_json:
        print_json({"adapter": place, "report": report})
        return
    worst = max(report.modules.items(), key=lambda item: item[1]["error"], default=None)
    echo(f"{spec.method}: {len(report.modules) or 'all'} modules in {report.seconds:.2f} s")
    echo(f"Relative error against what the method defines: {report.error:.2g}")
    if worst is not None and worst[1]["error"] > 1e-6:
        echo(f"  largest in {worst[0].removeprefix('base_model.model.')}: {worst[1]['error']:.2g}")
        echo("  a higher --rank lowers it")
    echo(f"Adapter: {place}")


def _into_base(
    adapters: Sequence[str],
    weights: Sequence[float],
    spec: MergeSpec,
    *,
    out: Path,
    base: str | None,
    dtype: str | None,
    as_json: bool,
    **_: Any,
) -> None:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.locating import locate
    from codebase_gardener.gardener.merging import merge_with_base

    with open_gardener() as gardener, Display().stage("merge", "tensors") as progress:
        pairs = [
            (locate(gardener, adapter), weight) for adapter, weight in zip(adapters, weights, strict=True)
        ]
        report = merge_with_base(gardener, pairs, out, spec, base=base, dtype=dtype, progress=progress)
    if as_json:
        print_json({"model": out, "report": report})
        return
    echo(f"{spec.method}: {report.changed} of {report.tensors} tensors in {report.seconds:.2f} s")
    for name in report.untied:
        echo(f"  {name} was tied, and has values of its own now: only one of the two was adapted")
    for note in report.notes:
        echo(f"Note: {note}")
    echo(f"Model: {out}")
    echo(f"Compare it with the adapter: gardener prove {adapters[0]} --against merged")


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
