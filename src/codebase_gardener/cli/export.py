"""`gardener export`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json

__all__ = ["export"]


@click.command()
@click.argument("adapter", metavar="P/N[@VERSION]|DIR")
@click.option(
    "--to",
    "target",
    required=True,
    help="peft, gguf, merged, vllm, ollama or hub; docs/exports.md says what each can carry.",
)
@click.option("--quantize", help="How the weights are stored, where the target can: f32, f16, q8_0, q4_k_m.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder for it.")
@click.option(
    "--create", metavar="NAME", default="", help="With --to ollama: let the server make a model of it."
)
@click.option(
    "--card",
    is_flag=True,
    help="Write README.md, too: what it was grown from, and its verdict; hub always does.",
)
@options.adapters_base
@command_options
def export(
    adapter: str,
    target: str,
    quantize: str | None,
    out: Path,
    create: str,
    card: bool,
    base: str | None,
    as_json: bool,
) -> None:
    """Write an adapter for another program, with a receipt that it is in effect there."""
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.exporting import export as export_for

    with open_gardener() as gardener:
        located, report = export_for(
            gardener,
            adapter,
            target,
            out,
            quantize=quantize,
            base=base,
            create=create,
            card=card,
            reporter=Display(),
        )
    if as_json:
        print_json({"adapter": located.label, "out": out, "report": report})
        return
    for name, size in report.files.items():
        echo(f"  {name:<32} " + (f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"))
    for line in _measured(report.receipt):
        echo(line)
    for note in report.notes:
        echo(f"Note: {note}")
    echo(f"{located.label} for {target}: {out}")


def _measured(receipt: Mapping[str, Any]) -> Iterator[str]:
    """What is left of the adapter there, where the export was run side by side with it."""
    if "mean_kl_nats" in receipt:
        beside = receipt.get("parity_merged_kl_nats")
        merged = "" if beside is None else f", {beside:.3g} from the adapter beside its base"
        yield f"  read back: {receipt['mean_kl_nats']:.3g} nats from the base over {receipt['prompts']} prompts{merged}"
    if "effect_left" in receipt:
        yield f"  {receipt['effect_left']:.1%} of the adapter's effect is left"
    if losses := receipt.get("heldout_loss_nats"):
        said = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        yield f"  held-out loss over {receipt['heldout_functions']} functions: {said} nats/token"
